//! Fourier transforms of a square of real numbers.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

/// Plans and workspace for fields `[x, y]` of n x n points and modes `[ky, kx]`, n / 2 + 1 by n.
///
/// A mode is the coefficient of its wave: the transform there divides by the number of points.
pub struct Transforms {
    n: usize,
    to_rows: Arc<dyn RealToComplex<f64>>,
    from_rows: Arc<dyn ComplexToReal<f64>>,
    to_columns: Arc<dyn Fft<f64>>,
    from_columns: Arc<dyn Fft<f64>>,
    /// `[x, ky]`
    rows: Vec<Complex64>,
    /// `[ky, kx]`
    columns: Vec<Complex64>,
}

impl Transforms {
    pub fn new(n: usize) -> Self {
        let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
        let modes = n * (n / 2 + 1);
        Self {
            n,
            to_rows: real.plan_fft_forward(n),
            from_rows: real.plan_fft_inverse(n),
            to_columns: complex.plan_fft_forward(n),
            from_columns: complex.plan_fft_inverse(n),
            rows: vec![Complex64::default(); modes],
            columns: vec![Complex64::default(); modes],
        }
    }

    /// The modes of a field. The field is left as workspace.
    pub fn forward(&mut self, field: &mut [f64], modes: &mut [Complex64]) {
        let (n, half) = (self.n, self.n / 2 + 1);
        let plan = &self.to_rows;
        let lines = self.rows.par_chunks_mut(half).zip(field.par_chunks_mut(n));
        lines.for_each_init(
            || plan.make_scratch_vec(),
            |scratch, (row, line)| {
                // The lengths are those of the plan.
                let _ = plan.process_with_scratch(line, row, scratch);
            },
        );
        transpose::transpose(&self.rows, modes, half, n);
        let (plan, scale) = (&self.to_columns, 1.0 / (n * n) as f64);
        modes.par_chunks_mut(n).for_each_init(
            || vec![Complex64::default(); plan.get_inplace_scratch_len()],
            |scratch, line| {
                plan.process_with_scratch(line, scratch);
                line.iter_mut().for_each(|mode| *mode *= scale);
            },
        );
    }

    /// The field with these modes.
    pub fn inverse(&mut self, modes: &[Complex64], field: &mut [f64]) {
        let (n, half) = (self.n, self.n / 2 + 1);
        let plan = &self.from_columns;
        let lines = self.columns.par_chunks_mut(n).zip(modes.par_chunks(n));
        lines.for_each_init(
            || vec![Complex64::default(); plan.get_inplace_scratch_len()],
            |scratch, (line, from)| {
                line.copy_from_slice(from);
                plan.process_with_scratch(line, scratch);
            },
        );
        transpose::transpose(&self.columns, &mut self.rows, n, half);
        let plan = &self.from_rows;
        let lines = field.par_chunks_mut(n).zip(self.rows.par_chunks_mut(half));
        lines.for_each_init(
            || plan.make_scratch_vec(),
            |scratch, (line, row)| {
                // Round-off left these; a real field has none.
                row[0].im = 0.0;
                row[half - 1].im = 0.0;
                let _ = plan.process_with_scratch(row, line, scratch);
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_have_their_modes_and_come_back() {
        let n = 12;
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
        let value = |x: usize, y: usize| {
            0.5 + (2.0 * angle(x)).cos() * (3.0 * angle(y)).sin()
                + (angle(x) - 4.0 * angle(y)).sin()
        };
        let field: Vec<f64> = (0..n * n).map(|i| value(i / n, i % n)).collect();
        let mut transforms = Transforms::new(n);
        let mut modes = vec![Complex64::default(); n * (n / 2 + 1)];
        transforms.forward(&mut field.clone(), &mut modes);
        let at = |kx: usize, ky: usize| modes[ky * n + kx];
        assert!((at(0, 0) - 0.5).norm() < 1e-14);
        // cos(2x) sin(3y): -i/4 at both signs of kx.
        for kx in [2, n - 2] {
            assert!((at(kx, 3) - Complex64::new(0.0, -0.25)).norm() < 1e-14);
        }
        // sin(x - 4y) is the conjugate wave at ky = 4: i/2 at kx = -1.
        assert!((at(n - 1, 4) - Complex64::new(0.0, 0.5)).norm() < 1e-14);
        let mut back = vec![0.0; n * n];
        transforms.inverse(&modes, &mut back);
        assert!(back.iter().zip(&field).all(|(a, b)| (a - b).abs() < 1e-13));
    }
}
