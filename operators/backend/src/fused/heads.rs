//! A linear map whose outputs lie head by head.
//!
//! As tensor operations it is a product of the inputs, repeated for every head, with the map of each: libtorch copies the
//! inputs for it, and the gradient of the inputs goes through a tensor per head. Here the inputs are read once, and summed over
//! the heads in the cache on the way back.
#![allow(
    deprecated,
    reason = "burn marks LibTorch as deprecated; an operation has to list the backends it runs on"
)]

use std::ops::Range;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, assert_shape};
use rayon::prelude::*;

use super::disjoint::Disjoint;
use super::product::{Matrix, MatrixMut};
use super::{HostMemory, partial_sums, register};

/// Points that a thread takes at a time: with 96 features 100 kB in and as much per head out.
const POINTS: usize = 256;

/// Maps points to heads: `output[b, h, p, :] = input[b, p, :] weight[:, h, :]`.
///
/// For tensors that [`super::available`] accepts. Differentiable.
///
/// # Shapes
/// - input: `[batch, points, features]`
/// - weight: `[features, heads * channels]`, the head being the slow index
/// - output: `[batch, heads, points, channels]`
///
/// # Panics
/// If the shapes do not fit together, or the numbers are not single precision in the memory of the CPU.
pub fn linear_to_heads(input: Tensor<3>, weight: Tensor<2>, heads: usize) -> Tensor<4> {
    let [_, _, features] = input.dims();
    assert_shape!(weight, [features, ..]);
    let width = weight.dims()[1];
    assert!(
        features > 0 && heads > 0 && width.is_multiple_of(heads),
        "{features} features to {width} channels of {heads} heads"
    );
    Tensor::from_dispatch(<Dispatch as HeadOps>::linear_to_heads(
        input.into_dispatch(),
        weight.into_dispatch(),
        heads,
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait HeadOps: Backend {
    /// See [`linear_to_heads`].
    fn linear_to_heads(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
}

impl HeadOps for Flex {
    fn linear_to_heads(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        Operation::<Self>::new(input, weight, heads).forward()
    }
}

impl<B: HostMemory, C: CheckpointStrategy> HeadOps for Autodiff<B, C> {
    fn linear_to_heads(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let parents = [input.node(), weight.node()];
        let [input, weight] = [input, weight].map(|tensor| tensor.into_primitive());
        let operation = Operation::<B>::new(input, weight, heads);
        let output = operation.forward();
        match ToHeads.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(operation, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct ToHeads;

impl<B: HostMemory> Backward<B, 2> for ToHeads {
    type State = Operation<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        register::<B, _, _>(&ops, ops.state.backward(output), gradients);
    }
}

/// The arguments on a backend.
#[derive(Debug, Clone)]
pub(crate) struct Operation<B: HostMemory> {
    sizes: Sizes,
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    points: usize,
    features: usize,
    heads: usize,
    channels: usize,
}

/// Some points of a sample.
type Part = (usize, Range<usize>);

impl Sizes {
    fn parts(&self) -> Vec<Part> {
        let of_sample = |batch| {
            let starts = (0..self.points).step_by(POINTS);
            starts.map(move |start| (batch, start..(start + POINTS).min(self.points)))
        };
        (0..self.batch).flat_map(of_sample).collect()
    }

    /// Where the points of a head lie in `[batch, heads, points, channels]`.
    fn of_head(&self, (batch, points): &Part, head: usize) -> Range<usize> {
        let first = (batch * self.heads + head) * self.points;
        (first + points.start) * self.channels..(first + points.end) * self.channels
    }

    /// Where they lie in `[batch, points, features]`.
    fn of_input(&self, (batch, points): &Part) -> Range<usize> {
        let first = batch * self.points;
        (first + points.start) * self.features..(first + points.end) * self.features
    }

    /// The map of a head, `[features, channels]`.
    fn map<'a>(&self, weight: &'a [f32], head: usize) -> Matrix<'a> {
        let shape = [self.features, self.channels];
        let stride = self.heads * self.channels;
        Matrix::new(&weight[head * self.channels..], shape, stride)
    }
}

impl<B: HostMemory> Operation<B> {
    pub(crate) fn new(input: FloatTensor<B>, weight: FloatTensor<B>, heads: usize) -> Self {
        let [batch, points, features] = input.shape().dims::<3>();
        let [_, width] = weight.shape().dims::<2>();
        Self {
            sizes: Sizes {
                batch,
                points,
                features,
                heads,
                channels: width / heads,
            },
            input: B::contiguous(input),
            weight: B::contiguous(weight),
        }
    }

    pub(crate) fn forward(&self) -> FloatTensor<B> {
        let sizes = self.sizes;
        let (input, weight) = (B::numbers(&self.input), B::numbers(&self.weight));
        let shape = Shape::new([sizes.batch, sizes.heads, sizes.points, sizes.channels]);
        let [output] = B::create([shape], |[output]| {
            let output = Disjoint::new(output);
            sizes.parts().par_iter().for_each(|part| {
                let points = part.1.len();
                let rows = Matrix::rows(&input[sizes.of_input(part)], [points, sizes.features]);
                for head in 0..sizes.heads {
                    let range = sizes.of_head(part, head);
                    #[allow(unsafe_code, reason = "the parts have no point in common")]
                    // SAFETY: threads work on different parts, whose ranges do not overlap.
                    let output = unsafe { output.range(range.start, range.len()) };
                    MatrixMut::rows(output, [points, sizes.channels])
                        .set(rows, sizes.map(weight, head));
                }
            });
        });
        output
    }

    /// Gradients of input and weight.
    fn backward(&self, output: FloatTensor<B>) -> [FloatTensor<B>; 2] {
        let output = B::contiguous(output);
        let shapes = [&self.input, &self.weight].map(|tensor| tensor.shape());
        B::create(shapes, |[of_input, of_weight]| {
            self.sizes.gradients(
                B::numbers(&self.input),
                B::numbers(&self.weight),
                B::numbers(&output),
                of_input,
                of_weight,
            );
        })
    }
}

impl Sizes {
    fn gradients(
        &self,
        input: &[f32],
        weight: &[f32],
        output: &[f32],
        of_input: &mut [f32],
        of_weight: &mut [f32],
    ) {
        let of_input = Disjoint::new(of_input);
        let parts = self.parts();
        let partials: Vec<Vec<f32>> = parts
            .par_chunks(partial_sums::group_size(parts.len()))
            .map(|parts| {
                let mut of_weight = vec![0.0; weight.len()];
                for part in parts {
                    let range = self.of_input(part);
                    #[allow(unsafe_code, reason = "the parts have no point in common")]
                    // SAFETY: threads work on different parts, whose ranges do not overlap.
                    let of_input = unsafe { of_input.range(range.start, range.len()) };
                    self.gradients_of_part(part, input, weight, output, of_input, &mut of_weight);
                }
                of_weight
            })
            .collect();
        partial_sums::in_order(of_weight, partials.iter().map(Vec::as_slice));
    }

    fn gradients_of_part(
        &self,
        part: &Part,
        input: &[f32],
        weight: &[f32],
        output: &[f32],
        of_input: &mut [f32],
        of_weight: &mut [f32],
    ) {
        let points = part.1.len();
        let rows = Matrix::rows(&input[self.of_input(part)], [points, self.features]);
        for head in 0..self.heads {
            let slopes = Matrix::rows(&output[self.of_head(part, head)], [points, self.channels]);
            let of_input = MatrixMut::rows(of_input, [points, self.features]);
            let map = self.map(weight, head).transposed();
            if head == 0 {
                of_input.set(slopes, map);
            } else {
                of_input.add(slopes, map);
            }
            let shape = [self.features, self.channels];
            let stride = self.heads * self.channels;
            MatrixMut::new(&mut of_weight[head * self.channels..], shape, stride)
                .add(rows.transposed(), slopes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;
    use burn::tensor::Distribution;

    /// One part and several, one sample and several.
    const CASES: [[usize; 5]; 3] = [[2, 7, 3, 2, 4], [1, 600, 5, 3, 2], [3, 257, 4, 1, 6]];

    #[test]
    fn output_and_gradients_are_those_of_the_product() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            device.seed(2);
            for [batch, points, features, heads, channels] in CASES {
                let normal = Distribution::Normal(0.0, 1.0);
                let input = Tensor::<3>::random([batch, points, features], normal, &device);
                let weight = Tensor::<2>::random([features, heads * channels], normal, &device);
                let (input, weight) = (input.require_grad(), weight.require_grad());
                let plain = input
                    .clone()
                    .reshape([batch * points, features])
                    .matmul(weight.clone())
                    .reshape([batch, points, heads, channels])
                    .swap_dims(1, 2);
                let fused = linear_to_heads(input.clone(), weight.clone(), heads);
                let difference = (fused.clone() - plain.clone())
                    .abs()
                    .max()
                    .into_scalar::<f32>();
                assert!(difference < 1e-5, "{difference}");
                let loss = |output: Tensor<4>| (output.clone() * output.sin()).sum();
                let (found, expected) = (loss(fused).backward(), loss(plain).backward());
                let both = [&found, &expected].map(|all| input.grad(all).expect("tracked"));
                assert!(close(&both[0], &both[1]));
                let both = [&found, &expected].map(|all| weight.grad(all).expect("tracked"));
                assert!(close(&both[0], &both[1]));
            }
        }
    }

    fn close<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> bool {
        let largest = |tensor: Tensor<D>| tensor.abs().max().into_scalar::<f32>();
        largest(a.clone() - b.clone()) < 1e-5 * largest(b.clone())
    }
}
