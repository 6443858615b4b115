//! Attention with several heads (Vaswani et al. 2017, arXiv 1706.03762), its projections stacked as PyTorch stacks them.
//!
//! Without a mask no map is kept for the backward pass (see [`rheome_backend::attention`]). With one the map is computed as a
//! whole, `[batch, heads, n, m]`: masks are for short sequences.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::module::linear;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rheome_backend::attention::attention;

use crate::initialization::Initialization;

/// Added to the score of what must not be looked at; its share is then exactly 0, but if everything is masked all shares are
/// finite.
const MASKED: f32 = -1e9;

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

/// The stacked projections with inputs first, `[width, 3 width]`, and their biases: what a product of few rows reads in order.
///
/// The weights as PyTorch stacks them, outputs first, make such a product several times slower on flex, which turns them anew
/// each time: with 8 rows of 512 features at 7 instead of 25 GFLOP/s, with one row at 1 instead of 8. Worth its memory where a
/// layer is applied again and again to few rows, as in decoding; no gradient goes through it.
#[derive(Debug, Clone)]
pub struct Projections {
    weight: Tensor<2>,
    bias: Tensor<1>,
}

/// What a query must not look at, as a term of the scores: `[1 or batch, 1, 1 or n, m]`.
#[derive(Debug, Clone)]
pub struct Mask(Tensor<4>);

/// One of the stacked projections.
#[derive(Debug, Clone, Copy)]
pub enum Projection {
    /// Of what looks.
    Query,
    /// Of what is compared with it.
    Key,
    /// Of what is found.
    Value,
}

impl MultiheadAttention {
    /// Draws the stacked projections Xavier-uniform as a whole, as PyTorch does, then the map behind the heads by `out`.
    pub fn init(
        width: usize,
        heads: usize,
        start: &mut Initialization,
        out: impl FnOnce(&mut Initialization) -> Linear,
    ) -> Self {
        let bound = (6.0 / (4 * width) as f64).sqrt();
        Self {
            projection: start.uniform([3 * width, width], bound),
            projection_bias: start.zeros([3 * width]),
            out: out(start),
            heads,
        }
    }

    /// Lets keys start as queries do: like looks at like before anything is learnt.
    #[must_use]
    pub fn with_keys_as_queries(mut self) -> Self {
        let weight = self.projection.val();
        let [rows, width] = weight.dims();
        let part = |start| weight.clone().narrow(0, start, width);
        let device = weight.device();
        let stacked = Tensor::cat(vec![part(0), part(0), part(rows - width)], 0);
        self.projection = Param::from_data(stacked.into_data(), &device);
        self
    }

    /// Heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// One of the projections of `input`, heads side by side.
    ///
    /// # Shapes
    /// - input, output: `[..., width]`
    pub fn project<const D: usize>(&self, projection: Projection, input: Tensor<D>) -> Tensor<D> {
        let weight = self.projection.val();
        let width = weight.dims()[1];
        let start = projection as usize * width;
        let weight = weight.narrow(0, start, width).transpose();
        let bias = self.projection_bias.val().narrow(0, start, width);
        linear(input, weight, Some(bias))
    }

    /// The projections, ready for many products of few rows.
    pub fn projections(&self) -> Projections {
        Projections {
            weight: inputs_first(self.projection.val()),
            bias: self.projection_bias.val(),
        }
    }

    /// The projection of the queries alone, ready for many products of few rows.
    pub fn query_projection(&self) -> Projections {
        let width = self.projection.dims()[1];
        Projections {
            weight: inputs_first(self.projection.val().narrow(0, 0, width)),
            bias: self.projection_bias.val().narrow(0, 0, width),
        }
    }

    /// Queries, keys and values of one input, by [`Self::projections`].
    ///
    /// # Shapes
    /// - input: `[batch, n, width]`
    /// - output: `[batch, heads, n, d]` each
    pub fn project_all(
        &self,
        projections: &Projections,
        input: Tensor<3>,
    ) -> (Tensor<4>, KeysValues) {
        let width = input.dims()[2];
        let all = projections.apply(input);
        let part =
            |index: usize| split_heads(all.clone().narrow(2, index * width, width), self.heads);
        let (queries, keys, values) = (part(0), part(1), part(2));
        (queries, KeysValues { keys, values })
    }

    /// Queries of an input, by [`Self::query_projection`].
    ///
    /// # Shapes
    /// - input: `[batch, n, width]`
    /// - output: `[batch, heads, n, d]`
    pub fn project_queries(&self, projection: &Projections, input: Tensor<3>) -> Tensor<4> {
        split_heads(projection.apply(input), self.heads)
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
        self.forward_masked(queries, at, None)
    }

    /// What `queries` find in those places of `at` that `mask` leaves to them.
    ///
    /// # Shapes
    /// - queries, output: `[batch, n, width]`
    pub fn forward_masked(
        &self,
        queries: Tensor<3>,
        at: &KeysValues,
        mask: Option<&Mask>,
    ) -> Tensor<3> {
        let queries = split_heads(self.project(Projection::Query, queries), self.heads);
        self.look(queries, at, mask)
    }

    /// What queries that were projected find in those places of `at` that `mask` leaves to them.
    ///
    /// # Shapes
    /// - queries: `[batch, heads, n, d]`
    /// - output: `[batch, n, width]`
    pub fn look(&self, queries: Tensor<4>, at: &KeysValues, mask: Option<&Mask>) -> Tensor<3> {
        let found = match mask {
            None => attention(queries, at.keys.clone(), at.values.clone()),
            Some(mask) => masked_attention(queries, at, mask),
        };
        self.out.forward(merge_heads(found))
    }

    /// What the places of a sequence find in one another.
    ///
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    pub fn forward_to_self(&self, input: Tensor<3>, mask: Option<&Mask>) -> Tensor<3> {
        let at = self.keys_values(input.clone(), input.clone());
        self.forward_masked(input, &at, mask)
    }
}

impl Projections {
    fn apply(&self, input: Tensor<3>) -> Tensor<3> {
        linear(input, self.weight.clone(), Some(self.bias.clone()))
    }
}

/// The transpose of a weight in memory of its own, row by row. Without gradients.
pub fn inputs_first(weight: Tensor<2>) -> Tensor<2> {
    let (device, dtype) = (weight.device(), weight.dtype());
    Tensor::from_data(weight.transpose().into_data(), (&device, dtype))
}

/// `softmax(q k^T / sqrt(d) + mask) v`.
fn masked_attention(queries: Tensor<4>, at: &KeysValues, mask: &Mask) -> Tensor<4> {
    let scale = 1.0 / (queries.dims()[3] as f64).sqrt();
    let scores = queries
        .mul_scalar(scale)
        .matmul(at.keys.clone().swap_dims(2, 3));
    softmax(scores + mask.0.clone(), 3).matmul(at.values.clone())
}

impl KeysValues {
    /// These, followed by `next`: `[batch, heads, m + more, d]`.
    pub fn followed_by(self, next: KeysValues) -> Self {
        Self {
            keys: Tensor::cat(vec![self.keys, next.keys], 2),
            values: Tensor::cat(vec![self.values, next.values], 2),
        }
    }

    /// Those of the given members of the batch, in that order; a member may be asked for several times.
    pub fn select(&self, members: Tensor<1, Int>) -> Self {
        Self {
            keys: self.keys.clone().select(0, members.clone()),
            values: self.values.clone().select(0, members),
        }
    }
}

impl Mask {
    /// Hides what lies behind the end of each member of a batch.
    ///
    /// # Shapes
    /// - output: for keys of `[batch, longest, ..]`
    pub fn padding(lengths: &[usize], longest: usize, device: &Device) -> Self {
        let numbers = lengths
            .iter()
            .flat_map(|length| (0..longest).map(move |place| hidden(place >= *length)))
            .collect();
        let shape = [lengths.len(), 1, 1, longest];
        Self(Tensor::from_data(TensorData::new(numbers, shape), device))
    }

    /// Hides from each of `n` places those behind it.
    pub fn causal(n: usize, device: &Device) -> Self {
        let numbers = (0..n)
            .flat_map(|query| (0..n).map(move |key| hidden(key > query)))
            .collect();
        Self(Tensor::from_data(
            TensorData::new(numbers, [1, 1, n, n]),
            device,
        ))
    }

    /// The mask of two sequences one behind the other, of the same batch.
    #[must_use]
    pub fn followed_by(self, next: Mask) -> Self {
        Self(Tensor::cat(vec![self.0, next.0], 3))
    }

    /// That of the given members of the batch, in that order.
    pub fn select(&self, members: Tensor<1, Int>) -> Self {
        Self(self.0.clone().select(0, members))
    }
}

fn hidden(is_hidden: bool) -> f32 {
    if is_hidden { MASKED } else { 0.0 }
}

/// `[batch, n, heads * d]` to `[batch, heads, n, d]`.
pub fn split_heads(input: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, n, width] = input.dims();
    input
        .reshape([batch, n, heads, width / heads])
        .swap_dims(1, 2)
}

/// `[batch, heads, n, d]` to `[batch, n, heads * d]`.
pub fn merge_heads(input: Tensor<4>) -> Tensor<3> {
    let [batch, heads, n, d] = input.dims();
    input.swap_dims(1, 2).reshape([batch, n, heads * d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use rheome_backend::device::cpu_backends;

    fn largest_difference(a: Tensor<3>, b: Tensor<3>) -> f32 {
        (a - b).abs().max().into_scalar()
    }

    fn case(device: &Device) -> (MultiheadAttention, Tensor<3>) {
        let start = &mut Initialization::new(4, device);
        let layer = MultiheadAttention::init(8, 2, start, |start| start.linear(8, 8, true));
        device.seed(1);
        let input = Tensor::random([3, 5, 8], Distribution::Normal(0.0, 1.0), device);
        (layer, input)
    }

    #[test]
    fn what_is_padded_is_as_if_it_were_not_there() {
        for selected in cpu_backends() {
            let device = selected.device;
            let (layer, input) = case(&device);
            let lengths = [5, 2, 1];
            let mask = Mask::padding(&lengths, 5, &device);
            let found = layer.forward_to_self(input.clone(), Some(&mask));
            for (member, length) in lengths.into_iter().enumerate() {
                let part = |t: &Tensor<3>| t.clone().narrow(0, member, 1).narrow(1, 0, length);
                let alone = layer.forward_to_self(part(&input), None);
                assert!(largest_difference(part(&found), alone) < 1e-5);
            }
        }
    }

    #[test]
    fn a_causal_mask_is_one_place_after_the_other_with_kept_keys() {
        let device = Device::flex();
        let (layer, input) = case(&device);
        let whole = layer.forward_to_self(input.clone(), Some(&Mask::causal(5, &device)));
        let mut kept: Option<KeysValues> = None;
        for place in 0..5 {
            let now = input.clone().narrow(1, place, 1);
            let own = layer.keys_values(now.clone(), now.clone());
            let at = match kept {
                None => own,
                Some(kept) => kept.followed_by(own),
            };
            let found = layer.forward(now, &at);
            assert!(largest_difference(found, whole.clone().narrow(1, place, 1)) < 1e-5);
            kept = Some(at);
        }
    }

    #[test]
    fn ready_projections_are_the_same_maps() {
        for selected in cpu_backends() {
            let (layer, input) = case(&selected.device);
            let expected = layer.forward_to_self(input.clone(), None);
            let (queries, at) = layer.project_all(&layer.projections(), input.clone());
            assert!(largest_difference(layer.look(queries, &at, None), expected.clone()) < 1e-6);
            let queries = layer.project_queries(&layer.query_projection(), input);
            assert!(largest_difference(layer.look(queries, &at, None), expected) < 1e-6);
        }
    }

    #[test]
    fn members_are_selected_in_the_order_asked_for() {
        let device = Device::flex();
        let (layer, input) = case(&device);
        let mask = Mask::padding(&[5, 2, 1], 5, &device);
        let whole = layer.forward_to_self(input.clone(), Some(&mask));
        let members = Tensor::<1, Int>::from_data([2, 0, 2], &device);
        let at = layer
            .keys_values(input.clone(), input.clone())
            .select(members.clone());
        let found = layer.forward_masked(
            input.select(0, members.clone()),
            &at,
            Some(&mask.select(members.clone())),
        );
        assert!(largest_difference(found, whole.select(0, members)) < 1e-6);
    }
}
