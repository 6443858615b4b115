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

use std::fs::File;
use std::io::Read;
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

/// Bytes that the header of a safetensors file may have.
const LARGEST_HEADER: u64 = 100_000_000;

/// Where a model comes from.
#[derive(Debug, Clone, Args)]
pub struct ModelSource {
    /// Model folder (written by `train`).
    #[arg(long, value_name = "DIR", required_unless_present = "config", conflicts_with_all = ["config", "weights"])]
    pub model: Option<PathBuf>,
    /// Settings of the model, where there is no model folder.
    #[arg(long, value_name = "FILE", requires = "weights")]
    pub config: Option<PathBuf>,
    /// Weights for `--config`: .safetensors, or a PyTorch .pt/.pth with the authors' parameter names; of a checkpoint with several sets,
    /// FILE:SET, e.g. checkpoint.pt:ema.
    #[arg(long, value_name = "FILE[:SET]", requires = "config")]
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

    /// The files that the options name, a model folder being one of these `programs`.
    ///
    /// # Errors
    /// [`Failure`] if a folder is none of a model, or of another program's, or an option is missing.
    pub fn files(&self, programs: &[&str]) -> Result<ModelFiles, Failure> {
        if let Some(folder) = &self.model {
            check_maker(folder, programs)?;
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

/// Whether the model in a folder is one of these programs (`turbulence`, `prose fluids`), as far as its weights tell what trained them.
///
/// # Errors
/// [`Failure`] naming the program that trained it.
pub fn check_maker(folder: &Path, programs: &[&str]) -> Result<(), Failure> {
    let command_line = command_line_of(&folder.join(WEIGHTS));
    let maker = command_line
        .as_deref()
        .and_then(|line| line.split_once(" train"));
    match maker {
        Some((maker, _)) if !programs.contains(&maker) => Err(Failure::new(format!(
            "{}: found a model of `{maker}`, expected one of `{}`",
            folder.display(),
            programs.join("` or `")
        ))),
        _ => Ok(()),
    }
}

/// What the metrics of a run say first that began from weights whose training they do not count in.
pub const PARTIAL: &str = "earlier training not counted";

/// How long a training took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingTime {
    /// Seconds.
    pub seconds: f64,
    /// Whether an earlier training, which made the weights that it began from, is not counted in.
    pub is_partial: bool,
}

/// How long the training of a model folder took, if its metrics tell: the last of its running totals, in which an earlier training is
/// counted that is known, or, in folders of before there were any, the sum over the epochs of this one.
pub fn training_time(folder: &Path) -> Option<TrainingTime> {
    let text = std::fs::read_to_string(folder.join(METRICS)).ok()?;
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let numbers = |key| lines.iter().filter_map(move |line| line.get(key)?.as_f64());
    if let Some(seconds) = numbers("training_seconds").next_back() {
        let is_partial = lines
            .iter()
            .any(|line| line.get("event").and_then(Value::as_str) == Some(PARTIAL));
        return Some(TrainingTime {
            seconds,
            is_partial,
        });
    }
    let seconds = numbers("seconds").reduce(|sum, seconds| sum + seconds)?;
    Some(TrainingTime {
        seconds,
        is_partial: began_from_weights(&folder.join(WEIGHTS)),
    })
}

/// Seconds of [`training_time`].
pub fn training_seconds(folder: &Path) -> Option<f64> {
    training_time(folder).map(|time| time.seconds)
}

/// Whether the command line that weights tell of gave others to begin from.
fn began_from_weights(weights: &Path) -> bool {
    command_line_of(weights).is_some_and(|line| line.contains(" --weights"))
}

/// The command line that wrote these weights, if they tell.
fn command_line_of(weights: &Path) -> Option<String> {
    let mut file = File::open(weights).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let mut header = Vec::new();
    let length = u64::from_le_bytes(length).min(LARGEST_HEADER);
    file.take(length).read_to_end(&mut header).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let command_line = header.get("__metadata__")?.get("command_line")?;
    command_line.as_str().map(str::to_owned)
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

    fn write_weights(folder: &Path, command_line: &str) {
        let header = format!("{{\"__metadata__\":{{\"command_line\":\"{command_line}\"}}}}");
        let mut weights = (header.len() as u64).to_le_bytes().to_vec();
        weights.extend(header.as_bytes());
        std::fs::write(folder.join(WEIGHTS), weights).unwrap();
    }

    #[test]
    fn a_model_of_another_program_is_told_by_its_weights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join(CONFIG), "").unwrap();
        let read = |programs: &[&str]| ModelSource::folder(path).files(programs);
        for untold in ["", "my own script"] {
            write_weights(path, untold);
            assert!(read(&["turbulence"]).is_ok());
        }
        write_weights(path, "prose fluids train --config a.toml --output train");
        assert!(read(&["prose fluids"]).is_ok() && read(&["prose", "prose fluids"]).is_ok());
        let line = read(&["prose", "turbulence"]).unwrap_err();
        let expected = "found a model of `prose fluids`, expected one of `prose` or `turbulence`";
        assert_eq!(line.line(), format!("{}: {expected}", path.display()));
    }

    #[test]
    fn a_training_that_began_from_weights_of_unknown_making_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let is_partial = |metrics: &str, command_line: &str| {
            std::fs::write(folder.path().join(METRICS), metrics).unwrap();
            write_weights(folder.path(), command_line);
            training_time(folder.path()).unwrap().is_partial
        };
        let old = "{\"event\": \"epoch\", \"seconds\": 2.5}\n";
        assert!(is_partial(
            old,
            "turbulence train --weights a/weights.safetensors"
        ));
        assert!(!is_partial(old, "turbulence train --config a.toml"));
        // Running totals count what is known, and say where something is not.
        let new = "{\"event\": \"epoch\", \"training_seconds\": 2.5}\n";
        assert!(!is_partial(
            new,
            "turbulence train --weights a/weights.safetensors"
        ));
        let said = format!("{{\"event\": \"{PARTIAL}\"}}\n{new}");
        assert!(is_partial(
            &said,
            "turbulence train --weights checkpoint.pt"
        ));
    }

    #[test]
    fn a_folder_without_settings_is_none_of_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let failure = ModelSource::folder(folder.path())
            .files(&["turbulence"])
            .unwrap_err();
        assert!(failure.line().ends_with("it has no config.toml"));
        std::fs::write(folder.path().join(CONFIG), "").unwrap();
        let files = ModelSource::folder(folder.path())
            .files(&["turbulence"])
            .unwrap();
        assert_eq!(files.weights, folder.path().join(WEIGHTS));
        assert_eq!(files.beside(NORMALIZATION), None);
    }
}
