//! What can go wrong with an operator or a rollout.

use std::path::PathBuf;

use rheome_backend::weights::WeightsError;
use thiserror::Error;

/// What can go wrong with an operator or a rollout; each message is one line that names the place.
#[derive(Debug, Error)]
pub enum FlowError {
    /// A key of the configuration has a value that cannot work.
    #[error("model.{key}: found {found}, expected {expected}")]
    Config {
        /// Name of the key in the section `model`.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Statistics that fields are standardised with cannot work.
    #[error("{key}: found {found}, expected {expected}")]
    Statistics {
        /// Name of the key in `normalization.json`.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A field or a vector of coordinates does not have the shape that the model needs.
    #[error("{what}: found shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor at fault.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// Weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file of normalisation statistics cannot be used.
    #[error("{path}: not usable normalisation statistics: {reason}")]
    Normalization {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A rollout left the numbers.
    #[error(
        "the field of step {step} holds NaN or infinite values in {}; the rollout diverged", crate::rollout::place(*.channel, *.member)
    )]
    NonFinite {
        /// The step whose result is not finite, counted from 1.
        step: u64,
        /// The first member of the ensemble concerned, counted from 0; none where there is but one flow.
        member: Option<usize>,
        /// The first channel concerned, counted from 0 (u, v, w).
        channel: usize,
    },
}

impl FlowError {
    pub(crate) fn config(
        key: &'static str,
        found: impl std::fmt::Debug,
        expected: impl Into<String>,
    ) -> Self {
        Self::Config {
            key,
            found: format!("{found:?}"),
            expected: expected.into(),
        }
    }
}
