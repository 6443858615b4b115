//! What can go wrong with a model, its data and its weights.

use rheome_backend::weights::WeightsError;
use rheome_layers::ode::OdeError;
use thiserror::Error;

/// What can go wrong with the model, its graph or a sampling run; each message is one line that names the place.
#[derive(Debug, Error)]
pub enum PerturbationError {
    /// A key of the configuration has a value that cannot work.
    #[error("{section}.{key}: found {found}, expected {expected}")]
    Config {
        /// The part of the settings it belongs to: model, objective, sampling or graph.
        section: &'static str,
        /// Name of the key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A tensor or a table does not have the shape that is needed.
    #[error("{what}: found shape {found:?}, expected {expected:?}")]
    Shape {
        /// What is at fault.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A name that the vocabulary lacks.
    #[error("{name:?} is not in the vocabulary of {size} names")]
    UnknownName {
        /// The name.
        name: String,
        /// Names of the vocabulary.
        size: usize,
    },
    /// A name that cannot be part of a vocabulary.
    #[error("gene name {name:?}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An id beyond the vocabulary.
    #[error("id {id} is beyond the vocabulary of {size} names")]
    Id {
        /// The id.
        id: usize,
        /// Size of the vocabulary.
        size: usize,
    },
    /// The gene graph cannot be made.
    #[error("gene graph: {reason}")]
    Graph {
        /// What is wrong.
        reason: String,
    },
    /// Weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The flow cannot be integrated.
    #[error("sampling cells {first} to {last}: {source}")]
    Ode {
        /// First cell of the batch, counted from 0.
        first: u64,
        /// Last cell of the batch.
        last: u64,
        /// Why.
        source: OdeError,
    },
    /// A sample left the numbers.
    #[error(
        "sampled cell {cell} holds NaN or infinite values; are its control cell's values and the weights finite?"
    )]
    NonFinite {
        /// The first such cell of the run, counted from 0.
        cell: u64,
    },
}

impl PerturbationError {
    pub(crate) fn config(
        section: &'static str,
        key: &'static str,
        found: impl std::fmt::Debug,
        expected: impl Into<String>,
    ) -> Self {
        Self::Config {
            section,
            key,
            found: format!("{found:?}"),
            expected: expected.into(),
        }
    }
}
