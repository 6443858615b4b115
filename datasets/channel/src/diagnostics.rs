//! Numbers that tell how a flow is doing, by quadratures that are exact for its Chebyshev series: the terms of the energy equation, wall
//! shear, divergence.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::chebyshev;
use crate::config::Walls;
use crate::state::State;
use crate::transforms::synthesize;

/// Numbers that tell how a flow is doing, averaged over the box; lengths in h, velocities in u_tau.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Time, in h/u_tau.
    pub time: f64,
    /// Mean streamwise velocity.
    pub bulk_velocity: f64,
    /// Shear stress at the lower and the upper wall over u_tau^2: 1 on average in a flow of its nominal re_tau.
    pub wall_shear: [f64; 2],
    /// Friction Reynolds number of the momentary mean wall shear.
    pub friction_re_tau: f64,
    /// Half the mean square velocity.
    pub energy: f64,
    /// Half the mean square velocity without the mean profile.
    pub fluctuation_energy: f64,
    /// Energy that viscosity takes, nu times the mean square vorticity.
    pub dissipation: f64,
    /// Energy that the pressure gradient gives.
    pub production: f64,
    /// Largest divergence over all modes and points, in u_tau/h.
    pub divergence: f64,
    /// Largest |u|/dx + |v|/dy + |w|/dz in the frame of the computation, times the last step.
    pub cfl: f64,
}

/// Quadratures that diagnostics share.
struct Squares {
    /// Mean square of each row's field over y.
    table: ndarray::Array2<f64>,
    weights: Vec<f64>,
}

impl Squares {
    /// Points for exact squares of series of `degrees` coefficients.
    fn new(degrees: usize) -> Self {
        let n = 2 * (degrees - 1);
        Self {
            table: chebyshev::values(&chebyshev::nodes(n), degrees),
            weights: chebyshev::quadrature(n),
        }
    }

    /// Mean over the box of the square of a field, as (of its mean profile, of the rest).
    fn mean(&self, field: &[f64], spanwise: usize) -> (f64, f64) {
        let degrees = self.table.ncols();
        let rows = field.len() / degrees;
        let mut values = vec![0.0; rows * self.weights.len()];
        synthesize(&self.table, field, &mut values);
        let (mut profile, mut rest) = (0.0, 0.0);
        for (line, weight) in values.chunks(rows).zip(&self.weights) {
            for (row, value) in line.iter().enumerate() {
                // Modes of kx > 0 stand for their conjugates too.
                let times = if row < 2 * spanwise { 0.5 } else { 1.0 };
                *(if row < 2 { &mut profile } else { &mut rest }) += times * weight * value * value;
            }
        }
        (profile, rest)
    }
}

impl Channel {
    /// Numbers that tell how the flow is doing. Costs about as much as a step.
    pub fn diagnostics(&mut self) -> Diagnostics {
        let rates = self.convection.evaluate(&self.state, &self.modes);
        let frame = self.config.frame_velocity;
        let viscosity = self.config.viscosity();
        let squares = Squares::new(self.degrees);
        let spanwise = self.modes.spanwise;
        let mut slope = vec![0.0; self.degrees];
        chebyshev::differentiate(&self.state.mean[0], &mut slope);
        let wall_shear = [
            viscosity * chebyshev::at_wall(&slope, false),
            -viscosity * chebyshev::at_wall(&slope, true),
        ];
        let bulk_velocity = 0.5 * chebyshev::integrate(&self.state.mean[0]) + frame;
        let divergence = self.divergence();
        let (velocity, vorticity) = self.convection.fields(&self.state, &self.modes);
        let mut profile_energy = 0.0;
        let mut fluctuation_energy = 0.0;
        for (component, field) in velocity.iter().enumerate() {
            let (mut profile, rest) = squares.mean(field, spanwise);
            if component == 0 {
                // From the moving frame to that of the walls.
                profile += 2.0 * frame * (bulk_velocity - frame) + frame * frame;
            }
            profile_energy += 0.5 * profile;
            fluctuation_energy += 0.5 * rest;
        }
        let enstrophy: f64 = vorticity
            .iter()
            .map(|f| squares.mean(f, spanwise))
            .map(|(a, b)| a + b)
            .sum();
        let friction = 0.5 * (wall_shear[0] + wall_shear[1]);
        Diagnostics {
            time: self.time,
            bulk_velocity,
            wall_shear,
            friction_re_tau: self.config.re_tau * friction.max(0.0).sqrt(),
            energy: profile_energy + fluctuation_energy,
            fluctuation_energy,
            dissipation: viscosity * enstrophy,
            production: self.implicit.pressure_gradient * bulk_velocity,
            divergence,
            cfl: rates.convection * self.dt,
        }
    }

    /// Largest divergence over all modes and collocation points.
    fn divergence(&mut self) -> f64 {
        let (degrees, modes) = (self.degrees, &self.modes);
        let (velocity, _) = self.convection.fields(&self.state, modes);
        let [u, v, w] = velocity;
        let mut divergence = vec![0.0; v.len()];
        for (row, line) in divergence.chunks_mut(degrees).enumerate() {
            chebyshev::differentiate(&v[row * degrees..(row + 1) * degrees], line);
            let (kx, kz) = (modes.kx[row / 2], modes.kz[row / 2]);
            let (other, sign) = if row % 2 == 0 {
                (row + 1, -1.0)
            } else {
                (row - 1, 1.0)
            };
            for k in 0..degrees {
                line[k] += sign * (kx * u[other * degrees + k] + kz * w[other * degrees + k]);
            }
        }
        let table = chebyshev::values(&chebyshev::nodes(degrees - 1), degrees);
        let mut values = vec![0.0; divergence.len()];
        synthesize(&table, &divergence, &mut values);
        values.into_iter().map(f64::abs).fold(0.0, f64::max)
    }

    /// Root mean square of the three components together of `state`, without its mean profile.
    pub(crate) fn root_mean_square(&mut self, state: &State) -> f64 {
        let squares = Squares::new(self.degrees);
        let spanwise = self.modes.spanwise;
        let (velocity, _) = self.convection.fields(state, &self.modes);
        velocity
            .iter()
            .map(|field| squares.mean(field, spanwise).1)
            .sum::<f64>()
            .sqrt()
    }

    /// Whether shear and slip at the walls obey the boundary condition; largest violation, in u_tau.
    pub fn wall_violation(&mut self) -> f64 {
        let degrees = self.degrees;
        let frame = self.config.frame_velocity;
        let no_slip = self.config.walls == Walls::NoSlip;
        let (velocity, _) = self.convection.fields(&self.state, &self.modes);
        let mut worst: f64 = 0.0;
        for (component, field) in velocity.iter().enumerate() {
            if component != 1 && !no_slip {
                continue;
            }
            for (row, line) in field.chunks(degrees).enumerate() {
                let wall = if row == 0 && component == 0 {
                    -frame
                } else {
                    0.0
                };
                for upper in [false, true] {
                    worst = worst.max((chebyshev::at_wall(line, upper) - wall).abs());
                }
            }
        }
        worst
    }
}
