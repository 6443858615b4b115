//! Profile statistics in an HDF5 file: one group a data set.
//!
//! ```text
//! /                    rheome_statistics_version = 1, program, command_line
//! /NAME/y              [y]             distance from the lower wall, in half-heights
//! /NAME/mean           [component, y]  mean of u, v, w
//! /NAME/rms            [component, y]  root mean square of the fluctuations
//! /NAME/shear_stress   [y]             Reynolds shear stress <u'v'>
//! /NAME                attributes snapshots, bulk_velocity, source, velocity_units
//! ```
//!
//! y and component are attached as dimension scales.

use std::ffi::CStr;
use std::path::Path;
use std::str::FromStr;

use hdf5::types::VarLenUnicode;
use hdf5::{File, Group};
use rheome_channel::Profiles;
use rheome_cli::Failure;
use rheome_fields::scales;
use rheome_hdf::Partial;

/// Version of the layout.
const VERSION: i32 = 1;
const VERSION_ATTRIBUTE: &str = "rheome_statistics_version";
const Y: &CStr = c"y";
const COMPONENT: &CStr = c"component";
const COMPONENTS: [&str; 3] = ["u", "v", "w"];

/// Profiles of one data set.
#[derive(Debug, Clone)]
pub struct NamedProfiles {
    /// Name of the group.
    pub name: String,
    /// Where the snapshots came from.
    pub source: String,
    /// Unit of velocity, e.g. `u_tau`.
    pub velocity_units: String,
    /// Snapshots gathered.
    pub snapshots: u64,
    /// Distance from the lower wall, in half-heights.
    pub y: Vec<f64>,
    /// The profiles.
    pub profiles: Profiles,
}

/// Whether statistics may be written to `path`.
///
/// # Errors
/// [`Failure`] if the name does not end in .h5, if something is there (and `overwrite` is not set), or without a folder.
pub fn check_output(path: &Path, overwrite: bool) -> Result<(), Failure> {
    let place = path.display();
    if !matches!(
        path.extension().and_then(|e| e.to_str()),
        Some("h5" | "hdf5")
    ) {
        return Err(Failure::new(format!(
            "{place}: statistics are HDF5, expected a name that ends in .h5"
        )));
    }
    if path.exists() && !overwrite {
        return Err(Failure::new(format!(
            "{place}: exists already; choose another name, or pass --overwrite to replace it"
        )));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => Err(Failure::new(
            format!("{}: no such folder", folder.display()),
        )),
        _ => Ok(()),
    }
}

/// Writes `sets` into `path`, replacing it as a whole.
pub fn write(path: &Path, sets: &[NamedProfiles], command_line: &str) -> Result<(), Failure> {
    let partial = Partial::new(path);
    let fail = |e: hdf5::Error| Failure::new(format!("{}: cannot write: {e}", path.display()));
    hdf5::sync::sync(|| fill(partial.place(), sets, command_line)).map_err(fail)?;
    partial
        .publish()
        .map_err(|e| Failure::new(format!("{}: cannot publish: {e}", path.display())))
}

fn fill(path: &Path, sets: &[NamedProfiles], command_line: &str) -> hdf5::Result<()> {
    let file = File::create(path)?;
    file.new_attr::<i32>()
        .create(VERSION_ATTRIBUTE)?
        .write_scalar(&VERSION)?;
    text(&file, "program", &crate::commands::program())?;
    text(&file, "command_line", command_line)?;
    for set in sets {
        let group = file.create_group(&set.name)?;
        let y = group.new_dataset_builder().with_data(&set.y).create("y")?;
        let names = COMPONENTS
            .map(VarLenUnicode::from_str)
            .into_iter()
            .collect::<Result<Vec<_>, _>>();
        let names = names.map_err(|e| hdf5::Error::from(e.to_string().as_str()))?;
        let component = group
            .new_dataset_builder()
            .with_data(&names)
            .create("component")?;
        scales::make_scale(&y, Y)?;
        scales::make_scale(&component, COMPONENT)?;
        text(&y, "units", "h")?;
        for (name, lines) in [("mean", &set.profiles.mean), ("rms", &set.profiles.rms)] {
            let table = ndarray::Array2::from_shape_fn((3, set.y.len()), |(c, j)| lines[c][j]);
            let data = group.new_dataset_builder().with_data(&table).create(name)?;
            scales::attach(&data, 0, &component, COMPONENT)?;
            scales::attach(&data, 1, &y, Y)?;
            text(&data, "units", &set.velocity_units)?;
        }
        let stress = group
            .new_dataset_builder()
            .with_data(&set.profiles.shear_stress)
            .create("shear_stress")?;
        scales::attach(&stress, 0, &y, Y)?;
        text(&stress, "units", &format!("{}^2", set.velocity_units))?;
        text(&group, "source", &set.source)?;
        text(&group, "velocity_units", &set.velocity_units)?;
        group
            .new_attr::<u64>()
            .create("snapshots")?
            .write_scalar(&set.snapshots)?;
        let bulk = set.profiles.bulk_velocity(&set.y);
        group
            .new_attr::<f64>()
            .create("bulk_velocity")?
            .write_scalar(&bulk)?;
    }
    file.flush()
}

fn text(place: &hdf5::Location, name: &str, value: &str) -> hdf5::Result<()> {
    // A string of the HDF5 library ends at its first NUL.
    let value = VarLenUnicode::from_str(&value.replace('\0', " "));
    let value = value.map_err(|e| hdf5::Error::from(e.to_string().as_str()))?;
    place
        .new_attr::<VarLenUnicode>()
        .create(name)?
        .write_scalar(&value)
}

/// Whether `path` is a file of statistics (and not one of fields).
pub fn is_statistics(path: &Path) -> bool {
    let open = || File::open(path)?.attr(VERSION_ATTRIBUTE).map(|_| ());
    path.is_file() && hdf5::sync::sync(open).is_ok()
}

/// Reads every data set of a file of statistics.
pub fn read(path: &Path) -> Result<Vec<NamedProfiles>, Failure> {
    let fail =
        |e: hdf5::Error| Failure::new(format!("{}: not readable statistics: {e}", path.display()));
    hdf5::sync::sync(|| -> hdf5::Result<Vec<NamedProfiles>> {
        let file = File::open(path)?;
        let version: i32 = file.attr(VERSION_ATTRIBUTE)?.read_scalar()?;
        if version != VERSION {
            return Err(
                format!("found layout version {version}, expected {VERSION}")
                    .as_str()
                    .into(),
            );
        }
        file.groups()?.iter().map(read_group).collect()
    })
    .map_err(fail)
}

fn read_group(group: &Group) -> hdf5::Result<NamedProfiles> {
    let line = |name: &str| group.dataset(name)?.read_raw::<f64>();
    let y = line("y")?;
    let lines = |name: &str| -> hdf5::Result<[Vec<f64>; 3]> {
        let all = line(name)?;
        if all.len() != 3 * y.len() || y.is_empty() {
            return Err(
                format!("{name} does not have 3 lines of {} values", y.len())
                    .as_str()
                    .into(),
            );
        }
        Ok(std::array::from_fn(|c| {
            all[c * y.len()..(c + 1) * y.len()].to_vec()
        }))
    };
    let words = |name: &str| -> hdf5::Result<String> {
        Ok(group
            .attr(name)?
            .read_scalar::<VarLenUnicode>()?
            .to_string())
    };
    let profiles = Profiles {
        mean: lines("mean")?,
        rms: lines("rms")?,
        shear_stress: line("shear_stress")?,
    };
    if profiles.shear_stress.len() != y.len() {
        return Err(format!("shear_stress does not have {} values", y.len())
            .as_str()
            .into());
    }
    Ok(NamedProfiles {
        name: group
            .name()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        source: words("source")?,
        velocity_units: words("velocity_units")?,
        snapshots: group.attr("snapshots")?.read_scalar()?,
        profiles,
        y,
    })
}
