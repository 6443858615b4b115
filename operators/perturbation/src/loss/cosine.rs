//! The cosine loss of identification: how far an embedding points away from that of the perturbation (scDFM, arXiv 2602.07103).

use burn::tensor::Tensor;

/// Keeps the norm of a zero vector from being divided by.
const SMALLEST_NORM: f64 = 1e-8;

/// Mean over the batch of `1 - cos(angle between found and expected)`.
///
/// # Shapes
/// - found: `[batch, width]`
/// - expected: `[1 or batch, width]`
/// - output: `[1]`
pub fn cosine_loss(found: Tensor<2>, expected: Tensor<2>) -> Tensor<1> {
    let unit = |vectors: Tensor<2>| {
        let square = vectors.clone().square().sum_dim(1);
        // The floor is below the root, which has no slope at zero.
        vectors / square.clamp_min(SMALLEST_NORM * SMALLEST_NORM).sqrt()
    };
    let cosine = (unit(found) * unit(expected)).sum_dim(1);
    cosine.mean().neg().add_scalar(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn only_the_direction_counts() {
        let device = Device::flex();
        let loss = |found: [[f32; 2]; 2]| {
            let expected = Tensor::from_data([[2.0, 0.0]], &device);
            cosine_loss(Tensor::from_data(found, &device), expected).into_scalar::<f32>()
        };
        assert!(loss([[1.0, 0.0], [7.0, 0.0]]).abs() < 1e-6);
        assert!((loss([[0.0, 3.0], [-1.0, 0.0]]) - 1.5).abs() < 1e-6);
        assert_eq!(loss([[0.0, 0.0], [0.0, 0.0]]), 1.0);
    }
}
