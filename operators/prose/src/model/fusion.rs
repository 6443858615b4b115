//! Series and symbols together.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::Tensor;
use rheome_layers::attention::Mask;
use rheome_layers::initialization::Initialization;

use super::data_decoder::Features;
use super::encoder::TextEncoder;
use super::encoder::{EncoderLayer, encode, layers};
use super::layer::{LayerConfig, Norm};
use super::padding::{Lengths, Padding};
use crate::ProseError;
use crate::batch::Symbols;

/// The features of a batch behind the fusion.
#[derive(Debug, Clone)]
pub struct Fused {
    /// Of the series.
    pub data: Features,
    /// Of the symbols, where they go in.
    pub text: Option<Features>,
    /// Masks both, one behind the other.
    pub both: Option<Mask>,
}

/// Layers of self-attention over the features of a series followed by those of its symbols.
#[derive(Module, Debug)]
pub struct Fusion {
    /// What marks the two kinds: `[2, width]`, the series first.
    pub kinds: Embedding,
    /// On the marked features.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
    /// Behind the last layer, if the layers normalise before their parts.
    pub last_norm: Option<Norm>,
}

impl Fusion {
    /// Draws the weights of `count` layers.
    pub fn init(count: usize, config: &LayerConfig, start: &mut Initialization) -> Self {
        let width = config.width;
        Self {
            kinds: Embedding {
                weight: start.normal([2, width], 1.0 / (width as f64).sqrt()),
            },
            norm: config.norm(start),
            layers: layers(count, config, start),
            last_norm: config.last_norm(start),
        }
    }

    /// # Shapes
    /// - data: `[batch, n, width]`
    /// - text: `[batch, m, width]`
    /// - output: `[batch, n + m, width]`
    pub fn forward(&self, data: Tensor<3>, text: Tensor<3>, padding: &Padding) -> Tensor<3> {
        let kind = |index| self.kinds.weight.val().narrow(0, index, 1).unsqueeze::<3>();
        let joined = Tensor::cat(vec![data + kind(0), text + kind(1)], 1);
        let layers = (self.layers.as_slice(), self.last_norm.as_ref());
        encode(layers, self.norm.forward(joined), padding)
    }

    /// Encodes the symbols of a batch and fuses them with its encoded data.
    ///
    /// # Shapes
    /// - data: `[batch, n, width]`, of the given lengths
    ///
    /// # Errors
    /// [`ProseError::Batch`] where data and symbols are not equally many.
    pub fn join(
        &self,
        (data, lengths): (Tensor<3>, &Lengths),
        symbols: &Symbols,
        encoder: &TextEncoder,
    ) -> Result<Fused, ProseError> {
        let (members, equations) = (lengths.each.len(), symbols.lengths.each.len());
        if members != equations {
            return Err(ProseError::Batch {
                what: "symbols",
                index: members.min(equations),
                found: format!("{equations} equations"),
                expected: format!("{members}, as many as series"),
            });
        }
        let device = data.device();
        let own = Padding::new(&[&symbols.lengths], &device);
        let text = encoder.forward(symbols.ids.clone(), &own);
        let both = Padding::new(&[lengths, &symbols.lengths], &device);
        let fused = self.forward(data, text, &both);
        let part = |start, length, padding: Padding| Features {
            values: fused.clone().narrow(1, start, length),
            mask: padding.mask,
        };
        let (n, m) = (lengths.longest, symbols.lengths.longest);
        Ok(Fused {
            data: part(0, n, Padding::new(&[lengths], &device)),
            text: Some(part(n, m, own)),
            both: both.mask,
        })
    }
}

impl Fused {
    /// Of data without symbols.
    pub(super) fn of_data(values: Tensor<3>, padding: Padding) -> Self {
        Self {
            data: Features {
                values,
                mask: padding.mask,
            },
            text: None,
            both: None,
        }
    }
}
