//! The end of a block: exact GELU, a linear map, and the weighted sum with what came into the block.
//!
//! `base + share gelu(hidden) weight`. As tensor operations it writes three tensors of this size on the way to the sum and
//! keeps two for the backward pass; here it keeps its arguments.
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
use burn::tensor::{Tensor, assert_shape};
use rayon::prelude::*;

use super::buffers::with_buffers;
use super::elementary::{gelu, gelu_slope};
use super::product::{Matrix, MatrixMut};
use super::{HostMemory, partial_sums, vectorized};

/// Points that a thread takes at a time.
const POINTS: usize = 256;

/// `base + share gelu(hidden) weight` for every point.
///
/// For tensors that [`super::available`] accepts. Differentiable.
///
/// # Shapes
/// - base, output: `[points, outputs]`
/// - hidden: `[points, features]`
/// - weight: `[features, outputs]`
///
/// # Panics
/// If the shapes do not fit together, or the numbers are not single precision in the memory of the CPU.
pub fn add_gelu_linear(
    base: Tensor<2>,
    hidden: Tensor<2>,
    weight: Tensor<2>,
    share: f64,
) -> Tensor<2> {
    let [points, outputs] = base.dims();
    let [_, features] = hidden.dims();
    assert_shape!(hidden, [points, features]);
    assert_shape!(weight, [features, outputs]);
    Tensor::from_dispatch(<Dispatch as ResidualOps>::add_gelu_linear(
        base.into_dispatch(),
        hidden.into_dispatch(),
        weight.into_dispatch(),
        share,
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait ResidualOps: Backend {
    /// See [`add_gelu_linear`].
    fn add_gelu_linear(
        base: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        share: f64,
    ) -> FloatTensor<Self>;
}

impl ResidualOps for Flex {
    fn add_gelu_linear(
        base: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        share: f64,
    ) -> FloatTensor<Self> {
        Operation::<Self>::new(hidden, weight, share).forward(base)
    }
}

impl<B: HostMemory, C: CheckpointStrategy> ResidualOps for Autodiff<B, C> {
    fn add_gelu_linear(
        base: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        share: f64,
    ) -> FloatTensor<Self> {
        let parents = [base.node(), hidden.node(), weight.node()];
        let [base, hidden, weight] = [base, hidden, weight].map(|tensor| tensor.into_primitive());
        let operation = Operation::<B>::new(hidden, weight, share);
        let output = operation.forward(base);
        match Residual.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(operation, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Residual;

impl<B: HostMemory> Backward<B, 3> for Residual {
    type State = Operation<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        let [base, hidden, weight] = ops.parents;
        if hidden.is_some() || weight.is_some() {
            let [of_hidden, of_weight] = ops.state.backward(output.clone());
            for (parent, gradient) in [(hidden, of_hidden), (weight, of_weight)] {
                if let Some(node) = parent {
                    gradients.register::<B>(node.id, gradient);
                }
            }
        }
        if let Some(node) = base {
            gradients.register::<B>(node.id, output);
        }
    }
}

/// The arguments that the backward pass needs, on a backend.
#[derive(Debug, Clone)]
pub(crate) struct Operation<B: HostMemory> {
    features: usize,
    outputs: usize,
    hidden: FloatTensor<B>,
    weight: FloatTensor<B>,
    share: f32,
}

impl<B: HostMemory> Operation<B> {
    pub(crate) fn new(hidden: FloatTensor<B>, weight: FloatTensor<B>, share: f64) -> Self {
        let [features, outputs] = weight.shape().dims::<2>();
        Self {
            features,
            outputs,
            hidden: B::contiguous(hidden),
            weight: B::contiguous(weight),
            share: share as f32,
        }
    }

    pub(crate) fn forward(&self, base: FloatTensor<B>) -> FloatTensor<B> {
        let base = B::contiguous(base);
        assert_eq!(
            B::numbers(&base).len() * self.features,
            B::numbers(&self.hidden).len() * self.outputs,
            "points of the two arguments"
        );
        let (features, outputs) = (self.features, self.outputs);
        let map = self.scaled_map();
        let map = Matrix::rows(&map, [features, outputs]);
        let (from, hidden) = (B::numbers(&base), B::numbers(&self.hidden));
        let [output] = B::create([base.shape()], |[output]| {
            let parts = output.par_chunks_mut(POINTS * outputs);
            let hidden = hidden.par_chunks(POINTS * features);
            let parts = parts.zip(from.par_chunks(POINTS * outputs)).zip(hidden);
            parts.for_each(|((output, base), hidden)| {
                output.copy_from_slice(base);
                let points = output.len() / outputs;
                with_buffers([hidden.len()], |[active]| {
                    vectorized(
                        #[inline(always)]
                        || {
                            for (to, x) in active.iter_mut().zip(hidden) {
                                *to = gelu(*x);
                            }
                        },
                    );
                    let active = Matrix::rows(active, [points, features]);
                    MatrixMut::rows(output, [points, outputs]).add(active, map);
                });
            });
        });
        output
    }

    /// `share weight`, so that the sum needs no other factor.
    fn scaled_map(&self) -> Vec<f32> {
        B::numbers(&self.weight)
            .iter()
            .map(|w| self.share * w)
            .collect()
    }

    /// Gradients of hidden and weight.
    fn backward(&self, output: FloatTensor<B>) -> [FloatTensor<B>; 2] {
        let output = B::contiguous(output);
        let output = B::numbers(&output);
        let shapes = [&self.hidden, &self.weight].map(|tensor| tensor.shape());
        let hidden = B::numbers(&self.hidden);
        let map = self.scaled_map();
        let (features, outputs) = (self.features, self.outputs);
        let parts = (output.len() / outputs.max(1)).div_ceil(POINTS);
        let points = partial_sums::group_size(parts) * POINTS;
        B::create(shapes, |[of_hidden, of_weight]| {
            let groups = of_hidden.par_chunks_mut(points * features);
            let groups = groups.zip(hidden.par_chunks(points * features));
            let groups = groups.zip(output.par_chunks(points * outputs));
            let partials: Vec<Vec<f32>> = groups
                .map(|((of_hidden, hidden), output)| {
                    let mut of_weight = vec![0.0; map.len()];
                    let parts = of_hidden.chunks_mut(POINTS * features);
                    let parts = parts.zip(hidden.chunks(POINTS * features));
                    for ((of_hidden, hidden), output) in parts.zip(output.chunks(POINTS * outputs))
                    {
                        self.gradients_of_part(&map, [hidden, output], of_hidden, &mut of_weight);
                    }
                    of_weight
                })
                .collect();
            partial_sums::in_order(of_weight, partials.iter().map(Vec::as_slice));
            of_weight.iter_mut().for_each(|sum| *sum *= self.share);
        })
    }

    /// For some points: writes the gradient of hidden, adds to that of the map (without `share`).
    fn gradients_of_part(
        &self,
        map: &[f32],
        [hidden, output]: [&[f32]; 2],
        of_hidden: &mut [f32],
        of_weight: &mut [f32],
    ) {
        let (features, outputs) = (self.features, self.outputs);
        let points = output.len() / outputs;
        let slopes = Matrix::rows(output, [points, outputs]);
        let map = Matrix::rows(map, [features, outputs]);
        MatrixMut::rows(of_hidden, [points, features]).set(slopes, map.transposed());
        with_buffers([hidden.len()], |[active]| {
            vectorized(
                #[inline(always)]
                || {
                    let all = active.iter_mut().zip(of_hidden).zip(hidden);
                    for ((active, of_hidden), x) in all {
                        *active = gelu(*x);
                        *of_hidden *= gelu_slope(*x);
                    }
                },
            );
            let active = Matrix::rows(active, [points, features]);
            MatrixMut::rows(of_weight, [features, outputs]).add(active.transposed(), slopes);
        });
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
            device.seed(4);
            for [points, features, outputs] in [[5, 3, 4], [700, 6, 5], [20_000, 2, 3]] {
                let draw = |shape: [usize; 2]| {
                    Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.5), &device)
                        .require_grad()
                };
                let arguments = [
                    draw([points, outputs]),
                    draw([points, features]),
                    draw([features, outputs]),
                ];
                let [base, hidden, weight] = arguments.clone();
                let plain =
                    base.clone() + gelu(hidden.clone()).matmul(weight.clone()).mul_scalar(0.3);
                let fused = add_gelu_linear(base, hidden, weight, 0.3);
                assert!(close(&fused, &plain, 1e-6));
                let loss = |output: Tensor<2>| (output.clone() * output.sin()).sum();
                let (found, expected) = (loss(fused).backward(), loss(plain).backward());
                for argument in arguments {
                    let both = [&found, &expected].map(|all| argument.grad(all).expect("tracked"));
                    assert!(close(&both[0], &both[1], 1e-5));
                }
            }
        }
    }

    fn close(a: &Tensor<2>, b: &Tensor<2>, tolerance: f32) -> bool {
        let largest = |tensor: Tensor<2>| tensor.abs().max().into_scalar::<f32>();
        largest(a.clone() - b.clone()) < tolerance * largest(b.clone())
    }
}
