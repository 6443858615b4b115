//! The kernel of one axis: features pooled over the other axes, then `K = q k^T`.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use rheome_layers::feed_forward::{GatedFeedForward, GatedFeedForwardConfig};
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::layer_norm;
use rheome_layers::rotary::{Rotary, RotaryConfig, RotaryTable};

use super::config::IFactFormerConfig;

/// Gain of the Xavier initialisation of queries and keys: small, so that a new block hardly acts.
const KERNEL_GAIN: f64 = 0.02;

/// Kernel multiplier above which the kernels are scaled down.
const LARGEST_UNSCALED_MULTIPLIER: usize = 4;

/// The kernel of one axis.
#[derive(Module, Debug)]
pub struct AxisKernel {
    /// `[dim, dim]`, applied to the pooled features.
    pub pool: Linear,
    /// Norm of the pooled features.
    pub norm: LayerNorm,
    /// Network on the normalised features.
    pub feed_forward: GatedFeedForward,
    /// `[dim, heads * kernel_dim]`
    pub to_q: Linear,
    /// `[dim, heads * kernel_dim]`
    pub to_k: Linear,
    /// Embedding of the coordinate in queries and keys.
    pub rotary: Rotary,
    heads: usize,
    scaling: f64,
}

impl AxisKernel {
    /// Draws the weights.
    pub fn init(config: &IFactFormerConfig, start: &mut Initialization) -> Self {
        let kernel_dim = config.kernel_dim();
        let project = |start: &mut Initialization| {
            start.xavier_linear(config.dim, config.heads * kernel_dim, KERNEL_GAIN)
        };
        Self {
            pool: start.linear(config.dim, config.dim, false),
            norm: start.layer_norm(config.dim),
            feed_forward: GatedFeedForwardConfig::new(config.dim).init(start),
            to_q: project(start),
            to_k: project(start),
            rotary: RotaryConfig::new(kernel_dim).init(start.device()),
            heads: config.heads,
            scaling: if config.kernel_multiplier > LARGEST_UNSCALED_MULTIPLIER {
                1.0 / (kernel_dim as f64).sqrt()
            } else {
                1.0
            },
        }
    }

    /// The kernel for features already averaged over the other axes.
    ///
    /// # Shapes
    /// - pooled: `[batch, n, dim]`
    /// - output: `[batch, heads, n, n]`
    pub fn forward(&self, pooled: Tensor<3>, table: &RotaryTable) -> Tensor<4> {
        let features = self
            .feed_forward
            .forward(layer_norm(&self.norm, self.pool.forward(pooled)));
        let q = table.rotate(self.split_heads(self.to_q.forward(features.clone())));
        let k = table.rotate(self.split_heads(self.to_k.forward(features)));
        let kernel = q.matmul(k.swap_dims(2, 3));
        if self.scaling == 1.0 {
            kernel
        } else {
            kernel.mul_scalar(self.scaling)
        }
    }

    /// `[batch, n, heads * kernel_dim]` to `[batch, heads, n, kernel_dim]`.
    fn split_heads(&self, features: Tensor<3>) -> Tensor<4> {
        let [batch, n, width] = features.dims();
        features
            .reshape([batch, n, self.heads, width / self.heads])
            .swap_dims(1, 2)
    }
}
