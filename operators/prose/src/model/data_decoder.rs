//! The decoder of the series: an operator that can be asked for any time.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use rheome_layers::attention::{KeysValues, Mask, MultiheadAttention};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::{feed_forward, layer_feed_forward, layer_norm, multihead_attention};
use crate::config::{DataDecoderSource, ProseConfig};

/// Times look at the features; they do not look at one another, so that each is answered whatever the others are.
#[derive(Module, Debug)]
pub struct DataDecoder {
    /// From a time to a query: `[1, width]`.
    pub query: Linear,
    /// On the queries.
    pub norm: LayerNorm,
    /// In front of the features of the series, if configured.
    pub data_embedder: Option<FeedForward>,
    /// In front of the features of the symbols, if configured and looked at.
    pub text_embedder: Option<FeedForward>,
    /// The layers.
    pub layers: Vec<DataDecoderLayer>,
    /// `[width, dimension]`
    pub head: Linear,
    #[module(skip)]
    source: DataDecoderSource,
}

/// Attention to the features, then a feed-forward network; the sum with what went in is normalised after each.
#[derive(Module, Debug)]
pub struct DataDecoderLayer {
    /// To the features.
    pub attention: MultiheadAttention,
    /// Behind the attention.
    pub norm_1: LayerNorm,
    /// Of each query.
    pub feed_forward: FeedForward,
    /// Behind the feed-forward network.
    pub norm_2: LayerNorm,
}

/// Features with the mask of their padding.
#[derive(Debug, Clone)]
pub struct Features {
    /// `[batch, n, width]`
    pub values: Tensor<3>,
    /// None where nothing is padded.
    pub mask: Option<Mask>,
}

impl DataDecoder {
    /// Draws the weights.
    pub fn init(config: &ProseConfig, start: &mut Initialization) -> Self {
        let width = config.width;
        let both = config.data_decoder_source == DataDecoderSource::Both;
        let residual = |start: &mut Initialization| feed_forward([width, 2 * width, width], start);
        let embedders = config.residual_embedders;
        let layers = |start: &mut Initialization| DataDecoderLayer {
            attention: multihead_attention(width, config.heads, start),
            norm_1: layer_norm(width, start),
            feed_forward: layer_feed_forward(width, start),
            norm_2: layer_norm(width, start),
        };
        Self {
            query: start.linear(1, width, true),
            norm: layer_norm(width, start),
            data_embedder: embedders.then(|| residual(start)),
            text_embedder: (embedders && both).then(|| residual(start)),
            layers: (0..config.data_decoder).map(|_| layers(start)).collect(),
            head: start.linear(width, config.dimension, true),
            source: config.data_decoder_source,
        }
    }

    /// The embedded times, not normalised yet.
    ///
    /// # Shapes
    /// - times: `[1 or batch, queries]`
    /// - output: `[1 or batch, queries, width]`
    pub fn queries(&self, times: Tensor<2>) -> Tensor<3> {
        self.query.forward(times.unsqueeze_dim::<3>(2))
    }

    /// The states at `times`.
    ///
    /// # Shapes
    /// - data, text: `[batch, .., width]`; `both` masks the two one behind the other
    /// - times: `[1 or batch, queries]`
    /// - output: `[batch, queries, dimension]`
    pub fn forward(
        &self,
        data: &Features,
        text: Option<&Features>,
        both: Option<&Mask>,
        times: Tensor<2>,
    ) -> Tensor<3> {
        let (source, mask) = self.source(data, text, both);
        let [batch, _, width] = source.dims();
        let queries = self.norm.forward(self.queries(times));
        let n = queries.dims()[1];
        let mut state = queries.expand([batch, n, width]);
        for layer in &self.layers {
            let at = layer.attention.keys_values(source.clone(), source.clone());
            state = layer.forward(state, &at, mask);
        }
        self.head.forward(state)
    }

    /// What is looked at.
    fn source<'a>(
        &self,
        data: &'a Features,
        text: Option<&Features>,
        both: Option<&'a Mask>,
    ) -> (Tensor<3>, Option<&'a Mask>) {
        let own = residual(self.data_embedder.as_ref(), data.values.clone());
        match (self.source, text) {
            (DataDecoderSource::Both, Some(text)) => {
                let text = residual(self.text_embedder.as_ref(), text.values.clone());
                (Tensor::cat(vec![own, text], 1), both)
            }
            _ => (own, data.mask.as_ref()),
        }
    }
}

fn residual(network: Option<&FeedForward>, features: Tensor<3>) -> Tensor<3> {
    match network {
        None => features,
        Some(network) => features.clone() + network.forward(features),
    }
}

impl DataDecoderLayer {
    fn forward(&self, state: Tensor<3>, at: &KeysValues, mask: Option<&Mask>) -> Tensor<3> {
        let found = self.attention.forward_masked(state.clone(), at, mask);
        let state = self.norm_1.forward(state + found);
        let wide = self.feed_forward.forward(state.clone());
        self.norm_2.forward(state + wide)
    }
}
