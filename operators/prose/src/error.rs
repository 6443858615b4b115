//! What can go wrong with the network or what it is given.

use rheome_backend::weights::WeightsError;
use rheome_equations::EquationError;
use thiserror::Error;

/// What can go wrong with the network or what it is given; each message is one line that names the place.
#[derive(Debug, Error)]
pub enum ProseError {
    /// A key of the configuration has a value that cannot work.
    #[error("{section}.{key}: found {found}, expected {expected}")]
    Config {
        /// The part of the settings it belongs to: model, objective or decoding.
        section: &'static str,
        /// Name of the key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A series or an equation of a batch does not fit the network.
    #[error("{what} {index} of the batch: found {found}, expected {expected}")]
    Batch {
        /// What is at fault: series, symbols, ...
        what: &'static str,
        /// Which of them, counted from 0.
        index: usize,
        /// What it is like.
        found: String,
        /// What it should be like.
        expected: String,
    },
    /// The network lacks a part that is asked for.
    #[error("a {found} network {lacks}; configure modalities = {expected}")]
    Modalities {
        /// What the network is.
        found: String,
        /// What it does not do.
        lacks: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Tensors of a checkpoint contradict what the network computes.
    #[error("{path}: {name}: {reason}")]
    Checkpoint {
        /// The file.
        path: String,
        /// The tensor at fault.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The network's numbers are not finite.
    #[error(
        "the scores of word {word} of series {series} hold NaN; are the series and the weights finite?"
    )]
    NonFinite {
        /// Which series of the batch, counted from 0.
        series: usize,
        /// Which word of its equation, counted from 1.
        word: usize,
    },
    /// Symbols cannot be encoded or decoded.
    #[error(transparent)]
    Equation(#[from] EquationError),
    /// Weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl ProseError {
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
