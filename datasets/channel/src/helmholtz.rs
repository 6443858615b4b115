//! f'' - lambda f = r between the walls, in Chebyshev coefficients, in O(n).

/// What is prescribed at the walls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The value of f.
    Value,
    /// The derivative of f.
    Slope,
}

/// The tau equations of f'' - lambda f = r (Canuto, Hussaini, Quarteroni & Zang 1988, eq. 5.1.24): even and odd
/// coefficients apart, each tridiagonal but for one full row that holds the boundary condition. Eliminated once from the
/// highest degree down, then solved for any number of right-hand sides.
///
/// A boundary datum is given per parity: for `Value`, (f(1) + f(-1))/2 for even and (f(1) - f(-1))/2 for odd degrees;
/// for `Slope` the even part takes (f'(1) - f'(-1))/2 and the odd part (f'(1) + f'(-1))/2.
#[derive(Debug, Clone)]
pub struct Helmholtz {
    boundary: Boundary,
    lambda: f64,
    /// f_k = (d_k - c_k p_{k+2}) inverse_k + ratio_k f_{k-2}.
    ratio: Vec<f64>,
    inverse: Vec<f64>,
    /// Sum over each parity's boundary row of the response to its lowest coefficient.
    response: [f64; 2],
}

/// The three coefficients with which r_{k-2}, r_k, r_{k+2} enter the twice-integrated equation of degree k.
#[inline]
fn integration(k: usize, n: usize) -> [f64; 3] {
    let kf = k as f64;
    let below = if k == 2 { 2.0 } else { 1.0 } / (4.0 * kf * (kf - 1.0));
    let at = if k + 2 <= n {
        1.0 / (2.0 * (kf * kf - 1.0))
    } else {
        0.0
    };
    let above = if k + 4 <= n {
        1.0 / (4.0 * kf * (kf + 1.0))
    } else {
        0.0
    };
    [below, at, above]
}

impl Helmholtz {
    /// Prepares the equation with `degrees` coefficients.
    pub fn new(degrees: usize, lambda: f64, boundary: Boundary) -> Self {
        let mut equation = Self {
            boundary,
            lambda,
            ratio: vec![0.0; degrees],
            inverse: vec![0.0; degrees],
            response: [0.0; 2],
        };
        equation.prepare(lambda);
        equation
    }

    /// Prepares the equation for another `lambda`, in place.
    pub fn prepare(&mut self, lambda: f64) {
        let degrees = self.ratio.len();
        let n = degrees - 1;
        self.lambda = lambda;
        for k in (2..degrees).rev() {
            let [below, at, above] = integration(k, n);
            let ratio_above = if k + 2 <= n { self.ratio[k + 2] } else { 0.0 };
            let inverse = 1.0 / (1.0 + lambda * at - lambda * above * ratio_above);
            self.inverse[k] = inverse;
            self.ratio[k] = lambda * below * inverse;
        }
        for parity in 0..2 {
            let mut response = 1.0;
            let mut sum = self.weight(parity);
            for k in (parity + 2..degrees).step_by(2) {
                response *= self.ratio[k];
                sum += self.weight(k) * response;
            }
            self.response[parity] = sum;
        }
    }

    /// Entry of degree k in the boundary row.
    #[inline]
    fn weight(&self, k: usize) -> f64 {
        match self.boundary {
            Boundary::Value => 1.0,
            Boundary::Slope => (k * k) as f64,
        }
    }

    /// Solves for the right-hand side `r` and the boundary data `walls` = [even, odd], into `f`.
    pub fn solve(&self, r: &[f64], walls: [f64; 2], f: &mut [f64]) {
        let degrees = self.ratio.len();
        let n = degrees - 1;
        let at_or_zero = |k: usize| if k <= n { r[k] } else { 0.0 };
        for k in (2..degrees).rev() {
            let [below, at, above] = integration(k, n);
            let d = below * r[k - 2] - at * r[k] + above * at_or_zero(k + 2);
            let carried = if k + 2 <= n {
                self.lambda * above * f[k + 2]
            } else {
                0.0
            };
            f[k] = (d + carried) * self.inverse[k];
        }
        for (parity, datum) in walls.into_iter().enumerate() {
            // First the solution that starts from zero, whose boundary row tells the lowest coefficient.
            let mut particular = 0.0;
            let mut sum = 0.0;
            for k in (parity + 2..degrees).step_by(2) {
                particular = f[k] + self.ratio[k] * particular;
                sum += self.weight(k) * particular;
            }
            f[parity] = (datum - sum) / self.response[parity];
            for k in (parity + 2..degrees).step_by(2) {
                f[k] += self.ratio[k] * f[k - 2];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chebyshev::{analysis, nodes};

    /// Coefficients of f at n + 1 points.
    fn coefficients(n: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let values: Vec<f64> = nodes(n).into_iter().map(f).collect();
        analysis(n, n + 1)
            .dot(&ndarray::Array1::from(values))
            .to_vec()
    }

    #[test]
    fn known_solutions_are_found_for_values_and_slopes() {
        let n = 48;
        let f = |y: f64| (2.0 * y + 0.3).sin();
        for lambda in [0.5, 37.0, 1e5] {
            let r = coefficients(n, |y| (-4.0 - lambda) * f(y));
            let slope = |y: f64| 2.0 * (2.0 * y + 0.3).cos();
            let cases = [
                (
                    Boundary::Value,
                    [(f(1.0) + f(-1.0)) / 2.0, (f(1.0) - f(-1.0)) / 2.0],
                ),
                (
                    Boundary::Slope,
                    [
                        (slope(1.0) - slope(-1.0)) / 2.0,
                        (slope(1.0) + slope(-1.0)) / 2.0,
                    ],
                ),
            ];
            for (boundary, walls) in cases {
                let mut found = vec![0.0; n + 1];
                Helmholtz::new(n + 1, lambda, boundary).solve(&r, walls, &mut found);
                for (a, b) in found.iter().zip(coefficients(n, f)) {
                    approx::assert_abs_diff_eq!(*a, b, epsilon = 1e-11);
                }
            }
        }
    }
}
