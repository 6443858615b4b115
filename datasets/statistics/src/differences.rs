//! First derivatives at given points, however they are spaced.

/// Derivatives along y by finite differences: the weights of the interpolating polynomial through the nearest points
/// (barycentric form, Berrut & Trefethen 2004). With `stencil` points the error is of order `stencil` - 1 in the spacing,
/// at the walls, where the points lie on one side, as within.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FiniteDifferences {
    rows: Vec<Row>,
}

/// Weights of neighbouring points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Index of the first of them.
    pub first: usize,
    pub weights: Vec<f64>,
}

impl FiniteDifferences {
    /// For the increasing points `y`, with `stencil` points a derivative (or all, if there are fewer).
    pub fn new(y: &[f64], stencil: usize) -> Self {
        let size = stencil.clamp(1, y.len().max(1));
        let rows = (0..y.len())
            .map(|j| {
                let first = j.saturating_sub(size / 2).min(y.len() - size);
                Row {
                    first,
                    weights: weights(&y[first..first + size], j - first),
                }
            })
            .collect();
        Self { rows }
    }

    /// The weights of the derivative at each point.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The derivative at the first and the last point of a line of values.
    pub fn at_ends(&self, line: &[f64]) -> [f64; 2] {
        let at = |row: Option<&Row>| {
            row.map_or(0.0, |row| {
                let values = &line[row.first..];
                row.weights.iter().zip(values).map(|(w, v)| w * v).sum()
            })
        };
        [at(self.rows.first()), at(self.rows.last())]
    }
}

/// Weights of the derivative at `points[at]`.
fn weights(points: &[f64], at: usize) -> Vec<f64> {
    let barycentric = |j: usize| -> f64 {
        let others = points.iter().enumerate().filter(|(m, _)| *m != j);
        1.0 / others.map(|(_, x)| points[j] - x).product::<f64>()
    };
    let own = barycentric(at);
    let mut weights: Vec<f64> = (0..points.len())
        .map(|j| {
            if j == at {
                0.0
            } else {
                barycentric(j) / own / (points[at] - points[j])
            }
        })
        .collect();
    weights[at] = -weights.iter().sum::<f64>();
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_the_order_are_exact_on_uneven_points() {
        let y = [0.0, 0.1, 0.25, 0.6, 0.8, 1.3, 2.0];
        let differences = FiniteDifferences::new(&y, 5);
        let line = y.map(|y: f64| 1.0 - y + 2.0 * y.powi(3) + y.powi(4));
        for (row, y) in differences.rows().iter().zip(y) {
            let derivative: f64 = row
                .weights
                .iter()
                .zip(&line[row.first..])
                .map(|(w, v)| w * v)
                .sum();
            let exact = -1.0 + 6.0 * y * y + 4.0 * y.powi(3);
            approx::assert_abs_diff_eq!(derivative, exact, epsilon = 1e-10);
        }
    }

    #[test]
    fn the_error_falls_with_the_fourth_power_of_the_spacing() {
        let error = |n: usize| {
            let y: Vec<f64> = (0..n).map(|j| 2.0 * j as f64 / (n - 1) as f64).collect();
            let line: Vec<f64> = y.iter().map(|y| (2.0 * y).sin()).collect();
            let [lower, upper] = FiniteDifferences::new(&y, 5).at_ends(&line);
            (lower - 2.0).abs().max((upper - 2.0 * 4.0_f64.cos()).abs())
        };
        let order = (error(33) / error(65)).log2();
        assert!((3.8..4.3).contains(&order), "{order}");
    }
}
