//! The loop of a training, whatever is learnt: epochs of steps, a validation after each, metrics, checkpoints.
//!
//! What differs is a [`Training`]: where batches come from, their loss, the validation, how weights are saved. [`train`] does the
//! rest. A run that is killed continues with the losses it would have had, provided that batches, losses and validations are pure
//! functions of the settings and of the number of the step.

mod options;
mod run;

use std::path::Path;

use burn::module::Module;
use burn::tensor::Tensor;
use rheome_training::OptimizerSettings;
use serde_json::{Map, Value};

use crate::Failure;
use crate::settings::{check_positive, check_seed};

pub use options::TrainOptions;
pub use run::train;

/// How long a training is, and how often it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Epochs, after each of which there is a validation.
    pub epochs: u64,
    /// Batches of an epoch, one a step.
    pub batches: u64,
    /// Steps between two lines of metrics.
    pub log_every: u64,
    /// Steps between two checkpoints; there is one after each epoch in any case.
    pub checkpoint_every: u64,
}

/// The loss of a step.
#[derive(Debug, Clone)]
pub struct StepLoss {
    /// What is minimised: `[1]`.
    pub total: Tensor<1>,
    /// Terms of it for the metrics, by their names there: `[1]` each.
    pub terms: Vec<(&'static str, Tensor<1>)>,
}

/// What a validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// The weights with the smallest count as the best; without one the newest do.
    pub score: Option<f64>,
    /// Its numbers for the metrics, by their names there.
    pub metrics: Map<String, Value>,
    /// The same in a few words.
    pub summary: String,
}

impl Validation {
    /// What a validation found: its score, its numbers by their names, and the same in a few words.
    pub fn new<'a>(
        score: f64,
        metrics: impl IntoIterator<Item = (&'a str, f64)>,
        summary: String,
    ) -> Self {
        let named = |(name, value): (&str, f64)| (name.to_owned(), value.into());
        Self {
            score: Some(score),
            metrics: metrics.into_iter().map(named).collect(),
            summary,
        }
    }

    /// There was nothing to judge by: the score, if any, is of something else.
    pub fn none(score: Option<f64>) -> Self {
        Self {
            score,
            metrics: Map::new(),
            summary: "no validation".to_owned(),
        }
    }
}

/// What differs from one kind of training to another.
pub trait Training {
    /// What learns.
    type Model: Module;
    /// What a step is shown, on the host.
    type Batch: Send;
    /// Whether an epoch is one to the user too: its number is told then. Otherwise it is but what lies between two validations.
    const COUNTS_EPOCHS: bool;

    /// How long it is.
    fn plan(&self) -> Plan;

    /// The batches of an epoch from number `first` on (both count from 0). They are made on a thread of their own while the device
    /// works on those before.
    fn batches(
        &self,
        epoch: u64,
        first: u64,
    ) -> impl Iterator<Item = Result<Self::Batch, Failure>> + Send;

    /// The loss of a batch, that of step `step` (counted from 0).
    ///
    /// # Errors
    /// [`Failure`] if the batch does not fit the model.
    fn loss(&self, model: &Self::Model, batch: Self::Batch, step: u64)
    -> Result<StepLoss, Failure>;

    /// Judges a model, which lives on the device without gradients; `train_loss` is the mean loss of the epoch.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be judged.
    fn validate(&self, model: &Self::Model, train_loss: f64) -> Result<Validation, Failure>;

    /// Writes weights as safetensors.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    fn save(
        &self,
        model: &Self::Model,
        path: &Path,
        metadata: &[(&str, &str)],
    ) -> Result<(), Failure>;
}

/// Checks what the section `training` of every training's settings has: the seed, the steps between two lines of metrics and between
/// two checkpoints, and the optimiser.
///
/// # Errors
/// [`Failure`] naming the whole key of the first value that cannot work.
pub fn check_settings(
    seed: u64,
    log_every: u64,
    checkpoint_every: u64,
    optimizer: &OptimizerSettings,
) -> Result<(), Failure> {
    check_seed("training.seed", seed)?;
    check_positive(&[
        ("training.log_every", log_every),
        ("training.checkpoint_every", checkpoint_every),
    ])?;
    Ok(optimizer.validate()?)
}

/// At most `limit` of `items` (0: all), evenly spread: what is validated of much.
pub fn evenly<T: Clone>(items: &[T], limit: usize) -> Vec<T> {
    let count = match limit {
        0 => items.len(),
        limit => limit.min(items.len()),
    };
    (0..count)
        .map(|index| items[index * items.len() / count].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_training_has_is_checked_by_whole_keys() {
        let good = OptimizerSettings::default();
        let bad = OptimizerSettings {
            learning_rate: 0.0,
            ..good
        };
        check_settings(1, 1, 1, &good).unwrap();
        for (outcome, key) in [
            (check_settings(u64::MAX, 1, 1, &good), "training.seed: "),
            (check_settings(1, 0, 1, &good), "training.log_every: "),
            (
                check_settings(1, 1, 0, &good),
                "training.checkpoint_every: ",
            ),
            (
                check_settings(1, 1, 1, &bad),
                "training.optimizer.learning_rate: ",
            ),
        ] {
            let failure = outcome.unwrap_err();
            assert!(failure.line().starts_with(key), "{failure:?}");
        }
    }

    #[test]
    fn a_few_of_many_are_evenly_spread() {
        let items: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&items, 4), [0, 2, 5, 7]);
        assert_eq!(evenly(&items, 0), items);
        assert_eq!(evenly(&items, 20), items);
        assert!(evenly(&items[..0], 3).is_empty());
    }
}
