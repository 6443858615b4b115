//! Optimiser steps: Adam (Kingma & Ba 2015, arXiv 1412.6980) and AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) with
//! clipping, schedules, checks of what is not finite, and the best score so far.

use std::time::Instant;

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{Schedule, TrainingError, clip_global_norm, non_finite};

/// How weight decay acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// The weights shrink by `learning_rate * weight_decay` of themselves (Loshchilov & Hutter 2019, arXiv 1711.05101):
    /// PyTorch's `torch.optim.AdamW`.
    #[default]
    Decoupled,
    /// `weight_decay` times the weights is added to the gradient, as a penalty on their squares: PyTorch's `torch.optim.Adam`.
    Coupled,
}

/// Adam (Kingma & Ba 2015, arXiv 1412.6980) with weight decay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerSettings {
    /// Peak learning rate. The IFactFormer paper uses 5e-4, a good starting point for small models too.
    pub learning_rate: f64,
    /// Weight decay; 0.01 is PyTorch's default for AdamW.
    pub weight_decay: f32,
    /// How it acts.
    pub decay: Decay,
    /// Decay of the mean gradient.
    pub beta_1: f32,
    /// Decay of the mean squared gradient.
    pub beta_2: f32,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f32,
    /// Largest joint norm of all gradients; 0 leaves them as they are.
    pub clip_norm: f32,
    /// How the learning rate changes with the epochs.
    pub schedule: Schedule,
}

impl Default for OptimizerSettings {
    fn default() -> Self {
        Self {
            learning_rate: 5e-4,
            weight_decay: 0.01,
            decay: Decay::Decoupled,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            clip_norm: 1.0,
            schedule: Schedule::Step {
                every: 5,
                gamma: 0.7,
            },
        }
    }
}

impl OptimizerSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let check = |key, found: f64, good: bool, expected| {
            if good {
                Ok(())
            } else {
                Err(TrainingError::Setting {
                    key,
                    found: found.to_string(),
                    expected,
                })
            }
        };
        let fraction = |value: f32| (0.0..1.0).contains(&value);
        check(
            "learning_rate",
            self.learning_rate,
            self.learning_rate > 0.0 && self.learning_rate.is_finite(),
            "a positive number",
        )?;
        check(
            "weight_decay",
            self.weight_decay.into(),
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "0 or more",
        )?;
        check(
            "beta_1",
            self.beta_1.into(),
            fraction(self.beta_1),
            "a number in [0, 1)",
        )?;
        check(
            "beta_2",
            self.beta_2.into(),
            fraction(self.beta_2),
            "a number in [0, 1)",
        )?;
        check(
            "epsilon",
            self.epsilon.into(),
            self.epsilon > 0.0 && self.epsilon.is_finite(),
            "a positive number",
        )?;
        check(
            "clip_norm",
            self.clip_norm.into(),
            self.clip_norm >= 0.0,
            "0 (off) or a positive number",
        )?;
        self.schedule.validate()
    }

    /// A fresh optimiser with these settings.
    pub fn build(&self) -> ModuleOptimizer {
        match self.decay {
            Decay::Decoupled => AdamWConfig::new()
                .with_beta_1(self.beta_1)
                .with_beta_2(self.beta_2)
                .with_epsilon(self.epsilon)
                .with_weight_decay(self.weight_decay)
                .init(),
            Decay::Coupled => AdamConfig::new()
                .with_beta_1(self.beta_1)
                .with_beta_2(self.beta_2)
                .with_epsilon(self.epsilon)
                .with_weight_decay(Some(WeightDecayConfig::new(self.weight_decay)))
                .init(),
        }
    }
}

/// How far a run has come; stored with every checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Epochs completed.
    pub epoch: u64,
    /// Batches done in the epoch under way.
    pub batch: u64,
    /// Optimiser steps in all.
    pub step: u64,
    /// Sum of the losses of the epoch under way, for its mean.
    pub epoch_loss: f64,
    /// Best validation score so far (smaller is better), if there was a validation.
    pub best: Option<f64>,
    /// Wall-clock seconds of the run up to here, validations included. Work that a kill undid does not count.
    #[serde(default)]
    pub seconds: f64,
    /// Seed of the run: it fixes the order of samples, the noise and the augmentation.
    pub seed: u64,
}

impl Progress {
    /// The start of a run.
    pub fn new(seed: u64) -> Self {
        Self {
            epoch: 0,
            batch: 0,
            step: 0,
            epoch_loss: 0.0,
            best: None,
            seconds: 0.0,
            seed,
        }
    }
}

/// What one optimiser step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Loss of the batch before the step.
    pub loss: f32,
    /// Joint norm of the gradients before clipping.
    pub gradient_norm: f32,
    /// Learning rate used.
    pub learning_rate: f64,
}

/// A model under training with its optimiser.
pub struct Trainer<M: Module> {
    /// The model; between steps it holds the current weights.
    pub model: M,
    /// How far the run has come.
    pub progress: Progress,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) settings: OptimizerSettings,
    /// Since when time has not been added to the progress.
    pub(crate) clock: Instant,
}

impl<M: Module> Trainer<M> {
    /// A trainer at the start of a run; `model` must live on an autodiff device.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] if a setting cannot work.
    pub fn new(model: M, settings: OptimizerSettings, seed: u64) -> Result<Self, TrainingError> {
        settings.validate()?;
        Ok(Self {
            model,
            progress: Progress::new(seed),
            optimizer: settings.build(),
            settings,
            clock: Instant::now(),
        })
    }

    /// One optimiser step on `loss` (a tensor of one element computed by [`Self::model`]); `batches` per epoch and
    /// `epochs` in all place it on the schedule.
    ///
    /// # Errors
    /// [`TrainingError::NonFiniteLoss`] and [`TrainingError::NonFiniteGradient`], leaving the weights untouched.
    pub fn step(
        &mut self,
        loss: Tensor<1>,
        batches: u64,
        epochs: u64,
    ) -> Result<StepReport, TrainingError> {
        let Progress {
            epoch, batch, step, ..
        } = self.progress;
        let value = loss.clone().into_scalar::<f32>();
        if !value.is_finite() {
            return Err(TrainingError::NonFiniteLoss {
                loss: value,
                step,
                epoch: epoch + 1,
                batch: batch + 1,
                parameter: non_finite::parameter(&self.model),
            });
        }
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let limit = (self.settings.clip_norm > 0.0).then_some(self.settings.clip_norm);
        let norm = clip_global_norm(&self.model, &mut gradients, limit);
        if !norm.is_finite() {
            return Err(TrainingError::NonFiniteGradient {
                norm,
                loss: value,
                step,
                epoch: epoch + 1,
                batch: batch + 1,
                parameter: non_finite::gradient(&self.model, &gradients)
                    .unwrap_or_else(|| "all together".into()),
            });
        }
        let done = epoch as f64 + batch as f64 / batches.max(1) as f64;
        // A warm-up starts at zero; using the rate of the *end* of this batch keeps the first step from doing nothing.
        let done = match self.settings.schedule.is_rising(done) {
            true => done + 1.0 / batches.max(1) as f64,
            false => done,
        };
        let learning_rate =
            self.settings.learning_rate * self.settings.schedule.factor(done, epochs as f64);
        self.model = self
            .optimizer
            .step(learning_rate, self.model.clone(), gradients);
        self.progress.step += 1;
        self.progress.batch += 1;
        self.progress.epoch_loss += f64::from(value);
        self.record_time();
        Ok(StepReport {
            loss: value,
            gradient_norm: norm,
            learning_rate,
        })
    }

    /// The mean loss of the batches that the epoch under way has had.
    pub fn mean_loss(&self) -> f64 {
        self.progress.epoch_loss / self.progress.batch.max(1) as f64
    }

    /// Closes the epoch under way and returns the mean loss of its batches.
    pub fn end_epoch(&mut self) -> f64 {
        let mean = self.mean_loss();
        self.progress.epoch += 1;
        self.progress.batch = 0;
        self.progress.epoch_loss = 0.0;
        mean
    }

    /// Adds the time since the last step or validation to the progress.
    fn record_time(&mut self) {
        let now = Instant::now();
        self.progress.seconds += now.duration_since(self.clock).as_secs_f64();
        self.clock = now;
    }

    /// Records a validation score (smaller is better); true if it is the best so far.
    pub fn record_validation(&mut self, score: f64) -> bool {
        self.record_time();
        let better = score.is_finite() && self.progress.best.is_none_or(|best| score < best);
        if better {
            self.progress.best = Some(score);
        }
        better
    }
}
