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
    integration: Vec<Integration>,
    rows: Vec<Row>,
}

/// The factors with which r_{k-2}, r_k, r_{k+2} enter the twice-integrated equation of degree k.
#[derive(Debug, Clone, Copy)]
struct Integration {
    below: f64,
    at: f64,
    above: f64,
}

/// The eliminated equation of degree k: f_k = inverse d_k + carry a_{k+2} + ratio f_{k-2}, where d_k is the integrated
/// right-hand side and a_{k+2} the part of f_{k+2} that does not depend on f_k.
#[derive(Debug, Clone, Copy)]
struct Row {
    inverse: f64,
    carry: f64,
    ratio: f64,
    /// What the boundary row becomes for a unit of this coefficient, all higher degrees following it.
    boundary: f64,
}

impl Integration {
    /// For degree `k` of a series up to degree `n`; what lies beyond n is zero.
    fn new(k: usize, n: usize) -> Self {
        let kf = k as f64;
        let below = if k == 2 { 2.0 } else { 1.0 } / (4.0 * kf * (kf - 1.0));
        let at = 1.0 / (2.0 * (kf * kf - 1.0));
        let above = 1.0 / (4.0 * kf * (kf + 1.0));
        Self {
            below,
            at: if k + 2 <= n { at } else { 0.0 },
            above: if k + 4 <= n { above } else { 0.0 },
        }
    }
}

impl Helmholtz {
    /// Prepares the equation with `degrees` coefficients (at least four).
    pub fn new(degrees: usize, lambda: f64, boundary: Boundary) -> Self {
        let unused = Integration {
            below: 0.0,
            at: 0.0,
            above: 0.0,
        };
        let row = Row {
            inverse: 0.0,
            carry: 0.0,
            ratio: 0.0,
            boundary: 0.0,
        };
        let mut integration = vec![unused; degrees];
        for (k, factors) in integration.iter_mut().enumerate().skip(2) {
            *factors = Integration::new(k, degrees - 1);
        }
        let mut equation = Self {
            boundary,
            integration,
            rows: vec![row; degrees],
        };
        equation.prepare(lambda);
        equation
    }

    /// Prepares the equation for another `lambda`, in place.
    pub fn prepare(&mut self, lambda: f64) {
        // Per parity: ratio and boundary response of the degree above, which for the highest does not exist.
        let mut above = [[0.0; 2]; 2];
        for (k, (row, factors)) in self
            .rows
            .iter_mut()
            .zip(&self.integration)
            .enumerate()
            .rev()
        {
            let [ratio, response] = above[k % 2];
            let weight = match self.boundary {
                Boundary::Value => 1.0,
                Boundary::Slope => (k * k) as f64,
            };
            row.boundary = weight + ratio * response;
            if k >= 2 {
                row.inverse = 1.0 / (1.0 + lambda * (factors.at - factors.above * ratio));
                row.carry = lambda * factors.above * row.inverse;
                row.ratio = lambda * factors.below * row.inverse;
            }
            above[k % 2] = [row.ratio, row.boundary];
        }
    }

    /// Solves for the right-hand side `r` and the boundary data `walls` = [even, odd], into `f`.
    pub fn solve(&self, r: &[f64], walls: [f64; 2], f: &mut [f64]) {
        self.solve_lines([r], walls, [f]);
    }

    /// Solves for several right-hand sides at once: each solution is a chain of dependent operations, so that the real and
    /// the imaginary part of a mode together take little longer than one of them.
    pub fn solve_lines<const LINES: usize>(
        &self,
        r: [&[f64]; LINES],
        walls: [f64; 2],
        mut f: [&mut [f64]; LINES],
    ) {
        let degrees = self.rows.len();
        let (rows, integration) = (&self.rows[..degrees], &self.integration[..degrees]);
        let r = r.map(|line| &line[..degrees]);
        let mut boundary = [walls; LINES];
        for k in (2..degrees).rev() {
            let (row, Integration { below, at, above }) = (rows[k], integration[k]);
            for line in 0..LINES {
                let (r, f) = (r[line], &mut f[line][..degrees]);
                let mut d = below * r[k - 2] - at * r[k];
                let mut carried = 0.0;
                if k + 2 < degrees {
                    d += above * r[k + 2];
                    carried = row.carry * f[k + 2];
                }
                f[k] = row.inverse * d + carried;
                boundary[line][k % 2] -= row.boundary * f[k];
            }
        }
        for line in 0..LINES {
            for parity in 0..2 {
                f[line][parity] = boundary[line][parity] / rows[parity].boundary;
            }
        }
        for k in 2..degrees {
            for f in &mut f {
                f[k] += rows[k].ratio * f[k - 2];
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
