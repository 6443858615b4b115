//! The blocks of the perceivers: a self block on the running state, then a cross block that looks at the control cell too.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use rheome_layers::attention::{KeysValues, MultiheadAttention};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::layer_norm;

use super::super::{feed_forward, linear, multihead_attention};
use super::modulations;
use crate::config::PadTransformerConfig;

/// Attention with linear maps of its own in front of those of the heads.
#[derive(Module, Debug)]
pub struct MappedAttention {
    /// In front of the queries, `[width, width]`.
    pub query: Linear,
    /// In front of the keys.
    pub key: Linear,
    /// In front of the values.
    pub value: Linear,
    /// The attention.
    pub attention: MultiheadAttention,
}

impl MappedAttention {
    fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        let width = config.width;
        Self {
            query: linear(width, width, start),
            key: linear(width, width, start),
            value: linear(width, width, start),
            attention: multihead_attention(width, config.heads, start),
        }
    }

    fn keys_values(&self, at: Tensor<3>) -> KeysValues {
        let (keys, values) = (self.key.forward(at.clone()), self.value.forward(at));
        self.attention.keys_values(keys, values)
    }

    fn forward(&self, queries: Tensor<3>, at: &KeysValues) -> Tensor<3> {
        self.attention.forward(self.query.forward(queries), at)
    }
}

/// Plain attention to the control cells, then to the state itself, then a feed-forward network; the last two are
/// modulated by the time.
#[derive(Module, Debug)]
pub struct PerceiverBlock {
    /// To the control cells.
    pub cross: MappedAttention,
    /// To the state itself.
    pub own: MappedAttention,
    /// In front of the attention to the control cells.
    pub norm_1: LayerNorm,
    /// In front of the attention to the state itself.
    pub norm_2: LayerNorm,
    /// In front of the feed-forward network.
    pub norm_3: LayerNorm,
    /// The feed-forward network, with the exact GELU.
    pub feed_forward: FeedForward,
    /// `[width, 6 width]`: shift, scale, gate of the attention to itself, then of the feed-forward network.
    pub modulation: Linear,
}

impl PerceiverBlock {
    /// Draws the weights.
    pub fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        let width = config.width;
        Self {
            cross: MappedAttention::init(config, start),
            own: MappedAttention::init(config, start),
            norm_1: start.layer_norm(width),
            norm_2: start.layer_norm(width),
            norm_3: start.layer_norm(width),
            feed_forward: feed_forward(width, start),
            modulation: linear(width, 6 * width, start),
        }
    }

    /// Keys and values of the control cells.
    ///
    /// # Shapes
    /// - control: `[batch, n, width]`
    pub fn prepare(&self, control: Tensor<3>) -> KeysValues {
        self.cross.keys_values(control)
    }

    /// The state behind the block.
    ///
    /// # Shapes
    /// - state, output: `[batch, n, width]`
    /// - time: `[1 or batch, width]`
    pub fn forward(&self, state: Tensor<3>, time: &Tensor<2>, control: &KeysValues) -> Tensor<3> {
        let [attention, feed_forward] = modulations(&self.modulation, time);
        let found = self
            .cross
            .forward(layer_norm(&self.norm_1, state.clone()), control);
        let state = state + found;
        // From here the published block goes on with the modulated state, not with the state itself.
        let state = attention.apply(layer_norm(&self.norm_2, state));
        let at = self.own.keys_values(state.clone());
        let found = self.own.forward(state.clone(), &at);
        let state = attention.add_gated(state, found);
        let normal = feed_forward.apply(layer_norm(&self.norm_3, state.clone()));
        feed_forward.add_gated(state, self.feed_forward.forward(normal))
    }
}
