//! The parallel factorized attention of IFactFormer-m (arXiv 2412.18840) from values and kernels to the first map, fused.
//!
//! `sum over axes and heads of normalised(K_a v) W_a`: every kernel is applied to the same values along its axis, each channel
//! is normalised over the points of its sample (biased variance, epsilon 1e-5), and a linear map adds up all parts. As tensor
//! operations each axis writes and reads several tensors as large as the values (32 MB at the published size); here a tile of
//! points stays in the cache from the kernel to the sum, and nothing but the outputs is written. The backward pass keeps the
//! arguments and the moments alone.
#![allow(
    deprecated,
    reason = "burn marks LibTorch as deprecated; an operation has to list the backends it runs on"
)]

mod backward;
mod forward;
mod geometry;
mod tiles;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, assert_shape};

use crate::fused::{HostMemory, register};
use forward::Moments;
use geometry::Sizes;
use tiles::Arguments;

/// Applies the kernels of the axes, normalises and maps; see the module.
///
/// For tensors that [`crate::fused::available`] accepts. Differentiable.
///
/// # Shapes
/// - kernels: per axis, x first, `[batch, heads, n, n]`
/// - values: `[batch, heads, nx, ny, nz, channels]`
/// - map: `[heads, axes, channels, outputs]`
/// - output: `[batch, nx ny nz, outputs]`
///
/// # Panics
/// If the shapes do not fit together, or the numbers are not single precision in the memory of the CPU.
pub fn mix_along_axes(kernels: Vec<Tensor<4>>, values: Tensor<6>, map: Tensor<4>) -> Tensor<3> {
    let [batch, heads, nx, ny, nz, channels] = values.dims();
    let axes = kernels.len();
    let outputs = map.dims()[3];
    assert_shape!(map, [heads, axes, channels, outputs]);
    let flat = kernels.into_iter().zip([nx, ny, nz]).map(|(kernel, n)| {
        assert_shape!(kernel, [batch, heads, n, n]);
        kernel.reshape([batch, heads, n * n])
    });
    let kernels = Tensor::cat(flat.collect(), 2);
    Tensor::from_dispatch(<Dispatch as FactorizedOps>::mix_along_axes(
        kernels.into_dispatch(),
        values.into_dispatch(),
        map.into_dispatch(),
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait FactorizedOps: Backend {
    /// See [`mix_along_axes`]; the kernels of a head one behind the other, `[batch, heads, sum of n^2]`.
    fn mix_along_axes(
        kernels: FloatTensor<Self>,
        values: FloatTensor<Self>,
        map: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl FactorizedOps for Flex {
    fn mix_along_axes(
        kernels: FloatTensor<Self>,
        values: FloatTensor<Self>,
        map: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Operation::<Self>::new(kernels, values, map).forward().0
    }
}

impl<B: HostMemory, C: CheckpointStrategy> FactorizedOps for Autodiff<B, C> {
    fn mix_along_axes(
        kernels: FloatTensor<Self>,
        values: FloatTensor<Self>,
        map: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [kernels.node(), values.node(), map.node()];
        let [kernels, values, map] = [kernels, values, map].map(|tensor| tensor.into_primitive());
        let operation = Operation::<B>::new(kernels, values, map);
        let (output, moments) = operation.forward();
        match Recomputing.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((operation, Arc::new(moments)), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

/// The arguments on a backend.
#[derive(Debug, Clone)]
pub(crate) struct Operation<B: HostMemory> {
    sizes: Sizes,
    kernels: FloatTensor<B>,
    values: FloatTensor<B>,
    map: FloatTensor<B>,
}

impl<B: HostMemory> Operation<B> {
    pub(crate) fn new(
        kernels: FloatTensor<B>,
        values: FloatTensor<B>,
        map: FloatTensor<B>,
    ) -> Self {
        let [batch, heads, nx, ny, nz, channels] = values.shape().dims::<6>();
        let [_, axes, _, outputs] = map.shape().dims::<4>();
        Self {
            sizes: Sizes {
                batch,
                heads,
                grid: [nx, ny, nz],
                axes,
                channels,
                outputs,
            },
            kernels: B::contiguous(kernels),
            values: B::contiguous(values),
            map: B::contiguous(map),
        }
    }

    fn arguments(&self) -> Arguments<'_> {
        Arguments {
            sizes: self.sizes,
            values: B::numbers(&self.values),
            kernels: B::numbers(&self.kernels),
            map: B::numbers(&self.map),
        }
    }

    pub(crate) fn forward(&self) -> (FloatTensor<B>, Moments) {
        let arguments = self.arguments();
        let moments = forward::moments(&arguments);
        let Sizes { batch, outputs, .. } = self.sizes;
        let shape = Shape::new([batch, self.sizes.points(), outputs]);
        let [output] = B::create([shape], |[output]| {
            forward::outputs(&arguments, &moments, output);
        });
        (output, moments)
    }

    /// Gradients of kernels, values and map.
    fn backward(&self, moments: &Moments, output: FloatTensor<B>) -> [FloatTensor<B>; 3] {
        let output = B::contiguous(output);
        let shapes = [&self.kernels, &self.values, &self.map].map(|tensor| tensor.shape());
        B::create(shapes, |[kernels, values, map]| {
            let gradients = backward::Gradients {
                values,
                kernels,
                map,
            };
            backward::gradients(&self.arguments(), moments, B::numbers(&output), gradients);
        })
    }
}

/// The backward pass that applies the kernels again.
#[derive(Debug)]
struct Recomputing;

impl<B: HostMemory> Backward<B, 3> for Recomputing {
    type State = (Operation<B>, Arc<Moments>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        let (operation, moments) = &ops.state;
        let slopes = operation.backward(moments, output);
        register::<B, _, _>(&ops, slopes, gradients);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;
    use burn::tensor::{Device, Distribution};

    /// Kernels, values and map for a grid whose axes beyond `axes` have one point.
    struct Case {
        kernels: Vec<Tensor<4>>,
        values: Tensor<6>,
        map: Tensor<4>,
    }

    impl Case {
        fn new(device: &Device, batch: usize, grid: [usize; 3], axes: usize) -> Self {
            let (heads, channels, outputs) = (2, 3, 5);
            let draw = |n| {
                let shape = [batch, heads, n, n];
                Tensor::random(shape, Distribution::Normal(0.0, 0.5), device)
            };
            let [nx, ny, nz] = grid;
            let shape = [batch, heads, nx, ny, nz, channels];
            Self {
                kernels: grid[..axes].iter().map(|n| draw(*n)).collect(),
                // A mean far from zero: the bias has to cancel it.
                values: Tensor::random(shape, Distribution::Normal(1.0, 1.0), device),
                map: Tensor::random(
                    [heads, axes, channels, outputs],
                    Distribution::Normal(0.0, 1.0),
                    device,
                ),
            }
        }

        fn require_grad(self) -> Self {
            Self {
                kernels: self.kernels.into_iter().map(Tensor::require_grad).collect(),
                values: self.values.require_grad(),
                map: self.map.require_grad(),
            }
        }

        fn fused(&self) -> Tensor<3> {
            mix_along_axes(self.kernels.clone(), self.values.clone(), self.map.clone())
        }

        /// The definition, nothing folded.
        fn plain(&self) -> Tensor<3> {
            let [batch, heads, nx, ny, nz, channels] = self.values.dims();
            let parts = self.kernels.iter().enumerate().map(|(axis, kernel)| {
                let turned = self.values.clone().swap_dims(2, 2 + axis);
                let shape = turned.dims();
                let rest = shape[3] * shape[4] * channels;
                let applied = kernel
                    .clone()
                    .matmul(turned.reshape([batch, heads, shape[2], rest]));
                let applied = applied.reshape(shape).swap_dims(2, 2 + axis);
                let applied = applied.reshape([batch, heads, nx * ny * nz, channels]);
                let distance = applied.clone() - applied.clone().mean_dim(2);
                let variance = distance.clone().square().mean_dim(2);
                let normal = distance / variance.add_scalar(1e-5).sqrt();
                let map = self.map.clone().narrow(1, axis, 1).squeeze_dim::<3>(1);
                normal
                    .matmul(map.unsqueeze::<4>())
                    .sum_dim(1)
                    .squeeze_dim::<3>(1)
            });
            parts.reduce(Tensor::add).expect("an axis")
        }
    }

    fn difference<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f32 {
        let scale = b.clone().abs().max().into_scalar::<f32>();
        (a.clone() - b.clone()).abs().max().into_scalar::<f32>() / scale
    }

    /// One tile and many, tiles of rows and of planes, planes and lines that are more than a tile, axes of one point, one and several
    /// samples, one to three axes.
    const CASES: [(usize, [usize; 3], usize); 10] = [
        (1, [4, 3, 2], 3),
        (2, [5, 7, 1], 2),
        (3, [12, 11, 10], 3),
        (1, [70, 13, 3], 3),
        (1, [2, 3, 6], 3),
        (2, [3, 30, 25], 3),
        (2, [9, 8, 1], 3),
        (1, [1, 6, 5], 3),
        (1, [700, 2, 1], 2),
        (2, [20, 4, 5], 1),
    ];

    #[test]
    fn equals_the_definition_on_every_backend() {
        for selected in cpu_backends() {
            selected.device.seed(7);
            for (batch, grid, axes) in CASES {
                let case = Case::new(&selected.device, batch, grid, axes);
                let difference = difference(&case.fused(), &case.plain());
                assert!(
                    difference < 1e-5,
                    "{} {grid:?}: {difference}",
                    selected.choice
                );
            }
        }
    }

    #[test]
    fn gradients_are_those_of_the_definition() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            device.seed(8);
            for (batch, grid, axes) in CASES {
                let case = Case::new(&device, batch, grid, axes).require_grad();
                let loss = |output: Tensor<3>| (output.clone() * output.sin()).sum();
                let found = loss(case.fused()).backward();
                let expected = loss(case.plain()).backward();
                let check = |what: &str, difference: f32| {
                    assert!(difference < 1e-4, "{what}, {grid:?}: {difference}");
                };
                // Beside the others: of an axis of one point nothing but epsilon has a slope, the norm takes a factor away.
                let largest = |tensor: Tensor<4>| tensor.abs().max().into_scalar::<f32>();
                let of_kernels = case.kernels.iter();
                let of_kernels = of_kernels.map(|kernel| {
                    [&found, &expected].map(|all| kernel.grad(all).expect("tracked"))
                });
                let of_kernels: Vec<[Tensor<4>; 2]> = of_kernels.collect();
                let slopes = of_kernels.iter().map(|[_, slope]| largest(slope.clone()));
                let scale = slopes.fold(0.0, f32::max);
                for [found, expected] in of_kernels {
                    check("kernel", largest(found - expected) / scale);
                }
                let both = [&found, &expected].map(|all| case.values.grad(all).expect("tracked"));
                check("values", difference(&both[0], &both[1]));
                let both = [&found, &expected].map(|all| case.map.grad(all).expect("tracked"));
                check("map", difference(&both[0], &both[1]));
            }
        }
    }

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        let device = Device::flex().autodiff();
        device.seed(9);
        for (batch, grid) in [(2, [40, 30, 7]), (1, [3, 30, 25]), (1, [12, 11, 3])] {
            let case = Case::new(&device, batch, grid, 3).require_grad();
            let numbers = |tensor: Tensor<1>| tensor.try_into_vec_as::<f32>().expect("floats");
            let all = || {
                let output = case.fused();
                let gradients = (output.clone() * output.clone().sin()).sum().backward();
                let of_kernels = case.kernels.iter().map(|kernel| {
                    let slope = kernel.grad(&gradients).expect("tracked");
                    numbers(slope.flatten(0, 3))
                });
                let mut all: Vec<Vec<f32>> = of_kernels.collect();
                let of_values = case.values.grad(&gradients).expect("tracked");
                let of_map = case.map.grad(&gradients).expect("tracked");
                all.push(numbers(of_values.flatten(0, 5)));
                all.push(numbers(of_map.flatten(0, 3)));
                all.push(numbers(output.inner().flatten(0, 2)));
                all
            };
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build().expect("threads").install(all)
            };
            assert_eq!(with(1), with(5), "{grid:?}");
        }
    }
}
