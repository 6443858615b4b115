//! Options of every command that trains.

use std::path::{Path, PathBuf};

use burn::module::Module;
use clap::Args;
use serde::de::DeserializeOwned;

use crate::model_folder::{METRICS, TrainingTime, training_time};
use crate::settings::{self, Validate};
use crate::{ComputeOptions, Failure, RunFiles};

/// Options of every command that trains; what it learns from is its own.
#[derive(Debug, Clone, Args)]
pub struct TrainOptions {
    /// Settings of model and training (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. `--set training.log_every=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Model folder to write.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Start from these weights (.safetensors, or a PyTorch .pt/.pth with the authors' parameter names; FILE:SET of a checkpoint with several sets) instead of random ones.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Continue a training that was stopped, from its last checkpoint, with the settings and data of before.
    #[arg(long)]
    pub resume: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

impl TrainOptions {
    /// The settings of the file with the overrides, checked.
    ///
    /// # Errors
    /// Those of [`settings::load_valid`].
    pub fn settings<S: DeserializeOwned + Validate>(&self) -> Result<S, Failure> {
        settings::load_valid(&self.config, &self.overrides)
    }

    /// What it reads and writes, but for its data.
    pub fn files(&self) -> RunFiles {
        let files = RunFiles::default().read("settings", &self.config);
        let files = files.read_all("weights", &self.weights);
        let files = files.write_folder("--output", &self.output, &[METRICS]);
        files.log(&self.compute)
    }

    /// What is wrong with a setting in the light of the data, told with the file of the settings.
    pub fn at_fault(&self, failure: impl Into<Failure>) -> Failure {
        settings::at_fault(&self.config, &self.overrides, failure)
    }

    /// A model with its first weights: its own random ones, or those of `--weights`, which `load` reads. Tells its `name` and size.
    ///
    /// # Errors
    /// [`Failure`] of `load`.
    pub fn first_weights<M: Module, E: Into<Failure>>(
        &self,
        name: &str,
        mut model: M,
        load: impl FnOnce(M, &Path) -> Result<M, E>,
    ) -> Result<M, Failure> {
        if let Some(weights) = &self.weights {
            model = load(model, weights).map_err(Into::into)?;
        }
        let parameters = rheome_training::num_trained(&model);
        let console = self.compute.console();
        console.note(format!("model: {name}, {parameters} parameters"));
        Ok(model)
    }

    /// How long the training of the given weights took, where they lie in a model folder that tells.
    pub fn time_before(&self) -> Option<TrainingTime> {
        let folder = self.weights.as_deref().and_then(Path::parent);
        folder.and_then(training_time)
    }
}
