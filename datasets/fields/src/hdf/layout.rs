//! The layout of a field file: datasets, dimension scales, attributes.

use std::path::Path;

use hdf5::file::{FileAccess, LibraryVersion};
use hdf5::plist::dataset_create::{AllocTime, AttrCreationOrder, FillTime};
use hdf5::plist::file_create::LinkCreationOrder;
use hdf5::{Dataset, File, Group, H5Type};
use rheome_hdf::unbuffered;

use super::{FORMAT_VERSION, attributes, scales};
use crate::error::FieldError;
use crate::field::{Attribute, FieldHeader, FieldShape};

/// The field itself.
pub(crate) const VELOCITY: &str = "velocity";
/// Times of the snapshots of each trajectory, in a file of several.
pub(super) const SNAPSHOT_TIME: &str = "snapshot_time";
/// Group of what only ParaView needs, and the points in it.
const PARAVIEW: &str = "paraview";
/// The points of the grid one by one, for ParaView.
pub(crate) const POINTS: &str = "paraview/points";
/// Attribute that tells the version of the layout.
pub(super) const VERSION: &str = "rheome_field_version";
/// Attribute that names the datasets of numbers of each trajectory.
pub(super) const PER_TRAJECTORY: &str = "per_trajectory";
/// Root attributes that belong to the layout, not to the field.
pub(super) const RESERVED: [&str; 4] = ["Conventions", VERSION, "_NCProperties", PER_TRAJECTORY];
/// Names of the layout, which numbers of trajectories cannot have.
const TAKEN: [&str; 9] = [
    VELOCITY,
    "time",
    "x",
    "y",
    "z",
    "component",
    "trajectory",
    SNAPSHOT_TIME,
    PARAVIEW,
];
/// How NetCDF-4 marks an axis without coordinates; its length follows.
pub(super) const BARE_AXIS: &str = "This is a netCDF dimension but not a netCDF variable.";
/// HDF5 counts the bytes of a chunk in 32 bits.
const LARGEST_CHUNK: u64 = u32::MAX as u64;

/// Times of the snapshots: NaN where there is none yet.
pub(super) struct Times {
    /// The time axis.
    pub(super) axis: Vec<f64>,
    /// `[trajectory, time]`, in a file with an axis of trajectories.
    pub(super) each: Option<Vec<f64>>,
}

impl Times {
    /// No snapshot yet.
    pub(super) fn none(shape: &FieldShape) -> Self {
        let each = shape
            .has_trajectories
            .then(|| vec![f64::NAN; shape.trajectories * shape.snapshots]);
        Self {
            axis: vec![f64::NAN; shape.snapshots],
            each,
        }
    }
}

/// An empty file at `path`, replacing what is there.
pub(super) fn create_file(path: &Path) -> hdf5::Result<File> {
    // Nothing newer than HDF5 1.8 needs: old readers open it, and it has no flag that says a writer is at work. Values aligned
    // to 8 bytes never straddle a page, so that a kill cannot leave half a time.
    let access = unbuffered(&mut FileAccess::build())
        .libver_bounds(LibraryVersion::V18, LibraryVersion::V110)
        .alignment(1, 8)
        .finish()?;
    File::with_options()
        .set_fapl(&access)?
        .with_fcpl(|p| {
            p.link_creation_order(LinkCreationOrder::Indexed)
                .attr_creation_order(AttrCreationOrder::Indexed)
                .obj_track_times(false)
        })
        .create(path)
}

/// The dataset of the field: one chunk a snapshot, either of fixed place or compressed.
pub(super) fn define_velocity(
    file: &File,
    shape: &FieldShape,
    compress: bool,
) -> hdf5::Result<Dataset> {
    let mut chunk = shape.extents();
    let outer = chunk.len() - 4;
    chunk[..outer].fill(1);
    let dataset = file
        .new_dataset::<f32>()
        .obj_track_times(false)
        .chunk(chunk)
        .fill_time(FillTime::Never);
    let dataset = if compress {
        dataset.shuffle().deflate(4)
    } else {
        dataset.alloc_time(Some(AllocTime::Early))
    };
    dataset.shape(shape.extents()).create(VELOCITY)
}

/// Whether a snapshot fits into a chunk.
pub(super) fn check_chunk(path: &Path, shape: &FieldShape) -> Result<(), FieldError> {
    let bytes = shape.snapshot_len() as u64 * 4;
    if bytes <= LARGEST_CHUNK {
        return Ok(());
    }
    Err(FieldError::Shape {
        label: path.display().to_string(),
        found: format!("snapshots of {bytes} bytes"),
        expected: format!("at most {LARGEST_CHUNK}, the largest chunk of HDF5"),
    })
}

/// Axes, their coordinates and every attribute.
pub(super) fn define_axes(
    file: &File,
    velocity: &Dataset,
    shape: &FieldShape,
    header: &FieldHeader,
    times: &Times,
) -> hdf5::Result<()> {
    define_attributes(file, velocity, header)?;
    let units = |key: &str| unit(header, key);
    let mut axes = Axes {
        file,
        found: Vec::new(),
    };
    if shape.has_trajectories {
        let numbers: Vec<i64> = (0..shape.trajectories as i64).collect();
        axes.add("trajectory", &numbers, None)?;
    }
    axes.add("time", &times.axis, Some(units("time_units")))?;
    for (direction, name) in ["x", "y", "z"].into_iter().enumerate() {
        match &header.coordinates {
            Some(points) => axes.add(name, &points[direction], Some(units("coordinate_units")))?,
            None => axes.add_bare(name, shape.grid[direction])?,
        }
    }
    axes.add_names("component", &component_names(shape, header))?;
    axes.attach(velocity, 0)?;
    define_per_trajectory(&axes, shape, header)?;
    if let Some(each) = &times.each {
        let dataset = write_values(
            file,
            SNAPSHOT_TIME,
            each,
            &[shape.trajectories, shape.snapshots],
        )?;
        attributes::write_text(&dataset, "units", units("time_units"))?;
        for axis in 0..2 {
            axes.attach_one(&dataset, axis, axis)?;
        }
    }
    Ok(())
}

/// Numbers of each trajectory.
fn define_per_trajectory(
    axes: &Axes,
    shape: &FieldShape,
    header: &FieldHeader,
) -> hdf5::Result<()> {
    if header.per_trajectory.is_empty() {
        return Ok(());
    }
    for (name, values) in &header.per_trajectory {
        let dataset = write_values(axes.file, name, values, &[shape.trajectories])?;
        axes.attach_one(&dataset, 0, 0)?;
    }
    let names: Vec<&str> = header.per_trajectory.keys().map(String::as_str).collect();
    attributes::write_text(axes.file, PER_TRAJECTORY, &names.join(" "))
}

/// Whether numbers of trajectories can be written under their names.
pub(crate) fn check_per_trajectory(
    path: &Path,
    shape: &FieldShape,
    header: &FieldHeader,
) -> Result<(), FieldError> {
    for (name, values) in &header.per_trajectory {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let free = !name.is_empty() && name.chars().all(plain) && !TAKEN.contains(&name.as_str());
        if !free || !shape.has_trajectories || values.len() != shape.trajectories {
            return Err(FieldError::Shape {
                label: path.display().to_string(),
                found: format!("{} number(s) {name:?} of trajectories", values.len()),
                expected: format!(
                    "{}, one for each of an axis of trajectories, and a name of letters and digits other than {}",
                    shape.trajectories,
                    TAKEN.join(", ")
                ),
            });
        }
    }
    Ok(())
}

/// The points of the grid `[x, y, z, 3]`, for ParaView: XDMF cannot say that the first axis of an array is x.
pub(super) fn define_points(
    file: &File,
    shape: &FieldShape,
    header: &FieldHeader,
) -> hdf5::Result<()> {
    let group = file.create_group(PARAVIEW)?;
    let [nx, ny, nz] = shape.grid;
    // Where no coordinates are known, points are counted: ParaView cannot show a field without places.
    let counted = || shape.grid.map(|n| (0..n).map(|i| i as f64).collect());
    let [xs, ys, zs] = &header.coordinates.clone().unwrap_or_else(counted);
    let points = group
        .new_dataset::<f32>()
        .obj_track_times(false)
        .shape([nx, ny, nz, 3])
        .create("points")?;
    let plane_len = ny * nz * 3;
    for (i, x) in xs.iter().enumerate() {
        let mut plane = Vec::with_capacity(plane_len);
        for y in ys {
            for z in zs {
                plane.extend([*x as f32, *y as f32, *z as f32]);
            }
        }
        let plane =
            ndarray::Array::from_shape_vec((ny, nz, 3), plane).map_err(hdf5::Error::from)?;
        points.write_slice(&plane, (i, .., .., ..))?;
    }
    // Without scales some NetCDF readers refuse the whole file.
    let direction =
        attributes::write_strings(&group, "direction", &["x", "y", "z"].map(String::from))?;
    scales::make_scale(&direction, "direction")?;
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        scales::attach(&points, axis, &file.dataset(name)?, name)?;
    }
    scales::attach(&points, 3, &direction, "direction")
}

fn define_attributes(file: &File, velocity: &Dataset, header: &FieldHeader) -> hdf5::Result<()> {
    attributes::write_text(file, "Conventions", "CF-1.11")?;
    attributes::write_number(file, VERSION, FORMAT_VERSION)?;
    for (name, value) in header
        .attributes
        .iter()
        .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
    {
        match value {
            Attribute::Number(number) => attributes::write_number(file, name, *number)?,
            Attribute::Text(text) => attributes::write_text(file, name, text)?,
        }
    }
    attributes::write_text(velocity, "units", unit(header, "velocity_units"))
}

/// A unit that the header tells, `1` if it does not.
fn unit<'a>(header: &'a FieldHeader, key: &str) -> &'a str {
    match header.attributes.get(key) {
        Some(Attribute::Text(text)) => text,
        _ => "1",
    }
}

/// Names of the components: those of the header, else u, v, w, p.
fn component_names(shape: &FieldShape, header: &FieldHeader) -> Vec<String> {
    let usual = |i: usize| {
        ["u", "v", "w", "p"]
            .get(i)
            .map_or_else(|| format!("c{i}"), |name| (*name).to_owned())
    };
    header
        .components
        .clone()
        .unwrap_or_else(|| (0..shape.components).map(usual).collect())
}

fn write_values<T: H5Type>(
    group: &Group,
    name: &str,
    values: &[T],
    extents: &[usize],
) -> hdf5::Result<Dataset> {
    let dataset = group
        .new_dataset::<T>()
        .obj_track_times(false)
        .shape(extents)
        .create(name)?;
    dataset.write_raw(values)?;
    Ok(dataset)
}

/// The scales of a file, in the order of the axes of the field.
struct Axes<'a> {
    file: &'a File,
    found: Vec<(String, Dataset)>,
}

impl Axes<'_> {
    fn add<T: H5Type>(
        &mut self,
        name: &str,
        values: &[T],
        units: Option<&str>,
    ) -> hdf5::Result<()> {
        let dataset = write_values(self.file, name, values, &[values.len()])?;
        if let Some(units) = units {
            attributes::write_text(&dataset, "units", units)?;
        }
        self.push(name, name, dataset)
    }

    fn add_names(&mut self, name: &str, values: &[String]) -> hdf5::Result<()> {
        let dataset = attributes::write_strings(self.file, name, values)?;
        self.push(name, name, dataset)
    }

    /// An axis that has a length but no coordinates.
    fn add_bare(&mut self, name: &str, length: usize) -> hdf5::Result<()> {
        let dataset = self
            .file
            .new_dataset::<f32>()
            .obj_track_times(false)
            .shape(length)
            .create(name)?;
        self.push(name, &format!("{BARE_AXIS}{length:10}"), dataset)
    }

    fn push(&mut self, name: &str, title: &str, dataset: Dataset) -> hdf5::Result<()> {
        scales::make_scale(&dataset, title)?;
        // NetCDF-4 takes the order of its dimensions from here.
        attributes::write_number(&dataset, "_Netcdf4Dimid", self.found.len() as i32)?;
        self.found.push((name.to_owned(), dataset));
        Ok(())
    }

    fn attach_one(&self, dataset: &Dataset, axis: usize, place: usize) -> hdf5::Result<()> {
        let (name, scale) = &self.found[place];
        scales::attach(dataset, axis, scale, name)
    }

    fn attach(&self, dataset: &Dataset, first: usize) -> hdf5::Result<()> {
        (first..self.found.len())
            .try_for_each(|place| self.attach_one(dataset, place - first, place))
    }
}
