//! The feed-forward network of a block: linear, GELU, linear, four times as wide between.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, sigmoid};
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

/// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` (Hendrycks & Gimpel 2016, arXiv 1606.08415), as
/// `x sigmoid(2 ...)`, without a power.
fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let rate = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let bend = x.clone().square().mul_scalar(0.044715 * rate);
    let inner = bend.add_scalar(rate) * x.clone();
    x * sigmoid(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_approximate_gelu_has_its_values() {
        let x = [-3.0_f32, -0.5, 0.0, 0.7, 4.0];
        let found: Vec<f32> = gelu_tanh(Tensor::<1>::from_data(x, &Device::flex()))
            .try_into_vec_as()
            .unwrap();
        for (x, y) in x.iter().zip(found) {
            let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            assert!((y - 0.5 * x * (1.0 + inner.tanh())).abs() < 1e-6);
        }
    }
}
