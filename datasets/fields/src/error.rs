//! What can go wrong with a field file.

use std::path::PathBuf;

use rheome_hdf::NewFileError;
use thiserror::Error;

/// What can go wrong with a field file; each message is one line that names the file (and dataset) and the fault.
#[derive(Debug, Error)]
pub enum FieldError {
    /// The system refuses to read or write.
    #[error("{path}: cannot {action}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not of a known format, or damaged.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The dataset asked for is not there.
    #[error("{path}: no dataset {name:?}; {instead}")]
    MissingDataset {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// What is there.
        instead: String,
    },
    /// A dataset has a shape that a field cannot have, or another one than needed.
    #[error("{label}: found {found}, expected {expected}")]
    Shape {
        /// File and dataset.
        label: String,
        /// The shape found, in words.
        found: String,
        /// The shape needed, in words.
        expected: String,
    },
    /// A value is NaN or infinite.
    #[error(
        "{label}: {value} at trajectory {trajectory}, snapshot {snapshot}, point {point:?}, component {component}"
    )]
    NonFinite {
        /// File and dataset.
        label: String,
        /// The value.
        value: f32,
        /// Trajectory, counted from 0.
        trajectory: usize,
        /// Snapshot, counted from 0.
        snapshot: usize,
        /// Indices along x, y, z.
        point: [usize; 3],
        /// Component, counted from 0.
        component: usize,
    },
    /// A trajectory or snapshot outside the file.
    #[error("{label}: {what} {found} asked for, but there are {available} (counted from 0)")]
    OutOfRange {
        /// File and dataset.
        label: String,
        /// `trajectory` or `snapshot`.
        what: &'static str,
        /// What was asked for.
        found: usize,
        /// How many there are.
        available: usize,
    },
    /// The output is there already, or its folder is not.
    #[error(transparent)]
    NewFile(#[from] NewFileError),
    /// The file to continue was begun with other settings.
    #[error("{path}: was begun with other settings; repeat them to continue it")]
    Settings {
        /// The file.
        path: PathBuf,
    },
    /// An option of a conversion or a split cannot work.
    #[error("{key}: found {found}, expected {expected}")]
    Setting {
        /// Name of the option.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
}

impl FieldError {
    /// The message, where the key of a [`Self::Setting`] stands in this section of a settings file: a split does not know the
    /// section that its keys are in.
    pub fn in_section(&self, section: &str) -> String {
        match self {
            Self::Setting { .. } => format!("{section}.{self}"),
            other => other.to_string(),
        }
    }

    pub(crate) fn file(
        path: &std::path::Path,
        action: &'static str,
        source: std::io::Error,
    ) -> Self {
        Self::File {
            path: path.to_owned(),
            action,
            source,
        }
    }

    pub(crate) fn format(path: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        // One line: the libraries' messages may hold several.
        let reason = reason
            .to_string()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        Self::Format {
            path: path.to_owned(),
            reason,
        }
    }
}
