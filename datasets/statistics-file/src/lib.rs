//! Statistics of turbulent channel flow in an HDF5 file, one group a data set: the layout is specified in `FORMAT.md` beside
//! `rheome-statistics`, which gathers them; and what a field file's header tells of its flow ([`flow_grid`], [`wall_units`],
//! [`units`]), from which statistics begin.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use rheome_statistics::{FlowGrid, FlowStatistics};
//! use rheome_statistics_file::{NamedResults, Units, Writer, read, write};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let grid = FlowGrid::uniform([8, 5, 4])?;
//! let mut statistics = FlowStatistics::new(&grid, None);
//! statistics.add(0.0, &vec![1.0; 8 * 5 * 4 * 3])?;
//! let set = NamedResults {
//!     name: "made".into(),
//!     source: "these lines".into(),
//!     units: Units { velocity: "u_tau".into(), length: "h".into(), time: "h/u_tau".into() },
//!     provenance: BTreeMap::new(),
//!     reference: None,
//!     results: statistics.finish(),
//! };
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("made.stats.h5");
//! write(&path, &[set], &Writer { program: "an example", command_line: "" })?;
//! assert_eq!(read(&path)?[0].results.bulk_velocity(), 1.0);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod error;
mod flow_header;
mod groups;
mod read;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rheome_fields::Attribute;
use rheome_hdf::Partial;
use rheome_statistics::FlowResults;

pub use error::StatisticsFileError;
pub use flow_header::{flow_grid, units, wall_units};

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

/// Checks that a file of statistics may be called so.
///
/// # Errors
/// [`StatisticsFileError::Ending`] if the name does not end in .h5 or .hdf5.
pub fn check_name(path: &Path) -> Result<(), StatisticsFileError> {
    match rheome_hdf::has_ending(path, &rheome_hdf::ENDINGS) {
        true => Ok(()),
        false => Err(StatisticsFileError::Ending {
            path: path.to_owned(),
        }),
    }
}

/// What writes a file, for its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// Name and version of the program.
    pub program: &'a str,
    /// The words of the command line.
    pub command_line: &'a str,
}

/// Writes `sets` into `path`, replacing it as a whole.
///
/// # Errors
/// [`StatisticsFileError::Write`]; what was there before is untouched.
pub fn write(
    path: &Path,
    sets: &[NamedResults],
    writer: &Writer<'_>,
) -> Result<(), StatisticsFileError> {
    let partial = Partial::new(path);
    hdf5::sync::sync(|| write::fill(&partial, sets, writer))
        .map_err(|e| StatisticsFileError::write(path, "write", rheome_hdf::message(&e)))?;
    partial
        .publish()
        .map_err(|e| StatisticsFileError::write(path, "publish", e.to_string()))
}

/// Whether `path` is a file of statistics (and not one of fields).
pub fn is_statistics(path: &Path) -> bool {
    let open = || rheome_hdf::open(path)?.attr(VERSION_ATTRIBUTE).map(|_| ());
    path.is_file() && hdf5::sync::sync(open).is_ok()
}

/// Reads every data set of a file of statistics.
///
/// # Errors
/// [`StatisticsFileError::Read`] naming the file, and the group or dataset at fault.
pub fn read(path: &Path) -> Result<Vec<NamedResults>, StatisticsFileError> {
    hdf5::sync::sync(|| read::all(path)).map_err(|e| StatisticsFileError::read(path, &e))
}

#[cfg(test)]
mod tests;
