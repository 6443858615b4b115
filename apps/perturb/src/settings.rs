//! Settings of a model and its training.

use rheome_cli::Failure;
use rheome_cli::settings::{Validate, check_counts, check_positive, defaults_but_for};
use rheome_cli::training::check_settings;
use rheome_perturbation::graph::{GraphConfig, SelfEdges};
use rheome_perturbation::training::{Objective, PUBLISHED_STEPS, published_optimizer};
use rheome_perturbation::{PadTransformerConfig, SPECIAL_NAMES, SamplingSettings};
use rheome_training::OptimizerSettings;
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of `perturb train`. The defaults are those of scDFM.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// The network.
    pub model: PadTransformerConfig,
    /// What it is shown.
    pub data: DataSettings,
    /// Which genes look at each other.
    pub graph: GraphConfig,
    /// What a step draws and minimises.
    pub objective: Objective,
    /// How it learns.
    pub training: TrainingSettings,
    /// How cells are sampled: in validations, and in predictions unless told otherwise.
    pub sampling: SamplingSettings,
}

/// What a network is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// Whether the embedding of a single perturbation is the mean of its gene's and that of the name "control", as the
    /// authors' labels `A+ctrl` imply. Needed for their checkpoints.
    pub singles_with_control: bool,
    /// Which genes look at themselves: "published" as in the authors' checkpoints, which leave out a few by mistake.
    pub self_edges: SelfEdges,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            singles_with_control: true,
            self_edges: SelfEdges::All,
        }
    }
}

/// How a network learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSettings {
    /// Optimiser steps. Published: 200,000.
    pub steps: u64,
    /// Seed of weights, draws and validations.
    pub seed: u64,
    /// Weight of the loss by which the network learns to name the perturbation that a cell shows (for `perturb identify`);
    /// 0 leaves it out and saves a third of the time.
    pub identification: f64,
    /// Steps from one validation to the next.
    pub validate_every: u64,
    /// Learnt combinations (then single perturbations) that are kept from training to validate with; 0: none, the last weights
    /// count.
    pub validation_perturbations: usize,
    /// Cells that are predicted for each of them.
    pub validation_cells: usize,
    /// Steps between two lines of metrics.
    pub log_every: u64,
    /// Steps between two checkpoints; there is one after each validation in any case.
    pub checkpoint_every: u64,
    /// The optimiser. Published: Adam, 5e-5, half a cosine down to 1e-6; keys that are not given are those.
    #[serde(deserialize_with = "published_but_for")]
    pub optimizer: OptimizerSettings,
}

fn published_but_for<'de, D: Deserializer<'de>>(given: D) -> Result<OptimizerSettings, D::Error> {
    defaults_but_for(given, &published_optimizer())
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            steps: PUBLISHED_STEPS,
            seed: 1234,
            identification: 0.0,
            validate_every: 5000,
            validation_perturbations: 4,
            validation_cells: 32,
            log_every: 20,
            checkpoint_every: 1000,
            optimizer: published_optimizer(),
        }
    }
}

impl Validate for TrainSettings {
    fn validate(&self) -> Result<(), Failure> {
        self.model.validate()?;
        self.objective.validate()?;
        self.sampling.validate()?;
        let training = &self.training;
        check_settings(
            training.seed,
            training.log_every,
            training.checkpoint_every,
            &training.optimizer,
        )?;
        check_positive(&[
            ("graph.neighbours", self.graph.neighbours as u64),
            ("training.steps", training.steps),
            ("training.validate_every", training.validate_every),
        ])?;
        check_counts(&[("training.validation_cells", training.validation_cells)])?;
        if !training.steps.is_multiple_of(training.validate_every) {
            return Err(Failure::new(format!(
                "training.steps: found {}, expected a multiple of training.validate_every = {}",
                training.steps, training.validate_every
            )));
        }
        if !(training.identification >= 0.0 && training.identification.is_finite()) {
            return Err(Failure::new(format!(
                "training.identification: found {}, expected 0 (off) or a positive number",
                training.identification
            )));
        }
        Ok(())
    }
}

impl TrainSettings {
    /// Checks that the embeddings have room for `names` names.
    ///
    /// # Errors
    /// [`Failure`] naming the key.
    pub fn check_vocabulary(&self, names: usize) -> Result<(), Failure> {
        let room = self.model.vocabulary;
        if room >= names {
            return Ok(());
        }
        Err(Failure::new(format!(
            "model.vocabulary: found {room}, expected {names} or more: {} special names and the genes of the data",
            SPECIAL_NAMES.len()
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use rheome_cli::settings;

    #[test]
    fn the_optimizer_is_the_published_one_but_for_what_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            settings::load::<TrainSettings>(&path, &[])
        };
        let found = read("[training.optimizer]\nlearning_rate = 1e-3\n").unwrap();
        let expected = OptimizerSettings {
            learning_rate: 1e-3,
            ..published_optimizer()
        };
        assert_eq!(found.training.optimizer, expected);
        assert_eq!(read("").unwrap(), TrainSettings::default());
        let unknown = read("[training.optimizer]\nrate = 1e-3\n").unwrap_err();
        let message = unknown.to_string();
        assert!(message.contains("rate"), "{message}");
    }

    #[test]
    fn every_training_of_the_repository_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/perturb");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with("-train.toml") {
                settings::load_valid::<TrainSettings>(&path, &[]).unwrap();
                found += 1;
            }
        }
        assert!(found >= 3);
    }
}
