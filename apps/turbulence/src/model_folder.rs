//! A model folder: everything needed to use a trained operator, as the command-line contract lays it out.
//!
//! ```text
//! config.toml           the settings it was trained with; [model] rebuilds the operator
//! weights.safetensors   the best weights by validation, under the names PyTorch users know
//! normalization.json    statistics with which fields are standardised, and the guard rail of a rollout
//! metrics.jsonl         losses, one JSON object a line
//! checkpoints/          to resume the training from
//! ```

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use rheome_cli::{Failure, settings as settings_file};
use rheome_fields::Split;
use rheome_flow::{FlowModel, FlowModelConfig, Normalization};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::ModelSource;
use crate::commands::TrainingSettings;

/// Name of the settings in a model folder.
pub const CONFIG: &str = "config.toml";
/// Name of the weights in a model folder.
pub const WEIGHTS: &str = "weights.safetensors";
/// Name of the normalisation in a model folder.
pub const NORMALIZATION: &str = "normalization.json";
/// Name of the metrics in a model folder.
pub const METRICS: &str = "metrics.jsonl";
/// Name of the folder of checkpoints in a model folder.
pub const CHECKPOINTS: &str = "checkpoints";

/// An operator ready for use.
pub struct LoadedModel {
    /// Its size.
    pub config: FlowModelConfig,
    /// The operator.
    pub model: FlowModel,
    /// How fields are standardised; identity where no statistics were given.
    pub normalization: Normalization,
    /// Time between its input and its output, if the settings tell.
    pub time_step: Option<f64>,
    /// Where the weights came from.
    pub weights: PathBuf,
}

/// The settings of a model; those of its training may be there or not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelSettings {
    model: FlowModelConfig,
    #[serde(default)]
    data: DataOfModel,
    #[serde(default, rename = "training")]
    _training: TrainingSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataOfModel {
    time_step: Option<f64>,
    #[serde(rename = "stride")]
    _stride: Option<usize>,
    #[serde(rename = "split")]
    _split: Option<Split>,
}

/// The settings and the files of a model.
struct Places {
    config: PathBuf,
    weights: PathBuf,
    normalization: Option<PathBuf>,
}

impl Places {
    fn of(source: &ModelSource) -> Result<Self, Failure> {
        if let Some(folder) = &source.model {
            let config = config_of(folder)?;
            let normalization = Some(folder.join(NORMALIZATION)).filter(|p| p.exists());
            return Ok(Self {
                config,
                weights: folder.join(WEIGHTS),
                normalization,
            });
        }
        match (&source.config, &source.weights) {
            (Some(config), Some(weights)) => Ok(Self {
                config: config.clone(),
                weights: weights.clone(),
                normalization: source.normalization.clone(),
            }),
            _ => Err(Failure::new(
                "give --model DIR, or --config FILE with --weights FILE",
            )),
        }
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

/// Reads the settings of a model: size, and time step if known.
pub fn read_config(path: &Path) -> Result<(FlowModelConfig, Option<f64>), Failure> {
    let settings: ModelSettings = settings_file::load(path, &[])?;
    settings
        .model
        .validate()
        .map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
    Ok((settings.model, settings.data.time_step))
}

/// Loads the model that the options name onto `device`.
pub fn load(source: &ModelSource, device: &Device) -> Result<LoadedModel, Failure> {
    let places = Places::of(source)?;
    let (config, time_step) = read_config(&places.config)?;
    // The seed does not matter: every number is replaced.
    let model = FlowModel::init(&config, 0, device)?.load(&places.weights)?;
    let normalization = match &places.normalization {
        Some(path) => Normalization::load(path)?,
        None => Normalization::identity(config.channels()),
    };
    if normalization.channels() != config.channels() {
        return Err(Failure::new(format!(
            "{}: found statistics of {} channel(s), expected {} (the model's)",
            places.normalization.unwrap_or_default().display(),
            normalization.channels(),
            config.channels()
        )));
    }
    Ok(LoadedModel {
        config,
        model,
        normalization,
        time_step,
        weights: places.weights,
    })
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
}
