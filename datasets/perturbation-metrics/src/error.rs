//! What can go wrong before or while cells are compared.

use rheome_anndata::AnnDataError;
use thiserror::Error;

/// What can go wrong before or while cells are compared; each message is one line that names the place.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// A file cannot be read, or lacks a column.
    #[error(transparent)]
    AnnData(#[from] AnnDataError),
    /// The cells of a file do not have what is needed.
    #[error("{place}: {reason}")]
    Cells {
        /// File and column or table.
        place: String,
        /// What was found, and what was expected.
        reason: String,
    },
    /// A table cannot be written.
    #[error("{path}: cannot write: {reason}")]
    Write {
        /// The file.
        path: String,
        /// What went wrong.
        reason: String,
    },
}

impl MetricsError {
    pub(crate) fn cells(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Cells {
            place: place.into(),
            reason: reason.into(),
        }
    }
}
