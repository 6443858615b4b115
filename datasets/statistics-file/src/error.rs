//! What can go wrong with a file of statistics, or with the flow that a field file tells of.

use std::path::{Path, PathBuf};

use rheome_statistics::StatisticsError;
use thiserror::Error;

/// What can go wrong with a file of statistics; each message is one line that names the file and the fault.
#[derive(Debug, Error)]
pub enum StatisticsFileError {
    /// The name is not that of an HDF5 file.
    #[error("{path}: statistics are HDF5, expected a name that ends in .h5")]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read: it is damaged, of another kind, or of a later version.
    #[error("{path}: not readable statistics: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The group or dataset at fault, what was found, and what was expected; or the library's reason.
        reason: String,
    },
    /// The file cannot be written.
    #[error("{path}: cannot {action}: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What was tried: `write` or `publish`.
        action: &'static str,
        /// The library's or the system's reason.
        reason: String,
    },
    /// The coordinates of a field file are not those of a flow between two walls.
    #[error("{label}: {source}")]
    Grid {
        /// File and dataset.
        label: String,
        /// What is wrong with them.
        source: StatisticsError,
    },
}

impl StatisticsFileError {
    pub(crate) fn read(path: &Path, error: &hdf5::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            reason: rheome_hdf::message(error),
        }
    }

    pub(crate) fn write(path: &Path, action: &'static str, reason: String) -> Self {
        Self::Write {
            path: path.to_owned(),
            action,
            reason,
        }
    }
}
