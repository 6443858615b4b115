//! Reading fields from HDF5 and NetCDF-4 files, whoever wrote them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5::{Dataset, File, Group, Hyperslab, SliceOrIndex};

use rheome_hdf::{Unreadable, check_chunks, check_readable, number};

use super::layout::{BARE_AXIS, PER_TRAJECTORY, RESERVED, SNAPSHOT_TIME, VERSION};
use super::{attributes, fault, open_file, scales};
use crate::axes::Axes;
use crate::error::FieldError;
use crate::field::{Attribute, FieldHeader, FieldReader, FieldShape};

/// A dataset of an HDF5 or NetCDF-4 file, open for reading.
pub(crate) struct Hdf5Reader {
    dataset: Dataset,
    path: PathBuf,
    label: String,
    shape: FieldShape,
    /// Of the dataset, one more where that is one component.
    rank: usize,
    axes: Axes,
    header: FieldHeader,
    times: Option<Vec<f64>>,
    /// `[trajectory, time]`, where the file tells.
    each: Option<Vec<f64>>,
    completed: Vec<usize>,
}

impl Hdf5Reader {
    /// Opens a dataset of rank 4, 5 or 6 (one less for one component), of float32 or float64 in any byte order.
    pub(crate) fn open(path: &Path, name: &str, axes: Axes) -> Result<Self, FieldError> {
        let file = open_file(path)?;
        let dataset = find(&file, path, name)?;
        let label = format!("{}:{name}", path.display());
        let kind = dataset
            .dtype()
            .and_then(|t| t.to_descriptor())
            .map_err(fault(path))?;
        if !matches!(kind, TypeDescriptor::Float(FloatSize::U4 | FloatSize::U8)) {
            return Err(FieldError::format(
                path,
                format!("dataset {name:?} holds {kind}, expected float32 or float64"),
            ));
        }
        let extents = dataset.get_shape().map_err(fault(path))?;
        axes.check(&scales::axis_names(&dataset), &label)?;
        let extents = axes.with_component(&extents);
        let shape = FieldShape::of_extents(&extents, &label)?;
        let length = crate::field::file_length(path)?;
        crate::field::check_plausible(length, &label, &shape)?;

        let parent = dataset
            .name()
            .rsplit_once('/')
            .map(|(group, _)| group.to_owned())
            .unwrap_or_default();
        let group = if parent.is_empty() {
            file.group("/")
        } else {
            file.group(&parent)
        }
        .map_err(fault(path))?;
        let times = read_axis(&group, "time", shape.snapshots);
        let each = shape
            .has_trajectories
            .then(|| read_each(&group, &shape))
            .flatten();
        let ours = attributes::read(&file, VERSION).is_some();
        let completed = if ours {
            count_completed(&shape, times.as_deref(), each.as_deref())
        } else {
            None
        };
        let completed = completed.unwrap_or_else(|| vec![shape.snapshots; shape.trajectories]);
        // In a file of ours a chunk is a snapshot.
        let missing = shape.trajectories * shape.snapshots - completed.iter().sum::<usize>();
        check_chunks(&dataset, length, missing).map_err(|reason| {
            let expected = match reason {
                Unreadable::Unwritten(_) if missing > 0 => {
                    format!("at most the {missing} of snapshots to come")
                }
                _ => reason.expected().to_owned(),
            };
            FieldError::format(
                path,
                format!("dataset {name:?}: found {reason}, expected {expected}"),
            )
        })?;
        let header = read_header(&file, &group, &dataset, &shape);
        Ok(Self {
            dataset,
            path: path.to_owned(),
            label,
            shape,
            rank: extents.len(),
            axes,
            header,
            times,
            each,
            completed,
        })
    }

    /// Time of a snapshot, NaN if the file does not tell.
    pub(crate) fn time_of(&self, trajectory: usize, snapshot: usize) -> f64 {
        match (&self.each, &self.times) {
            (Some(each), _) => each[trajectory * self.shape.snapshots + snapshot],
            (None, Some(times)) => times[snapshot],
            (None, None) => f64::NAN,
        }
    }
}

impl FieldReader for Hdf5Reader {
    fn shape(&self) -> FieldShape {
        self.shape
    }

    fn completed(&self, trajectory: usize) -> usize {
        self.completed.get(trajectory).copied().unwrap_or(0)
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        self.times.as_deref()
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        let place = selection(&self.shape, trajectory, snapshot, self.rank, self.axes);
        let values = self
            .dataset
            .read_slice::<f32, _, ndarray::IxDyn>(place)
            .map_err(fault(&self.path))?;
        for (to, from) in out.iter_mut().zip(values.iter()) {
            *to = *from;
        }
        Ok(())
    }
}

/// Selects one snapshot of a dataset of this rank.
pub(super) fn selection(
    shape: &FieldShape,
    trajectory: usize,
    snapshot: usize,
    rank: usize,
    axes: Axes,
) -> Hyperslab {
    let outer = [trajectory, snapshot].into_iter().map(SliceOrIndex::Index);
    let [nx, ny, nz] = shape.grid;
    let components = (axes == Axes::Components).then_some(shape.components);
    let inner = [nx, ny, nz].into_iter().chain(components);
    let inner = inner.map(|n| SliceOrIndex::from(0..n));
    // Rank 4 is a single snapshot, rank 5 has no trajectories.
    outer
        .skip(6usize.saturating_sub(rank))
        .chain(inner)
        .collect::<Vec<_>>()
        .into()
}

/// The dataset of this name, or an error that lists those that there are.
fn find(file: &File, path: &Path, name: &str) -> Result<Dataset, FieldError> {
    if let Ok(dataset) = file.dataset(name) {
        return Ok(dataset);
    }
    let found = rheome_hdf::contents::datasets(file);
    Err(crate::field::missing_dataset(path, name, &found))
}

/// A dataset of exactly `count` numbers.
fn read_numbers(group: &Group, name: &str, count: usize) -> Option<Vec<f64>> {
    if !group.link_exists(name) {
        return None;
    }
    let dataset = group.dataset(name).ok()?;
    if dataset.size() != count
        || !number::is_number(&dataset.dtype().and_then(|t| t.to_descriptor()).ok()?)
    {
        return None;
    }
    check_readable(&dataset, dataset.file().ok()?.size()).ok()?;
    dataset.read_raw::<f64>().ok()
}

/// Coordinates along an axis, unless the axis has a length only.
fn read_axis(group: &Group, name: &str, count: usize) -> Option<Vec<f64>> {
    let values = read_numbers(group, name, count)?;
    let bare = |title| matches!(title, Attribute::Text(text) if text.starts_with(BARE_AXIS));
    let dataset = group.dataset(name).ok()?;
    if dataset.ndim() != 1 || attributes::read(&dataset, "NAME").is_some_and(bare) {
        return None;
    }
    Some(values)
}

fn read_each(group: &Group, shape: &FieldShape) -> Option<Vec<f64>> {
    read_numbers(group, SNAPSHOT_TIME, shape.trajectories * shape.snapshots)
}

/// Complete snapshots of each trajectory: those before the first without a time.
fn count_completed(
    shape: &FieldShape,
    times: Option<&[f64]>,
    each: Option<&[f64]>,
) -> Option<Vec<usize>> {
    let count = |times: &[f64]| times.iter().take_while(|t| !t.is_nan()).count();
    match each {
        Some(each) => Some(each.chunks(shape.snapshots).map(count).collect()),
        None => times.map(|times| vec![count(times); shape.trajectories]),
    }
}

fn read_header(file: &File, group: &Group, dataset: &Dataset, shape: &FieldShape) -> FieldHeader {
    let axis = |name: &str, place: usize| read_axis(group, name, shape.grid[place]);
    let coordinates = match (axis("x", 0), axis("y", 1), axis("z", 2)) {
        (Some(x), Some(y), Some(z)) => Some([x, y, z]),
        _ => None,
    };
    let names = if group.link_exists("component") {
        group.dataset("component").ok()
    } else {
        None
    };
    let components = names.and_then(|names| attributes::read_strings(&names, shape.components));
    let mut all = BTreeMap::new();
    read_attributes(file, &mut all);
    // What is told of the group or the dataset itself outweighs what is told of the file.
    if group.name() != "/" {
        read_attributes(group, &mut all);
    }
    let units_of = |name: &str| {
        if !group.link_exists(name) {
            return None;
        }
        let axis = group.dataset(name).ok()?;
        attributes::read(&axis, "units")
    };
    let units = [
        ("velocity_units", attributes::read(dataset, "units")),
        ("time_units", units_of("time")),
        // Heights are what wall units are made of.
        ("coordinate_units", units_of("y")),
    ];
    for (key, units) in units {
        if let Some(units) = units.filter(|units| *units != Attribute::from("1")) {
            all.insert(key.into(), units);
        }
    }
    FieldHeader {
        coordinates,
        components,
        attributes: all,
        per_trajectory: read_per_trajectory(group, shape),
    }
}

/// The numbers of each trajectory that the file names, as far as there are as many as trajectories.
fn read_per_trajectory(group: &Group, shape: &FieldShape) -> BTreeMap<String, Vec<f64>> {
    let Some(Attribute::Text(names)) = attributes::read(group, PER_TRAJECTORY) else {
        return BTreeMap::new();
    };
    let numbers = |name: &str| {
        let values = read_numbers(group, name, shape.trajectories)?;
        Some((name.to_owned(), values))
    };
    names.split_whitespace().filter_map(numbers).collect()
}

fn read_attributes(object: &hdf5::Location, into: &mut BTreeMap<String, Attribute>) {
    for name in object.attr_names().unwrap_or_default() {
        if RESERVED.contains(&name.as_str()) {
            continue;
        }
        if let Some(value) = attributes::read(object, &name) {
            into.insert(name, value);
        }
    }
}
