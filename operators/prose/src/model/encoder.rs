//! Encoders: layers of self-attention behind the embeddings of a series or of symbols.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Int, Tensor};
use rheome_layers::attention::MultiheadAttention;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::feed_forward;
use super::layer::{LayerConfig, Norm, NormPlace};
use super::padding::Padding;
use super::positions::positions;
use crate::config::ProseConfig;

/// Self-attention, then a feed-forward network, each with its sum with what went in and a normalisation.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Among the places.
    pub attention: MultiheadAttention,
    /// Of the attention.
    pub norm_1: Norm,
    /// Of each place.
    pub feed_forward: FeedForward,
    /// Of the feed-forward network.
    pub norm_2: Norm,
    #[module(skip)]
    place: NormPlace,
}

impl EncoderLayer {
    /// Draws the weights.
    pub fn init(config: &LayerConfig, start: &mut Initialization) -> Self {
        Self {
            attention: config.attention(start),
            norm_1: config.norm(start),
            feed_forward: config.feed_forward(start),
            norm_2: config.norm(start),
            place: config.place,
        }
    }

    /// `y = norm(x + attention(x))`, then `norm(y + feed_forward(y))`; or `y = x + attention(norm(x))`, then
    /// `y + feed_forward(norm(y))`.
    ///
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    pub fn forward(&self, input: Tensor<3>, padding: &Padding) -> Tensor<3> {
        let mask = padding.mask.as_ref();
        let features = self.norm_1.around(self.place, input, |x| {
            self.attention.forward_to_self(x, mask)
        });
        self.norm_2
            .around(self.place, features, |x| self.feed_forward.forward(x))
    }
}

/// Draws `count` layers.
pub(super) fn layers(
    count: usize,
    config: &LayerConfig,
    start: &mut Initialization,
) -> Vec<EncoderLayer> {
    (0..count)
        .map(|_| EncoderLayer::init(config, start))
        .collect()
}

/// One layer after the other, then the last normalisation if there is one; zeros where there is nothing.
pub(super) fn encode(
    (layers, last): (&[EncoderLayer], Option<&Norm>),
    embedded: Tensor<3>,
    padding: &Padding,
) -> Tensor<3> {
    let through = |features, layer: &EncoderLayer| layer.forward(features, padding);
    let features = layers.iter().fold(embedded, through);
    padding.clear(match last {
        None => features,
        Some(norm) => norm.forward(features),
    })
}

/// Encodes a series, whose points say their times, or the patches of fields.
#[derive(Module, Debug)]
pub struct DataEncoder {
    /// On what is embedded.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
    /// Behind the last layer, if the layers normalise before their parts.
    pub last_norm: Option<Norm>,
}

impl DataEncoder {
    /// Draws the weights of `count` layers.
    pub fn init(count: usize, config: &LayerConfig, start: &mut Initialization) -> Self {
        Self {
            norm: config.norm(start),
            layers: layers(count, config, start),
            last_norm: config.last_norm(start),
        }
    }

    /// # Shapes
    /// - embedded: `[batch, n, width]`, from [`embedder`] or patches
    /// - output: `[batch, n, width]`
    pub fn forward(&self, embedded: Tensor<3>, padding: &Padding) -> Tensor<3> {
        let layers = (self.layers.as_slice(), self.last_norm.as_ref());
        encode(layers, self.norm.forward(embedded), padding)
    }
}

/// The network that embeds the points (t, u_0, .., u_(d-1)) of a series: linear, GELU, linear.
pub fn embedder(config: &ProseConfig, start: &mut Initialization) -> FeedForward {
    feed_forward([1 + config.dimension, config.width, config.width], start)
}

/// Encodes symbols.
#[derive(Module, Debug)]
pub struct TextEncoder {
    /// Of the words: `[words, width]`.
    pub embedding: Embedding,
    /// On the sum of words and positions.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
    /// Behind the last layer, if the layers normalise before their parts.
    pub last_norm: Option<Norm>,
}

/// The embeddings of `words` words: normal, with the variance `1 / width`.
pub(super) fn word_embedding(words: usize, width: usize, start: &mut Initialization) -> Embedding {
    Embedding {
        weight: start.normal([words, width], 1.0 / (width as f64).sqrt()),
    }
}

impl TextEncoder {
    /// Draws the weights of `count` layers and of the embeddings of `words` words.
    pub fn init(
        count: usize,
        words: usize,
        config: &LayerConfig,
        start: &mut Initialization,
    ) -> Self {
        Self {
            embedding: word_embedding(words, config.width, start),
            norm: config.norm(start),
            layers: layers(count, config, start),
            last_norm: config.last_norm(start),
        }
    }

    /// # Shapes
    /// - ids: `[batch, n]`
    /// - output: `[batch, n, width]`
    pub fn forward(&self, ids: Tensor<2, Int>, padding: &Padding) -> Tensor<3> {
        let words = self.embedding.forward(ids);
        let [_, n, width] = words.dims();
        let places = positions(0, n, width, &words.device());
        let layers = (self.layers.as_slice(), self.last_norm.as_ref());
        encode(layers, self.norm.forward(words + places), padding)
    }
}
