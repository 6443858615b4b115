//! The PAD-Transformer: what each part computes, one file a part.
//!
//! - [`gene_encoder`]: genes and the genes they vary with;
//! - [`value_encoder`], [`time`]: expression values and the time of the flow;
//! - [`differential_attention`], [`plain_attention`]: the two kinds of attention;
//! - [`conditioning`]: what the genes and the perturbation do to the features;
//! - [`blocks`]: the three backbones;
//! - [`pad_transformer`]: the whole; [`names`]: the authors' names for its parameters.

pub mod blocks;
pub mod conditioning;
pub mod differential_attention;
pub mod feed_forward;
pub mod gene_encoder;
pub mod names;
pub mod pad_transformer;
pub mod plain_attention;
pub mod time;
pub mod value_encoder;

use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::module::layer_norm;
use rheome_layers::initialization::Initialization;

/// A linear map as the authors start all of theirs: weights Xavier-uniform, biases zero.
fn linear(inputs: usize, outputs: usize, start: &mut Initialization) -> Linear {
    Linear {
        bias: Some(start.zeros([outputs])),
        ..start.xavier_linear(inputs, outputs, 1.0)
    }
}

/// `[batch, n, heads * d]` to `[batch, heads, n, d]`.
fn split_heads(input: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, n, width] = input.dims();
    input
        .reshape([batch, n, heads, width / heads])
        .swap_dims(1, 2)
}

/// `[batch, heads, n, d]` to `[batch, n, heads * d]`.
fn merge_heads(input: Tensor<4>) -> Tensor<3> {
    let [batch, heads, n, d] = input.dims();
    input.swap_dims(1, 2).reshape([batch, n, heads * d])
}

/// Normalises the last axis: mean 0, variance 1.
fn standardize<const D: usize>(input: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let ones = Tensor::ones([input.dims()[D - 1]], &input.device());
    layer_norm(input, ones, None, epsilon)
}
