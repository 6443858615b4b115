//! Series and symbols together.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::Tensor;
use rheome_layers::initialization::Initialization;

use super::encoder::{EncoderLayer, encode, layers};
use super::layer::{LayerConfig, Norm};
use super::padding::Padding;

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
}
