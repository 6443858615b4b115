//! Chebyshev polynomials on [-1, 1]: nodes, values, derivatives and integrals of series of coefficients.

use std::f64::consts::PI;

use ndarray::Array2;

/// Gauss-Lobatto points y_j = cos(pi j / n), j = 0..=n: from the upper wall (1) to the lower (-1).
pub fn nodes(n: usize) -> Vec<f64> {
    // The sine form is exactly antisymmetric about the centre plane.
    (0..=n)
        .map(|j| (PI * (n as f64 - 2.0 * j as f64) / (2.0 * n as f64)).sin())
        .collect()
}

/// Values of the first `degrees` polynomials at `points`: `[point, degree]`.
pub fn values(points: &[f64], degrees: usize) -> Array2<f64> {
    let angle: Vec<f64> = points.iter().map(|y| y.clamp(-1.0, 1.0).acos()).collect();
    Array2::from_shape_fn((points.len(), degrees), |(p, k)| {
        (k as f64 * angle[p]).cos()
    })
}

/// Coefficients of the first `degrees` polynomials from values at the Gauss-Lobatto points 0..=n: `[degree, point]`.
pub fn analysis(n: usize, degrees: usize) -> Array2<f64> {
    let end = |j: usize| if j == 0 || j == n { 2.0 } else { 1.0 };
    Array2::from_shape_fn((degrees, n + 1), |(k, j)| {
        // The angle is reduced exactly, in integers, before it is turned into a float.
        let turns = (k * j) % (2 * n);
        2.0 * (PI * turns as f64 / n as f64).cos() / (n as f64 * end(j) * end(k))
    })
}

/// Coefficients of the derivative of the series `a`, into `d`.
pub fn differentiate(a: &[f64], d: &mut [f64]) {
    let n = a.len() - 1;
    d[n] = 0.0;
    if n == 0 {
        return;
    }
    d[n - 1] = 2.0 * n as f64 * a[n];
    for k in (0..n - 1).rev() {
        d[k] = d[k + 2] + 2.0 * (k + 1) as f64 * a[k + 1];
    }
    d[0] *= 0.5;
}

/// Coefficients of the antiderivative of the series `a` that vanishes at y = -1, into `b` (its last degree is one too low to hold
/// that of the highest polynomial).
pub fn antiderivative(a: &[f64], b: &mut [f64]) {
    let n = a.len();
    b[0] = 0.0;
    for k in 1..n {
        let below = if k == 1 { 2.0 * a[0] } else { a[k - 1] };
        let above = if k + 1 < n { a[k + 1] } else { 0.0 };
        b[k] = (below - above) / (2 * k) as f64;
    }
    b[0] = -at_wall(b, false);
}

/// Integral over [-1, 1] of the series `a`.
pub fn integrate(a: &[f64]) -> f64 {
    a.iter()
        .step_by(2)
        .enumerate()
        .map(|(m, &c)| c * 2.0 / (1.0 - (2 * m * 2 * m) as f64))
        .sum()
}

/// Value of the series `a` at y = 1 (`upper`) or y = -1.
pub fn at_wall(a: &[f64], upper: bool) -> f64 {
    a.iter()
        .enumerate()
        .map(|(k, &c)| if upper || k % 2 == 0 { c } else { -c })
        .sum()
}

/// Weights of the integral over [-1, 1] from values at the Gauss-Lobatto points 0..=n (Clenshaw & Curtis 1960).
pub fn quadrature(n: usize) -> Vec<f64> {
    let analysis = analysis(n, n + 1);
    (0..=n)
        .map(|j| integrate(&analysis.column(j).to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_is_analysed_differentiated_and_integrated_exactly() {
        let n = 8;
        let f = |y: f64| 1.0 + 2.0 * y - 3.0 * y.powi(4) + y.powi(7);
        let at_nodes: Vec<f64> = nodes(n).into_iter().map(f).collect();
        let a = analysis(n, n + 1)
            .dot(&ndarray::Array1::from(at_nodes.clone()))
            .to_vec();
        let mut d = vec![0.0; n + 1];
        differentiate(&a, &mut d);
        let points = [-1.0, -0.3, 0.7, 1.0];
        let table = values(&points, n + 1);
        for (p, &y) in points.iter().enumerate() {
            let derivative: f64 = (0..=n).map(|k| table[[p, k]] * d[k]).sum();
            approx::assert_abs_diff_eq!(
                derivative,
                2.0 - 12.0 * y.powi(3) + 7.0 * y.powi(6),
                epsilon = 1e-12
            );
        }
        let mut b = vec![0.0; n + 1];
        antiderivative(&d, &mut b);
        for (k, (b, a)) in b.iter().zip(&a).enumerate().skip(1) {
            approx::assert_abs_diff_eq!(b, a, epsilon = 1e-13 * k as f64);
        }
        approx::assert_abs_diff_eq!(at_wall(&b, false), 0.0, epsilon = 1e-13);
        let exact = 2.0 - 6.0 / 5.0;
        approx::assert_abs_diff_eq!(integrate(&a), exact, epsilon = 1e-13);
        let weighted: f64 = quadrature(n)
            .iter()
            .zip(&at_nodes)
            .map(|(w, v)| w * v)
            .sum();
        approx::assert_abs_diff_eq!(weighted, exact, epsilon = 1e-13);
        approx::assert_abs_diff_eq!(at_wall(&a, false), f(-1.0), epsilon = 1e-13);
    }
}
