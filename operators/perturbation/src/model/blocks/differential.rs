//! The block of the differential transformer: differential attention (Ye et al. 2024, arXiv 2410.05258) and a feed-forward network,
//! modulated by time.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::{self, standardize};

use super::super::differential_attention::{DifferentialAttention, MapArguments};
use super::super::{feed_forward, linear};
use super::{Modulation, modulations};
use crate::config::PadTransformerConfig;

/// Epsilon of the norms, which have no scale and shift of their own.
const EPSILON: f64 = 1e-6;

/// Differential attention and a feed-forward network, both modulated by the time.
#[derive(Module, Debug)]
pub struct DifferentialBlock {
    /// The attention.
    pub attention: DifferentialAttention,
    /// The feed-forward network, with the approximate GELU.
    pub feed_forward: FeedForward,
    /// `[width, 6 width]`: shift, scale, gate of the attention, then of the feed-forward network.
    pub modulation: Linear,
}

impl DifferentialBlock {
    /// Draws the weights of block `index`, counted from 0.
    pub fn init(config: &PadTransformerConfig, index: usize, start: &mut Initialization) -> Self {
        let (width, heads) = (config.width, config.heads);
        Self {
            attention: DifferentialAttention::init(width, heads, index, start),
            feed_forward: feed_forward(width, start),
            modulation: linear(width, 6 * width, start),
        }
    }

    /// The second map of [`Self::cross`]: of the control cells to themselves.
    ///
    /// # Shapes
    /// - control: `[batch, n, width]`
    pub fn prepare(&self, control: Tensor<3>) -> MapArguments {
        self.attention.second_map(control.clone(), control)
    }

    /// Attention to the state itself: both maps from the normalised state to the state as it runs.
    ///
    /// # Shapes
    /// - state, output: `[batch, n, width]`
    /// - time: `[1 or batch, width]`
    pub fn to_itself(&self, state: Tensor<3>, time: &Tensor<2>) -> Tensor<3> {
        let running = state.clone();
        self.modulated(state, time, |normal| {
            (
                self.attention.first_map(normal.clone(), running.clone()),
                self.attention.second_map(normal, running),
            )
        })
    }

    /// Attention to the control cells: the first map from the normalised state to itself, the second prepared.
    ///
    /// # Shapes
    /// - state, output: `[batch, n, width]`
    /// - time: `[1 or batch, width]`
    pub fn cross(&self, state: Tensor<3>, time: &Tensor<2>, second: &MapArguments) -> Tensor<3> {
        self.modulated(state, time, |normal| {
            let first = self.attention.first_map(normal.clone(), normal);
            (first, second.clone())
        })
    }

    fn modulated(
        &self,
        state: Tensor<3>,
        time: &Tensor<2>,
        maps: impl FnOnce(Tensor<3>) -> (MapArguments, MapArguments),
    ) -> Tensor<3> {
        let [attention, feed_forward] = modulations(&self.modulation, time);
        let normal = normalize(state.clone(), &attention);
        let (first, second) = maps(normal.clone());
        let found = self.attention.forward(first, second, normal);
        let state = attention.add_gated(state, found);
        let normal = normalize(state.clone(), &feed_forward);
        let wide = self.feed_forward.forward_approximate(normal);
        feed_forward.add_gated(state, wide)
    }
}

/// The modulated norm, in one pass where all cells have the same time.
fn normalize(input: Tensor<3>, modulation: &Modulation) -> Tensor<3> {
    if modulation.scale.dims()[0] == 1 {
        let scale = modulation.scale.clone().squeeze_dim::<1>(0);
        let shift = modulation.shift.clone().squeeze_dim::<1>(0);
        return layer_norm::normalize(input, scale, shift, EPSILON);
    }
    modulation.apply(standardize(input, EPSILON))
}

/// A differential block of the state to itself, then one to the control cells.
#[derive(Module, Debug)]
pub struct DifferentialPerceiverBlock {
    /// To the state itself.
    pub own: DifferentialBlock,
    /// To the control cells.
    pub cross: DifferentialBlock,
}

impl DifferentialPerceiverBlock {
    /// Draws the weights of block `index`, counted from 0.
    pub fn init(config: &PadTransformerConfig, index: usize, start: &mut Initialization) -> Self {
        Self {
            own: DifferentialBlock::init(config, index, start),
            cross: DifferentialBlock::init(config, index, start),
        }
    }

    /// The state behind both parts.
    ///
    /// # Shapes
    /// - state, output: `[batch, n, width]`
    /// - time: `[1 or batch, width]`
    pub fn forward(&self, state: Tensor<3>, time: &Tensor<2>, second: &MapArguments) -> Tensor<3> {
        let state = self.own.to_itself(state, time);
        self.cross.cross(state, time, second)
    }
}
