//! Scaled dot-product attention that never keeps its map, not even for the backward pass.
//!
//! `softmax(q k^T / sqrt(d)) v`. burn's own attention is fused in inference, but its gradient goes through the unfused
//! formula, which keeps several `[batch, heads, n, m]` tensors per call until the backward pass: at 1000 positions, 8 heads
//! and a batch of 48 that is 1.5 GB each. Here the backward pass keeps q, k and v alone and computes the map again, a few
//! heads or rows at a time (as Dao et al. 2022, arXiv 2205.14135, section 3.1).
#![allow(
    deprecated,
    reason = "burn marks LibTorch as deprecated; an operation has to list the backends it runs on"
)]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::AttentionModuleOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Slice, Tensor, assert_shape};

use crate::fused::{self, HostMemory};

/// Most numbers of a map that the backward pass holds at once: 1 MB in single precision, so that its steps stay in the cache.
const TILE: usize = 1 << 18;

/// Attention of every query to every key, over the last two axes.
///
/// Differentiable; the memory it keeps for the backward pass is that of its arguments.
///
/// # Shapes
/// - query: `[batch, heads, n, d]`
/// - key: `[batch, heads, m, d]`
/// - value: `[batch, heads, m, d_value]`
/// - output: `[batch, heads, n, d_value]`
///
/// # Panics
/// If the shapes do not fit together.
pub fn attention(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>) -> Tensor<4> {
    let [batch, heads, _, d] = query.dims();
    let m = key.dims()[2];
    assert_shape!(key, [batch, heads, m, d]);
    assert_shape!(value, [batch, heads, m, ..]);
    Tensor::from_dispatch(<Dispatch as AttentionOps>::map_free_attention(
        query.into_dispatch(),
        key.into_dispatch(),
        value.into_dispatch(),
    ))
}

/// The operation on a backend.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"), Autodiff)]
pub trait AttentionOps: Backend {
    /// See [`attention`].
    fn map_free_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of query, key and value for that of the output.
    fn map_free_attention_backward(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        output: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [query, key, value] = slopes::<Self>(query, key, value, output);
        (query, key, value)
    }
}

impl AttentionOps for Flex {
    fn map_free_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        forward::<Self>([query, key, value])
    }

    fn map_free_attention_backward(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        output: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        backward::<Self>([query, key, value], output)
    }
}

/// The fused kernel, or what the backend has.
pub(crate) fn forward<B: HostMemory>(tensors: [FloatTensor<B>; 3]) -> FloatTensor<B> {
    if suits::<B>(&tensors) {
        return fused::attention::forward::<B>(tensors);
    }
    by_backend::<B>(tensors)
}

/// The backend's own attention.
pub(crate) fn by_backend<B: Backend>([query, key, value]: [FloatTensor<B>; 3]) -> FloatTensor<B> {
    B::attention(
        query,
        key,
        value,
        None,
        None,
        AttentionModuleOptions::default(),
    )
}

/// Whether the fused kernel takes these; it does not deal with empty ones.
fn suits<B: HostMemory>(tensors: &[FloatTensor<B>; 3]) -> bool {
    let is_some = |tensor: &FloatTensor<B>| tensor.shape().num_elements() > 0;
    fused::is_on()
        && tensors
            .iter()
            .all(|tensor| B::is_host(tensor) && is_some(tensor))
}

/// The fused kernel, or a few maps at a time by tensor operations.
pub(crate) fn backward<B: HostMemory>(
    tensors: [FloatTensor<B>; 3],
    output: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let [query, key, value] = if suits::<B>(&tensors) {
        fused::attention::backward::<B>(tensors, output)
    } else {
        let [query, key, value] = tensors;
        slopes::<B>(query, key, value, output)
    };
    (query, key, value)
}

impl<B: AttentionOps, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn map_free_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [query.node(), key.node(), value.node()];
        let [q, k, v] = [query, key, value].map(|tensor| tensor.into_primitive());
        match Recomputing.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let output = B::map_free_attention(q.clone(), k.clone(), v.clone());
                prepared.finish((q, k, v), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::map_free_attention(q, k, v)),
        }
    }
}

/// The backward pass that computes the map again.
#[derive(Debug)]
struct Recomputing;

impl<B: AttentionOps> Backward<B, 3> for Recomputing {
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let output = gradients.consume::<B>(&ops.node);
        let (q, k, v) = ops.state.clone();
        let (q, k, v) = B::map_free_attention_backward(q, k, v, output);
        fused::register::<B, _, _>(&ops, [q, k, v], gradients);
    }
}

/// Gradients of query, key and value for the gradient of the output.
fn slopes<B: Backend>(
    query: FloatTensor<B>,
    key: FloatTensor<B>,
    value: FloatTensor<B>,
    output: FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let shapes = [query.shape(), key.shape(), value.shape()];
    if shapes.iter().any(|shape| shape.num_elements() == 0) {
        // Nothing attends, or to nothing.
        return [query, key, value].map(|tensor| B::float_mul_scalar(tensor, 0.0.into()));
    }
    let flat = |tensor: FloatTensor<B>| {
        let [batch, heads, length, features] = tensor.shape().dims::<4>();
        B::float_reshape(tensor, Shape::new([batch * heads, length, features]))
    };
    let [query, key, value, output] = [query, key, value, output].map(flat);
    let [maps, n, _] = query.shape().dims::<3>();
    let m = key.shape().dims::<3>()[1];
    let together = (TILE / (n * m).max(1)).clamp(1, maps.max(1));
    let mut parts: [Vec<FloatTensor<B>>; 3] = Default::default();
    for start in (0..maps).step_by(together) {
        let group = start..(start + together).min(maps);
        let [q, k, v, o] =
            [&query, &key, &value, &output].map(|tensor| part::<B>(tensor, 0, group.clone()));
        for (parts, gradient) in parts.iter_mut().zip(slopes_of_maps::<B>(q, k, v, o)) {
            parts.push(gradient);
        }
    }
    let whole = |parts, shape| B::float_reshape(B::float_cat(parts, 0), shape);
    let ([q, k, v], [of_q, of_k, of_v]) = (shapes, parts);
    [whole(of_q, q), whole(of_k, k), whole(of_v, v)]
}

/// The same for a few maps, a number of rows at a time.
///
/// # Shapes
/// - query, output: `[maps, n, ..]`
/// - key, value: `[maps, m, ..]`
fn slopes_of_maps<B: Backend>(
    query: FloatTensor<B>,
    key: FloatTensor<B>,
    value: FloatTensor<B>,
    output: FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let [maps, n, d] = query.shape().dims::<3>();
    let m = key.shape().dims::<3>()[1];
    let scale = 1.0 / (d as f64).sqrt();
    let rows = (TILE / (maps * m).max(1)).clamp(1, n.max(1));
    let transposed = |tensor: &FloatTensor<B>| B::float_swap_dims(tensor.clone(), 1, 2);
    let (mut of_query, mut of_key, mut of_value) = (Vec::new(), None, None);
    for start in (0..n).step_by(rows) {
        let tile = start..(start + rows).min(n);
        let q = B::float_mul_scalar(part::<B>(&query, 1, tile.clone()), scale.into());
        let o = part::<B>(&output, 1, tile);
        let map = B::softmax(B::float_matmul(q.clone(), transposed(&key)), 2);
        add::<B>(&mut of_value, B::float_matmul(transposed(&map), o.clone()));
        let of_map = B::float_matmul(o, transposed(&value));
        // Of the scores: map * (of_map - sum of map * of_map along the row).
        let weighted = B::float_mul(map.clone(), of_map);
        let sum = B::float_sum_dim(weighted.clone(), 2);
        let of_scores = B::float_sub(weighted, B::float_mul(map, sum));
        add::<B>(&mut of_key, B::float_matmul(transposed(&of_scores), q));
        let gradient = B::float_matmul(of_scores, key.clone());
        of_query.push(B::float_mul_scalar(gradient, scale.into()));
    }
    [
        B::float_cat(of_query, 1),
        // There is a query, so there was a sum.
        of_key.unwrap_or(key),
        of_value.unwrap_or(value),
    ]
}

fn part<B: Backend>(
    tensor: &FloatTensor<B>,
    axis: usize,
    range: std::ops::Range<usize>,
) -> FloatTensor<B> {
    let mut slices = [Slice::from(..); 3];
    slices[axis] = Slice::from(range);
    B::float_slice(tensor.clone(), &slices)
}

fn add<B: Backend>(sum: &mut Option<FloatTensor<B>>, term: FloatTensor<B>) {
    *sum = Some(match sum.take() {
        Some(sum) => B::float_add(sum, term),
        None => term,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu_backends;
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution};

    fn arguments(device: &Device, shape: [usize; 5]) -> [Tensor<4>; 3] {
        let [batch, heads, n, m, d] = shape;
        let draw = |length, features| {
            Tensor::<4>::random(
                [batch, heads, length, features],
                Distribution::Normal(0.0, 1.0),
                device,
            )
        };
        [draw(n, d), draw(m, d), draw(m, d + 1)]
    }

    fn in_full([q, k, v]: [Tensor<4>; 3]) -> Tensor<4> {
        let scale = (q.dims()[3] as f64).sqrt();
        softmax(q.matmul(k.swap_dims(2, 3)).div_scalar(scale), 3).matmul(v)
    }

    fn largest_difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        (a - b).abs().max().into_scalar()
    }

    #[test]
    fn equals_the_formula_on_every_backend() {
        for selected in cpu_backends() {
            let device = selected.device;
            device.seed(3);
            let args = arguments(&device, [2, 3, 5, 7, 4]);
            let [q, k, v] = args.clone();
            assert!(largest_difference(attention(q, k, v), in_full(args)) < 1e-6);
        }
    }

    /// Whole maps in one tile, several tiles of maps, and several tiles of rows of one map.
    #[test]
    fn gradients_equal_those_of_the_formula() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            device.seed(5);
            for shape in [
                [2, 3, 5, 7, 4],
                [1, 3, 1500, 1400, 2],
                [1, 1, 2100, 2050, 2],
            ] {
                let args = arguments(&device, shape).map(Tensor::require_grad);
                let [q, k, v] = args.clone();
                let loss = |output: Tensor<4>| (output.clone() * output.sin()).sum();
                let found = loss(attention(q, k, v)).backward();
                let expected = loss(in_full(args.clone())).backward();
                for argument in args {
                    let (a, b) = (argument.grad(&found), argument.grad(&expected));
                    let (a, b) = (a.expect("tracked"), b.expect("tracked"));
                    let scale = b.clone().abs().max().into_scalar::<f32>();
                    assert!(largest_difference(a, b) < 1e-4 * scale, "{shape:?}");
                }
            }
        }
    }

    #[test]
    fn without_queries_nothing_depends_on_keys_and_values() {
        for selected in cpu_backends() {
            let device = selected.device.autodiff();
            let [q, k, v] = arguments(&device, [2, 1, 0, 3, 2]).map(Tensor::require_grad);
            let output = attention(q, k.clone(), v.clone());
            assert_eq!(output.dims(), [2, 1, 0, 3]);
            let gradients = output.sum().backward();
            for tensor in [k, v] {
                let gradient = tensor.grad(&gradients).expect("tracked");
                assert_eq!(gradient.abs().max().into_scalar::<f32>(), 0.0);
            }
        }
    }

    #[test]
    fn an_untracked_argument_is_a_constant() {
        let device = Device::flex().autodiff();
        let [q, k, v] = arguments(&device, [1, 1, 2, 3, 2]);
        let q = q.require_grad();
        let gradients = attention(q.clone(), k.clone(), v).sum().backward();
        assert!(q.grad(&gradients).is_some() && k.grad(&gradients).is_none());
    }
}
