//! Layer normalisation (Ba et al. 2016, arXiv 1607.06450) by the fastest way that there is for its input.

use burn::nn::LayerNorm;
use burn::tensor::{Tensor, module};
use rheome_backend::fused;

use crate::initialization::LAYER_NORM_EPSILON;

/// What `norm` makes of an input. It is one of [`Initialization::layer_norm`](crate::initialization::Initialization::layer_norm), and so has
/// PyTorch's epsilon, which it does not tell.
///
/// # Shapes
/// - input, output: `[..., features]`
pub fn layer_norm<const D: usize>(norm: &LayerNorm, input: Tensor<D>) -> Tensor<D> {
    with_epsilon(norm, input, LAYER_NORM_EPSILON)
}

/// The same for a norm of another epsilon, which is to be the one that it was made with.
///
/// # Shapes
/// - input, output: `[..., features]`
pub fn with_epsilon<const D: usize>(norm: &LayerNorm, input: Tensor<D>, epsilon: f64) -> Tensor<D> {
    match &norm.beta {
        Some(beta) => normalize(input, norm.gamma.val(), beta.val(), epsilon),
        None => norm.forward(input),
    }
}

/// Normalises the last axis: mean 0, variance 1.
///
/// # Shapes
/// - input, output: `[..., features]`
pub fn standardize<const D: usize>(input: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let ones = Tensor::<1>::ones([input.dims()[D - 1]], &input.device()).cast(input.dtype());
    let zeros = ones.zeros_like();
    normalize(input, ones, zeros, epsilon)
}

/// `standardize(input) gamma + beta`.
///
/// # Shapes
/// - input, output: `[..., features]`
/// - gamma, beta: `[features]`
pub fn normalize<const D: usize>(
    input: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    if !fused::available(&input) || !fused::available(&gamma) {
        return module::layer_norm(input, gamma, Some(beta), epsilon);
    }
    let shape = input.dims();
    let points = input.reshape([-1, shape[D - 1] as i32]);
    fused::layer_norm::layer_norm(points, gamma, beta, epsilon).reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::nn::LayerNormConfig;
    use burn::tensor::Distribution;
    use rheome_backend::device::cpu_backends;

    #[test]
    fn both_ways_find_the_same() {
        for selected in cpu_backends() {
            let device = selected.device;
            device.seed(3);
            let input = Tensor::<3>::random([2, 5, 8], Distribution::Normal(1.0, 2.0), &device);
            let draw = || Tensor::<1>::random([8], Distribution::Normal(0.0, 1.0), &device);
            for bias in [true, false] {
                let mut norm = LayerNormConfig::new(8).with_bias(bias).init(&device);
                norm.gamma = Param::from_tensor(draw());
                norm.beta = norm.beta.map(|_| Param::from_tensor(draw()));
                for input in [input.clone(), input.clone().swap_dims(0, 1)] {
                    let found = layer_norm(&norm, input.clone());
                    let difference = found - norm.forward(input);
                    let difference = difference.abs().max().into_scalar::<f32>();
                    assert!(difference < 2e-6, "{difference}");
                }
            }
            let normal = standardize(input, 1e-6);
            let mean = normal.clone().mean_dim(2).abs().max().into_scalar::<f32>();
            let variance = normal.square().mean_dim(2) - 1.0;
            assert!(mean < 1e-6 && variance.abs().max().into_scalar::<f32>() < 1e-5);
        }
    }
}
