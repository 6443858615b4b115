//! The decoder of the symbols: word by word, each knowing the words before it and the fused symbols.

use burn::module::{Module, Param};
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::module::linear;
use burn::tensor::{Int, Tensor};
use rheome_layers::attention::{KeysValues, Mask, MultiheadAttention, Projections, inputs_first};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::data_decoder::Features;
use super::encoder::word_embedding;
use super::positions::positions;
use super::{layer_feed_forward, layer_norm, multihead_attention, normalized};
use crate::config::ProseConfig;

/// Decodes symbols; the scores of the words are products with their embeddings.
#[derive(Module, Debug)]
pub struct TextDecoder {
    /// Of the words, on their way in and out: `[words, width]`.
    pub embedding: Embedding,
    /// Of the scores: `[words]`.
    pub bias: Param<Tensor<1>>,
    /// On the sum of words and positions.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<TextDecoderLayer>,
}

/// Attention to the words before, attention to the fused symbols, a feed-forward network; the sum with what went in is
/// normalised after each.
#[derive(Module, Debug)]
pub struct TextDecoderLayer {
    /// To the words up to this one.
    pub own: MultiheadAttention,
    /// Behind it.
    pub norm_own: LayerNorm,
    /// To the fused symbols.
    pub cross: MultiheadAttention,
    /// Behind it.
    pub norm_cross: LayerNorm,
    /// Of each word.
    pub feed_forward: FeedForward,
    /// Behind it.
    pub norm_2: LayerNorm,
}

/// What decoding keeps: keys and values of the words so far and of the fused symbols, layer by layer, and weights in the order in
/// which one word after another reads them.
#[derive(Debug, Clone)]
pub struct TextCache {
    layers: Vec<LayerCache>,
    source_mask: Option<Mask>,
    words: usize,
    /// Of the scores: `[width, words]`.
    scores: Tensor<2>,
}

#[derive(Debug, Clone)]
struct LayerCache {
    own: Option<KeysValues>,
    source: KeysValues,
    project: Projections,
    project_cross: Projections,
}

impl TextDecoder {
    /// Draws the weights.
    pub fn init(config: &ProseConfig, words: usize, start: &mut Initialization) -> Self {
        let width = config.width;
        let layer = |start: &mut Initialization| TextDecoderLayer {
            own: multihead_attention(width, config.heads, start),
            norm_own: layer_norm(width, start),
            cross: multihead_attention(width, config.heads, start),
            norm_cross: layer_norm(width, start),
            feed_forward: layer_feed_forward(width, start),
            norm_2: layer_norm(width, start),
        };
        Self {
            embedding: word_embedding(words, width, start),
            bias: start.zeros([words]),
            norm: layer_norm(width, start),
            layers: (0..config.text_decoder).map(|_| layer(start)).collect(),
        }
    }

    /// Scores (logits) of the word behind every word.
    ///
    /// # Shapes
    /// - ids: `[batch, n]`
    /// - output: `[batch, n, words]`
    pub fn forward(&self, ids: Tensor<2, Int>, source: &Features) -> Tensor<3> {
        let mut state = self.embed(ids, 0);
        let causal = Mask::causal(state.dims()[1], &state.device());
        for layer in &self.layers {
            let own = layer.own.keys_values(state.clone(), state.clone());
            let at = layer.look_at(source);
            state = layer.forward(state, (&own, Some(&causal)), (&at, source.mask.as_ref()));
        }
        self.scores(state)
    }

    /// The start of decoding.
    pub fn start(&self, source: &Features) -> TextCache {
        let layers = self.layers.iter().map(|layer| LayerCache {
            own: None,
            source: layer.look_at(source),
            project: layer.own.projections(),
            project_cross: layer.cross.query_projection(),
        });
        TextCache {
            layers: layers.collect(),
            source_mask: source.mask.clone(),
            words: 0,
            scores: inputs_first(self.embedding.weight.val()),
        }
    }

    /// Scores of the word behind `ids`, the next words of the members of the cache.
    ///
    /// # Shapes
    /// - ids: `[batch, 1]`
    /// - output: `[batch, words]`
    ///
    /// # Panics
    /// If the cache has another number of members, or was begun by another network.
    pub fn step(&self, ids: Tensor<2, Int>, cache: &mut TextCache) -> Tensor<2> {
        let mut state = self.embed(ids, cache.words);
        let mask = cache.source_mask.as_ref();
        for (layer, kept) in self.layers.iter().zip(&mut cache.layers) {
            let (queries, now) = layer.own.project_all(&kept.project, state.clone());
            let own = match kept.own.take() {
                None => now,
                Some(before) => before.followed_by(now),
            };
            state = layer.behind_own(state, layer.own.look(queries, &own, None));
            let queries = layer
                .cross
                .project_queries(&kept.project_cross, state.clone());
            let found = layer.cross.look(queries, &kept.source, mask);
            state = layer.behind_cross(state, found);
            kept.own = Some(own);
        }
        cache.words += 1;
        let scores = linear(state, cache.scores.clone(), Some(self.bias.val()));
        scores.squeeze_dim::<2>(1)
    }

    fn embed(&self, ids: Tensor<2, Int>, first: usize) -> Tensor<3> {
        let words = self.embedding.forward(ids);
        let [_, n, width] = words.dims();
        let places = positions(first, n, width, &words.device());
        normalized(&self.norm, words + places)
    }

    fn scores(&self, state: Tensor<3>) -> Tensor<3> {
        let weight = self.embedding.weight.val().transpose();
        linear(state, weight, Some(self.bias.val()))
    }
}

impl TextDecoderLayer {
    fn look_at(&self, source: &Features) -> KeysValues {
        self.cross
            .keys_values(source.values.clone(), source.values.clone())
    }

    fn forward(
        &self,
        state: Tensor<3>,
        (own, own_mask): (&KeysValues, Option<&Mask>),
        (source, source_mask): (&KeysValues, Option<&Mask>),
    ) -> Tensor<3> {
        let found = self.own.forward_masked(state.clone(), own, own_mask);
        let state = self.behind_own(state, found);
        let found = self
            .cross
            .forward_masked(state.clone(), source, source_mask);
        self.behind_cross(state, found)
    }

    /// Behind the attention to the words.
    fn behind_own(&self, state: Tensor<3>, found: Tensor<3>) -> Tensor<3> {
        normalized(&self.norm_own, state + found)
    }

    /// Behind the attention to the fused symbols.
    fn behind_cross(&self, state: Tensor<3>, found: Tensor<3>) -> Tensor<3> {
        let state = normalized(&self.norm_cross, state + found);
        let wide = self.feed_forward.forward(state.clone());
        normalized(&self.norm_2, state + wide)
    }
}

impl TextCache {
    /// Keeps the given members, in that order; a member may be kept several times.
    pub fn select(&mut self, members: Tensor<1, Int>) {
        for layer in &mut self.layers {
            layer.source = layer.source.select(members.clone());
            layer.own = layer.own.as_ref().map(|own| own.select(members.clone()));
        }
        self.source_mask = self.source_mask.as_ref().map(|mask| mask.select(members));
    }

    /// Members.
    pub fn members(&self) -> usize {
        self.layers
            .first()
            .map_or(0, |layer| layer.source.keys.dims()[0])
    }

    /// Words so far.
    pub fn words(&self) -> usize {
        self.words
    }
}
