//! The unknowns of the velocity-vorticity form of Kim, Moin & Moser (J. Fluid Mech. 177, 1987): v, its Laplacian, the wall-normal
//! vorticity, and the mean profiles, which that form leaves out.

use crate::chebyshev;
use crate::modes::Modes;

/// The flow as the solver keeps it: Chebyshev-Fourier coefficients `[row, degree]` (see [`Modes`]) in the moving frame.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Wall-normal velocity.
    pub v: Vec<f64>,
    /// Its Laplacian.
    pub laplacian: Vec<f64>,
    /// Wall-normal vorticity du/dz - dw/dx.
    pub vorticity: Vec<f64>,
    /// Mean profiles of u and w: `[degree]` each.
    pub mean: [Vec<f64>; 2],
}

impl State {
    /// A flow at rest.
    pub fn zeros(modes: &Modes, degrees: usize) -> Self {
        let field = || vec![0.0; modes.rows() * degrees];
        Self {
            v: field(),
            laplacian: field(),
            vorticity: field(),
            mean: [vec![0.0; degrees], vec![0.0; degrees]],
        }
    }

    /// Recomputes the Laplacian of v after v was set.
    pub fn update_laplacian(&mut self, modes: &Modes) {
        let degrees = self.mean[0].len();
        let (mut first, mut second) = (vec![0.0; degrees], vec![0.0; degrees]);
        for (row, (v, laplacian)) in self
            .v
            .chunks(degrees)
            .zip(self.laplacian.chunks_mut(degrees))
            .enumerate()
        {
            let (kx, kz) = (modes.kx[row / 2], modes.kz[row / 2]);
            chebyshev::differentiate(v, &mut first);
            chebyshev::differentiate(&first, &mut second);
            for k in 0..degrees {
                laplacian[k] = second[k] - (kx * kx + kz * kz) * v[k];
            }
        }
    }

    /// Makes the modes of kx = 0 conjugate in pairs, as a real field has them; round-off would let them drift apart.
    pub fn symmetrize(&mut self, modes: &Modes) {
        let degrees = self.mean[0].len();
        for field in [&mut self.v, &mut self.laplacian, &mut self.vorticity] {
            for z in 1..=(modes.spanwise / 2) {
                let (positive, negative) = (2 * z * degrees, 2 * (modes.spanwise - z) * degrees);
                for k in 0..degrees {
                    field[negative + k] = field[positive + k];
                    field[negative + degrees + k] = -field[positive + degrees + k];
                }
            }
        }
    }
}
