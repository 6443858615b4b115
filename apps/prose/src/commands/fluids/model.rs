//! A trained network for flows: its settings, its weights, and how it continues flows.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use rheome_cli::model_folder::{ModelSource, VOCABULARY};
use rheome_cli::{Failure, settings as settings_file};
use rheome_prose::Symbols;
use rheome_prose::fluids::{Fluids, Frames};

use super::NAME;
use super::settings::TrainSettings;
use crate::vocabulary_file;

/// A network with the settings of its training.
pub struct LoadedModel {
    /// The network.
    pub network: Fluids,
    /// Its settings.
    pub settings: TrainSettings,
    /// The file that they stand in.
    pub config: PathBuf,
}

impl LoadedModel {
    /// Whether the settings in a file are those of such a network: it has channels, one of a system of ordinary equations has
    /// none. False where the file cannot be read.
    pub fn is_meant_by(config: &Path) -> bool {
        let text = std::fs::read_to_string(config).unwrap_or_default();
        let settings = text.parse::<toml::Table>().ok();
        settings.is_some_and(|table| {
            let model = table.get("model").and_then(toml::Value::as_table);
            model.is_some_and(|model| model.contains_key("channels"))
        })
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`Failure`] naming the file, where settings, weights or vocabulary do not fit together.
    pub fn load(source: &ModelSource, device: &Device) -> Result<Self, Failure> {
        let files = source.files(&[NAME])?;
        let settings: TrainSettings = settings_file::load_valid(&files.config, &[])?;
        if let Some(path) = files.beside(VOCABULARY) {
            vocabulary_file::check(&settings.model.words()?, &path)?;
        }
        let network = Fluids::blank(&settings.model, device)?.load(&files.weights)?;
        Ok(Self {
            network,
            settings,
            config: files.config,
        })
    }

    /// Computes `count` frames behind the given ones, as many at once as the network predicts, and hands them to `take`, with the
    /// number of frames before them; those beyond are predicted from its own. No more than these are in memory.
    ///
    /// # Shapes
    /// - frames that `take` is given: `[batch, at once, x, y, channel]`
    ///
    /// # Errors
    /// [`Failure`] if frames and symbols do not fit the network, and that of `take`.
    pub fn continued(
        &self,
        given: &Frames,
        symbols: &Symbols,
        count: usize,
        mut take: impl FnMut(usize, Tensor<5>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (inputs, at_once) = (
            self.settings.model.input_frames,
            self.settings.model.output_frames,
        );
        // What the network sees next: the last frames of all.
        let mut window = given.values.clone();
        for done in (0..count).step_by(at_once) {
            let last = Frames {
                values: window.clone(),
                mask: given.mask.clone(),
            };
            let wanted: Vec<usize> = (0..at_once.min(count - done)).collect();
            let encoded = self.network.encode(&last, symbols)?;
            let next = self.network.predict(&encoded, &wanted);
            window = Tensor::cat(vec![window, next.clone()], 1).narrow(1, wanted.len(), inputs);
            take(done, next)?;
        }
        Ok(())
    }
}
