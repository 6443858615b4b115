//! What can go wrong while cells are made ready.

use rheome_anndata::AnnDataError;
use thiserror::Error;

/// What can go wrong while cells are made ready; each message is one line that names the fault.
#[derive(Debug, Error)]
pub enum CellsError {
    /// The file cannot be read or written, or lacks a column.
    #[error(transparent)]
    AnnData(#[from] AnnDataError),
    /// A setting cannot work.
    #[error("{key}: found {found}, expected {expected}")]
    Setting {
        /// Name of the setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A label cannot be understood as a perturbation.
    #[error("{place}: the label {label:?} of cell {cell:?} {reason}")]
    Label {
        /// File and column.
        place: String,
        /// The label; empty where it is missing.
        label: String,
        /// Name of the first such cell.
        cell: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A value of the matrix cannot be what it should be.
    #[error("{matrix}: {value} for gene {gene:?} of cell {cell:?}: {reason}")]
    Value {
        /// File and matrix.
        matrix: String,
        /// The value.
        value: f64,
        /// Name of the gene.
        gene: String,
        /// Name of the cell.
        cell: String,
        /// What was expected, and what to do.
        reason: String,
    },
    /// The cells do not have what the task needs.
    #[error("{place}: {reason}")]
    Cells {
        /// File and column or matrix.
        place: String,
        /// What was found, and what was expected.
        reason: String,
    },
    /// Whoever was told the progress wanted no more of it.
    #[error("stopped; nothing is written")]
    Stopped,
}

impl CellsError {
    pub(crate) fn setting(
        key: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Setting {
            key,
            found: found.to_string(),
            expected: expected.into(),
        }
    }

    pub(crate) fn cells(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Cells {
            place: place.into(),
            reason: reason.into(),
        }
    }
}
