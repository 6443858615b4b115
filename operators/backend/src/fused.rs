//! Fused kernels on the CPU: what the host side of a backend's tensors has to offer them, and the switch that turns them off.
//!
//! A fused kernel works on plain slices, so that flex and libtorch run the same one. It is used for numbers in single
//! precision that lie in the memory of the CPU; everything else, everything under `RHEOME_KERNELS=plain`, and everything on an
//! x86-64 processor without AVX2 and FMA takes the plain path of tensor operations. Whoever calls a kernel asks [`available`]
//! first; the kernels do not.
//!
//! - `attention`: what [`crate::attention`] runs on the CPU (on libtorch for the gradients alone);
//! - [`factorized`]: kernels, norm and map of IFactFormer's factorized attention;
//! - [`heads`]: a linear map to heads;
//! - [`residual`]: GELU, linear map and the sum with what came in;
//! - [`feed_forward`]: a feed-forward network whose hidden features are never stored;
//! - [`layer_norm`]: layer normalisation and its gradients;
//! - [`lines`]: kernels applied along the lines of a tile;
//! - [`product`], [`elementary`], [`disjoint`], [`buffers`], `partial_sums`: small products, functions of one number, slices
//!   that threads share, memory that they keep, sums that do not depend on their number.

pub(crate) mod attention;
pub mod buffers;
pub mod disjoint;
pub mod elementary;
pub mod factorized;
pub mod feed_forward;
pub mod heads;
pub mod layer_norm;
pub mod lines;
mod partial_sums;
pub mod product;
pub mod residual;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::Ops;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use rayon::prelude::*;

/// Environment variable: `plain` turns every fused kernel off.
pub const SWITCH: &str = "RHEOME_KERNELS";

static PLAIN: AtomicBool = AtomicBool::new(false);

/// Turns the fused kernels of this process off or on again.
pub fn force_plain(plain: bool) {
    PLAIN.store(plain, Ordering::Relaxed);
}

/// Whether operations on this tensor may take a fused kernel.
///
/// An operation asks for one of its arguments: the others, weights among them, are of the same kind, as every product of tensors
/// needs. Empty tensors take the plain path.
pub fn available<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_on()
        && tensor.dtype() == DType::F32
        && tensor.shape().num_elements() > 0
        && on_cpu(&tensor.device())
}

pub(crate) fn is_on() -> bool {
    static SWITCHED_OFF: OnceLock<bool> = OnceLock::new();
    let off = *SWITCHED_OFF.get_or_init(|| std::env::var_os(SWITCH).is_some_and(|v| v == "plain"));
    !off && has_multiply_add() && !PLAIN.load(Ordering::Relaxed)
}

/// Whether the processor multiplies and adds in one instruction: without it the elementary functions would call the C library
/// a dozen times a number.
fn has_multiply_add() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// Whether the numbers of a tensor lie in the memory of the CPU.
pub fn is_on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    on_cpu(&tensor.device())
}

fn on_cpu(device: &Device) -> bool {
    use burn::backend::DispatchDevice;
    match device.clone().inner().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "libtorch")]
        DispatchDevice::LibTorch(device) => crate::libtorch::is_cpu(device),
        _ => false,
    }
}

/// A backend whose tensors can be read and made in the memory of the CPU. Numbers are single precision, rows last.
pub trait HostMemory: Backend {
    /// Whether the numbers of a tensor are single precision in the memory of the CPU.
    fn is_host(tensor: &FloatTensor<Self>) -> bool;

    /// The same numbers without gaps.
    fn contiguous(tensor: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The numbers of a tensor that [`HostMemory::contiguous`] returned.
    fn numbers(tensor: &FloatTensor<Self>) -> &[f32];

    /// New tensors that `fill` writes in full.
    fn create<const N: usize>(
        shapes: [Shape; N],
        fill: impl FnOnce([&mut [f32]; N]),
    ) -> [FloatTensor<Self>; N];
}

impl HostMemory for Flex {
    fn is_host(tensor: &FloatTensor<Self>) -> bool {
        tensor.dtype() == DType::F32
    }

    fn contiguous(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        tensor.to_contiguous()
    }

    fn numbers(tensor: &FloatTensor<Self>) -> &[f32] {
        // to_contiguous leaves nothing that as_slice refuses, but for another precision: then nothing could be right.
        tensor
            .as_slice::<f32>()
            .unwrap_or_else(|| panic!("a fused kernel was given {:?}", tensor.dtype()))
    }

    fn create<const N: usize>(
        shapes: [Shape; N],
        fill: impl FnOnce([&mut [f32]; N]),
    ) -> [FloatTensor<Self>; N] {
        let mut all = shapes.map(|shape| (zeros(shape.num_elements()), shape));
        fill(all.each_mut().map(|(numbers, _)| numbers.as_mut_slice()));
        all.map(|(numbers, shape)| FloatTensor::<Self>::from_data(TensorData::new(numbers, shape)))
    }
}

/// Zeros; many of them are written by all threads.
fn zeros(length: usize) -> Vec<f32> {
    /// So many that a thread writes them faster than another one wakes up.
    const FEW: usize = 1 << 18;
    if length < 2 * FEW {
        return vec![0.0; length];
    }
    let each = rayon::iter::repeat_n(0.0, length);
    each.with_min_len(FEW).collect()
}

/// Registers the gradients of an operation's arguments, of those that are tracked.
pub(crate) fn register<B: Backend, S, const N: usize>(
    ops: &Ops<S, N>,
    slopes: [FloatTensor<B>; N],
    gradients: &mut Gradients,
) {
    for (parent, slope) in ops.parents.iter().zip(slopes) {
        if let Some(node) = parent {
            gradients.register::<B>(node.id, slope);
        }
    }
}

/// Runs loops compiled for the widest vectors that this machine has. Only what is inlined into `work` gains: it is a closure
/// marked `#[inline(always)]` that calls what is so marked; otherwise its multiply-adds may be calls of the C library.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
