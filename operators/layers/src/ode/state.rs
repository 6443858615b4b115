//! What integrators move: tensors, or numbers on the host.

use burn::tensor::Tensor;

use super::Tolerance;

/// What an integrator moves: it can be added to, and its errors can be measured.
pub trait State: Clone {
    /// `self + sum of factor * term`.
    fn plus(&self, terms: &[(f64, &Self)]) -> Self;

    /// Root mean square of `error`, each component relative to what is tolerated at it: `absolute + relative * |x|`, x
    /// being the larger of its values `before` and `after`. Below 1 the error is tolerable.
    fn error_norm(error: &Self, before: &Self, after: &Self, tolerance: Tolerance) -> f64;

    /// `0`, of the kind of `self`.
    fn zero(&self) -> Self {
        self.plus(&[(-1.0, self)])
    }
}

impl<const D: usize> State for Tensor<D> {
    fn plus(&self, terms: &[(f64, &Self)]) -> Self {
        terms
            .iter()
            .filter(|(factor, _)| *factor != 0.0)
            .fold(self.clone(), |sum, (factor, term)| {
                sum + (*term).clone().mul_scalar(*factor)
            })
    }

    fn error_norm(error: &Self, before: &Self, after: &Self, tolerance: Tolerance) -> f64 {
        let size = before.clone().abs().max_pair(after.clone().abs());
        let tolerated = size
            .mul_scalar(tolerance.relative)
            .add_scalar(tolerance.absolute);
        let mean = (error.clone() / tolerated).square().mean();
        f64::from(mean.into_scalar::<f32>()).sqrt()
    }
}

impl State for Vec<f64> {
    fn plus(&self, terms: &[(f64, &Self)]) -> Self {
        let mut sum = self.clone();
        for (factor, term) in terms {
            for (x, y) in sum.iter_mut().zip(*term) {
                *x += factor * y;
            }
        }
        sum
    }

    fn error_norm(error: &Self, before: &Self, after: &Self, tolerance: Tolerance) -> f64 {
        let squares = error.iter().zip(before).zip(after).map(|((e, a), b)| {
            let tolerated = tolerance.absolute + tolerance.relative * a.abs().max(b.abs());
            (e / tolerated).powi(2)
        });
        (squares.sum::<f64>() / error.len().max(1) as f64).sqrt()
    }
}
