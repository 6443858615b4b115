//! A trained network for flows: its settings, its weights, and how it continues flows.

use burn::tensor::{Device, Tensor};
use rheome_cli::model_folder::{ModelSource, VOCABULARY};
use rheome_cli::{Failure, settings as settings_file};
use rheome_prose::Symbols;
use rheome_prose::fluids::{Fluids, Frames};

use super::settings::TrainSettings;
use crate::vocabulary_file;

/// A network with the settings of its training.
pub struct LoadedModel {
    /// The network.
    pub network: Fluids,
    /// Its settings.
    pub settings: TrainSettings,
}

impl LoadedModel {
    /// Reads a model.
    ///
    /// # Errors
    /// [`Failure`] naming the file, where settings, weights or vocabulary do not fit together.
    pub fn load(source: &ModelSource, device: &Device) -> Result<Self, Failure> {
        let files = source.files()?;
        let settings: TrainSettings = settings_file::load(&files.config, &[])?;
        settings.validate()?;
        if let Some(path) = files.beside(VOCABULARY) {
            vocabulary_file::check(&settings.model.words()?, &path)?;
        }
        let network = Fluids::init(&settings.model, settings.training.seed, device)?;
        Ok(Self {
            network: network.load(&files.weights)?,
            settings,
        })
    }

    /// `count` frames behind the given ones, as many at once as the network predicts; those beyond are predicted from its own.
    ///
    /// # Shapes
    /// - output: `[batch, count, x, y, channel]`
    ///
    /// # Errors
    /// [`Failure`] if frames and symbols do not fit the network.
    pub fn continued(
        &self,
        given: &Frames,
        symbols: &Symbols,
        count: usize,
    ) -> Result<Tensor<5>, Failure> {
        let (inputs, at_once) = (
            self.settings.model.input_frames,
            self.settings.model.output_frames,
        );
        // What the network sees next: the last frames of all.
        let mut window = given.values.clone();
        let (mut parts, mut done) = (Vec::new(), 0);
        while done < count {
            let last = Frames {
                values: window.clone(),
                mask: given.mask.clone(),
            };
            let wanted: Vec<usize> = (0..at_once.min(count - done)).collect();
            let encoded = self.network.encode(&last, symbols)?;
            let next = self.network.predict(&encoded, &wanted);
            done += wanted.len();
            window = Tensor::cat(vec![window, next.clone()], 1).narrow(1, wanted.len(), inputs);
            parts.push(next);
        }
        Ok(Tensor::cat(parts, 1))
    }
}
