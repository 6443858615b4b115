//! Layer normalisation (Ba et al. 2016, arXiv 1607.06450) of every point, on all threads.
//!
//! As tensor operations its backward pass writes half a dozen tensors of the input's size; here it reads the input and the gradient
//! of the outputs and writes that of the inputs. Mean and spread are computed again: they cost less than reading them.
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

use super::{HostMemory, partial_sums, register, vectorized};

/// Points that a thread takes at a time.
const POINTS: usize = 256;

/// Sums that are kept side by side: a vector register of them.
const LANES: usize = 16;

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta` for every point, over its features (biased variance).
///
/// For tensors that [`super::available`] accepts. Differentiable.
///
/// # Shapes
/// - input, output: `[points, features]`
/// - gamma, beta: `[features]`
///
/// # Panics
/// If the shapes do not fit together, or the numbers are not single precision in the memory of the CPU.
pub fn layer_norm(input: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let [_, features] = input.dims();
    assert_shape!(gamma, [features]);
    assert_shape!(beta, [features]);
    Tensor::from_dispatch(<Dispatch as LayerNormOps>::layer_norm_of_points(
        input.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait LayerNormOps: Backend {
    /// See [`layer_norm`].
    fn layer_norm_of_points(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;
}

impl LayerNormOps for Flex {
    fn layer_norm_of_points(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        Operation::<Self>::new(input, gamma, epsilon).forward(beta)
    }
}

impl<B: HostMemory, C: CheckpointStrategy> LayerNormOps for Autodiff<B, C> {
    fn layer_norm_of_points(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let parents = [input.node(), gamma.node(), beta.node()];
        let [input, gamma, beta] = [input, gamma, beta].map(|tensor| tensor.into_primitive());
        let operation = Operation::<B>::new(input, gamma, epsilon);
        let output = operation.forward(beta);
        match Norm.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(operation, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Norm;

impl<B: HostMemory> Backward<B, 3> for Norm {
    type State = Operation<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        register::<B, _, _>(&ops, ops.state.backward(output), gradients);
    }
}

/// The arguments that the backward pass needs, on a backend.
#[derive(Debug, Clone)]
pub(crate) struct Operation<B: HostMemory> {
    features: usize,
    input: FloatTensor<B>,
    gamma: FloatTensor<B>,
    epsilon: f32,
}

impl<B: HostMemory> Operation<B> {
    pub(crate) fn new(input: FloatTensor<B>, gamma: FloatTensor<B>, epsilon: f64) -> Self {
        let [features] = gamma.shape().dims::<1>();
        Self {
            features,
            input: B::contiguous(input),
            gamma: B::contiguous(gamma),
            epsilon: epsilon as f32,
        }
    }

    pub(crate) fn forward(&self, beta: FloatTensor<B>) -> FloatTensor<B> {
        let beta = B::contiguous(beta);
        let (gamma, beta) = (B::numbers(&self.gamma), B::numbers(&beta));
        let part = POINTS * self.features;
        let [output] = B::create([self.input.shape()], |[output]| {
            let parts = output.par_chunks_mut(part);
            let parts = parts.zip(B::numbers(&self.input).par_chunks(part));
            parts.for_each(|(output, input)| {
                vectorized(
                    #[inline(always)]
                    || {
                        let points = output.chunks_exact_mut(gamma.len());
                        for (output, x) in points.zip(input.chunks_exact(gamma.len())) {
                            let (mean, scale) = moments(x, self.epsilon);
                            let map = gamma.iter().zip(beta);
                            for ((output, x), (gamma, beta)) in output.iter_mut().zip(x).zip(map) {
                                *output = ((x - mean) * scale).mul_add(*gamma, *beta);
                            }
                        }
                    },
                );
            });
        });
        output
    }

    /// Gradients of input, gamma and beta.
    fn backward(&self, output: FloatTensor<B>) -> [FloatTensor<B>; 3] {
        let output = B::contiguous(output);
        let (slopes, input) = (B::numbers(&output), B::numbers(&self.input));
        let features = self.features;
        let parts = (input.len() / features.max(1)).div_ceil(POINTS);
        let group = partial_sums::group_size(parts) * POINTS * features;
        let shapes = [&self.input, &self.gamma, &self.gamma].map(|tensor| tensor.shape());
        B::create(shapes, |[of_input, of_gamma, of_beta]| {
            let groups = of_input.par_chunks_mut(group);
            let groups = groups.zip(input.par_chunks(group));
            let partials: Vec<Vec<f32>> = groups
                .zip(slopes.par_chunks(group))
                .map(|((of_input, input), slopes)| {
                    let mut sums = vec![0.0; 2 * features];
                    vectorized(
                        #[inline(always)]
                        || self.gradients_of_group([input, slopes], of_input, &mut sums),
                    );
                    sums
                })
                .collect();
            partial_sums::in_order(of_gamma, partials.iter().map(|sums| &sums[..features]));
            partial_sums::in_order(of_beta, partials.iter().map(|sums| &sums[features..]));
        })
    }

    /// Writes the gradient of some points, adds to those of gamma and beta: with `z = (x - mean) scale` and `g = gamma dy`,
    /// `dx = scale (g - mean(g) - z mean(g z))`.
    #[inline(always)]
    fn gradients_of_group(
        &self,
        [input, slopes]: [&[f32]; 2],
        of_input: &mut [f32],
        sums: &mut [f32],
    ) {
        let gamma = B::numbers(&self.gamma);
        let (of_gamma, of_beta) = sums.split_at_mut(gamma.len());
        let share = 1.0 / gamma.len() as f32;
        let points = of_input.chunks_exact_mut(gamma.len());
        let points = points.zip(input.chunks_exact(gamma.len()));
        for ((to, x), dy) in points.zip(slopes.chunks_exact(gamma.len())) {
            let (mean, scale) = moments(x, self.epsilon);
            let all = to.iter_mut().zip(x).zip(dy.iter().zip(gamma));
            // The normalised numbers wait where the gradient will be.
            for (((z, x), (dy, _)), (of_gamma, of_beta)) in
                all.zip(of_gamma.iter_mut().zip(of_beta.iter_mut()))
            {
                *z = (x - mean) * scale;
                *of_gamma += dy * *z;
                *of_beta += dy;
            }
            let of_mean = share * sum_of_products(dy, gamma);
            let of_scale = share * sum_of_triples(dy, gamma, to);
            for (to, (dy, gamma)) in to.iter_mut().zip(dy.iter().zip(gamma)) {
                *to = scale * (dy * gamma - of_mean - *to * of_scale);
            }
        }
    }
}

/// Mean and `1 / sqrt(variance + epsilon)` of a point's features.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let share = 1.0 / x.len() as f32;
    let mean = share * sum(x.len(), |i| x[i]);
    let squares = sum(x.len(), |i| (x[i] - mean) * (x[i] - mean));
    (mean, 1.0 / (share * squares + epsilon).sqrt())
}

#[inline(always)]
fn sum_of_products(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    sum(a.len(), |i| a[i] * b[i])
}

#[inline(always)]
fn sum_of_triples(a: &[f32], b: &[f32], c: &[f32]) -> f32 {
    let (b, c) = (&b[..a.len()], &c[..a.len()]);
    sum(a.len(), |i| a[i] * b[i] * c[i])
}

/// The sum of `count` terms, a vector of them at a time.
#[inline(always)]
fn sum(count: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = count - count % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    let rest: f32 = (whole..count).map(&term).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;
    use burn::module::Param;
    use burn::nn::LayerNormConfig;
    use burn::tensor::Distribution;

    #[test]
    fn output_and_gradients_are_those_of_the_layer() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            device.seed(5);
            for [points, features] in [[3, 1], [5, 7], [700, 16], [20_000, 21], [300, 96]] {
                let normal = Distribution::Normal(0.5, 2.0);
                let input = Tensor::<2>::random([points, features], normal, &device);
                let input = input.require_grad();
                let draw = || Tensor::<1>::random([features], normal, &device);
                let mut layer = LayerNormConfig::new(features).init(&device);
                layer.gamma = Param::from_tensor(draw());
                layer.beta = Some(Param::from_tensor(draw()));
                let (gamma, beta) = (layer.gamma.val(), layer.beta.as_ref().unwrap().val());
                let fused = layer_norm(input.clone(), gamma.clone(), beta.clone(), 1e-5);
                let plain = layer.forward(input.clone());
                assert!(close(&fused, &plain, 2e-6), "{points} {features}");
                let loss = |output: Tensor<2>| (output.clone() * output.sin()).sum();
                let (found, expected) = (loss(fused).backward(), loss(plain).backward());
                let both = [&found, &expected].map(|all| input.grad(all).expect("tracked"));
                assert!(close(&both[0], &both[1], 2e-5), "{points} {features}");
                for argument in [&gamma, &beta] {
                    let both = [&found, &expected].map(|all| argument.grad(all).expect("tracked"));
                    assert!(close(&both[0], &both[1], 2e-5), "{points} {features}");
                }
                // Of an input alone.
                let [gamma, beta] = [gamma, beta].map(|tensor| tensor.detach());
                let alone = loss(layer_norm(input.clone(), gamma, beta, 1e-5)).backward();
                let both = [&alone, &expected].map(|all| input.grad(all).expect("tracked"));
                assert!(close(&both[0], &both[1], 2e-5), "{points} {features}");
            }
        }
    }

    fn close<const D: usize>(a: &Tensor<D>, b: &Tensor<D>, tolerance: f32) -> bool {
        let largest = |tensor: Tensor<D>| tensor.abs().max().into_scalar::<f32>();
        largest(a.clone() - b.clone()) <= tolerance * largest(b.clone())
    }
}
