//! A feed-forward network whose hidden features are never stored.
//!
//! `gelu(input expand + expand_bias) contract + contract_bias`, some points at a time. The hidden features, usually four times
//! as wide as the input, stay in the cache; the backward pass computes them again, where tensor operations keep them twice.
#![allow(
    deprecated,
    reason = "burn marks LibTorch as deprecated; an operation has to list the backends it runs on"
)]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, assert_shape};
use rayon::prelude::*;

use super::buffers::with_buffers;
use super::elementary::{gelu, gelu_slope, gelu_tanh, gelu_tanh_slope};
use super::product::{Matrix, MatrixMut};
use super::{HostMemory, partial_sums, register, vectorized};

/// Points that a thread takes at a time: the maps, some MB, are read once for all of them.
const POINTS: usize = 256;

/// Numbers of all partial gradients of the maps together, which are kept apart in groups of points; independent of the threads.
const PARTIAL_NUMBERS: usize = 1 << 24;

/// Which GELU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gelu {
    /// `x Phi(x)`
    Exact,
    /// As [`crate::gelu`] has it.
    Tanh,
}

/// The four tensors of the network.
#[derive(Debug, Clone)]
pub struct Network {
    /// `[features, hidden]`
    pub expand: Tensor<2>,
    /// `[hidden]`
    pub expand_bias: Tensor<1>,
    /// `[hidden, outputs]`
    pub contract: Tensor<2>,
    /// `[outputs]`
    pub contract_bias: Tensor<1>,
}

/// Applies the network to every point.
///
/// For tensors that [`super::available`] accepts. Differentiable.
///
/// # Shapes
/// - input: `[points, features]`
/// - output: `[points, outputs]`
///
/// # Panics
/// If the shapes do not fit together, or the numbers are not single precision in the memory of the CPU.
pub fn feed_forward(input: Tensor<2>, network: Network, form: Gelu) -> Tensor<2> {
    let [features, hidden] = network.expand.dims();
    let outputs = network.contract.dims()[1];
    assert!(
        features * hidden * outputs > 0,
        "a network without features"
    );
    assert_shape!(input, [.., features]);
    assert_shape!(network.contract, [hidden, outputs]);
    assert_shape!(network.expand_bias, [hidden]);
    assert_shape!(network.contract_bias, [outputs]);
    Tensor::from_dispatch(<Dispatch as FeedForwardOps>::feed_forward(
        input.into_dispatch(),
        network.expand.into_dispatch(),
        network.expand_bias.into_dispatch(),
        network.contract.into_dispatch(),
        network.contract_bias.into_dispatch(),
        form == Gelu::Tanh,
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait FeedForwardOps: Backend {
    /// See [`feed_forward`]; `tanh` asks for the approximate GELU.
    fn feed_forward(
        input: FloatTensor<Self>,
        expand: FloatTensor<Self>,
        expand_bias: FloatTensor<Self>,
        contract: FloatTensor<Self>,
        contract_bias: FloatTensor<Self>,
        tanh: bool,
    ) -> FloatTensor<Self>;
}

impl FeedForwardOps for Flex {
    fn feed_forward(
        input: FloatTensor<Self>,
        expand: FloatTensor<Self>,
        expand_bias: FloatTensor<Self>,
        contract: FloatTensor<Self>,
        contract_bias: FloatTensor<Self>,
        tanh: bool,
    ) -> FloatTensor<Self> {
        let tensors = [input, expand, expand_bias, contract, contract_bias];
        Operation::<Self>::new(tensors, tanh).forward()
    }
}

impl<B: HostMemory, C: CheckpointStrategy> FeedForwardOps for Autodiff<B, C> {
    fn feed_forward(
        input: FloatTensor<Self>,
        expand: FloatTensor<Self>,
        expand_bias: FloatTensor<Self>,
        contract: FloatTensor<Self>,
        contract_bias: FloatTensor<Self>,
        tanh: bool,
    ) -> FloatTensor<Self> {
        let tensors = [input, expand, expand_bias, contract, contract_bias];
        let parents = tensors.each_ref().map(|tensor| tensor.node());
        let operation = Operation::<B>::new(tensors.map(|tensor| tensor.into_primitive()), tanh);
        let output = operation.forward();
        match Recomputing.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(operation, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

/// The backward pass that computes the hidden features again.
#[derive(Debug)]
struct Recomputing;

impl<B: HostMemory> Backward<B, 5> for Recomputing {
    type State = Operation<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 5>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        register::<B, _, _>(&ops, ops.state.backward(output), gradients);
    }
}

/// Input, maps and biases on a backend.
#[derive(Debug, Clone)]
pub(crate) struct Operation<B: HostMemory> {
    sizes: Sizes,
    /// In the order of [`FeedForwardOps::feed_forward`].
    tensors: [FloatTensor<B>; 5],
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    points: usize,
    features: usize,
    hidden: usize,
    outputs: usize,
    tanh: bool,
}

/// The numbers of the maps and biases.
#[derive(Debug, Clone, Copy)]
struct Maps<'a> {
    sizes: Sizes,
    expand: Matrix<'a>,
    expand_bias: &'a [f32],
    contract: Matrix<'a>,
    contract_bias: &'a [f32],
}

impl<B: HostMemory> Operation<B> {
    pub(crate) fn new(tensors: [FloatTensor<B>; 5], tanh: bool) -> Self {
        let [points, features] = tensors[0].shape().dims::<2>();
        let [hidden, outputs] = tensors[3].shape().dims::<2>();
        Self {
            sizes: Sizes {
                points,
                features,
                hidden,
                outputs,
                tanh,
            },
            tensors: tensors.map(B::contiguous),
        }
    }

    fn maps(&self) -> Maps<'_> {
        let [_, expand, expand_bias, contract, contract_bias] =
            self.tensors.each_ref().map(B::numbers);
        let sizes = self.sizes;
        Maps {
            sizes,
            expand: Matrix::rows(expand, [sizes.features, sizes.hidden]),
            expand_bias,
            contract: Matrix::rows(contract, [sizes.hidden, sizes.outputs]),
            contract_bias,
        }
    }

    pub(crate) fn forward(&self) -> FloatTensor<B> {
        let (sizes, maps) = (self.sizes, self.maps());
        let input = B::numbers(&self.tensors[0]);
        let [output] = B::create([Shape::new([sizes.points, sizes.outputs])], |[output]| {
            let parts = output.par_chunks_mut(POINTS * sizes.outputs);
            let parts = parts.zip(input.par_chunks(POINTS * sizes.features));
            parts.for_each(|(output, input)| maps.forward(input, output));
        });
        output
    }

    /// Gradients of input, maps and biases, in the order of the tensors.
    fn backward(&self, output: FloatTensor<B>) -> [FloatTensor<B>; 5] {
        let output = B::contiguous(output);
        let (input, slopes) = (B::numbers(&self.tensors[0]), B::numbers(&output));
        let maps = self.maps();
        let shapes = self.tensors.each_ref().map(|tensor| tensor.shape());
        B::create(
            shapes,
            |[
                of_input,
                of_expand,
                of_expand_bias,
                of_contract,
                of_contract_bias,
            ]| {
                let partial = maps.gradients(input, slopes, of_input);
                let whole = [of_expand, of_expand_bias, of_contract, of_contract_bias];
                let mut from = 0;
                for whole in whole {
                    let length = whole.len();
                    whole.copy_from_slice(&partial[from..from + length]);
                    from += length;
                }
            },
        )
    }
}

impl Maps<'_> {
    /// The hidden features of some points before the GELU.
    fn expanded(&self, input: &[f32], hidden: &mut [f32]) {
        let sizes = self.sizes;
        let points = input.len() / sizes.features;
        for row in hidden.chunks_exact_mut(sizes.hidden) {
            row.copy_from_slice(self.expand_bias);
        }
        MatrixMut::rows(hidden, [points, sizes.hidden])
            .add(Matrix::rows(input, [points, sizes.features]), self.expand);
    }

    fn forward(&self, input: &[f32], output: &mut [f32]) {
        let sizes = self.sizes;
        let points = input.len() / sizes.features;
        with_buffers([points * sizes.hidden], |[hidden]| {
            self.expanded(input, hidden);
            vectorized(
                #[inline(always)]
                || {
                    if sizes.tanh {
                        for x in hidden.iter_mut() {
                            *x = gelu_tanh(*x);
                        }
                    } else {
                        for x in hidden.iter_mut() {
                            *x = gelu(*x);
                        }
                    }
                },
            );
            for row in output.chunks_exact_mut(sizes.outputs) {
                row.copy_from_slice(self.contract_bias);
            }
            let hidden = Matrix::rows(hidden, [points, sizes.hidden]);
            MatrixMut::rows(output, [points, sizes.outputs]).add(hidden, self.contract);
        });
    }

    /// Writes the gradient of the input; gives those of expand, its bias, contract, its bias, one behind the other.
    fn gradients(&self, input: &[f32], output: &[f32], of_input: &mut [f32]) -> Vec<f32> {
        let sizes = self.sizes;
        let numbers = (sizes.features + 1 + sizes.outputs) * sizes.hidden + sizes.outputs;
        let groups = (PARTIAL_NUMBERS / numbers).clamp(1, partial_sums::GROUPS);
        let parts = sizes.points.div_ceil(POINTS).div_ceil(groups).max(1);
        let points = parts * POINTS;
        let each = of_input.par_chunks_mut(points * sizes.features);
        let each = each.zip(input.par_chunks(points * sizes.features));
        let each = each.zip(output.par_chunks(points * sizes.outputs));
        let partials: Vec<Vec<f32>> = each
            .map(|((of_input, input), output)| {
                let mut sums = vec![0.0; numbers];
                let parts = of_input.chunks_mut(POINTS * sizes.features);
                let parts = parts.zip(input.chunks(POINTS * sizes.features));
                for ((of_input, input), output) in parts.zip(output.chunks(POINTS * sizes.outputs))
                {
                    self.gradients_of_part(input, output, of_input, &mut sums);
                }
                sums
            })
            .collect();
        let mut whole = vec![0.0; numbers];
        partial_sums::in_order(&mut whole, partials.iter().map(Vec::as_slice));
        whole
    }

    fn gradients_of_part(
        &self,
        input: &[f32],
        output: &[f32],
        of_input: &mut [f32],
        sums: &mut [f32],
    ) {
        let sizes = self.sizes;
        let points = input.len() / sizes.features;
        let (of_expand, rest) = sums.split_at_mut(sizes.features * sizes.hidden);
        let (of_expand_bias, rest) = rest.split_at_mut(sizes.hidden);
        let (of_contract, of_contract_bias) = rest.split_at_mut(sizes.hidden * sizes.outputs);
        let rows = Matrix::rows(input, [points, sizes.features]);
        let slopes = Matrix::rows(output, [points, sizes.outputs]);
        let shape = [points, sizes.hidden];
        let length = points * sizes.hidden;
        with_buffers([length, length], |[hidden, of_hidden]| {
            self.expanded(input, hidden);
            MatrixMut::rows(of_hidden, shape).set(slopes, self.contract.transposed());
            vectorized(
                #[inline(always)]
                || {
                    let both = hidden.iter_mut().zip(&mut *of_hidden);
                    if sizes.tanh {
                        for (x, slope) in both {
                            *slope *= gelu_tanh_slope(*x);
                            *x = gelu_tanh(*x);
                        }
                    } else {
                        for (x, slope) in both {
                            *slope *= gelu_slope(*x);
                            *x = gelu(*x);
                        }
                    }
                    add_rows(of_expand_bias, of_hidden);
                    add_rows(of_contract_bias, output);
                },
            );
            let active = Matrix::rows(hidden, shape);
            MatrixMut::rows(of_contract, [sizes.hidden, sizes.outputs])
                .add(active.transposed(), slopes);
            let of_hidden = Matrix::rows(of_hidden, shape);
            MatrixMut::rows(of_expand, [sizes.features, sizes.hidden])
                .add(rows.transposed(), of_hidden);
            MatrixMut::rows(of_input, [points, sizes.features])
                .set(of_hidden, self.expand.transposed());
        });
    }
}

/// Adds up rows.
#[inline(always)]
fn add_rows(sums: &mut [f32], rows: &[f32]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;
    use burn::tensor::Distribution;
    use burn::tensor::activation::gelu;

    #[test]
    fn output_and_gradients_are_those_of_the_formula() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            device.seed(6);
            for (points, form) in [(5, Gelu::Exact), (700, Gelu::Tanh), (9000, Gelu::Exact)] {
                let normal = Distribution::Normal(0.0, 1.0);
                let draw = |shape| Tensor::<2>::random(shape, normal, &device).require_grad();
                let bias = |n| Tensor::<1>::random([n], normal, &device).require_grad();
                let (x, w, v) = (draw([points, 3]), draw([3, 8]), draw([8, 4]));
                let (b, c) = (bias(8), bias(4));
                let hidden = x.clone().matmul(w.clone()) + b.clone().unsqueeze();
                let active = match form {
                    Gelu::Exact => gelu(hidden),
                    Gelu::Tanh => crate::gelu::gelu_tanh(hidden),
                };
                let plain = active.matmul(v.clone()) + c.clone().unsqueeze();
                let network = Network {
                    expand: w.clone(),
                    expand_bias: b.clone(),
                    contract: v.clone(),
                    contract_bias: c.clone(),
                };
                let fused = feed_forward(x.clone(), network, form);
                assert!(close(&fused, &plain), "output");
                let loss = |output: Tensor<2>| (output.clone() * output.sin()).sum();
                let both = [loss(fused).backward(), loss(plain).backward()];
                for tensor in [x, w, v] {
                    let [a, b] = both
                        .each_ref()
                        .map(|all| tensor.grad(all).expect("tracked"));
                    assert!(close(&a, &b), "of a matrix");
                }
                for tensor in [b, c] {
                    let [a, b] = both
                        .each_ref()
                        .map(|all| tensor.grad(all).expect("tracked"));
                    assert!(close(&a, &b), "of a bias");
                }
            }
        }
    }

    fn close<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> bool {
        let largest = |tensor: Tensor<D>| tensor.abs().max().into_scalar::<f32>();
        largest(a.clone() - b.clone()) < 1e-5 * largest(b.clone())
    }
}
