//! Attention with several heads (Vaswani et al. 2017, arXiv 1706.03762), its projections stacked as PyTorch stacks them.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::module::linear;
use rheome_backend::attention::attention;
use rheome_layers::initialization::Initialization;

use super::{merge_heads, split_heads};

/// Attention with several heads and biases.
#[derive(Module, Debug)]
pub struct MultiheadAttention {
    /// Rows of the query, key and value projections: `[3 width, width]`, outputs first.
    pub projection: Param<Tensor<2>>,
    /// `[3 width]`
    pub projection_bias: Param<Tensor<1>>,
    /// `[width, width]`
    pub out: Linear,
    heads: usize,
}

/// Keys and values of what is looked at, head by head: `[batch, heads, m, d]` each.
#[derive(Debug, Clone)]
pub struct KeysValues {
    /// The keys.
    pub keys: Tensor<4>,
    /// The values.
    pub values: Tensor<4>,
}

/// One of the stacked projections.
#[derive(Debug, Clone, Copy)]
pub(super) enum Projection {
    Query,
    Key,
    Value,
}

impl MultiheadAttention {
    /// Draws the weights: Xavier-uniform for the stacked matrix as a whole, as PyTorch does.
    pub fn init(width: usize, heads: usize, start: &mut Initialization) -> Self {
        let bound = (6.0 / (4 * width) as f64).sqrt();
        Self {
            projection: start.uniform([3 * width, width], bound),
            projection_bias: start.zeros([3 * width]),
            out: super::linear(width, width, start),
            heads,
        }
    }

    /// Heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    pub(super) fn project<const D: usize>(
        &self,
        projection: Projection,
        input: Tensor<D>,
    ) -> Tensor<D> {
        let weight = self.projection.val();
        let width = weight.dims()[1];
        let start = projection as usize * width;
        let weight = weight.narrow(0, start, width).transpose();
        let bias = self.projection_bias.val().narrow(0, start, width);
        linear(input, weight, Some(bias))
    }

    /// Keys of `keys` and values of `values`, to be looked at any number of times.
    ///
    /// # Shapes
    /// - keys, values: `[batch, m, width]`
    pub fn keys_values(&self, keys: Tensor<3>, values: Tensor<3>) -> KeysValues {
        KeysValues {
            keys: split_heads(self.project(Projection::Key, keys), self.heads),
            values: split_heads(self.project(Projection::Value, values), self.heads),
        }
    }

    /// What `queries` find in `at`.
    ///
    /// # Shapes
    /// - queries, output: `[batch, n, width]`
    pub fn forward(&self, queries: Tensor<3>, at: &KeysValues) -> Tensor<3> {
        let queries = split_heads(self.project(Projection::Query, queries), self.heads);
        let found = attention(queries, at.keys.clone(), at.values.clone());
        self.out.forward(merge_heads(found))
    }
}
