//! The whole: from series and symbols to fused features, and from these to states at any time and to symbols.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rheome_backend::weights::{self, NameTable};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::checkpoint::{add_derived, check_derived};
use super::data_decoder::{DataDecoder, Features};
use super::encoder::{DataEncoder, TextEncoder, embedder};
use super::fusion::{Fused, Fusion};
use super::names;
use super::padding::Padding;
use super::text_decoder::{TextCache, TextDecoder};
use crate::ProseError;
use crate::batch::{Series, Symbols};
use crate::config::{Modalities, ProseConfig};

/// The network of PROSE (arXiv 2309.16816).
#[derive(Module, Debug)]
pub struct Prose {
    /// Of the points of a series.
    pub embedder: FeedForward,
    /// Of the series.
    pub data_encoder: DataEncoder,
    /// Of the symbols, where they go in.
    pub text_encoder: Option<TextEncoder>,
    /// Of both together.
    pub fusion: Option<Fusion>,
    /// Continues the series.
    pub data_decoder: DataDecoder,
    /// Writes the symbols, where they come out.
    pub text_decoder: Option<TextDecoder>,
    #[module(skip)]
    config: ProseConfig,
}

impl Prose {
    /// Draws the weights from `seed` (the same numbers on every device).
    ///
    /// # Errors
    /// [`ProseError::Config`] if the configuration cannot work.
    pub fn init(config: &ProseConfig, seed: u64, device: &Device) -> Result<Self, ProseError> {
        Self::build(config, &mut Initialization::new(seed, device))
    }

    /// The same without numbers, for [`Prose::load`] to fill: it takes no memory until then.
    ///
    /// # Errors
    /// [`ProseError::Config`] if the configuration cannot work.
    pub fn blank(config: &ProseConfig, device: &Device) -> Result<Self, ProseError> {
        Self::build(config, &mut Initialization::blank(device))
    }

    fn build(config: &ProseConfig, start: &mut Initialization) -> Result<Self, ProseError> {
        config.validate()?;
        let words = config.words()?.size();
        let layer = &config.layer();
        let (reads, writes) = (
            config.modalities.reads_symbols(),
            config.modalities.writes_symbols(),
        );
        Ok(Self {
            embedder: embedder(config, start),
            data_encoder: DataEncoder::init(config.data_encoder, layer, start),
            text_encoder: reads
                .then(|| TextEncoder::init(config.text_encoder, words, layer, start)),
            fusion: reads.then(|| Fusion::init(config.fusion, layer, start)),
            data_decoder: DataDecoder::init(config, start),
            text_decoder: writes.then(|| TextDecoder::init(config, words, start)),
            config: config.clone(),
        })
    }

    /// Its size and parts.
    pub fn config(&self) -> &ProseConfig {
        &self.config
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.embedder.expand.weight.val().device()
    }

    /// Encodes and fuses a batch.
    ///
    /// # Errors
    /// [`ProseError::Modalities`] where symbols are missing, or given to a network that reads none; [`ProseError::Batch`]
    /// where series and symbols are not equally many.
    pub fn encode(&self, series: &Series, symbols: Option<&Symbols>) -> Result<Fused, ProseError> {
        let device = series.points.device();
        let embedded = self.embedder.forward(series.points.clone());
        let padding = Padding::new(&[&series.lengths], &device);
        let data = self.data_encoder.forward(embedded, &padding);
        let (symbols, encoder, fusion) = match (symbols, &self.text_encoder, &self.fusion) {
            (Some(symbols), Some(encoder), Some(fusion)) => (symbols, encoder, fusion),
            (None, None, _) => return Ok(Fused::of_data(data, padding)),
            (None, ..) => return Err(self.lacks("needs symbols beside the series", "\"1-to-1\"")),
            (Some(_), ..) => return Err(self.lacks("reads no symbols", "\"2-to-2\" or \"2-to-1\"")),
        };
        fusion.join((data, &series.lengths), symbols, encoder)
    }

    /// The states at `times`.
    ///
    /// # Shapes
    /// - times: `[1 or batch, queries]`
    /// - output: `[batch, queries, dimension]`
    pub fn predict(&self, fused: &Fused, times: Tensor<2>) -> Tensor<3> {
        let (text, both) = (fused.text.as_ref(), fused.both.as_ref());
        self.data_decoder.forward(&fused.data, text, both, times)
    }

    /// Scores (logits) of the word behind every word of `ids`.
    ///
    /// # Shapes
    /// - ids: `[batch, n]`
    /// - output: `[batch, n, words]`
    ///
    /// # Errors
    /// [`ProseError::Modalities`] where no symbols come out.
    pub fn word_scores(&self, fused: &Fused, ids: Tensor<2, Int>) -> Result<Tensor<3>, ProseError> {
        let (decoder, text) = self.writing(fused)?;
        Ok(decoder.forward(ids, text))
    }

    /// The start of decoding symbols, with the decoder that takes the steps.
    ///
    /// # Errors
    /// [`ProseError::Modalities`] where no symbols come out.
    pub fn begin_words(&self, fused: &Fused) -> Result<(&TextDecoder, TextCache), ProseError> {
        let (decoder, text) = self.writing(fused)?;
        Ok((decoder, decoder.start(text)))
    }

    fn writing<'a>(&self, fused: &'a Fused) -> Result<(&TextDecoder, &'a Features), ProseError> {
        match (&self.text_decoder, &fused.text) {
            (Some(decoder), Some(text)) => Ok((decoder, text)),
            _ => Err(self.lacks("writes no symbols", "\"2-to-2\"")),
        }
    }

    fn lacks(&self, lacks: &'static str, expected: &'static str) -> ProseError {
        let found = match self.config.modalities {
            Modalities::TwoToTwo => "2-to-2",
            Modalities::TwoToOne => "2-to-1",
            Modalities::OneToOne => "1-to-1",
        };
        ProseError::Modalities {
            found: found.to_owned(),
            lacks,
            expected,
        }
    }

    /// How the parameters are called in the authors' checkpoints.
    pub fn names(&self) -> NameTable {
        names::names()
    }

    /// Takes the weights of a safetensors or PyTorch file with the authors' names; a training checkpoint that holds them
    /// will do.
    ///
    /// # Errors
    /// [`ProseError::Weights`], where every missing, unexpected and misshapen name is listed; [`ProseError::Checkpoint`]
    /// where the file's scores are not tied to its embeddings, or its positions are not the sinusoidal ones.
    pub fn load(self, path: &Path) -> Result<Self, ProseError> {
        let state = weights::StateDict::read(path)?;
        check_derived(&state)?;
        let names = self.names();
        Ok(weights::import(self, &names, state)?)
    }

    /// Writes the weights as safetensors with the authors' names, their fixed tables among them, for PyTorch users to read
    /// back.
    ///
    /// # Errors
    /// [`ProseError::Weights`].
    pub fn save(&self, path: &Path, metadata: &[(&str, &str)]) -> Result<(), ProseError> {
        let mut state = weights::export(self, &self.names())?;
        add_derived(&mut state, self.config.width);
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        state.metadata = metadata.iter().map(owned).collect();
        Ok(state.write(path)?)
    }
}
