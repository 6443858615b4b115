//! Between Chebyshev-Fourier coefficients and values on points.
//!
//! In y a dense matrix product serves: at these sizes it costs less than fast cosine transforms and moves the data from
//! `[row, degree]` to `[y, row]` on its way, so that no transposition is needed. In x and z each plane is transformed by
//! itself and stays in the cache.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::modes::Modes;

/// Rows a task of the y-transforms; fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 128;

/// `values[y, row] = sum over degrees of table[y, degree] coefficients[row, degree]`.
pub fn synthesize(table: &Array2<f64>, coefficients: &[f64], values: &mut [f64]) {
    let (points, degrees) = table.dim();
    let rows = coefficients.len() / degrees;
    let mut values = view_mut(values, points, rows);
    values
        .axis_chunks_iter_mut(ndarray::Axis(1), BLOCK)
        .into_par_iter()
        .enumerate()
        .for_each(|(b, mut block)| {
            let first = b * BLOCK;
            let part = &coefficients[first * degrees..(first + block.ncols()) * degrees];
            let part = view(part, block.ncols(), degrees);
            general_mat_mul(1.0, table, &part.t(), 0.0, &mut block);
        });
}

/// `coefficients[row, degree] = sum over points of table[degree, y] values[y, row]`.
pub fn analyze(table: &Array2<f64>, values: &[f64], coefficients: &mut [f64]) {
    let (degrees, points) = table.dim();
    let rows = coefficients.len() / degrees;
    let values = view(values, points, rows);
    coefficients
        .par_chunks_mut(BLOCK * degrees)
        .enumerate()
        .for_each(|(b, block)| {
            let count = block.len() / degrees;
            let part = values.slice(ndarray::s![.., b * BLOCK..b * BLOCK + count]);
            general_mat_mul(
                1.0,
                &part.t(),
                &table.t(),
                0.0,
                &mut view_mut(block, count, degrees),
            );
        });
}

/// The shapes are fixed by construction: every buffer is allocated as a product of the same sizes.
fn view(data: &[f64], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns), data).expect("buffer allocated with this shape")
}

fn view_mut(data: &mut [f64], rows: usize, columns: usize) -> ArrayViewMut2<'_, f64> {
    ArrayViewMut2::from_shape((rows, columns), data).expect("buffer allocated with this shape")
}

/// Fourier transforms of one plane, from the kept modes to `[z, x]` points and back. The number of points may be larger
/// than the modes need (3/2 dealiasing) or smaller (the modes beyond are left out).
pub struct PlaneTransform {
    streamwise: usize,
    spanwise: usize,
    nx: usize,
    nz: usize,
    inverse_x: Arc<dyn ComplexToReal<f64>>,
    forward_x: Arc<dyn RealToComplex<f64>>,
    inverse_z: Arc<dyn Fft<f64>>,
    forward_z: Arc<dyn Fft<f64>>,
}

/// Working memory of one thread for a [`PlaneTransform`].
pub struct PlaneScratch {
    along_z: Vec<Complex64>,
    along_x: Vec<Complex64>,
    fft: Vec<Complex64>,
}

impl PlaneTransform {
    /// Transforms between `modes` and `nx` by `nz` points.
    pub fn new(modes: &Modes, nx: usize, nz: usize) -> Self {
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        Self {
            streamwise: modes.streamwise,
            spanwise: modes.spanwise,
            nx,
            nz,
            inverse_x: real.plan_fft_inverse(nx),
            forward_x: real.plan_fft_forward(nx),
            inverse_z: complex.plan_fft_inverse(nz),
            forward_z: complex.plan_fft_forward(nz),
        }
    }

    /// Points along x and z.
    pub fn shape(&self) -> [usize; 2] {
        [self.nx, self.nz]
    }

    /// Number of points of a plane.
    pub fn points(&self) -> usize {
        self.nx * self.nz
    }

    /// Working memory for one thread.
    pub fn scratch(&self) -> PlaneScratch {
        let fft = [
            self.inverse_x.get_scratch_len(),
            self.forward_x.get_scratch_len(),
            self.inverse_z.get_inplace_scratch_len(),
            self.forward_z.get_inplace_scratch_len(),
        ];
        PlaneScratch {
            along_z: vec![Complex64::ZERO; self.kept_x() * self.nz],
            along_x: vec![Complex64::ZERO; self.nz * (self.nx / 2 + 1)],
            fft: vec![Complex64::ZERO; fft.into_iter().max().unwrap_or(0)],
        }
    }

    /// Streamwise modes that both sides have (the highest of an even number of points is left out).
    fn kept_x(&self) -> usize {
        self.streamwise.min(self.nx.div_ceil(2))
    }

    /// Pairs (mode index, place on the FFT's axis) of the spanwise modes that both sides have.
    fn kept_z(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (spanwise, nz) = (self.spanwise, self.nz);
        let half = ((spanwise - 1) / 2).min((nz - 1) / 2);
        (0..=half)
            .map(|k| (k, k))
            .chain((1..=half).map(move |k| (spanwise - k, nz - k)))
    }

    /// From modes `[2 kx kz]` (one y of [`synthesize`]) to values `[z, x]`.
    pub fn to_points(&self, modes: &[f64], values: &mut [f64], scratch: &mut PlaneScratch) {
        let PlaneScratch {
            along_z,
            along_x,
            fft,
        } = scratch;
        along_z.fill(Complex64::ZERO);
        for ix in 0..self.kept_x() {
            let (from, to) = (ix * self.spanwise, ix * self.nz);
            for (mode, place) in self.kept_z() {
                let row = 2 * (from + mode);
                along_z[to + place] = Complex64::new(modes[row], modes[row + 1]);
            }
        }
        self.inverse_z.process_with_scratch(
            along_z,
            &mut fft[..self.inverse_z.get_inplace_scratch_len()],
        );
        let width = self.nx / 2 + 1;
        let scratch_x = &mut fft[..self.inverse_x.get_scratch_len()];
        for iz in 0..self.nz {
            let line = &mut along_x[iz * width..(iz + 1) * width];
            for (ix, value) in line.iter_mut().enumerate() {
                *value = if ix < self.kept_x() {
                    along_z[ix * self.nz + iz]
                } else {
                    Complex64::ZERO
                };
            }
            // A real field has a real mean along x; round-off is dropped here, so the transform cannot refuse.
            line[0].im = 0.0;
            let out = &mut values[iz * self.nx..(iz + 1) * self.nx];
            self.inverse_x
                .process_with_scratch(line, out, scratch_x)
                .expect("buffers planned for these lengths");
        }
    }

    /// From values `[z, x]` (used as working memory) to modes `[2 kx kz]`.
    pub fn to_modes(&self, values: &mut [f64], modes: &mut [f64], scratch: &mut PlaneScratch) {
        let PlaneScratch {
            along_z,
            along_x,
            fft,
        } = scratch;
        let width = self.nx / 2 + 1;
        let scratch_x = &mut fft[..self.forward_x.get_scratch_len()];
        for iz in 0..self.nz {
            let line = &mut along_x[iz * width..(iz + 1) * width];
            let points = &mut values[iz * self.nx..(iz + 1) * self.nx];
            self.forward_x
                .process_with_scratch(points, line, scratch_x)
                .expect("buffers planned for these lengths");
            for ix in 0..self.kept_x() {
                along_z[ix * self.nz + iz] = line[ix];
            }
        }
        self.forward_z.process_with_scratch(
            along_z,
            &mut fft[..self.forward_z.get_inplace_scratch_len()],
        );
        let scale = 1.0 / (self.nx * self.nz) as f64;
        modes.fill(0.0);
        for ix in 0..self.kept_x() {
            let (from, to) = (ix * self.nz, ix * self.spanwise);
            for (mode, place) in self.kept_z() {
                let row = 2 * (to + mode);
                modes[row] = along_z[from + place].re * scale;
                modes[row + 1] = along_z[from + place].im * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_placed_where_it_belongs_and_comes_back() {
        let modes = Modes::new(8, 6, [1.0, 1.0]);
        let plane = PlaneTransform::new(&modes, 12, 9);
        let mut scratch = plane.scratch();
        let mut coefficients = vec![0.0; modes.rows()];
        let m = modes.index(2, -1).unwrap();
        (coefficients[2 * m], coefficients[2 * m + 1]) = (0.5, -0.25);
        let mut values = vec![0.0; plane.points()];
        plane.to_points(&coefficients, &mut values, &mut scratch);
        for iz in 0..9 {
            for ix in 0..12 {
                let phase = std::f64::consts::TAU * (2.0 * ix as f64 / 12.0 - iz as f64 / 9.0);
                // A kept mode stands for itself and its complex conjugate.
                let exact = 2.0 * (0.5 * phase.cos() + 0.25 * phase.sin());
                approx::assert_abs_diff_eq!(values[iz * 12 + ix], exact, epsilon = 1e-13);
            }
        }
        let mut back = vec![0.0; modes.rows()];
        plane.to_modes(&mut values, &mut back, &mut scratch);
        for (a, b) in back.iter().zip(&coefficients) {
            approx::assert_abs_diff_eq!(*a, *b, epsilon = 1e-14);
        }
    }
}
