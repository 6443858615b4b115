//! The error that the commands tell.

use ndarray::Array2;

/// Relative L2 error of states with respect to others, over all points and components: `[points, components]` both.
pub fn relative_l2(found: &Array2<f64>, expected: &Array2<f64>) -> f64 {
    let difference: f64 = (found - expected).iter().map(|d| d * d).sum();
    let norm: f64 = expected.iter().map(|value| value * value).sum();
    match norm {
        0.0 => difference.sqrt(),
        norm => (difference / norm).sqrt(),
    }
}
