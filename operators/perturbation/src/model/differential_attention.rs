//! Differential attention (Ye et al. 2024, arXiv 2410.05258): the difference of two attention maps.
//!
//! `out = (A1 - lambda A2) v` per head, `Ai = softmax(qi ki^T / sqrt(d))`, normalised per head and scaled by
//! `1 - lambda_init`; `lambda = exp(lq1 . lk1) - exp(lq2 . lk2) + lambda_init`. It is computed as `A1 v - lambda A2 v`, two
//! attentions of which neither writes its map to memory.

use burn::module::{Module, Param};
use burn::nn::{Linear, RmsNorm, RmsNormConfig};
use burn::tensor::Tensor;
use rheome_backend::attention::attention;
use rheome_layers::attention::{merge_heads, split_heads};
use rheome_layers::initialization::Initialization;

/// Standard deviation of the vectors that lambda is made of, as in the paper.
const LAMBDA_SPREAD: f64 = 0.1;

/// Differential attention without biases.
#[derive(Module, Debug)]
pub struct DifferentialAttention {
    /// Queries of the first map, `[width, width]`.
    pub query_1: Linear,
    /// Keys of the first map.
    pub key_1: Linear,
    /// Queries of the second map.
    pub query_2: Linear,
    /// Keys of the second map.
    pub key_2: Linear,
    /// Values.
    pub value: Linear,
    /// Behind the heads.
    pub out: Linear,
    /// `[d]`, like the other three.
    pub lambda_q1: Param<Tensor<1>>,
    /// With `lambda_q1`: what the first map weighs.
    pub lambda_k1: Param<Tensor<1>>,
    /// With `lambda_k2`: what the second map weighs.
    pub lambda_q2: Param<Tensor<1>>,
    /// See `lambda_q2`.
    pub lambda_k2: Param<Tensor<1>>,
    /// Over the features of a head.
    pub norm: RmsNorm,
    heads: usize,
    lambda_start: f64,
}

/// Queries and keys of one map, head by head: `[batch, heads, n, d]` each.
#[derive(Debug, Clone)]
pub struct MapArguments {
    /// The queries.
    pub queries: Tensor<4>,
    /// The keys.
    pub keys: Tensor<4>,
}

impl DifferentialAttention {
    /// Draws the weights for a block, counted from 0.
    pub fn init(width: usize, heads: usize, block: usize, start: &mut Initialization) -> Self {
        let mut square = || start.xavier_linear(width, width, 1.0);
        let [query_1, key_1, query_2, key_2, value, out] = std::array::from_fn(|_| square());
        let mut vector = || start.normal([width / heads], LAMBDA_SPREAD);
        let [lambda_q1, lambda_k1, lambda_q2, lambda_k2] = std::array::from_fn(|_| vector());
        Self {
            query_1,
            key_1,
            query_2,
            key_2,
            value,
            out,
            lambda_q1,
            lambda_k1,
            lambda_q2,
            lambda_k2,
            norm: RmsNormConfig::new(width / heads)
                .with_epsilon(1e-5)
                .init(start.device()),
            heads,
            lambda_start: lambda_start(block),
        }
    }

    /// Arguments of the first map.
    ///
    /// # Shapes
    /// - queries: `[batch, n, width]`
    /// - keys: `[batch, m, width]`
    pub fn first_map(&self, queries: Tensor<3>, keys: Tensor<3>) -> MapArguments {
        self.arguments(&self.query_1, queries, &self.key_1, keys)
    }

    /// Arguments of the second map; the shapes are those of the first.
    pub fn second_map(&self, queries: Tensor<3>, keys: Tensor<3>) -> MapArguments {
        self.arguments(&self.query_2, queries, &self.key_2, keys)
    }

    fn arguments(
        &self,
        query: &Linear,
        queries: Tensor<3>,
        key: &Linear,
        keys: Tensor<3>,
    ) -> MapArguments {
        MapArguments {
            queries: split_heads(query.forward(queries), self.heads),
            keys: split_heads(key.forward(keys), self.heads),
        }
    }

    /// The difference of the two maps applied to `values`.
    ///
    /// # Shapes
    /// - values: `[batch, m, width]`
    /// - output: `[batch, n, width]`
    pub fn forward(
        &self,
        first: MapArguments,
        second: MapArguments,
        values: Tensor<3>,
    ) -> Tensor<3> {
        let values = split_heads(self.value.forward(values), self.heads);
        let by_first = attention(first.queries, first.keys, values.clone());
        let by_second = attention(second.queries, second.keys, values);
        let difference = by_first - by_second * self.lambda().reshape([1, 1, 1, 1]);
        let normal = self.normalize(difference);
        self.out.forward(merge_heads(normal))
    }

    /// What the second map weighs now: `[1]`.
    pub fn lambda(&self) -> Tensor<1> {
        let weight = |q: &Param<Tensor<1>>, k: &Param<Tensor<1>>| (q.val() * k.val()).sum().exp();
        let first = weight(&self.lambda_q1, &self.lambda_k1);
        let second = weight(&self.lambda_q2, &self.lambda_k2);
        (first - second).add_scalar(self.lambda_start)
    }

    /// Root-mean-square norm per head with the factor `1 - lambda_init`, both factors in one.
    fn normalize(&self, heads: Tensor<4>) -> Tensor<4> {
        let square = heads.clone().square().mean_dim(3);
        let scale = square.add_scalar(self.norm.epsilon).sqrt().recip();
        let gamma = self.norm.gamma.val().mul_scalar(1.0 - self.lambda_start);
        heads * scale * gamma.unsqueeze()
    }
}

/// `lambda_init` of a block, counted from 0 (the paper's section 2.1, its layers counted from 1).
pub fn lambda_start(block: usize) -> f64 {
    0.8 - 0.6 * (-0.3 * block as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn equals_the_difference_of_two_maps_written_out() {
        let device = Device::flex();
        device.seed(1);
        let mut start = Initialization::new(7, &device);
        let layer = DifferentialAttention::init(12, 3, 2, &mut start);
        let draw = || Tensor::<3>::random([2, 5, 12], Distribution::Normal(0.0, 1.0), &device);
        let (x, y) = (draw(), draw());
        let found = layer.forward(
            layer.first_map(x.clone(), x.clone()),
            layer.second_map(y.clone(), y.clone()),
            x.clone(),
        );
        let heads = |t: Tensor<3>| split_heads(t, 3);
        let map =
            |q: Tensor<4>, k: Tensor<4>| softmax(q.matmul(k.swap_dims(2, 3)).div_scalar(2.0), 3);
        let first = map(
            heads(layer.query_1.forward(x.clone())),
            heads(layer.key_1.forward(x.clone())),
        );
        let second = map(
            heads(layer.query_2.forward(y.clone())),
            heads(layer.key_2.forward(y)),
        );
        let lambda = layer.lambda().into_scalar::<f32>();
        let values = heads(layer.value.forward(x));
        let difference = (first - second.mul_scalar(lambda)).matmul(values);
        let normal = layer
            .norm
            .forward(difference)
            .mul_scalar(1.0 - lambda_start(2));
        let expected = layer.out.forward(merge_heads(normal));
        assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
    }

    #[test]
    fn lambda_starts_at_a_fifth_and_grows_with_depth() {
        assert!((lambda_start(0) - 0.2).abs() < 1e-12);
        assert!(lambda_start(3) > lambda_start(2) && lambda_start(100) < 0.8);
    }
}
