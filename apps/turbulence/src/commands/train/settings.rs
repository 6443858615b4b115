//! Settings of `turbulence train`: the `config.toml` of a model folder.

use rheome_cli::Failure;
use rheome_cli::settings::{Validate, check_counts, check_positive};
use rheome_cli::training::check_settings;
use rheome_fields::Split;
use rheome_flow::FlowModelConfig;
use rheome_training::OptimizerSettings;
use serde::{Deserialize, Serialize};

use crate::model_folder::check_time_step;

/// Settings of `turbulence train`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// The operator.
    pub model: FlowModelConfig,
    /// What it learns from.
    pub data: DataSettings,
    /// How it learns.
    #[serde(default)]
    pub training: TrainingSettings,
}

/// What an operator learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Which snapshots train and which validate.
    pub split: Split,
    /// Snapshots from one step of the operator to the next: 2 leaves out every other one.
    #[serde(default = "one")]
    pub stride: usize,
    /// Time of one step of the operator, in the units of the data. Needed only where the data tell no times (.npy): the
    /// training fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step: Option<f64>,
}

/// How an operator learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSettings {
    /// Passes over the training windows. Published: 30.
    pub epochs: u64,
    /// Windows a step. Published: 5.
    pub batch_size: usize,
    /// Seed of weights, order, noise and symmetries. Published: 1234.
    pub seed: u64,
    /// Standard deviation of Gaussian noise on the inputs, as a fraction of each channel's (Sanchez-Gonzalez et al. 2020).
    /// The published recipe has none; a few per cent keep long rollouts of small models from drifting.
    pub noise: f64,
    /// Steps that the operator feeds on its own results before it is judged, all of them weighing the same. Published: 1.
    /// Time and memory grow in proportion.
    pub unroll: usize,
    /// Symmetries of the flow under which windows are shown.
    pub symmetries: Symmetries,
    /// Windows that are validated after each epoch, evenly spread; 0 takes all.
    pub validation_windows: usize,
    /// Steps between two lines of metrics.
    pub log_every: u64,
    /// Steps between two checkpoints; there is one after each epoch in any case.
    pub checkpoint_every: u64,
    /// The optimiser.
    pub optimizer: OptimizerSettings,
}

/// Symmetries of a channel flow. A window is shown under a random one each time; the published recipe uses none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Symmetries {
    /// Shift along the periodic axes x and z by whole points.
    pub shift: bool,
    /// Reflect at the mid-plane: y to 2 - y, v to -v.
    pub reflect_y: bool,
    /// Reflect the span: z to -z, w to -w.
    pub reflect_z: bool,
}

impl Symmetries {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.shift || self.reflect_y || self.reflect_z
    }
}

fn one() -> usize {
    1
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 5,
            seed: 1234,
            noise: 0.0,
            unroll: 1,
            symmetries: Symmetries::default(),
            validation_windows: 200,
            log_every: 20,
            checkpoint_every: 1000,
            optimizer: OptimizerSettings::default(),
        }
    }
}

impl Validate for TrainSettings {
    fn validate(&self) -> Result<(), Failure> {
        self.model.validate()?;
        let training = &self.training;
        check_settings(
            training.seed,
            training.log_every,
            training.checkpoint_every,
            &training.optimizer,
        )?;
        check_positive(&[
            ("data.stride", self.data.stride as u64),
            ("training.epochs", training.epochs),
        ])?;
        check_counts(&[("training.batch_size", training.batch_size)])?;
        check_counts(&[("training.unroll", training.unroll)])?;
        check_time_step(self.data.time_step)?;
        if !(training.noise >= 0.0 && training.noise.is_finite()) {
            return Err(Failure::new(format!(
                "training.noise: found {}, expected a fraction, 0 or more",
                training.noise
            )));
        }
        if training.symmetries.any() && self.model.channels() < 3 {
            return Err(Failure::new(format!(
                "training.symmetries: found {} channel(s), expected at least u, v, w",
                self.model.channels()
            )));
        }
        Ok(())
    }
}
