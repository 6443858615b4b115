//! Statistics of flows in an HDF5 file, one group a data set: the layout is specified in `datasets/statistics/FORMAT.md`.

mod groups;
mod read;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdf5::File;
use rheome_cli::Failure;
use rheome_fields::Attribute;
use rheome_hdf::Partial;
use rheome_statistics::FlowResults;

/// Version of the layout that is written; the first is read too.
const VERSION: i32 = 2;
const VERSION_ATTRIBUTE: &str = "rheome_statistics_version";
const COMPONENTS: [&str; 3] = ["u", "v", "w"];

/// Groups within that of a data set.
const STREAMWISE: &str = "streamwise";
const SPANWISE: &str = "spanwise";
const HISTORY: &str = "history";
const SLICES: &str = "slices";
const LEAD_TIME: &str = "lead_time";

/// Statistics of one data set, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedResults {
    /// Name of the group.
    pub name: String,
    /// Where the snapshots came from.
    pub source: String,
    /// Units of all numbers.
    pub units: Units,
    /// What the source says of itself: model, title, seed, ....
    pub provenance: BTreeMap<String, Attribute>,
    /// The trajectory that errors by lead time are against.
    pub reference: Option<String>,
    /// The statistics.
    pub results: FlowResults,
}

/// Units of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// Of velocities, e.g. `u_tau`.
    pub velocity: String,
    /// Of lengths, e.g. `h`.
    pub length: String,
    /// Of times, e.g. `h/u_tau`; `snapshot` where snapshots are counted.
    pub time: String,
}

/// Where the statistics of a field file go that are gathered while it is written: its name with `.stats.h5`.
pub fn beside(fields: &Path) -> PathBuf {
    fields.with_extension("stats.h5")
}

/// Whether a data set may be called so: what HDF5 takes for one group.
pub fn is_group_name(name: &str) -> bool {
    !(name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']))
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
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write(path: &Path, sets: &[NamedResults], command_line: &str) -> Result<(), Failure> {
    let partial = Partial::new(path);
    let fail = |e: hdf5::Error| Failure::new(format!("{}: cannot write: {e}", path.display()));
    hdf5::sync::sync(|| write::fill(&partial, sets, command_line)).map_err(fail)?;
    partial
        .publish()
        .map_err(|e| Failure::new(format!("{}: cannot publish: {e}", path.display())))
}

/// Whether `path` is a file of statistics (and not one of fields).
pub fn is_statistics(path: &Path) -> bool {
    let open = || File::open(path)?.attr(VERSION_ATTRIBUTE).map(|_| ());
    path.is_file() && hdf5::sync::sync(open).is_ok()
}

/// Reads every data set of a file of statistics.
///
/// # Errors
/// [`Failure`] naming the file, and the group or dataset at fault.
pub fn read(path: &Path) -> Result<Vec<NamedResults>, Failure> {
    let fail =
        |e: hdf5::Error| Failure::new(format!("{}: not readable statistics: {e}", path.display()));
    hdf5::sync::sync(|| read::all(path)).map_err(fail)
}

#[cfg(test)]
mod tests;
