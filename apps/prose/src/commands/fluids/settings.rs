//! Settings of `prose fluids generate` and `prose fluids train`.

use rheome_cli::Failure;
use rheome_cli::settings::{Validate, check_counts, check_positive, check_seed, defaults_but_for};
use rheome_cli::training::check_settings;
use rheome_fields::Split;
use rheome_periodic::PeriodicConfig;
use rheome_prose::fluids::FluidsConfig;
use rheome_training::{OptimizerSettings, Schedule};
use serde::{Deserialize, Deserializer, Serialize};

/// What `prose fluids generate` makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerateSettings {
    /// Seed of everything random.
    pub seed: u64,
    /// The box and its turbulence.
    pub flow: FlowSettings,
    /// How much of it.
    pub data: FrameSettings,
}

/// A box and the turbulence that decays in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowSettings {
    /// Points along each side.
    pub points: usize,
    /// Length of a side.
    pub length: f64,
    /// Least and greatest viscosity; each flow has one of its own, whose logarithm is drawn uniformly.
    pub viscosity: [f64; 2],
    /// Root mean square of each velocity component at the start.
    pub velocity: f64,
    /// Waves per side that hold most energy at the start.
    pub peak: f64,
    /// Largest Courant number.
    pub cfl: f64,
}

/// How much data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrameSettings {
    /// Flows.
    pub trajectories: usize,
    /// Frames of each.
    #[serde(alias = "snapshots")]
    pub frames: usize,
    /// Time of the first frame: random phases have become eddies by then.
    pub start: f64,
    /// Time between two frames.
    #[serde(alias = "interval")]
    pub spacing: f64,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            seed: 1234,
            flow: FlowSettings::default(),
            data: FrameSettings::default(),
        }
    }
}

impl Default for FlowSettings {
    fn default() -> Self {
        let config = PeriodicConfig::default();
        Self {
            points: config.points,
            length: config.length,
            viscosity: [1e-3, 1e-2],
            velocity: config.velocity,
            peak: config.peak,
            cfl: config.cfl,
        }
    }
}

impl Default for FrameSettings {
    fn default() -> Self {
        Self {
            trajectories: 1000,
            frames: 20,
            start: 0.5,
            spacing: 0.1,
        }
    }
}

impl FlowSettings {
    /// The solver's settings for one viscosity.
    pub fn config(&self, viscosity: f64) -> PeriodicConfig {
        PeriodicConfig {
            points: self.points,
            length: self.length,
            viscosity,
            velocity: self.velocity,
            peak: self.peak,
            cfl: self.cfl,
        }
    }
}

impl Validate for GenerateSettings {
    fn validate(&self) -> Result<(), Failure> {
        check_seed("seed", self.seed)?;
        let wrong = |key: &str, found: &dyn std::fmt::Debug, expected: &str| {
            Err(Failure::new(format!(
                "{key}: found {found:?}, expected {expected}"
            )))
        };
        let [least, greatest] = self.flow.viscosity;
        if !(least > 0.0 && least <= greatest && greatest.is_finite()) {
            let expected = "two positive numbers, the smaller one first";
            return wrong("flow.viscosity", &self.flow.viscosity, expected);
        }
        self.flow.config(least).validate()?;
        let data = &self.data;
        check_counts(&[
            ("data.trajectories", data.trajectories),
            ("data.frames", data.frames),
        ])?;
        if !(data.start >= 0.0 && data.start.is_finite()) {
            return wrong("data.start", &data.start, "0 or a positive number");
        }
        if !(data.spacing > 0.0 && data.spacing.is_finite()) {
            return wrong("data.spacing", &data.spacing, "a positive number");
        }
        Ok(())
    }
}

/// Settings of `prose fluids train`: the `config.toml` of a model folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// The network.
    #[serde(default)]
    pub model: FluidsConfig,
    /// What it learns from.
    pub data: LearningData,
    /// How it learns.
    #[serde(default)]
    pub training: TrainingSettings,
}

/// What a network learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningData {
    /// Which trajectories train, which validate, and which are held out.
    pub split: Split,
    /// Snapshots of the data from one frame of the network to the next.
    #[serde(default = "one")]
    pub stride: usize,
}

fn one() -> usize {
    1
}

/// How a network learns. The published optimiser and number of steps are not stated in what we know: these are our own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSettings {
    /// Validations, and checkpoints with them.
    pub epochs: u64,
    /// Steps between two validations.
    pub steps_per_epoch: u64,
    /// Stretches of flows a step.
    pub batch_size: usize,
    /// Seed of weights, order and symmetries.
    pub seed: u64,
    /// Whether flows are shown shifted, turned and mirrored at random. The box and the equations stay the same under it; few
    /// trajectories become many.
    pub symmetries: bool,
    /// Stretches that are validated, evenly spread; 0 takes all.
    pub validation_windows: usize,
    /// Steps between two lines of metrics.
    pub log_every: u64,
    /// Steps between two checkpoints; there is one after each epoch in any case.
    pub checkpoint_every: u64,
    /// The optimiser.
    #[serde(deserialize_with = "ours_but_for")]
    pub optimizer: OptimizerSettings,
}

fn ours_but_for<'de, D: Deserializer<'de>>(given: D) -> Result<OptimizerSettings, D::Error> {
    defaults_but_for(given, &optimizer())
}

/// AdamW as PROSE's, its rate rising for an epoch and falling along a cosine.
fn optimizer() -> OptimizerSettings {
    OptimizerSettings {
        learning_rate: 1e-4,
        weight_decay: 1e-4,
        schedule: Schedule::Cosine {
            warmup: 1.0,
            minimum: 0.01,
        },
        ..OptimizerSettings::default()
    }
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: 40,
            steps_per_epoch: 4000,
            batch_size: 16,
            seed: 1234,
            symmetries: true,
            validation_windows: 64,
            log_every: 20,
            checkpoint_every: 500,
            optimizer: optimizer(),
        }
    }
}

impl TrainSettings {
    /// Frames of a stretch: those that go in and those that come out.
    pub fn frames(&self) -> usize {
        self.model.input_frames + self.model.output_frames
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
            ("training.steps_per_epoch", training.steps_per_epoch),
        ])?;
        check_counts(&[("training.batch_size", training.batch_size)])?;
        let [x, y] = self.model.grid;
        if training.symmetries && x != y {
            return Err(Failure::new(format!(
                "training.symmetries: found true with model.grid = {x}, {y}, expected false: only a square can be turned"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use rheome_cli::settings;

    #[test]
    fn every_configuration_of_the_repository_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/prose");
        let path = |name: &str| folder.join(name);
        let (mut data, mut trainings) = (0, 0);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.starts_with("fluids-") {
                continue;
            }
            if name.ends_with("-train.toml") {
                settings::load_valid::<TrainSettings>(&path(&name), &[]).unwrap();
                trainings += 1;
            } else {
                settings::load_valid::<GenerateSettings>(&path(&name), &[]).unwrap();
                data += 1;
            }
        }
        assert!(data >= 2 && trainings >= 3, "{data} {trainings}");
        let published: TrainSettings =
            settings::load(&path("fluids-paper-train.toml"), &[]).unwrap();
        assert_eq!(published.model, FluidsConfig::default());
    }
}
