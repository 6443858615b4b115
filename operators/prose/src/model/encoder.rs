//! Encoders: layers of self-attention behind the embeddings of a series or of symbols.

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Int, Tensor};
use rheome_layers::attention::MultiheadAttention;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::padding::Padding;
use super::positions::positions;
use super::{feed_forward, layer_feed_forward, layer_norm, multihead_attention};
use crate::config::ProseConfig;

/// Self-attention, then a feed-forward network; the sum with what went in is normalised after each.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Among the places.
    pub attention: MultiheadAttention,
    /// Behind the attention.
    pub norm_1: LayerNorm,
    /// Of each place.
    pub feed_forward: FeedForward,
    /// Behind the feed-forward network.
    pub norm_2: LayerNorm,
}

impl EncoderLayer {
    /// Draws the weights.
    pub fn init(width: usize, heads: usize, start: &mut Initialization) -> Self {
        Self {
            attention: multihead_attention(width, heads, start),
            norm_1: layer_norm(width, start),
            feed_forward: layer_feed_forward(width, start),
            norm_2: layer_norm(width, start),
        }
    }

    /// `y = norm(x + attention(x))`, then `norm(y + feed_forward(y))`.
    ///
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    pub fn forward(&self, input: Tensor<3>, padding: &Padding) -> Tensor<3> {
        let found = self
            .attention
            .forward_to_self(input.clone(), padding.mask.as_ref());
        let features = self.norm_1.forward(input + found);
        let wide = self.feed_forward.forward(features.clone());
        self.norm_2.forward(features + wide)
    }
}

/// Draws `count` layers.
pub(super) fn layers(
    count: usize,
    config: &ProseConfig,
    start: &mut Initialization,
) -> Vec<EncoderLayer> {
    (0..count)
        .map(|_| EncoderLayer::init(config.width, config.heads, start))
        .collect()
}

/// One layer after the other; zeros where there is nothing.
pub(super) fn encode(layers: &[EncoderLayer], embedded: Tensor<3>, padding: &Padding) -> Tensor<3> {
    let through = |features, layer: &EncoderLayer| layer.forward(features, padding);
    padding.clear(layers.iter().fold(embedded, through))
}

/// Encodes a series. It has no positions: every point says its time.
#[derive(Module, Debug)]
pub struct DataEncoder {
    /// On the embedded points.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
}

impl DataEncoder {
    /// Draws the weights.
    pub fn init(config: &ProseConfig, start: &mut Initialization) -> Self {
        Self {
            norm: layer_norm(config.width, start),
            layers: layers(config.data_encoder, config, start),
        }
    }

    /// # Shapes
    /// - embedded: `[batch, n, width]`, from [`embedder`]
    /// - output: `[batch, n, width]`
    pub fn forward(&self, embedded: Tensor<3>, padding: &Padding) -> Tensor<3> {
        encode(&self.layers, self.norm.forward(embedded), padding)
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
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
}

/// The embeddings of `words` words: normal, with the variance `1 / width`.
pub(super) fn word_embedding(words: usize, width: usize, start: &mut Initialization) -> Embedding {
    Embedding {
        weight: start.normal([words, width], 1.0 / (width as f64).sqrt()),
    }
}

impl TextEncoder {
    /// Draws the weights.
    pub fn init(config: &ProseConfig, words: usize, start: &mut Initialization) -> Self {
        Self {
            embedding: word_embedding(words, config.width, start),
            norm: layer_norm(config.width, start),
            layers: layers(config.text_encoder, config, start),
        }
    }

    /// # Shapes
    /// - ids: `[batch, n]`
    /// - output: `[batch, n, width]`
    pub fn forward(&self, ids: Tensor<2, Int>, padding: &Padding) -> Tensor<3> {
        let words = self.embedding.forward(ids);
        let [_, n, width] = words.dims();
        let places = positions(0, n, width, &words.device());
        encode(&self.layers, self.norm.forward(words + places), padding)
    }
}
