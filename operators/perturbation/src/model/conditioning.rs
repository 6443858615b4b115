//! What genes, control cell and perturbation do to the features of a cell.
//!
//! Wherever the published model puts two vectors side by side in front of a linear map, `[x, c] W + b` is computed as
//! `x W_1 + (c W_2 + b)`: the second part does not change during a sampling run.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, leaky_relu, silu};
use burn::tensor::module::linear;
use rheome_layers::initialization::{Initialization, LAYER_NORM_EPSILON};
use rheome_layers::layer_norm::{layer_norm, standardize};

use crate::config::PadTransformerConfig;

/// Slope of a leaky ReLU below zero, PyTorch's default.
const LEAK: f64 = 0.01;

/// `c W_2 + b`: what `map` makes of the second of its two inputs.
fn of_second<const D: usize>(map: &Linear, second: Tensor<D>) -> Tensor<D> {
    let weight = map.weight.val();
    let inputs = weight.dims()[0] / 2;
    let bias = map.bias.as_ref().map(|bias| bias.val());
    linear(second, weight.narrow(0, inputs, inputs), bias)
}

/// `x W_1`, plus what [`of_second`] made of one vector for all cells or one a cell.
///
/// # Shapes
/// - first, output: `[batch, n, width]`
/// - second: `[1 or batch, width]`
fn with_second(map: &Linear, first: Tensor<3>, second: &Tensor<2>) -> Tensor<3> {
    let weight = map.weight.val();
    let inputs = weight.dims()[0] / 2;
    let weight = weight.narrow(0, 0, inputs);
    if second.dims()[0] == 1 {
        return linear(first, weight, Some(second.clone().squeeze_dim::<1>(0)));
    }
    linear(first, weight, None) + second.clone().unsqueeze_dim::<3>(1)
}

/// Noisy value and control value, each with its gene, become the features of a cell: linear, GELU, linear, LayerNorm.
#[derive(Module, Debug)]
pub struct Fusion {
    /// `[2 width, width]`: noisy, then control.
    pub first: Linear,
    /// `[width, width]`
    pub second: Linear,
    /// Over the features.
    pub norm: LayerNorm,
}

impl Fusion {
    /// Draws the weights.
    pub fn init(width: usize, start: &mut Initialization) -> Self {
        Self {
            first: super::linear(2 * width, width, start),
            second: super::linear(width, width, start),
            norm: start.layer_norm(width),
        }
    }

    /// The part of the control cells.
    ///
    /// # Shapes
    /// - control, output: `[batch, n, width]`
    pub fn prepare(&self, control: Tensor<3>) -> Tensor<3> {
        of_second(&self.first, control)
    }

    /// The features of the cells; `prepared` is the part of their control cells.
    ///
    /// # Shapes
    /// - noisy, prepared, output: `[batch, n, width]`
    pub fn forward(&self, noisy: Tensor<3>, prepared: &Tensor<3>) -> Tensor<3> {
        let weight = self.first.weight.val();
        let inputs = weight.dims()[0] / 2;
        let mixed = linear(noisy, weight.narrow(0, 0, inputs), None) + prepared.clone();
        layer_norm(&self.norm, self.second.forward(gelu(mixed)))
    }
}

/// Gated adaptive LayerNorm: `x + gate * (norm(x) * scale + shift)`, the three from the gene's encoding.
#[derive(Module, Debug)]
pub struct GeneModulation {
    /// Over the features.
    pub norm: LayerNorm,
    /// `[width, 3 width]`: shift, gate, scale.
    pub modulation: Linear,
}

/// A [`GeneModulation`] for given genes: `x + standardized(x) * scale + shift`.
#[derive(Debug, Clone)]
pub struct GeneEffect {
    /// `[n, width]`
    scale: Tensor<2>,
    /// `[n, width]`
    shift: Tensor<2>,
}

impl GeneModulation {
    /// Draws the weights.
    pub fn init(width: usize, start: &mut Initialization) -> Self {
        Self {
            norm: start.layer_norm(width),
            modulation: super::linear(width, 3 * width, start),
        }
    }

    /// For these genes, with the norm's own scale and shift folded in.
    ///
    /// # Shapes
    /// - genes: `[n, width]`
    pub fn prepare(&self, genes: Tensor<2>) -> GeneEffect {
        let width = genes.dims()[1];
        let numbers = self.modulation.forward(silu(genes));
        let part = |i: usize| numbers.clone().narrow(1, i * width, width);
        let (shift, gate, scale) = (part(0), part(1), part(2));
        let gamma = self.norm.gamma.val().unsqueeze::<2>();
        let shift = match &self.norm.beta {
            Some(beta) => scale.clone() * beta.val().unsqueeze::<2>() + shift,
            None => shift,
        };
        GeneEffect {
            scale: gate.clone() * scale * gamma,
            shift: gate * shift,
        }
    }

    /// Applies it.
    ///
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    pub fn forward(&self, input: Tensor<3>, effect: &GeneEffect) -> Tensor<3> {
        let normal = standardize(input.clone(), LAYER_NORM_EPSILON);
        let scaled = normal * effect.scale.clone().unsqueeze::<3>();
        input + scaled + effect.shift.clone().unsqueeze::<3>()
    }
}

/// Brings the perturbation into the features: linear on both side by side, LeakyReLU, dropout, linear, LeakyReLU.
#[derive(Module, Debug)]
pub struct Adapter {
    /// `[2 width, width]`: features, then perturbation.
    pub first: Linear,
    /// `[width, width]`
    pub second: Linear,
    /// In training.
    pub dropout: Dropout,
}

impl Adapter {
    /// Draws the weights.
    pub fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        Self {
            first: super::linear(2 * config.width, config.width, start),
            second: super::linear(config.width, config.width, start),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// The part of the perturbations.
    ///
    /// # Shapes
    /// - perturbation, output: `[1 or batch, width]`
    pub fn prepare(&self, perturbation: Tensor<2>) -> Tensor<2> {
        of_second(&self.first, perturbation)
    }

    /// The features, knowing the perturbation.
    ///
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    /// - prepared: `[1 or batch, width]`
    pub fn forward(&self, input: Tensor<3>, prepared: &Tensor<2>) -> Tensor<3> {
        let mixed = leaky_relu(with_second(&self.first, input, prepared), LEAK);
        leaky_relu(self.second.forward(self.dropout.forward(mixed)), LEAK)
    }
}

/// The velocity of every gene's value: linear on features and perturbation side by side, LeakyReLU, linear, LeakyReLU,
/// linear.
#[derive(Module, Debug)]
pub struct VelocityHead {
    /// `[2 width, width]`: features, then perturbation.
    pub first: Linear,
    /// `[width, width]`
    pub second: Linear,
    /// `[width, 1]`
    pub last: Linear,
}

impl VelocityHead {
    /// Draws the weights.
    pub fn init(width: usize, start: &mut Initialization) -> Self {
        Self {
            first: super::linear(2 * width, width, start),
            second: super::linear(width, width, start),
            last: super::linear(width, 1, start),
        }
    }

    /// The part of the perturbations.
    ///
    /// # Shapes
    /// - perturbation, output: `[1 or batch, width]`
    pub fn prepare(&self, perturbation: Tensor<2>) -> Tensor<2> {
        of_second(&self.first, perturbation)
    }

    /// The velocities.
    ///
    /// # Shapes
    /// - input: `[batch, n, width]`
    /// - prepared: `[1 or batch, width]`
    /// - output: `[batch, n]`
    pub fn forward(&self, input: Tensor<3>, prepared: &Tensor<2>) -> Tensor<2> {
        let mixed = leaky_relu(with_second(&self.first, input, prepared), LEAK);
        let mixed = leaky_relu(self.second.forward(mixed), LEAK);
        self.last.forward(mixed).squeeze_dim::<2>(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn two_parts_equal_the_map_of_both_side_by_side() {
        let device = Device::flex();
        device.seed(2);
        let mut start = Initialization::new(1, &device);
        let map = Linear {
            weight: start.normal([8, 5], 1.0),
            bias: Some(start.normal([5], 1.0)),
        };
        let draw =
            |shape: [usize; 3]| Tensor::<3>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let x = draw([3, 6, 4]);
        for cells in [1, 3] {
            let c = draw([cells, 1, 4]);
            let side_by_side = Tensor::cat(vec![x.clone(), c.clone().expand([3, 6, 4])], 2);
            let prepared = of_second(&map, c.squeeze_dim::<2>(1));
            let found = with_second(&map, x.clone(), &prepared);
            let difference = (found - map.forward(side_by_side)).abs().max();
            assert!(difference.into_scalar::<f32>() < 1e-5);
        }
    }

    #[test]
    fn the_folded_gene_modulation_equals_the_formula() {
        let device = Device::flex();
        device.seed(4);
        let mut start = Initialization::new(1, &device);
        let mut layer = GeneModulation::init(4, &mut start);
        layer.norm.gamma = start.normal([4], 1.0);
        layer.norm.beta = Some(start.normal([4], 1.0));
        layer.modulation.bias = Some(start.normal([12], 1.0));
        let x = Tensor::<3>::random([2, 3, 4], Distribution::Normal(1.0, 2.0), &device);
        let genes = Tensor::<2>::random([3, 4], Distribution::Normal(0.0, 1.0), &device);
        let parts = layer
            .modulation
            .forward(silu(genes.clone()))
            .unsqueeze::<3>();
        let [shift, gate, scale]: [Tensor<3>; 3] = parts.chunk(3, 2).try_into().unwrap();
        let expected = x.clone() + gate * (layer.norm.forward(x.clone()) * scale + shift);
        let found = layer.forward(x, &layer.prepare(genes));
        assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
    }
}
