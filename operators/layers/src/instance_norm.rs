//! Instance normalisation (Ulyanov et al. 2016, arXiv 1607.08022) folded into the linear map behind it.
//!
//! Normalising each channel of a sample over its grid and then applying a linear map W is one linear map with weights
//! `W_dc / s_d` and the bias `- sum_d m_d W_dc / s_d`, where m and `s = sqrt(variance + epsilon)` are the channel's
//! mean and spread in that sample. Only the moments have to be computed; the normalised field is never written.

use burn::tensor::{Tensor, assert_shape};

/// Epsilon added to the variance, PyTorch's default.
pub const EPSILON: f64 = 1e-5;

/// Normalises `input` per sample, head and channel over its points, then applies `weight` and sums over the heads.
///
/// # Shapes
/// - input: `[batch, heads, points, channels]`
/// - weight: `[heads, channels, outputs]`
/// - output: `[batch, points, outputs]`
pub fn normalized_linear(input: Tensor<4>, weight: Tensor<3>) -> Tensor<3> {
    let [batch, heads, points, channels] = input.dims();
    let outputs = weight.dims()[2];
    assert_shape!(weight, [heads, channels, outputs]);
    let mean = input.clone().mean_dim(2);
    let variance = (input.clone() - mean.clone()).square().mean_dim(2);
    let scale = variance.add_scalar(EPSILON).sqrt().recip();
    let folded = weight.unsqueeze::<4>() * scale.swap_dims(2, 3);
    let bias = mean.matmul(folded.clone()).sum_dim(1);
    let sum = input.matmul(folded).sum_dim(1);
    (sum - bias).reshape([batch, points, outputs])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn equals_normalising_first() {
        let device = Device::flex();
        device.seed(3);
        let (b, h, n, d, c) = (2, 3, 50, 4, 5);
        // A mean far from zero: the folded bias has to cancel it.
        let x = Tensor::<4>::random([b, h, n, d], Distribution::Normal(3.0, 2.0), &device);
        let w = Tensor::<3>::random([h, d, c], Distribution::Normal(0.0, 1.0), &device);
        let mean = x.clone().mean_dim(2);
        let variance = x.clone().var_bias(2);
        let normal = (x.clone() - mean) / (variance + EPSILON).sqrt();
        let expected = normal
            .swap_dims(1, 2)
            .reshape([b, n, h * d])
            .matmul(w.clone().reshape([1, h * d, c]));
        let difference = (normalized_linear(x, w) - expected).abs().max();
        assert!(difference.into_scalar::<f32>() < 1e-5);
    }
}
