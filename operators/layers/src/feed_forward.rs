//! Feed-forward networks: the plain one, linear, GELU, linear, and the gated one (Shazeer 2020, arXiv 2002.05202: GEGLU).
//!
//! The gated one is `gelu(first half of (x W_1 + b_1)) * (second half of it)`, then a linear map back.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;
use burn::tensor::module::linear;
use rheome_backend::fused;
pub use rheome_backend::fused::feed_forward::Gelu;
use rheome_backend::fused::feed_forward::Network;
use rheome_backend::gelu::gelu_tanh;

use crate::initialization::Initialization;

/// A plain feed-forward network, as wide between as its maps are.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// `[width, hidden]`
    pub expand: Linear,
    /// `[hidden, width]`
    pub contract: Linear,
}

impl FeedForward {
    /// With the exact GELU.
    ///
    /// # Shapes
    /// - input, output: `[..., width]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.apply(input, Gelu::Exact)
    }

    /// With the approximate GELU.
    ///
    /// # Shapes
    /// - input, output: `[..., width]`
    pub fn forward_approximate<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.apply(input, Gelu::Tanh)
    }

    fn apply<const D: usize>(&self, input: Tensor<D>, form: Gelu) -> Tensor<D> {
        let map = |linear: &Linear| Map {
            weight: linear.weight.val(),
            bias: linear.bias.as_ref().map(Param::val),
        };
        feed_forward(input, map(&self.expand), map(&self.contract), form)
    }
}

/// A linear map.
#[derive(Debug, Clone)]
pub struct Map {
    /// `[inputs, outputs]`
    pub weight: Tensor<2>,
    /// `[outputs]`
    pub bias: Option<Tensor<1>>,
}

/// `contract(gelu(expand(input)))` along the last axis, without storing what is between where a fused kernel is available.
///
/// # Shapes
/// - input: `[..., features]`
/// - output: `[..., outputs]`
///
/// # Panics
/// If the shapes do not fit together.
pub fn feed_forward<const D: usize>(
    input: Tensor<D>,
    expand: Map,
    contract: Map,
    form: Gelu,
) -> Tensor<D> {
    if !fused::available(&input) || !fused::available(&expand.weight) {
        let hidden = linear(input, expand.weight, expand.bias);
        let hidden = match form {
            Gelu::Exact => gelu(hidden),
            Gelu::Tanh => gelu_tanh(hidden),
        };
        return linear(hidden, contract.weight, contract.bias);
    }
    let bias = |map: &Map| match &map.bias {
        Some(bias) => bias.clone(),
        None => Tensor::zeros([map.weight.dims()[1]], &map.weight.device()),
    };
    let network = Network {
        expand_bias: bias(&expand),
        contract_bias: bias(&contract),
        expand: expand.weight,
        contract: contract.weight,
    };
    let mut shape = input.dims();
    let points = shape[..D - 1].iter().product();
    let rows = input.reshape([points, shape[D - 1]]);
    shape[D - 1] = network.contract.dims()[1];
    fused::feed_forward::feed_forward(rows, network, form).reshape(shape)
}

/// Configuration of [`GatedFeedForward`].
#[derive(Config, Debug)]
pub struct GatedFeedForwardConfig {
    /// Features in and out.
    pub dim: usize,
    /// Features between; `dim` if not given.
    pub hidden: Option<usize>,
}

/// A gated feed-forward network, with biases.
#[derive(Module, Debug)]
pub struct GatedFeedForward {
    /// `[dim, 2 hidden]`: gate, then value.
    pub expand: Linear,
    /// `[hidden, dim]`
    pub contract: Linear,
}

impl GatedFeedForwardConfig {
    /// Draws the weights.
    pub fn init(&self, start: &mut Initialization) -> GatedFeedForward {
        let hidden = self.hidden.unwrap_or(self.dim);
        GatedFeedForward {
            expand: start.linear(self.dim, 2 * hidden, true),
            contract: start.linear(hidden, self.dim, true),
        }
    }
}

impl GatedFeedForward {
    /// Applies the network to the last axis.
    ///
    /// # Shapes
    /// - input: `[..., dim]`
    /// - output: `[..., dim]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let expanded = self.expand.forward(input);
        let hidden = expanded.dims()[D - 1] / 2;
        let gate = expanded.clone().narrow(D - 1, 0, hidden);
        let value = expanded.narrow(D - 1, hidden, hidden);
        self.contract.forward(gelu(gate) * value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rheome_backend::device::cpu_backends;

    #[test]
    fn no_points_have_no_outputs() {
        for selected in cpu_backends() {
            let start = &mut Initialization::new(1, &selected.device);
            let network = FeedForward {
                expand: start.linear(3, 5, true),
                contract: start.linear(5, 2, true),
            };
            let nothing = Tensor::<3>::zeros([2, 0, 3], &selected.device);
            assert_eq!(network.forward(nothing).dims(), [2, 0, 2]);
        }
    }

    #[test]
    fn the_first_half_gates_the_second() {
        let device = Device::flex();
        let network = GatedFeedForward {
            // Gate x, value 3 x.
            expand: Linear {
                weight: Param::from_data([[1.0, 3.0]], &device),
                bias: None,
            },
            contract: Linear {
                weight: Param::from_data([[2.0]], &device),
                bias: Some(Param::from_data([0.5], &device)),
            },
        };
        let y: Vec<f32> = network
            .forward(Tensor::<2>::from_data([[1.0], [-20.0]], &device))
            .try_into_vec_as()
            .unwrap();
        // gelu(1) = 0.841345 (the normal distribution function at 1), gelu(-20) = 0.
        assert!((y[0] - (2.0 * 3.0 * 0.841_344_7 + 0.5)).abs() < 1e-5);
        assert!((y[1] - 0.5).abs() < 1e-6);
    }
}
