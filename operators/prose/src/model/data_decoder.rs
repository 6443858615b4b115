//! The decoder of the series: an operator that can be asked for any time.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use rheome_layers::attention::{KeysValues, Mask, MultiheadAttention};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::feed_forward;
use super::layer::{LayerConfig, Norm, NormPlace};
use crate::config::{DataDecoderSource, ProseConfig};

/// Times look at the features; they do not look at one another, so that each is answered whatever the others are.
#[derive(Module, Debug)]
pub struct DataDecoder {
    /// From a time to a query: `[1, width]`.
    pub query: Linear,
    /// On the queries.
    pub norm: Norm,
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

/// Attention to the features, then a feed-forward network, each with its sum with what went in and a normalisation.
#[derive(Module, Debug)]
pub struct DataDecoderLayer {
    /// To the features.
    pub attention: MultiheadAttention,
    /// Of the attention.
    pub norm_1: Norm,
    /// Of each query.
    pub feed_forward: FeedForward,
    /// Of the feed-forward network.
    pub norm_2: Norm,
    #[module(skip)]
    place: NormPlace,
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
        let (width, layer) = (config.width, config.layer());
        let both = config.data_decoder_source == DataDecoderSource::Both;
        let residual = |start: &mut Initialization| feed_forward([width, 2 * width, width], start);
        let embedders = config.residual_embedders;
        Self {
            query: start.linear(1, width, true),
            norm: layer.norm(start),
            data_embedder: embedders.then(|| residual(start)),
            text_embedder: (embedders && both).then(|| residual(start)),
            layers: (0..config.data_decoder)
                .map(|_| DataDecoderLayer::init(&layer, start))
                .collect(),
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
        let state = queries.expand([batch, n, width]);
        self.head
            .forward(answer(&self.layers, state, &source, mask))
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

/// Queries through one layer after the other, each of which looks at `source`.
///
/// # Shapes
/// - queries, output: `[batch, queries, width]`
/// - source: `[batch, n, width]`
pub(crate) fn answer(
    layers: &[DataDecoderLayer],
    queries: Tensor<3>,
    source: &Tensor<3>,
    mask: Option<&Mask>,
) -> Tensor<3> {
    layers.iter().fold(queries, |state, layer| {
        let at = layer.attention.keys_values(source.clone(), source.clone());
        layer.forward(state, &at, mask)
    })
}

impl DataDecoderLayer {
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

    /// With keys that start as queries do.
    #[must_use]
    pub(crate) fn with_keys_as_queries(self) -> Self {
        Self {
            attention: self.attention.with_keys_as_queries(),
            ..self
        }
    }

    fn forward(&self, state: Tensor<3>, at: &KeysValues, mask: Option<&Mask>) -> Tensor<3> {
        let state = self.norm_1.around(self.place, state, |x| {
            self.attention.forward_masked(x, at, mask)
        });
        self.norm_2
            .around(self.place, state, |x| self.feed_forward.forward(x))
    }
}
