//! The PAD-Transformer: what each part computes, one file a part.
//!
//! - [`gene_encoder`]: genes and the genes they vary with;
//! - [`value_encoder`], [`time`]: expression values and the time of the flow;
//! - [`differential_attention`]: the attention of the differential backbones;
//! - [`conditioning`]: what the genes and the perturbation do to the features;
//! - [`blocks`]: the three backbones;
//! - [`prepared`]: what a sampling run computes once;
//! - [`pad_transformer`]: the whole; [`names`]: the authors' names for its parameters.

pub mod blocks;
pub mod conditioning;
pub mod differential_attention;
pub mod gene_encoder;
pub mod names;
pub mod pad_transformer;
pub mod prepared;
pub mod time;
pub mod value_encoder;

use burn::nn::Linear;
use rheome_layers::attention::MultiheadAttention;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

/// A linear map as the authors start all of theirs: weights Xavier-uniform, biases zero.
fn linear(inputs: usize, outputs: usize, start: &mut Initialization) -> Linear {
    Linear {
        bias: Some(start.zeros([outputs])),
        ..start.xavier_linear(inputs, outputs, 1.0)
    }
}

/// Attention with several heads whose linear maps all start Xavier-uniform.
fn multihead_attention(
    width: usize,
    heads: usize,
    start: &mut Initialization,
) -> MultiheadAttention {
    MultiheadAttention::init(width, heads, start, |start| linear(width, width, start))
}

/// The feed-forward network of a block, four times as wide between its maps.
fn feed_forward(width: usize, start: &mut Initialization) -> FeedForward {
    FeedForward {
        expand: linear(width, 4 * width, start),
        contract: linear(4 * width, width, start),
    }
}
