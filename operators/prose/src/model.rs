//! The network: what each part computes, one file a part.
//!
//! - [`layer`]: sizes of a layer, and which normalisation stands where;
//! - [`encoder`]: layers of self-attention, and the encoders of series and symbols;
//! - [`fusion`]: both together;
//! - [`data_decoder`]: the operator, evaluated at any times;
//! - [`text_decoder`]: the symbols, word by word, its keys and values kept;
//! - [`padding`], [`positions`]: what batches of different lengths and the order of words need;
//! - [`prose`]: the whole; [`names`]: the authors' names for its parameters.

mod checkpoint;
pub mod data_decoder;
pub mod encoder;
pub mod fusion;
pub mod layer;
pub mod names;
pub mod padding;
pub mod positions;
pub mod prose;
pub mod text_decoder;

use burn::nn::{LayerNorm, LayerNormConfig};
use burn::tensor::Tensor;
use rheome_layers::attention::MultiheadAttention;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::with_epsilon;

/// Epsilon of the authors' layer normalisations.
pub const LAYER_NORM_EPSILON: f64 = 1e-12;

fn layer_norm(width: usize, start: &Initialization) -> LayerNorm {
    LayerNormConfig::new(width)
        .with_epsilon(LAYER_NORM_EPSILON)
        .init(start.device())
}

/// What a norm of [`layer_norm`] makes of features, `[..., width]`.
fn normalized<const D: usize>(norm: &LayerNorm, features: Tensor<D>) -> Tensor<D> {
    with_epsilon(norm, features, LAYER_NORM_EPSILON)
}

fn multihead_attention(
    width: usize,
    heads: usize,
    start: &mut Initialization,
) -> MultiheadAttention {
    MultiheadAttention::init(width, heads, start, |start| {
        start.linear(width, width, true)
    })
}

/// A feed-forward network between features of the given widths.
fn feed_forward([inputs, hidden, outputs]: [usize; 3], start: &mut Initialization) -> FeedForward {
    FeedForward {
        expand: start.linear(inputs, hidden, true),
        contract: start.linear(hidden, outputs, true),
    }
}

/// The feed-forward network of a layer, four times as wide between.
fn layer_feed_forward(width: usize, start: &mut Initialization) -> FeedForward {
    feed_forward([width, 4 * width, width], start)
}
