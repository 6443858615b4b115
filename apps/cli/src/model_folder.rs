//! A model folder: everything needed to use a trained model, as the command-line contract lays it out.
//!
//! ```text
//! config.toml           the settings it was trained with; [model] rebuilds the model
//! weights.safetensors   the best weights by validation, under the names PyTorch users know
//! normalization.json    statistics with which fields are standardised (where it applies)
//! flow.json             coordinates, units and viscosity of the flow that an operator learns (flows only)
//! vocabulary.json       the words or genes that the model knows (where it applies)
//! families.toml         the families of equations that the model learnt (equations only)
//! metrics.jsonl         losses, one JSON object a line
//! data.json             sizes and checksums of the data it learns from, which are to be the same when it is resumed
//! checkpoints/          to resume the training from
//! ```

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::Failure;

/// Name of the settings in a model folder.
pub const CONFIG: &str = "config.toml";
/// Name of the weights in a model folder.
pub const WEIGHTS: &str = "weights.safetensors";
/// Name of the normalisation in a model folder.
pub const NORMALIZATION: &str = "normalization.json";
/// Name of the vocabulary in a model folder.
pub const VOCABULARY: &str = "vocabulary.json";
/// Name of the metrics in a model folder.
pub const METRICS: &str = "metrics.jsonl";
/// Name of the folder of checkpoints in a model folder.
pub const CHECKPOINTS: &str = "checkpoints";

/// Where a model comes from.
#[derive(Debug, Clone, Args)]
pub struct ModelSource {
    /// Model folder (written by `train`).
    #[arg(long, value_name = "DIR", required_unless_present = "config", conflicts_with_all = ["config", "weights"])]
    pub model: Option<PathBuf>,
    /// Settings of the model, where there is no model folder.
    #[arg(long, value_name = "FILE", requires = "weights")]
    pub config: Option<PathBuf>,
    /// Weights for `--config`: .safetensors, or a PyTorch .pt/.pth with the authors' parameter names.
    #[arg(long, value_name = "FILE", requires = "config")]
    pub weights: Option<PathBuf>,
}

/// The files of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// Its settings.
    pub config: PathBuf,
    /// Its weights.
    pub weights: PathBuf,
    /// The model folder, if they lie in one.
    pub folder: Option<PathBuf>,
}

impl ModelSource {
    /// The model in a folder.
    pub fn folder(path: &Path) -> Self {
        Self {
            model: Some(path.to_owned()),
            config: None,
            weights: None,
        }
    }

    /// The files that the options name.
    ///
    /// # Errors
    /// [`Failure`] if a folder is none of a model, or an option is missing.
    pub fn files(&self) -> Result<ModelFiles, Failure> {
        if let Some(folder) = &self.model {
            return Ok(ModelFiles {
                config: config_of(folder)?,
                weights: folder.join(WEIGHTS),
                folder: Some(folder.clone()),
            });
        }
        match (&self.config, &self.weights) {
            (Some(config), Some(weights)) => Ok(ModelFiles {
                config: config.clone(),
                weights: weights.clone(),
                folder: None,
            }),
            _ => Err(Failure::new(
                "give --model DIR, or --config FILE with --weights FILE",
            )),
        }
    }
}

impl ModelFiles {
    /// A file of the model folder, e.g. [`NORMALIZATION`], if there is one.
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(name);
        path.exists().then_some(path)
    }
}

/// The settings in a model folder.
///
/// # Errors
/// [`Failure`] if it is none.
pub fn config_of(folder: &Path) -> Result<PathBuf, Failure> {
    let config = folder.join(CONFIG);
    if config.is_file() {
        return Ok(config);
    }
    Err(Failure::new(format!(
        "{}: not a model folder: it has no {CONFIG}",
        folder.display()
    )))
}

/// Seconds that the training of a model folder took, if its metrics tell: the last of its running totals, or, in folders
/// of before there were any, the sum over the epochs.
pub fn training_seconds(folder: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(folder.join(METRICS)).ok()?;
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let numbers = |key| lines.iter().filter_map(move |line| line.get(key)?.as_f64());
    numbers("training_seconds")
        .next_back()
        .or_else(|| numbers("seconds").reduce(|sum, seconds| sum + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_training_is_its_last_total_or_the_sum_of_its_epochs() {
        let folder = tempfile::tempdir().unwrap();
        let time = |lines: &str| {
            std::fs::write(folder.path().join(METRICS), lines).unwrap();
            training_seconds(folder.path())
        };
        assert_eq!(training_seconds(folder.path()), None);
        assert_eq!(time("{\"step\": 1, \"loss\": 0.5}\n"), None);
        let epochs =
            "{\"event\": \"epoch\", \"seconds\": 2.5}\n{\"step\": 3}\n{\"seconds\": 1.5}\n";
        assert_eq!(time(epochs), Some(4.0));
        let totals = "{\"training_seconds\": 2.5}\n{\"training_seconds\": 7.0}\n{\"training_sec";
        assert_eq!(time(totals), Some(7.0));
    }

    #[test]
    fn a_folder_without_settings_is_none_of_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let failure = ModelSource::folder(folder.path()).files().unwrap_err();
        assert!(failure.line().ends_with("it has no config.toml"));
        std::fs::write(folder.path().join(CONFIG), "").unwrap();
        let files = ModelSource::folder(folder.path()).files().unwrap();
        assert_eq!(files.weights, folder.path().join(WEIGHTS));
        assert_eq!(files.beside(NORMALIZATION), None);
    }
}
