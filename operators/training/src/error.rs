//! What can go wrong in a training run.

use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong in a training run; each message is one line that names the place.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// The loss of a batch is NaN or infinite; the weights still hold the last good values.
    #[error(
        "the loss became {loss} at step {step} (epoch {epoch}, batch {batch}): {}; the weights before that step are kept",
        cause(parameter)
    )]
    NonFiniteLoss {
        /// The loss as computed.
        loss: f32,
        /// Optimiser steps done before.
        step: u64,
        /// Epoch, counted from 1.
        epoch: u64,
        /// Batch within the epoch, counted from 1.
        batch: u64,
        /// Path of the first parameter that is not finite; none if all are.
        parameter: Option<String>,
    },
    /// The gradient of a batch is NaN or infinite although its loss is finite.
    #[error(
        "the gradient became {norm} at step {step} (epoch {epoch}, batch {batch}, loss {loss}), first that of {parameter}; lower the learning rate; the weights before that step are kept"
    )]
    NonFiniteGradient {
        /// The norm as computed.
        norm: f32,
        /// The finite loss of that batch.
        loss: f32,
        /// Optimiser steps done before.
        step: u64,
        /// Epoch, counted from 1.
        epoch: u64,
        /// Batch within the epoch, counted from 1.
        batch: u64,
        /// Path of the first parameter whose gradient is not finite; "all together" if only the norm of all is not.
        parameter: String,
    },
    /// A setting has a value that cannot work.
    #[error("training.optimizer.{key}: found {found}, expected {expected}")]
    Setting {
        /// Name of the key in the section `training.optimizer`.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A file or folder of the run cannot be read or written.
    #[error("{path}: cannot {action}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of a checkpoint is damaged or does not belong to this model.
    #[error("{path}: not a usable checkpoint: {reason}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `--resume` was asked for, but nothing is there to continue from.
    #[error("{path}: no complete checkpoint to resume from")]
    NothingToResume {
        /// The folder that was searched.
        path: PathBuf,
    },
}

/// Where a loss that is no number comes from.
fn cause(parameter: &Option<String>) -> String {
    match parameter {
        Some(path) => format!("parameter {path} holds NaN or infinite values"),
        None => "all parameters are finite, so look at the data of this batch, or lower the learning rate".into(),
    }
}
