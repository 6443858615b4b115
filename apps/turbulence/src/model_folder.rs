//! A trained operator: its settings, weights and normalisation, from a model folder or single files.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use rheome_backend::device::DeviceChoice;
use rheome_backend::precision::Precision;
use rheome_cli::model_folder::{ModelFiles, ModelSource, NORMALIZATION};
use rheome_cli::settings::Validate;
use rheome_cli::{Failure, settings as settings_file};
use rheome_fields::{FieldHeader, Split};
use rheome_flow::{FlowModel, FlowModelConfig, GridFeatures, Normalization};
use serde::Deserialize;

use crate::arguments::OperatorSource;
use crate::commands::{PROGRAM, TrainingSettings};
use crate::trained_flow::{self, FLOW};

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
    /// Snapshots of the data that it learnt from between its input and its output.
    pub stride: usize,
    /// What is known of its flow, for fields that come without: coordinates, components, units, viscosity.
    pub flow: FieldHeader,
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
    stride: Option<NonZeroU32>,
    #[serde(rename = "split")]
    _split: Option<Split>,
}

impl Validate for ModelSettings {
    /// Only the operator and its step: how it was trained does not matter any more.
    fn validate(&self) -> Result<(), Failure> {
        check_time_step(self.data.time_step)?;
        Ok(self.model.validate()?)
    }
}

/// Whether the setting, where it is given, is a time that can pass.
///
/// # Errors
/// [`Failure`] naming the key.
pub fn check_time_step(time_step: Option<f64>) -> Result<(), Failure> {
    match time_step {
        Some(step) if !(step.is_finite() && step > 0.0) => Err(Failure::new(format!(
            "data.time_step: found {step}, expected a number greater than 0"
        ))),
        _ => Ok(()),
    }
}

/// Reads the settings of a model: size, and time step if known.
pub fn read_config(path: &Path) -> Result<(FlowModelConfig, Option<f64>), Failure> {
    let settings = read_settings(path)?;
    Ok((settings.model, settings.data.time_step))
}

fn read_settings(path: &Path) -> Result<ModelSettings, Failure> {
    settings_file::load_valid(path, &[])
}

impl LoadedModel {
    /// The features of the model's grid; model and features in `precision`.
    pub fn in_precision(
        &mut self,
        precision: Precision,
        device: DeviceChoice,
    ) -> Result<GridFeatures, Failure> {
        let features = self.model.prepare(&self.config.grid());
        if !precision.suits(device) {
            return Err(Failure::new(format!(
                "--precision {precision}: found --device {device}, expected libtorch or cuda, which multiply such numbers"
            )));
        }
        let (model, features) = self
            .model
            .clone()
            .in_precision(features, precision)
            .map_err(|_| {
                Failure::new(format!(
                    "--precision {precision}: found a model of kind {}, expected an IFactFormer: Fourier transforms need f32",
                    self.config.kind()
                ))
            })?;
        self.model = model;
        Ok(features)
    }
}

/// Loads the model that the options name onto `device`.
pub fn load(source: &OperatorSource, device: &Device) -> Result<LoadedModel, Failure> {
    let files = source.model.files(&[PROGRAM.name])?;
    let normalization = files.beside(NORMALIZATION);
    load_files(
        &files,
        normalization.or_else(|| source.normalization.clone()),
        device,
    )
}

/// Loads the model in `folder` onto `device`.
pub fn load_folder(folder: &Path, device: &Device) -> Result<LoadedModel, Failure> {
    let files = ModelSource::folder(folder).files(&[PROGRAM.name])?;
    let normalization = files.beside(NORMALIZATION);
    load_files(&files, normalization, device)
}

fn load_files(
    files: &ModelFiles,
    normalization: Option<PathBuf>,
    device: &Device,
) -> Result<LoadedModel, Failure> {
    let ModelSettings {
        model: config,
        data,
        ..
    } = read_settings(&files.config)?;
    let model = FlowModel::blank(&config, device)?.load(&files.weights)?;
    let found = match &normalization {
        Some(path) => Normalization::load(path)?,
        None => Normalization::identity(config.channels()),
    };
    if found.channels() != config.channels() {
        return Err(Failure::new(format!(
            "{}: found statistics of {} channel(s), expected {} (the model's)",
            normalization.unwrap_or_default().display(),
            found.channels(),
            config.channels()
        )));
    }
    Ok(LoadedModel {
        flow: trained_flow::load(files.beside(FLOW).as_deref(), &config)?,
        config,
        model,
        normalization: found,
        time_step: data.time_step,
        stride: data.stride.map_or(1, |stride| stride.get() as usize),
        weights: files.weights.clone(),
    })
}
