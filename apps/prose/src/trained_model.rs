//! PROSE with the settings that it was trained with.

use burn::tensor::Device;
use rheome_cli::model_folder::{ModelFiles, VOCABULARY};
use rheome_cli::{Failure, settings as settings_file};
use rheome_equations::{DataConfig, Family, Vocabulary};
use rheome_prose::Prose;
use rheome_prose::decoding::{Decoding, DecodingSettings};

use crate::families_file::{self, FAMILIES};
use crate::settings::TrainSettings;
use crate::vocabulary_file;

/// A model ready for use.
pub struct TrainedModel {
    /// Its settings.
    pub settings: TrainSettings,
    /// The network.
    pub network: Prose,
    /// The words of its equations.
    pub words: Vocabulary,
    /// The families that it learnt; none where the model folder does not tell.
    pub families: Vec<Family>,
    /// Where it computes.
    pub device: Device,
}

impl TrainedModel {
    /// Reads the settings of a model, with `overrides`, and checks them.
    ///
    /// # Errors
    /// [`Failure`] naming the file and the key at fault.
    pub fn settings(files: &ModelFiles, overrides: &[String]) -> Result<TrainSettings, Failure> {
        settings_file::load_valid(&files.config, overrides)
    }

    /// Loads a model onto `device`.
    ///
    /// # Errors
    /// [`Failure`] naming the file at fault.
    pub fn load(
        files: &ModelFiles,
        overrides: &[String],
        device: &Device,
    ) -> Result<Self, Failure> {
        let settings = Self::settings(files, overrides)?;
        let words = settings.model.words()?;
        if let Some(path) = files.beside(VOCABULARY) {
            vocabulary_file::check(&words, &path)?;
        }
        let network = Prose::blank(&settings.model, device)?.load(&files.weights)?;
        Ok(Self {
            settings,
            network,
            words,
            families: families_file::load(files.beside(FAMILIES).as_deref())?,
            device: device.clone(),
        })
    }

    /// Decoding with this model's words.
    ///
    /// # Errors
    /// [`Failure`] naming the setting that cannot work.
    pub fn decoding(&self, settings: &DecodingSettings) -> Result<Decoding, Failure> {
        Ok(Decoding::new(settings, self.words.clone())?)
    }

    /// Points of a series that the network was shown in training.
    pub fn input_points(&self) -> usize {
        self.settings.data.batch.input_points
    }

    /// The time from the first to the last of these points; where the settings do not tell, that of the published data.
    pub fn input_duration(&self) -> f64 {
        self.settings.data.input_duration.unwrap_or_else(|| {
            let published = DataConfig::default();
            let steps = self.input_points().saturating_sub(1) as f64;
            published.end * steps / (published.points - 1) as f64
        })
    }
}
