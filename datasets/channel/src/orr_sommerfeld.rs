//! The Orr-Sommerfeld equation of plane Poiseuille flow U = 1 - y^2 (lengths in half-heights, velocities in centreline
//! velocities):
//!
//! (U - c)(D^2 - alpha^2) v - U'' v = (D^2 - alpha^2)^2 v / (i alpha Re),  v = v' = 0 at the walls,
//!
//! by Chebyshev collocation with the clamped fourth derivative of Trefethen 2000 (Spectral Methods in MATLAB, program 38).

use nalgebra::DMatrix;
use rustfft::num_complex::Complex64;

use crate::chebyshev;

/// An eigenmode.
#[derive(Debug, Clone)]
pub struct Mode {
    /// Phase velocity (real part) and growth rate over alpha (imaginary part).
    pub c: Complex64,
    /// Wall-normal velocity at the Gauss-Lobatto points, from the upper wall down, of largest magnitude 1.
    pub v: Vec<Complex64>,
}

/// The mode of largest growth rate at Reynolds number `reynolds` (centreline velocity) and streamwise wavenumber `alpha`,
/// on the Gauss-Lobatto points 0..=`n`.
pub fn least_stable(reynolds: f64, alpha: f64, n: usize) -> Mode {
    let (a, b) = matrices(reynolds, alpha, n);
    let all = b
        .clone()
        .lu()
        .solve(&a)
        .and_then(|m| m.schur().eigenvalues());
    let c = all
        .into_iter()
        .flat_map(|values| values.iter().copied().collect::<Vec<_>>())
        // Collocation adds a few spurious modes far away; physical ones travel with the flow.
        .filter(|c| c.re > -0.1 && c.re < 1.1 && c.im < 0.5)
        .max_by(|p, q| p.im.total_cmp(&q.im))
        .unwrap_or(Complex64::new(0.25, 0.0));
    refine(&a, &b, c)
}

/// Inverse iteration from the eigenvalue `c`.
fn refine(a: &DMatrix<Complex64>, b: &DMatrix<Complex64>, mut c: Complex64) -> Mode {
    let inner = a.nrows();
    // A shift off the eigenvalue keeps the matrix regular.
    let shift = c + Complex64::new(1e-7, 1e-7);
    let factors = (a - b * shift).lu();
    let mut v = nalgebra::DVector::from_element(inner, Complex64::new(1.0, 0.3));
    for _ in 0..4 {
        let Some(next) = factors.solve(&(b * &v)) else {
            break;
        };
        let index = next.icamax();
        // One iteration multiplies the mode by 1 / (c - shift).
        c = shift + v[index] / next[index];
        v = &next / next[index];
    }
    let zero = [Complex64::ZERO];
    let v = zero.iter().chain(v.iter()).chain(&zero).copied().collect();
    Mode { c, v }
}

/// The equation as A v = c B v on the inner points.
fn matrices(reynolds: f64, alpha: f64, n: usize) -> (DMatrix<Complex64>, DMatrix<Complex64>) {
    let y = chebyshev::nodes(n);
    let d1 = derivative_matrix(n);
    let d2 = &d1 * &d1;
    let (d3, d4) = (&d2 * &d1, &d2 * &d2);
    // (1 - y^2) q'''' - 8 y q''' - 12 q'' for v = (1 - y^2) q builds both boundary conditions in.
    let weight = |i: usize| 1.0 - y[i] * y[i];
    let inner = n - 1;
    let clamped = |i: usize, j: usize| {
        (weight(i) * d4[(i, j)] - 8.0 * y[i] * d3[(i, j)] - 12.0 * d2[(i, j)]) / weight(j)
    };
    let a2 = alpha * alpha;
    let identity = |i: usize, j: usize| f64::from(u8::from(i == j));
    let laplacian = |i: usize, j: usize| d2[(i, j)] - a2 * identity(i, j);
    let a = DMatrix::from_fn(inner, inner, |r, s| {
        let (i, j) = (r + 1, s + 1);
        let biharmonic = clamped(i, j) - 2.0 * a2 * d2[(i, j)] + a2 * a2 * identity(i, j);
        Complex64::new(
            weight(i) * laplacian(i, j) + 2.0 * identity(i, j),
            biharmonic / (alpha * reynolds),
        )
    });
    let b = DMatrix::from_fn(inner, inner, |r, s| {
        Complex64::new(laplacian(r + 1, s + 1), 0.0)
    });
    (a, b)
}

/// Collocation derivative on the Gauss-Lobatto points 0..=n, diagonal by negative row sums (Baltensperger & Berrut 1999).
fn derivative_matrix(n: usize) -> DMatrix<f64> {
    let y = chebyshev::nodes(n);
    let end = |j: usize| if j == 0 || j == n { 2.0 } else { 1.0 };
    let mut d = DMatrix::from_fn(n + 1, n + 1, |i, j| {
        if i == j {
            return 0.0;
        }
        let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
        sign * end(i) / end(j) / (y[i] - y[j])
    });
    for i in 0..=n {
        d[(i, i)] = -d.row(i).sum();
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_eigenvalues_are_found() {
        // Re, alpha, c: Orszag 1971 for Re = 10000; the others are computed to as many digits elsewhere.
        for (reynolds, alpha, c) in [
            (10_000.0, 1.0, Complex64::new(0.23752648882, 0.00373967062)),
            (7_500.0, 1.0, Complex64::new(0.24989153655, 0.00223497565)),
        ] {
            let found = least_stable(reynolds, alpha, 80).c;
            assert!((found - c).norm() < 1e-8, "Re {reynolds}: {found}");
        }
        let neutral = least_stable(5772.22, 1.02056, 80).c;
        assert!(neutral.im.abs() < 1e-8, "{neutral}");
    }
}
