//! Series and symbols together.

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::Tensor;
use rheome_layers::initialization::Initialization;

use super::encoder::{EncoderLayer, encode, layers};
use super::layer_norm;
use super::padding::Padding;
use crate::config::ProseConfig;

/// Layers of self-attention over the features of a series followed by those of its symbols.
#[derive(Module, Debug)]
pub struct Fusion {
    /// What marks the two kinds: `[2, width]`, the series first.
    pub kinds: Embedding,
    /// On the marked features.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
}

impl Fusion {
    /// Draws the weights.
    pub fn init(config: &ProseConfig, start: &mut Initialization) -> Self {
        let width = config.width;
        Self {
            kinds: Embedding {
                weight: start.normal([2, width], 1.0 / (width as f64).sqrt()),
            },
            norm: layer_norm(width, start),
            layers: layers(config.fusion, config, start),
        }
    }

    /// # Shapes
    /// - data: `[batch, n, width]`
    /// - text: `[batch, m, width]`
    /// - output: `[batch, n + m, width]`
    pub fn forward(&self, data: Tensor<3>, text: Tensor<3>, padding: &Padding) -> Tensor<3> {
        let kind = |index| self.kinds.weight.val().narrow(0, index, 1).unsqueeze::<3>();
        let joined = Tensor::cat(vec![data + kind(0), text + kind(1)], 1);
        encode(&self.layers, self.norm.forward(joined), padding)
    }
}
