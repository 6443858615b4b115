//! Settings of a model and its training: the `config.toml` of a model folder.

use rheome_cli::Failure;
use rheome_cli::settings::{Validate, check_positive, defaults_but_for};
use rheome_cli::training::check_settings;
use rheome_equations::{BatchConfig, DataFile, Split};
use rheome_prose::ProseConfig;
use rheome_prose::decoding::DecodingSettings;
use rheome_prose::training::{
    Objective, PUBLISHED_EPOCHS, PUBLISHED_STEPS_PER_EPOCH, published_optimizer,
};
use rheome_training::OptimizerSettings;
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of `prose train`. The defaults are those of PROSE (arXiv 2309.16816).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// The network.
    pub model: ProseConfig,
    /// What it is shown.
    pub data: LearningData,
    /// What it minimises.
    pub objective: Objective,
    /// How it learns.
    pub training: TrainingSettings,
    /// How equations are decoded: in validations, and in predictions unless told otherwise.
    pub decoding: DecodingSettings,
}

/// What a network is shown.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningData {
    /// Which equations are learnt from, which choose the best weights, and which judge.
    pub split: Split,
    /// Series and rough equations of a step.
    pub batch: BatchConfig,
    /// Time from the first to the last point that the network is given. The training fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_duration: Option<f64>,
}

/// How a network learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSettings {
    /// Epochs, after each of which there is a validation. Published: 80.
    pub epochs: u64,
    /// Steps of an epoch, whatever the number of samples. Published: 2,000.
    pub steps_per_epoch: u64,
    /// Seed of weights, order and noise.
    pub seed: u64,
    /// Series that are validated after each epoch, drawn at random from those of the split; 0 takes all.
    pub validation_samples: usize,
    /// Series whose equations are decoded in a validation; 0: none.
    pub validation_equations: usize,
    /// Steps between two lines of metrics.
    pub log_every: u64,
    /// Steps between two checkpoints; there is one after each epoch in any case.
    pub checkpoint_every: u64,
    /// The optimiser. Published: Adam, 1e-4, one over the square root of the steps after a warm-up; keys that are not given are
    /// those.
    #[serde(deserialize_with = "published_but_for")]
    pub optimizer: OptimizerSettings,
}

fn published_but_for<'de, D: Deserializer<'de>>(given: D) -> Result<OptimizerSettings, D::Error> {
    defaults_but_for(given, &published_optimizer())
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: PUBLISHED_EPOCHS,
            steps_per_epoch: PUBLISHED_STEPS_PER_EPOCH,
            seed: 1234,
            validation_samples: 1024,
            validation_equations: 128,
            log_every: 20,
            checkpoint_every: 500,
            optimizer: published_optimizer(),
        }
    }
}

impl Validate for TrainSettings {
    fn validate(&self) -> Result<(), Failure> {
        self.model.validate()?;
        self.objective.validate()?;
        self.decoding.validate()?;
        let training = &self.training;
        check_settings(
            training.seed,
            training.log_every,
            training.checkpoint_every,
            &training.optimizer,
        )?;
        self.data.batch.noise.check()?;
        check_positive(&[
            ("data.batch.size", self.data.batch.size as u64),
            ("training.epochs", training.epochs),
            ("training.steps_per_epoch", training.steps_per_epoch),
        ])?;
        let Split { validation, test } = self.data.split;
        for (key, share) in [("validation", validation), ("test", test)] {
            if !(0.0..1.0).contains(&share) {
                return Err(Failure::new(format!(
                    "data.split.{key}: found {share}, expected a share, 0 to 1, without 1"
                )));
            }
        }
        Ok(())
    }
}

impl TrainSettings {
    /// Time from the first to the last point of `data` that the network is given.
    pub fn duration_of_input(&self, data: &DataFile) -> f64 {
        let times = &data.times()[..self.data.batch.input_points.min(data.times().len())];
        times.last().zip(times.first()).map_or(0.0, |(b, a)| b - a)
    }

    /// Checks what depends on the data.
    ///
    /// # Errors
    /// [`Failure`] naming the key and the file that do not fit.
    pub fn check_data(&self, data: &DataFile) -> Result<(), Failure> {
        let path = data.path().display();
        let (found, needed) = (self.model.dimension, data.dimension());
        if found < needed {
            return Err(Failure::new(format!(
                "model.dimension: found {found}, expected {needed} or more: {path} holds systems of {needed} components"
            )));
        }
        // One time is no series. Two are asked for at least: a continuation is judged by halves.
        let (found, points) = (self.data.batch.input_points, data.times().len());
        if points < 4 || !(2..=points - 2).contains(&found) {
            return Err(Failure::new(format!(
                "data.batch.input_points: found {found}, expected 2 to {}, of the {points} points of {path}",
                points.saturating_sub(2)
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

    fn read(text: &str) -> Result<TrainSettings, String> {
        let read = settings::parse(text, Path::new("settings.toml"), &[]);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_is_as_published() {
        assert_eq!(read("").unwrap(), TrainSettings::default());
        let found = read(
            "[training.optimizer]\nlearning_rate = 1e-3\n[data.batch.noise]\nkind = \"multiplicative\"\n",
        );
        let found = found.unwrap();
        let expected = OptimizerSettings {
            learning_rate: 1e-3,
            ..published_optimizer()
        };
        assert_eq!(found.training.optimizer, expected);
        assert_eq!(found.data.batch.noise.level, 0.02);
        assert_eq!(found.data.batch.size, 256);
        let message = read("[training.optimizer]\nrate = 1e-3\n").unwrap_err();
        assert!(message.contains("rate"), "{message}");
    }

    #[test]
    fn settings_survive_the_model_folder() {
        let settings = TrainSettings::default();
        assert_eq!(
            read(&toml::to_string(&settings).unwrap()).unwrap(),
            settings
        );
    }

    #[test]
    fn what_cannot_work_is_named() {
        for (key, text) in [
            ("model.heads", "[model]\nheads = 7"),
            ("objective.symbols", "[objective]\nsymbols = -1.0"),
            ("decoding.max_words", "[decoding]\nmax_words = 1"),
            ("data.batch.size", "[data.batch]\nsize = 0"),
            ("data.split.test", "[data.split]\ntest = 1.5"),
            (
                "training.steps_per_epoch",
                "[training]\nsteps_per_epoch = 0",
            ),
            (
                "training.optimizer.learning_rate",
                "[training.optimizer]\nlearning_rate = 0.0",
            ),
            (
                "data.batch.noise.level",
                "[data.batch.noise]\nkind = \"additive\"\nlevel = -1.0",
            ),
        ] {
            let failure = read(text).unwrap().validate().unwrap_err();
            let start = format!("{key}: found ");
            assert!(failure.line().starts_with(&start), "{failure:?}");
        }
        TrainSettings::default().validate().unwrap();
    }

    #[test]
    fn every_training_of_the_repository_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/prose");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            // Those of flows are of another network.
            if name.ends_with("-train.toml") && !name.starts_with("fluids-") {
                settings::load_valid::<TrainSettings>(&path, &[]).unwrap();
                found += 1;
            }
        }
        assert!(found >= 2);
    }
}
