//! The feed-forward network of a block: linear, GELU, linear, four times as wide between.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;
use rheome_backend::gelu::gelu_tanh;
use rheome_layers::initialization::Initialization;

/// How much wider the network is between its maps.
const EXPANSION: usize = 4;

/// A feed-forward network with biases.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// `[width, 4 width]`
    pub expand: Linear,
    /// `[4 width, width]`
    pub contract: Linear,
}

impl FeedForward {
    /// Draws the weights.
    pub fn init(width: usize, start: &mut Initialization) -> Self {
        Self {
            expand: super::linear(width, EXPANSION * width, start),
            contract: super::linear(EXPANSION * width, width, start),
        }
    }

    /// With the exact GELU.
    ///
    /// # Shapes
    /// - input, output: `[..., width]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.contract.forward(gelu(self.expand.forward(input)))
    }

    /// With the approximate GELU.
    ///
    /// # Shapes
    /// - input, output: `[..., width]`
    pub fn forward_approximate<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.contract.forward(gelu_tanh(self.expand.forward(input)))
    }
}
