//! The modelled stress on Chebyshev-Fourier modes and its divergence.

use ndarray::Array2;
use rayon::prelude::*;

use crate::chebyshev;
use crate::modes::Modes;
use crate::transforms::analyze;

/// A symmetric tensor field on modes: xx, yy, zz, xy, xz, yz.
pub struct Stress {
    /// On quadrature points in y: `[component][y, row]`.
    at_points: [Vec<f64>; 6],
    /// Chebyshev coefficients of one component: `[row, degree]`.
    coefficients: Vec<f64>,
}

/// A direction along which a component is differentiated.
#[derive(Clone, Copy)]
enum Axis {
    X,
    Y,
    Z,
}

/// Which derivatives of each component push which velocity component: f_i = d(stress_ij)/dx_j.
const FORCES: [&[(Axis, usize)]; 6] = [
    &[(Axis::X, 0)],
    &[(Axis::Y, 1)],
    &[(Axis::Z, 2)],
    &[(Axis::Y, 0), (Axis::X, 1)],
    &[(Axis::Z, 0), (Axis::X, 2)],
    &[(Axis::Z, 1), (Axis::Y, 2)],
];

impl Stress {
    /// A tensor of zeros on `points` quadrature points.
    pub fn new(modes: &Modes, points: usize, degrees: usize) -> Self {
        Self {
            at_points: std::array::from_fn(|_| vec![0.0; modes.rows() * points]),
            coefficients: vec![0.0; modes.rows() * degrees],
        }
    }

    /// The six components of every plane, to be filled.
    pub fn planes(&mut self, rows: usize) -> impl IndexedParallelIterator<Item = [&mut [f64]; 6]> {
        let [xx, yy, zz, xy, xz, yz] = &mut self.at_points;
        (
            xx.par_chunks_mut(rows),
            yy.par_chunks_mut(rows),
            zz.par_chunks_mut(rows),
            xy.par_chunks_mut(rows),
            xz.par_chunks_mut(rows),
            yz.par_chunks_mut(rows),
        )
            .into_par_iter()
            .map(|(xx, yy, zz, xy, xz, yz)| [xx, yy, zz, xy, xz, yz])
    }

    /// Adds the divergence to the force `target` (x, y, z): coefficients `[row, degree]`.
    pub fn add_divergence(
        &mut self,
        analysis: &Array2<f64>,
        modes: &Modes,
        target: &mut [Vec<f64>; 3],
    ) {
        let degrees = analysis.nrows();
        for (values, forces) in self.at_points.iter().zip(FORCES) {
            analyze(analysis, values, &mut self.coefficients);
            for &(axis, component) in forces {
                add_derivative(
                    &self.coefficients,
                    axis,
                    modes,
                    degrees,
                    &mut target[component],
                );
            }
        }
    }
}

fn add_derivative(field: &[f64], axis: Axis, modes: &Modes, degrees: usize, target: &mut [f64]) {
    (
        field.par_chunks(2 * degrees),
        target.par_chunks_mut(2 * degrees),
        &modes.kx,
        &modes.kz,
    )
        .into_par_iter()
        .with_min_len(8)
        .for_each_init(
            || vec![0.0; degrees],
            |slope, (field, target, &kx, &kz)| {
                let (real, imaginary) = field.split_at(degrees);
                let (target_real, target_imaginary) = target.split_at_mut(degrees);
                let k = match axis {
                    Axis::X => kx,
                    Axis::Z => kz,
                    Axis::Y => {
                        for (line, target) in [(real, target_real), (imaginary, target_imaginary)] {
                            chebyshev::differentiate(line, slope);
                            target.iter_mut().zip(&*slope).for_each(|(t, s)| *t += s);
                        }
                        return;
                    }
                };
                target_real
                    .iter_mut()
                    .zip(imaginary)
                    .for_each(|(t, f)| *t -= k * f);
                target_imaginary
                    .iter_mut()
                    .zip(real)
                    .for_each(|(t, f)| *t += k * f);
            },
        );
}
