//! The Fourier modes of the periodic directions and how they are stored.

use std::f64::consts::TAU;

/// The modes kept: kx = 0 .. nx/2 - 1 (the others follow from the field being real) and |kz| < nz/2; the highest mode of
/// an even number of points has no derivative and is left out.
///
/// Mode m = kx_index * spanwise + kz_index. A field holds two rows a mode, real and imaginary part, each with its Chebyshev
/// coefficients in a line: `[row, degree]`.
#[derive(Debug, Clone)]
pub struct Modes {
    /// Number of streamwise wavenumbers.
    pub streamwise: usize,
    /// Number of spanwise wavenumbers.
    pub spanwise: usize,
    /// Streamwise wavenumber of each mode, in 1/h.
    pub kx: Vec<f64>,
    /// Spanwise wavenumber of each mode, in 1/h.
    pub kz: Vec<f64>,
}

impl Modes {
    /// The modes of `nx` by `nz` points on a box of `lengths` [x, z].
    pub fn new(nx: usize, nz: usize, lengths: [f64; 2]) -> Self {
        let (streamwise, spanwise) = (nx / 2, nz - 1);
        let mut modes = Self {
            streamwise,
            spanwise,
            kx: Vec::new(),
            kz: Vec::new(),
        };
        for ix in 0..streamwise {
            for iz in 0..spanwise {
                modes.kx.push(TAU * ix as f64 / lengths[0]);
                modes
                    .kz
                    .push(TAU * modes.spanwise_number(iz) as f64 / lengths[1]);
            }
        }
        modes
    }

    /// Number of modes.
    pub fn count(&self) -> usize {
        self.streamwise * self.spanwise
    }

    /// Number of rows of a field: real and imaginary part of each mode.
    pub fn rows(&self) -> usize {
        2 * self.count()
    }

    /// Signed spanwise mode number of index `iz`: 0, 1, 2, ..., -2, -1.
    pub fn spanwise_number(&self, iz: usize) -> i64 {
        if iz <= self.spanwise / 2 {
            iz as i64
        } else {
            iz as i64 - self.spanwise as i64
        }
    }

    /// Index of the mode with mode numbers (`x`, `z`), if it is kept (x >= 0).
    pub fn index(&self, x: usize, z: i64) -> Option<usize> {
        let half = (self.spanwise / 2) as i64;
        if x >= self.streamwise || z.abs() > half {
            return None;
        }
        Some(x * self.spanwise + z.rem_euclid(self.spanwise as i64) as usize)
    }
}
