//! The unbiased squared maximum mean discrepancy of two samples with Gaussian kernels (Gretton et al. 2012), bandwidths as in scDFM
//! (arXiv 2602.07103).

use burn::tensor::{Tensor, TensorData};

/// The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, J. Mach. Learn. Res. 13, eq. 3),
/// averaged over Gaussian kernels `exp(-|x - y|^2 / (2 sigma^2))`.
///
/// Zero on average where both samples come from the same distribution, and then negative half of the time.
///
/// # Shapes
/// - x: `[n, features]`, n of at least 2
/// - y: `[m, features]`, m of at least 2
/// - output: `[1]`
///
/// # Panics
/// If a sample has fewer than two members, or there are no bandwidths.
pub fn mmd_squared(x: Tensor<2>, y: Tensor<2>, bandwidths: &[f64]) -> Tensor<1> {
    let ([n, _], [m, _]) = (x.dims(), y.dims());
    assert!(
        n > 1 && m > 1,
        "the discrepancy of {n} and {m} members: two of each are needed"
    );
    assert!(!bandwidths.is_empty(), "no bandwidths");
    // Distances are differences of squares: with the common mean taken away little cancels.
    let center = y.clone().mean_dim(0);
    let (x, y) = (x - center.clone(), y - center);
    let within = |sample: &Tensor<2>, count: usize| {
        let others = Tensor::<2>::eye(count, &sample.device())
            .neg()
            .add_scalar(1.0);
        let kernels = mean_kernel(squared_distances(sample, sample), bandwidths);
        (kernels * others)
            .sum()
            .div_scalar((count * (count - 1)) as f64)
    };
    let across = mean_kernel(squared_distances(&x, &y), bandwidths).mean();
    within(&x, n) + within(&y, m) - across.mul_scalar(2.0)
}

/// The kernels at squared distances, their mean over the bandwidths.
fn mean_kernel(distances: Tensor<2>, bandwidths: &[f64]) -> Tensor<2> {
    let kernels = bandwidths.iter().map(|sigma| {
        let rate = -0.5 / (sigma * sigma);
        distances.clone().mul_scalar(rate).exp()
    });
    let sum = kernels.fold(distances.zeros_like(), Tensor::add);
    sum.div_scalar(bandwidths.len() as f64)
}

/// `[n, m]` squared Euclidean distances.
fn squared_distances(x: &Tensor<2>, y: &Tensor<2>) -> Tensor<2> {
    let squares = |t: &Tensor<2>| t.clone().square().sum_dim(1);
    let products = x.clone().matmul(y.clone().transpose());
    (squares(x) + squares(y).transpose() - products.mul_scalar(2.0)).clamp_min(0.0)
}

/// Bandwidths of the kernels: `sqrt(s * median)` for every factor s, of the median squared distance between two different
/// members of `targets` (of an even number of distances the lower of the two in the middle). No gradient.
///
/// # Shapes
/// - targets: `[n, features]`
pub fn bandwidths(targets: Tensor<2>, factors: &[f64]) -> Vec<f64> {
    let n = targets.dims()[0];
    let center = targets.clone().mean_dim(0);
    let targets = targets - center;
    let distances: TensorData = squared_distances(&targets, &targets).into_data();
    let mut apart: Vec<f32> = distances
        .iter::<f32>()
        .enumerate()
        .filter(|(i, _)| i / n != i % n)
        .map(|(_, d)| d)
        .collect();
    let middle = apart.len().saturating_sub(1) / 2;
    let median = match apart.is_empty() {
        true => 0.0,
        false => *apart.select_nth_unstable_by(middle, f32::total_cmp).1,
    };
    // All targets alike: any kernel of positive width tells them from others.
    let median = f64::from(median).max(f64::from(f32::MIN_POSITIVE).sqrt());
    factors.iter().map(|s| (s * median).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};
    use proptest::prelude::*;

    fn tensor(rows: &[Vec<f32>]) -> Tensor<2> {
        let shape = [rows.len(), rows[0].len()];
        Tensor::from_data(TensorData::new(rows.concat(), shape), &Device::flex())
    }

    #[test]
    fn two_points_each_by_hand() {
        // x: 0 and 1; y: 0 and 3; sigma 1.
        let x = tensor(&[vec![0.0], vec![1.0]]);
        let y = tensor(&[vec![0.0], vec![3.0]]);
        let k = |d: f64| (-0.5 * d * d).exp();
        let expected = k(1.0) + k(3.0) - 2.0 * (1.0 + k(3.0) + k(1.0) + k(2.0)) / 4.0;
        let found = mmd_squared(x, y, &[1.0]).into_scalar::<f32>();
        assert!(
            (f64::from(found) - expected).abs() < 1e-6,
            "{found} {expected}"
        );
    }

    #[test]
    fn the_median_is_the_lower_one_without_the_diagonal() {
        // Squared distances 1, 4, 9 (each twice): sorted 1 1 4 4 9 9, the third is the lower median.
        let targets = tensor(&[vec![0.0], vec![1.0], vec![3.0]]);
        let found = bandwidths(targets, &[0.5, 1.0, 4.0]);
        for (found, expected) in found.iter().zip([2.0_f64.sqrt(), 2.0, 4.0]) {
            assert!((found - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn targets_that_are_all_alike_still_have_a_bandwidth() {
        let same = tensor(&[vec![1.0, 2.0], vec![1.0, 2.0]]);
        let sigma = bandwidths(same.clone(), &[1.0]);
        assert!(sigma[0] > 0.0);
        assert!(
            mmd_squared(same.clone(), same.clone(), &sigma)
                .into_scalar::<f32>()
                .abs()
                < 1e-6
        );
        let apart = mmd_squared(same.clone().add_scalar(1.0), same, &sigma);
        assert!((apart.into_scalar::<f32>() - 2.0).abs() < 1e-5);
    }

    /// Unbiased: over many pairs of samples of one distribution the mean is zero within its standard error.
    #[test]
    fn equal_distributions_have_a_discrepancy_of_zero_on_average_and_others_do_not() {
        let device = Device::flex();
        device.seed(11);
        let draw =
            |mean: f64| Tensor::<2>::random([10, 3], Distribution::Normal(mean, 1.0), &device);
        let sample = |mean: f64| -> Vec<f64> {
            let pairs = (0..400).map(|_| {
                let (x, y) = (draw(mean), draw(0.0));
                f64::from(mmd_squared(x, y, &[1.0, 2.0]).into_scalar::<f32>())
            });
            pairs.collect()
        };
        let (same, other) = (sample(0.0), sample(1.0));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let m = mean(&same);
        let variance = same.iter().map(|x| (x - m).powi(2)).sum::<f64>() / 399.0;
        let error = (variance / 400.0).sqrt();
        assert!(m.abs() < 4.0 * error, "{m} +- {error}");
        assert!(same.iter().any(|x| *x < 0.0));
        assert!(mean(&other) > 20.0 * error);
    }

    proptest! {
        #[test]
        fn a_shift_and_an_exchange_of_the_samples_change_nothing(
            x in prop::collection::vec(prop::collection::vec(-2.0_f32..2.0, 3), 2..6),
            y in prop::collection::vec(prop::collection::vec(-2.0_f32..2.0, 3), 2..6),
            shift in -50.0_f32..50.0,
        ) {
            let (x, y) = (tensor(&x), tensor(&y));
            let value = |x: &Tensor<2>, y: &Tensor<2>| {
                mmd_squared(x.clone(), y.clone(), &[0.7, 1.5]).into_scalar::<f32>()
            };
            let plain = value(&x, &y);
            prop_assert!((value(&y, &x) - plain).abs() < 1e-4);
            let (x, y) = (x.add_scalar(shift), y.add_scalar(shift));
            prop_assert!((value(&x, &y) - plain).abs() < 1e-3);
        }
    }
}
