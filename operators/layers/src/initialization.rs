//! PyTorch's initial distributions, drawn on the host from a seed.
//!
//! Drawing on the host costs a fraction of a second once and makes a seed mean the same weights on every device.

use burn::module::{Param, ParamId};
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, PaddingConfig2d};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64;

/// Epsilon of PyTorch's layer normalisation.
pub const LAYER_NORM_EPSILON: f64 = 1e-5;

/// Draws the parameters of a model in the order in which its layers ask.
pub struct Initialization {
    /// None where a file brings the numbers.
    random: Option<Pcg64>,
    device: Device,
}

impl Initialization {
    /// Parameters on `device` from `seed`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            random: Some(Pcg64::seed_from_u64(seed)),
            device: device.clone(),
        }
    }

    /// Parameters that a file is to fill: those that would be drawn take no memory until then, and are zeros if it never does.
    pub fn blank(device: &Device) -> Self {
        Self {
            random: None,
            device: device.clone(),
        }
    }

    /// The device the parameters are put on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Uniform in `[-bound, bound)`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        self.draw(shape, |random| (random.random::<f64>() * 2.0 - 1.0) * bound)
    }

    /// Uniform in `[0, bound)`.
    pub fn uniform_positive<const D: usize>(
        &mut self,
        shape: [usize; D],
        bound: f64,
    ) -> Param<Tensor<D>> {
        self.draw(shape, |random| random.random::<f64>() * bound)
    }

    /// Normal with mean 0.
    pub fn normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        standard_deviation: f64,
    ) -> Param<Tensor<D>> {
        self.draw(shape, |random| {
            random.sample::<f64, _>(StandardNormal) * standard_deviation
        })
    }

    /// Zeros.
    pub fn zeros<const D: usize>(&self, shape: [usize; D]) -> Param<Tensor<D>> {
        self.parameter(vec![0.0; shape.iter().product()], shape)
    }

    fn draw<const D: usize>(
        &mut self,
        shape: [usize; D],
        mut number: impl FnMut(&mut Pcg64) -> f64,
    ) -> Param<Tensor<D>> {
        match &mut self.random {
            None => self.empty(shape),
            Some(random) => {
                let numbers = (0..shape.iter().product()).map(|_| number(random) as f32);
                let numbers = numbers.collect();
                self.parameter(numbers, shape)
            }
        }
    }

    fn empty<const D: usize>(&self, shape: [usize; D]) -> Param<Tensor<D>> {
        let zeros =
            move |device: &Device, trained| Tensor::zeros(shape, device).set_require_grad(trained);
        let device = self.device.clone();
        Param::uninitialized(ParamId::new(), zeros, device, true, Shape::new(shape))
    }

    /// A linear map as `torch.nn.Linear` starts: weight and bias uniform within `1 / sqrt(inputs)`.
    pub fn linear(&mut self, inputs: usize, outputs: usize, bias: bool) -> Linear {
        let bound = 1.0 / (inputs as f64).sqrt();
        Linear {
            weight: self.uniform([inputs, outputs], bound),
            bias: bias.then(|| self.uniform([outputs], bound)),
        }
    }

    /// A linear map without bias, Xavier-uniform (Glorot & Bengio 2010): within `gain * sqrt(6 / (inputs + outputs))`.
    pub fn xavier_linear(&mut self, inputs: usize, outputs: usize, gain: f64) -> Linear {
        let bound = gain * (6.0 / (inputs + outputs) as f64).sqrt();
        Linear {
            weight: self.uniform([inputs, outputs], bound),
            bias: None,
        }
    }

    /// A convolution whose squares of `side` points lie side by side, as `torch.nn.Conv2d` starts: weight and bias uniform within
    /// `1 / sqrt(inputs side^2)`.
    pub fn patch_convolution(&mut self, [inputs, outputs]: [usize; 2], side: usize) -> Conv2d {
        let bound = 1.0 / ((inputs * side * side) as f64).sqrt();
        Conv2d {
            weight: self.uniform([outputs, inputs, side, side], bound),
            bias: Some(self.uniform([outputs], bound)),
            stride: [side; 2],
            kernel_size: [side; 2],
            dilation: [1; 2],
            groups: 1,
            padding: PaddingConfig2d::Valid,
        }
    }

    /// The way back from patches to points: a transposed convolution, as `torch.nn.ConvTranspose2d` starts: weight and bias
    /// uniform within `1 / sqrt(outputs side^2)`.
    pub fn transposed_patch_convolution(
        &mut self,
        channels: [usize; 2],
        side: usize,
    ) -> ConvTranspose2d {
        let [inputs, outputs] = channels;
        let bound = 1.0 / ((outputs * side * side) as f64).sqrt();
        ConvTranspose2d {
            weight: self.uniform([inputs, outputs, side, side], bound),
            bias: Some(self.uniform([outputs], bound)),
            stride: [side; 2],
            kernel_size: [side; 2],
            dilation: [1; 2],
            groups: 1,
            padding: [0; 2],
            padding_out: [0; 2],
            channels,
        }
    }

    /// Layer normalisation over `size` features with PyTorch's epsilon: scale 1, shift 0.
    pub fn layer_norm(&self, size: usize) -> LayerNorm {
        LayerNormConfig::new(size)
            .with_epsilon(LAYER_NORM_EPSILON)
            .init(&self.device)
    }

    fn parameter<const D: usize>(&self, numbers: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new(numbers, shape), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
        parameter.val().try_into_vec_as().unwrap()
    }

    #[test]
    fn a_seed_fixes_the_numbers_and_another_one_changes_them() {
        let device = Device::flex();
        let draw = |seed| numbers(&Initialization::new(seed, &device).normal([3, 4], 8.0));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_blank_parameter_knows_its_shape_and_is_zero() {
        let blank = Initialization::blank(&Device::flex()).normal([3, 4], 8.0);
        assert!(!blank.is_initialized());
        assert_eq!(blank.lazy_shape().to_vec(), [3, 4]);
        assert_eq!(numbers(&blank), [0.0; 12]);
    }

    #[test]
    fn distributions_have_the_stated_bounds_and_spread() {
        let device = Device::flex();
        let mut start = Initialization::new(7, &device);
        let linear = start.linear(100, 400, true);
        let weight = numbers(&linear.weight);
        assert!(weight.iter().all(|w| w.abs() <= 0.1));
        let mean_square = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>() / v.len() as f32;
        // A uniform distribution within b has the variance b^2 / 3.
        assert!((mean_square(&weight) - 0.01 / 3.0).abs() < 1e-4);
        let xavier = numbers(&start.xavier_linear(100, 500, 0.02).weight);
        assert!((mean_square(&xavier) * 1e6 - 4.0 / 3.0).abs() < 0.05);
        let normal = numbers(&start.normal([200, 200], 8.0));
        assert!((mean_square(&normal) - 64.0).abs() < 2.0);
    }
}
