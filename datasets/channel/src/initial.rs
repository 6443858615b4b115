//! The flow at time zero, and disturbances added later.

use std::f64::consts::{FRAC_PI_2, TAU};

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;

use crate::channel::Channel;
use crate::chebyshev;
use crate::config::Initial;
use crate::orr_sommerfeld;

/// Disturbances have mode numbers up to this along x and z: the large scales, from which turbulence fills the small ones.
const LARGEST_MODE: i64 = 4;

impl Channel {
    pub(crate) fn set_initial(&mut self, seed: u64) {
        let (re_tau, frame) = (self.config.re_tau, self.config.frame_velocity);
        match self.config.initial {
            Initial::Turbulent { amplitude } => {
                self.set_mean(|y| reichardt((1.0 - y.abs()) * re_tau) - frame);
                self.perturb(seed, amplitude);
            }
            Initial::Laminar => self.set_mean(|y| 0.5 * re_tau * (1.0 - y * y) - frame),
            Initial::Stokes { amplitude } => {
                self.set_mean(|y| amplitude * (FRAC_PI_2 * y).cos() - frame)
            }
            Initial::TollmienSchlichting { amplitude } => {
                self.set_mean(|y| 0.5 * re_tau * (1.0 - y * y) - frame);
                self.set_wave(amplitude);
            }
            Initial::TaylorGreen { amplitude } => self.set_vortices(amplitude),
        }
    }

    /// Adds random divergence-free disturbances of root mean square `amplitude` u_tau that vanish at the walls; `seed`
    /// fixes them. Serves to start turbulence, and to part a further trajectory from its parent.
    pub fn perturb(&mut self, seed: u64, amplitude: f64) {
        let mut disturbance = crate::state::State::zeros(&self.modes, self.degrees);
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let shapes = [self.wall_shapes(2), self.wall_shapes(1)];
        for x in 0..=LARGEST_MODE as usize {
            for z in -LARGEST_MODE..=LARGEST_MODE {
                let Some(m) = self.modes.index(x, z) else {
                    continue;
                };
                if x == 0 && z == 0 {
                    continue;
                }
                let rows = 2 * m * self.degrees..2 * (m + 1) * self.degrees;
                // Wall-normal vorticity feeds streaks, stronger than the vortices by about the wavenumber.
                let k = self.modes.kx[m].hypot(self.modes.kz[m]);
                for (field, shapes, strength) in [
                    (&mut disturbance.v, &shapes[0], 1.0),
                    (&mut disturbance.vorticity, &shapes[1], 2.0 * k),
                ] {
                    for line in field[rows.clone()].chunks_mut(self.degrees) {
                        for shape in shapes.rows() {
                            let weight: f64 = StandardNormal.sample(&mut random);
                            for (value, s) in line.iter_mut().zip(shape) {
                                *value += strength * weight * s;
                            }
                        }
                    }
                }
            }
        }
        disturbance.symmetrize(&self.modes);
        let rms = self.root_mean_square(&disturbance);
        let scale = if rms > 0.0 { amplitude / rms } else { 0.0 };
        for (to, from) in [
            (&mut self.state.v, &disturbance.v),
            (&mut self.state.vorticity, &disturbance.vorticity),
        ] {
            for (a, b) in to.iter_mut().zip(from) {
                *a += scale * b;
            }
        }
        self.state.update_laplacian(&self.modes);
    }

    /// Chebyshev coefficients of (1 - y^2)^power T_j(y), j = 0..5: `[j, degree]`.
    fn wall_shapes(&self, power: i32) -> Array2<f64> {
        let mut shapes = Array2::zeros((5, self.degrees));
        for (j, mut shape) in shapes.rows_mut().into_iter().enumerate() {
            let line =
                self.coefficients(|y| (1.0 - y * y).powi(power) * (j as f64 * y.acos()).cos());
            shape.assign(&Array1::from(line));
        }
        shapes
    }

    /// Chebyshev coefficients of the function `f` of y.
    fn coefficients(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let n = self.degrees - 1;
        let values: Array1<f64> = chebyshev::nodes(n).into_iter().map(f).collect();
        chebyshev::analysis(n, self.degrees).dot(&values).to_vec()
    }

    fn set_mean(&mut self, f: impl Fn(f64) -> f64) {
        self.state.mean[0] = self.coefficients(f);
    }

    fn set_wave(&mut self, amplitude: f64) {
        let Some(m) = self.modes.index(1, 0) else {
            return;
        };
        let reynolds = 0.5 * self.config.re_tau * self.config.re_tau;
        let mode = orr_sommerfeld::least_stable(reynolds, self.modes.kx[m], self.degrees - 1);
        let analysis = chebyshev::analysis(self.degrees - 1, self.degrees);
        for (part, values) in [
            mode.v.iter().map(|v| v.re).collect(),
            mode.v.iter().map(|v| v.im).collect(),
        ]
        .into_iter()
        .enumerate()
        {
            let values: Array1<f64> = values;
            let row = (2 * m + part) * self.degrees;
            // A mode and its conjugate make up the wave: each carries half.
            let line = analysis.dot(&values) * (0.5 * amplitude);
            self.state.v[row..row + self.degrees].copy_from_slice(&line.to_vec());
        }
        self.state.update_laplacian(&self.modes);
    }

    /// u = a sin(kx x) cos(kz z), w = -a kx/kz cos(kx x) sin(kz z): given by its wall-normal vorticity alone.
    fn set_vortices(&mut self, amplitude: f64) {
        let [kx, kz] = self.config.lengths.map(|l| TAU / l);
        let vorticity = -amplitude * (kx * kx + kz * kz) / kz;
        for (z, sign) in [(1, -1.0), (-1, 1.0)] {
            if let Some(m) = self.modes.index(1, z) {
                self.state.vorticity[2 * m * self.degrees] = 0.25 * sign * vorticity;
            }
        }
    }
}

/// Mean velocity in wall units over the distance from the wall in wall units (Reichardt 1951, with kappa = 0.41).
fn reichardt(y_plus: f64) -> f64 {
    (1.0 + 0.41 * y_plus).ln() / 0.41
        + 7.8 * (1.0 - (-y_plus / 11.0).exp() - y_plus / 11.0 * (-y_plus / 3.0).exp())
}
