//! The integral form of an equation: with u' = f and a weight w(t) that lives on a short stretch of time, the integral of w u' is that
//! of w f. Both follow from the points of a series without a derivative (Schaeffer & McCalla 2017, arXiv 1703.05735; Messenger &
//! Bortz 2021, arXiv 2005.04339).

use ndarray::{Array1, ArrayView1};

/// Integrals over stretches of some steps, each with the weight (1 - s^2)^2 on s from -1 to 1; one step has the weight 1.
pub struct Moments {
    rows: Vec<Row>,
}

struct Row {
    first: usize,
    /// Of the steps: the weight in their middle, and the same times half their length.
    steps: Vec<[f64; 2]>,
}

impl Moments {
    /// Stretches of `span` steps, beginning a quarter of that behind each other.
    pub fn new(times: &[f64], span: usize) -> Self {
        let last = times.len().saturating_sub(1 + span);
        let row = |first: usize| {
            let (begin, end) = (times[first], times[first + span]);
            let step = |step: usize| {
                let (a, b) = (times[step], times[step + 1]);
                let s = ((a - begin) + (b - end)) / (end - begin);
                let weight = (1.0 - s * s).powi(2);
                [weight, 0.5 * weight * (b - a)]
            };
            Row {
                first,
                steps: (first..first + span).map(step).collect(),
            }
        };
        Self {
            rows: (0..=last).step_by((span / 4).max(1)).map(row).collect(),
        }
    }

    /// Number of integrals.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Integrals of w u', from u at the points.
    pub fn of_derivative(&self, values: ArrayView1<f64>) -> Array1<f64> {
        self.each(|row, step, [weight, _]| {
            let place = row.first + step;
            weight * (values[place + 1] - values[place])
        })
    }

    /// Integrals of w f, from f at the points.
    pub fn of_function(&self, values: ArrayView1<f64>) -> Array1<f64> {
        self.each(|row, step, [_, half]| {
            let place = row.first + step;
            half * (values[place + 1] + values[place])
        })
    }

    fn each(&self, of_step: impl Fn(&Row, usize, [f64; 2]) -> f64) -> Array1<f64> {
        let sum = |row: &Row| {
            let steps = row.steps.iter().enumerate();
            steps
                .map(|(step, weights)| of_step(row, step, *weights))
                .sum()
        };
        self.rows.iter().map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree_for_an_equation() {
        // u = exp(t), u' = u, at uneven times.
        let times: Vec<f64> = (0..60)
            .map(|p| 0.03 * f64::from(p) + 0.004 * f64::from(p % 3))
            .collect();
        let values: Array1<f64> = times.iter().map(|t| t.exp()).collect();
        for span in [1, 2, 7, 20, 59] {
            let moments = Moments::new(&times, span);
            assert!(moments.count() >= 1);
            let (left, right) = (
                moments.of_derivative(values.view()),
                moments.of_function(values.view()),
            );
            for (left, right) in left.iter().zip(&right) {
                assert!((left / right - 1.0).abs() < 1e-3, "{span}: {left} {right}");
            }
        }
    }
}
