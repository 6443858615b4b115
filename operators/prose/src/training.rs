//! A training step: what goes in, what comes out, and what is minimised.
//!
//! The network answers a [`Lesson`], the states at the times it is asked for and the scores of the true equation's words; the
//! [`Objective`] weighs how far off both are (arXiv 2309.16816, section 3). Noise on the series and what is wrong with the
//! symbols are those of the batches ([`rheome_equations::BatchConfig`]).

use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::{Array2, Array3};
use rheome_equations::Batch;
use rheome_training::{Decay, OptimizerSettings, Schedule};
use serde::{Deserialize, Serialize};

use crate::loss::{component_mask, cross_entropy, relative_squared_error};
use crate::model::padding::Lengths;
use crate::{Prose, ProseError, Series, Symbols};

/// Steps that the published training calls an epoch, whatever the number of samples.
pub const PUBLISHED_STEPS_PER_EPOCH: u64 = 2000;
/// Epochs of the published training.
pub const PUBLISHED_EPOCHS: u64 = 80;

/// What a training minimises: `data * relative squared error + symbols * cross-entropy`. The defaults are the published ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// Weight of the relative squared error of the continued series. Published: 6.
    pub data: f64,
    /// Weight of the cross-entropy of the equation's words. Published: 1.
    pub symbols: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            data: 6.0,
            symbols: 1.0,
        }
    }
}

/// The published optimiser: Adam with the rate 1e-4, decay 1e-4 added to the gradients, clipping at 1; the rate rises over 20,000
/// steps, which are 10 epochs, then falls as one over the square root of the steps.
pub fn published_optimizer() -> OptimizerSettings {
    OptimizerSettings {
        learning_rate: 1e-4,
        weight_decay: 1e-4,
        decay: Decay::Coupled,
        clip_norm: 1.0,
        schedule: Schedule::InverseSquareRoot { warmup: 10.0 },
        ..OptimizerSettings::default()
    }
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The beginning of every series.
    pub series: Series,
    /// Rough equations.
    pub symbols: Symbols,
    /// Times to continue to: `[1, queries]`.
    pub times: Tensor<2>,
    /// States at these times, zeros for components that a system lacks: `[batch, queries, dimension]`.
    pub labels: Tensor<3>,
    /// Ones for the components that a system has: `[batch, 1, dimension]`.
    pub components: Tensor<3>,
    /// True equations between [`rheome_equations::BEGIN`] and [`rheome_equations::END`].
    pub targets: Symbols,
}

impl Lesson {
    /// Puts a batch on a device.
    pub fn new(batch: &Batch, device: &Device) -> Self {
        let (size, points, _) = batch.input.dim();
        let dimension = batch.labels.dim().2;
        Self {
            series: Series {
                points: on_device(&batch.input, device),
                lengths: Lengths {
                    each: vec![points; size],
                    longest: points,
                },
            },
            symbols: symbols(&batch.symbols, &batch.symbol_lengths, device),
            times: Tensor::<1>::from_data(batch.times.as_slice(), device).unsqueeze(),
            labels: on_device(&batch.labels, device),
            components: component_mask(&batch.dimensions, dimension, device),
            targets: symbols(&batch.targets, &batch.target_lengths, device),
        }
    }
}

/// Puts states (or points) of a batch on a device.
///
/// # Shapes
/// - output: that of `states`
pub fn on_device(states: &Array3<f32>, device: &Device) -> Tensor<3> {
    let (batch, times, dimension) = states.dim();
    let numbers: Vec<f32> = states.iter().copied().collect();
    Tensor::from_data(TensorData::new(numbers, [batch, times, dimension]), device)
}

fn symbols(ids: &Array2<u32>, lengths: &[usize], device: &Device) -> Symbols {
    let shape = [ids.nrows(), ids.ncols()];
    let numbers: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    Symbols {
        ids: Tensor::<2, Int>::from_data(TensorData::new(numbers, shape), device),
        lengths: Lengths {
            each: lengths.to_vec(),
            longest: ids.ncols(),
        },
    }
}

/// What a network makes of a lesson.
#[derive(Debug, Clone)]
pub struct Answer {
    /// States, zeros for components that a system lacks: `[batch, queries, dimension]`.
    pub states: Tensor<3>,
    /// Scores (logits) of the word behind every word of the targets, where symbols come out: `[batch, n, words]`.
    pub scores: Option<Tensor<3>>,
}

impl Answer {
    /// Asks a network.
    ///
    /// # Errors
    /// [`ProseError`] if the lesson does not fit the network.
    pub fn of(model: &Prose, lesson: &Lesson) -> Result<Self, ProseError> {
        let modalities = model.config().modalities;
        let symbols = modalities.reads_symbols().then_some(&lesson.symbols);
        let fused = model.encode(&lesson.series, symbols)?;
        let states = model.predict(&fused, lesson.times.clone()) * lesson.components.clone();
        let ids = || lesson.targets.ids.clone();
        let scores = modalities
            .writes_symbols()
            .then(|| model.word_scores(&fused, ids()));
        Ok(Self {
            states,
            scores: scores.transpose()?,
        })
    }
}

/// The terms of the loss, `[1]` each.
#[derive(Debug, Clone)]
pub struct LossTerms {
    /// Relative squared error of the continued series.
    pub data: Tensor<1>,
    /// Cross-entropy of the equation's words; zero where no symbols come out.
    pub symbols: Tensor<1>,
    /// What is minimised: their weighted sum.
    pub total: Tensor<1>,
}

impl Objective {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ProseError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), ProseError> {
        for (key, weight) in [("data", self.data), ("symbols", self.symbols)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                let expected = "0 (off) or a positive number";
                return Err(ProseError::config("objective", key, weight, expected));
            }
        }
        match self.data + self.symbols > 0.0 {
            true => Ok(()),
            false => {
                let expected = "a positive weight of one of the two terms";
                Err(ProseError::config("objective", "data", self.data, expected))
            }
        }
    }

    /// The loss of an answer.
    pub fn loss(&self, answer: &Answer, lesson: &Lesson) -> LossTerms {
        let data = relative_squared_error(answer.states.clone(), lesson.labels.clone());
        let weighted = data.clone().mul_scalar(self.data);
        let Some(scores) = &answer.scores else {
            return LossTerms {
                symbols: data.zeros_like(),
                data,
                total: weighted,
            };
        };
        let symbols = cross_entropy(scores.clone(), &lesson.targets);
        LossTerms {
            total: weighted + symbols.clone().mul_scalar(self.symbols),
            data,
            symbols,
        }
    }
}
