//! The whole: from frames and symbols to fused features, and from these to later frames.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rheome_backend::weights::{self, NameTable};
use rheome_layers::initialization::Initialization;

use super::batch::Frames;
use super::config::FluidsConfig;
use super::decoder::FrameDecoder;
use super::normalization::SampleScale;
use super::patches::PatchEncoder;
use crate::ProseError;
use crate::batch::Symbols;
use crate::model::encoder::{DataEncoder, TextEncoder};
use crate::model::fusion::{Fused, Fusion};
use crate::model::padding::{Lengths, Padding};

/// The network of PROSE-FD (arXiv 2409.09811), "2-to-1": frames and symbols in, frames out.
#[derive(Module, Debug)]
pub struct Fluids {
    /// From fields to patches.
    pub patches: PatchEncoder,
    /// Of the patches.
    pub data_encoder: DataEncoder,
    /// Of the symbols.
    pub text_encoder: TextEncoder,
    /// Of both together.
    pub fusion: Fusion,
    /// Of the later frames.
    pub data_decoder: FrameDecoder,
    #[module(skip)]
    config: FluidsConfig,
}

/// The features of a batch behind the fusion, and what brings predicted fields back to their units.
#[derive(Debug, Clone)]
pub struct FusedFrames {
    /// The features.
    pub fused: Fused,
    /// The units of each sample.
    pub scale: SampleScale,
}

impl Fluids {
    /// Draws the weights from `seed` (the same numbers on every device).
    ///
    /// # Errors
    /// [`ProseError::Config`] if the configuration cannot work.
    pub fn init(config: &FluidsConfig, seed: u64, device: &Device) -> Result<Self, ProseError> {
        Self::build(config, &mut Initialization::new(seed, device))
    }

    /// The same without numbers, for [`Fluids::load`] to fill: it takes no memory until then.
    ///
    /// # Errors
    /// [`ProseError::Config`] if the configuration cannot work.
    pub fn blank(config: &FluidsConfig, device: &Device) -> Result<Self, ProseError> {
        Self::build(config, &mut Initialization::blank(device))
    }

    fn build(config: &FluidsConfig, start: &mut Initialization) -> Result<Self, ProseError> {
        config.validate()?;
        let words = config.words()?.size();
        let layer = &config.layer();
        let patches = PatchEncoder::init(config, start);
        Ok(Self {
            data_encoder: DataEncoder::init(config.data_encoder, layer, start),
            text_encoder: TextEncoder::init(config.text_encoder, words, layer, start),
            fusion: Fusion::init(config.fusion, layer, start),
            data_decoder: FrameDecoder::init(config, &patches.places, start),
            patches,
            config: config.clone(),
        })
    }

    /// Its size and parts.
    pub fn config(&self) -> &FluidsConfig {
        &self.config
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.patches.places.val().device()
    }

    /// Encodes and fuses a batch.
    ///
    /// # Errors
    /// [`ProseError::Batch`] where the frames are not as many, as large or of as many channels as the network takes, or frames and
    /// symbols are not of equally many flows.
    pub fn encode(&self, frames: &Frames, symbols: &Symbols) -> Result<FusedFrames, ProseError> {
        let [batch, ..] = frames.values.dims();
        let ([nx, ny], channels) = (self.config.grid, self.config.channels.len());
        let expected = [batch, self.config.input_frames, nx, ny, channels];
        if frames.values.dims() != expected {
            return Err(ProseError::Batch {
                what: "frames",
                index: 0,
                found: format!("shape {:?}", frames.values.dims()),
                expected: format!("{expected:?} (batch, frame, x, y, channel)"),
            });
        }
        let scale = SampleScale::of(frames);
        let embedded = self.patches.forward(scale.apply(frames.values.clone()));
        let patches = embedded.dims()[1];
        let lengths = Lengths {
            each: vec![patches; batch],
            longest: patches,
        };
        let data = self.data_encoder.forward(embedded, &Padding::default());
        let fused = self
            .fusion
            .join((data, &lengths), symbols, &self.text_encoder)?;
        Ok(FusedFrames { fused, scale })
    }

    /// Those `frames` (counted from 0, the first behind the given ones), in the units of the given ones; zeros in the channels
    /// that a sample lacks.
    ///
    /// # Shapes
    /// - output: `[batch, frames, x, y, channel]`
    ///
    /// # Panics
    /// If there is no such frame.
    pub fn predict(&self, encoded: &FusedFrames, frames: &[usize]) -> Tensor<5> {
        let found = self.data_decoder.forward(&encoded.fused.data, frames);
        encoded.scale.invert(found)
    }

    /// All frames behind the given ones.
    ///
    /// # Shapes
    /// - output: `[batch, output frames, x, y, channel]`
    ///
    /// # Errors
    /// As [`Fluids::encode`].
    pub fn forward(&self, frames: &Frames, symbols: &Symbols) -> Result<Tensor<5>, ProseError> {
        let all: Vec<usize> = (0..self.config.output_frames).collect();
        Ok(self.predict(&self.encode(frames, symbols)?, &all))
    }

    /// Takes the weights of a safetensors file that [`Fluids::save`] wrote.
    ///
    /// # Errors
    /// [`ProseError::Weights`], where every missing, unexpected and misshapen name is listed.
    pub fn load(self, path: &Path) -> Result<Self, ProseError> {
        Ok(weights::load(self, &NameTable::default(), path)?)
    }

    /// Writes the weights as safetensors. The names are our own: those of the published checkpoints were not at hand.
    ///
    /// # Errors
    /// [`ProseError::Weights`].
    pub fn save(&self, path: &Path, metadata: &[(&str, &str)]) -> Result<(), ProseError> {
        Ok(weights::save(self, &NameTable::default(), path, metadata)?)
    }
}
