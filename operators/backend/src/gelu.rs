//! The GELU in its approximate form, in one operation.
//!
//! `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` (Hendrycks & Gimpel 2016, arXiv 1606.08415), computed as
//! `x sigmoid(r x + s x^3)`. Composed of burn's operations it keeps five tensors for the backward pass, here its argument alone.

#![allow(
    deprecated,
    reason = "burn marks LibTorch as deprecated; an operation has to list the backends it runs on"
)]

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// r: twice the square root of 2 / pi.
const LINEAR: f64 = SQRT_2 * FRAC_2_SQRT_PI;
/// s
const CUBIC: f64 = 0.044715 * LINEAR;

/// The approximate GELU (PyTorch's `approximate="tanh"`) of every number.
pub fn gelu_tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as GeluOps>::gelu_tanh(input.into_dispatch()))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait GeluOps: Backend {
    /// See [`gelu_tanh`].
    fn gelu_tanh(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let gate = gate::<Self>(input.clone());
        Self::float_mul(input, gate)
    }

    /// Gradient of the input for the gradient of the output.
    fn gelu_tanh_backward(
        input: FloatTensor<Self>,
        output: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let gate = gate::<Self>(input.clone());
        let square = Self::float_mul(input.clone(), input.clone());
        let slope = Self::float_mul_scalar(square, (3.0 * CUBIC).into());
        let slope = Self::float_add_scalar(slope, LINEAR.into());
        // sigmoid' = sigmoid (1 - sigmoid).
        let rest = Self::float_add_scalar(Self::float_neg(gate.clone()), 1.0.into());
        let bend = Self::float_mul(Self::float_mul(input, slope), rest);
        let factor = Self::float_mul(gate, Self::float_add_scalar(bend, 1.0.into()));
        Self::float_mul(output, factor)
    }
}

/// `sigmoid(r x + s x^3)`.
fn gate<B: Backend>(input: FloatTensor<B>) -> FloatTensor<B> {
    let square = B::float_mul(input.clone(), input.clone());
    let rate = B::float_add_scalar(B::float_mul_scalar(square, CUBIC.into()), LINEAR.into());
    B::sigmoid(B::float_mul(input, rate))
}

impl GeluOps for Flex {}

impl<B: GeluOps, C: CheckpointStrategy> GeluOps for Autodiff<B, C> {
    fn gelu_tanh(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let parents = [input.node()];
        let x = input.into_primitive();
        match Slope.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let output = B::gelu_tanh(x.clone());
                prepared.finish(x, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::gelu_tanh(x)),
        }
    }
}

#[derive(Debug)]
struct Slope;

impl<B: GeluOps> Backward<B, 1> for Slope {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        if let Some(node) = parent {
            gradients.register::<B>(node.id, B::gelu_tanh_backward(ops.state, output));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;

    const POINTS: [f64; 7] = [-6.0, -3.0, -0.5, 0.0, 0.7, 4.0, 30.0];

    fn exact(x: f64) -> f64 {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
        0.5 * x * (1.0 + inner.tanh())
    }

    #[test]
    fn values_and_slopes_are_those_of_the_formula_on_every_backend() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            let x = Tensor::<1>::from_data(POINTS.map(|x| x as f32), &device).require_grad();
            let y = gelu_tanh(x.clone());
            let weights = Tensor::from_data([1.0, -2.0, 3.0, 0.5, 1.5, -1.0, 2.0], &device);
            let gradients = (y.clone() * Tensor::clone(&weights)).sum().backward();
            let numbers = |t: Tensor<1>| t.into_data().iter::<f64>().collect::<Vec<_>>();
            let (y, slope) = (numbers(y), numbers(x.grad(&gradients).unwrap()));
            for (i, (x, weight)) in POINTS.iter().zip(numbers(weights)).enumerate() {
                assert!((y[i] - exact(*x)).abs() < 1e-5, "gelu({x}) = {}", y[i]);
                let expected = weight * (exact(x + 1e-5) - exact(x - 1e-5)) / 2e-5;
                assert!(
                    (slope[i] - expected).abs() < 1e-4,
                    "slope at {x}: {}",
                    slope[i]
                );
            }
        }
    }
}
