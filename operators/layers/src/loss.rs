//! Losses over whole samples.

use burn::tensor::Tensor;

/// Relative L2 norm of the error of each sample, over all its points and channels: `|prediction - target| / |target|`.
///
/// A target of nothing but zeros has no relative error: its value is then huge or infinite.
///
/// # Shapes
/// - prediction, target: `[batch, ...]`
/// - output: `[batch]`
pub fn relative_l2_per_sample<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
) -> Tensor<1> {
    let norm = |t: Tensor<D>| {
        let batch = t.dims()[0];
        let flat: Tensor<2> = t.reshape([batch as i32, -1]);
        // The root has no slope at zero: without the floor a perfect prediction would have NaN for a gradient.
        let sum = flat.square().sum_dim(1).clamp_min(f32::MIN_POSITIVE);
        sum.sqrt().squeeze_dim::<1>(1)
    };
    norm(prediction - target.clone()) / norm(target)
}

/// Mean over the batch of [`relative_l2_per_sample`]: the training loss of the IFactFormer paper (arXiv 2412.18840).
///
/// # Shapes
/// - prediction, target: `[batch, ...]`
/// - output: `[1]`
pub fn relative_l2<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    relative_l2_per_sample(prediction, target).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn each_sample_counts_relative_to_its_own_norm() {
        let device = Device::flex();
        let target =
            Tensor::<2>::from_data([[3.0, 0.0, 0.0, 4.0], [0.0, 0.0, 0.0, 100.0]], &device);
        let found = Tensor::<2>::from_data([[3.0, 1.0, 0.0, 4.0], [0.0, 0.0, 0.0, 150.0]], &device);
        let each: Vec<f32> = relative_l2_per_sample(found.clone(), target.clone())
            .try_into_vec_as()
            .unwrap();
        assert_eq!(each, [0.2, 0.5]);
        assert_eq!(relative_l2(found, target).into_scalar::<f32>(), 0.35);
    }

    #[test]
    fn a_perfect_prediction_has_no_gradient() {
        let device = Device::flex().autodiff();
        let target = Tensor::<2>::from_data([[1.0, 2.0]], &device);
        let found = target.clone().require_grad();
        let gradients = relative_l2(found.clone(), target).backward();
        let slope: Vec<f32> = found.grad(&gradients).unwrap().try_into_vec_as().unwrap();
        assert_eq!(slope, [0.0, 0.0]);
    }
}
