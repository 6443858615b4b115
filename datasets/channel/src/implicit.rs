//! One substep of the wall-normal equations and of the mean flow: explicit terms gathered, Helmholtz equations solved.
//!
//! Kim, Moin & Moser 1987 (J. Fluid Mech. 177, 133), eqs. 4-8:
//! d(lap v)/dt = h_v + nu lap(lap v),  lap v given,  v = dv/dy = 0 at the walls;
//! d(omega_y)/dt = h_g + nu lap(omega_y),  omega_y = 0 at the walls,
//! with h_v = -d/dy(dH1/dx + dH3/dz) + (d2/dx2 + d2/dz2) H2 and h_g = dH1/dz - dH3/dx.

use rayon::prelude::*;

use crate::chebyshev;
use crate::config::{Forcing, Walls};
use crate::helmholtz::{Boundary, Helmholtz};
use crate::modes::Modes;
use crate::state::State;
use crate::time_scheme::Substep;

/// Right-hand sides of the substep before, and the step's constants.
pub struct Implicit {
    previous: State,
    viscosity: f64,
    walls: Walls,
    forcing: Forcing,
    frame_velocity: f64,
    /// The pressure gradient -dp/dx of the last substep, in u_tau^2/h.
    pub pressure_gradient: f64,
}

/// What one substep needs to know of the step.
#[derive(Clone, Copy)]
struct Step {
    dt: f64,
    substep: Substep,
    viscosity: f64,
    walls: Walls,
}

/// The lines of one mode: real parts, then imaginary parts of its coefficients.
struct Mode<'a> {
    /// Along x and z.
    wavenumbers: [f64; 2],
    /// Components of u x omega.
    product: [&'a [f64]; 3],
    v: &'a mut [f64],
    laplacian: &'a mut [f64],
    vorticity: &'a mut [f64],
    /// h_v and h_g of the last substep, replaced by those of this one.
    before_v: &'a mut [f64],
    before_g: &'a mut [f64],
}

impl Step {
    /// Advances one mode; the mean flow, which has neither v nor vorticity along y, is left as it is.
    fn advance(&self, mode: Mode, work: &mut Work) {
        let Mode {
            wavenumbers: [kx, kz],
            product,
            v,
            laplacian,
            vorticity,
            before_v,
            before_g,
        } = mode;
        let k2 = kx * kx + kz * kz;
        if k2 == 0.0 {
            return;
        }
        right_hand_sides([kx, kz], product, work);
        let now = std::mem::take(&mut work.now);
        let (now_v, now_g) = now.split_at(v.len());
        work.viscous.prepare(self.lambda(k2));
        work.poisson.prepare(k2);
        self.gather(vorticity, k2, now_g, before_g, work);
        let tangential = match self.walls {
            Walls::NoSlip => &work.viscous,
            Walls::FreeSlip => {
                work.vorticity.prepare(self.lambda(k2));
                &work.vorticity
            }
        };
        tangential.solve_lines(pair(&work.right), [0.0; 2], pair_mut(vorticity));
        self.gather(laplacian, k2, now_v, before_v, work);
        work.viscous
            .solve_lines(pair(&work.right), [0.0; 2], pair_mut(laplacian));
        work.poisson
            .solve_lines(pair(laplacian), [0.0; 2], pair_mut(v));
        if self.walls == Walls::NoSlip {
            no_slip(v, laplacian, work);
        }
        before_v.copy_from_slice(now_v);
        before_g.copy_from_slice(now_g);
        work.now = now;
    }

    /// u + dt [alpha nu lap(u) + gamma N + zeta N'], turned into the right-hand side of the Helmholtz equation.
    fn gather(&self, u: &[f64], k2: f64, now: &[f64], before: &[f64], work: &mut Work) {
        let Substep {
            alpha,
            beta,
            gamma,
            zeta,
        } = self.substep;
        let degrees = work.first.len();
        let scale = -1.0 / (beta * self.viscosity * self.dt);
        let [explicit, now_scale, before_scale] =
            [alpha * self.viscosity, gamma, zeta].map(|factor| scale * self.dt * factor);
        // The two parts of a mode follow each other; a mean profile has one.
        for (part, line) in u.chunks_exact(degrees).enumerate() {
            chebyshev::differentiate(line, &mut work.first);
            chebyshev::differentiate(&work.first, &mut work.second);
            let here = part * degrees..(part + 1) * degrees;
            let (now, before) = (&now[here.clone()], &before[here.clone()]);
            let right = &mut work.right[here];
            let second = &work.second[..degrees];
            for k in 0..degrees {
                let laplacian = second[k] - k2 * line[k];
                right[k] = scale * line[k]
                    + explicit * laplacian
                    + now_scale * now[k]
                    + before_scale * before[k];
            }
        }
    }

    fn lambda(&self, k2: f64) -> f64 {
        k2 + 1.0 / (self.substep.beta * self.viscosity * self.dt)
    }

    fn tangential(&self) -> Boundary {
        match self.walls {
            Walls::NoSlip => Boundary::Value,
            Walls::FreeSlip => Boundary::Slope,
        }
    }
}

/// Working memory of one thread.
struct Work {
    first: Vec<f64>,
    second: Vec<f64>,
    right: Vec<f64>,
    now: Vec<f64>,
    homogeneous: [Vec<f64>; 2],
    viscous: Helmholtz,
    vorticity: Helmholtz,
    poisson: Helmholtz,
}

impl Work {
    fn new(degrees: usize, tangential: Boundary) -> Self {
        let line = || vec![0.0; degrees];
        Self {
            first: line(),
            second: line(),
            right: vec![0.0; 2 * degrees],
            now: vec![0.0; 4 * degrees],
            homogeneous: [line(), line()],
            viscous: Helmholtz::new(degrees, 1.0, Boundary::Value),
            vorticity: Helmholtz::new(degrees, 1.0, tangential),
            poisson: Helmholtz::new(degrees, 1.0, Boundary::Value),
        }
    }
}

impl Implicit {
    /// A solver for `modes` with `degrees` Chebyshev polynomials.
    pub fn new(modes: &Modes, degrees: usize, config: &crate::ChannelConfig) -> Self {
        Self {
            previous: State::zeros(modes, degrees),
            viscosity: config.viscosity(),
            walls: config.walls,
            forcing: config.forcing,
            frame_velocity: config.frame_velocity,
            pressure_gradient: 0.0,
        }
    }

    /// Advances `state` by one substep of a step `dt`, with convection `product` = u x omega.
    pub fn substep(
        &mut self,
        state: &mut State,
        modes: &Modes,
        product: &[Vec<f64>; 3],
        dt: f64,
        substep: Substep,
    ) {
        let degrees = state.mean[0].len();
        let step = Step {
            dt,
            substep,
            viscosity: self.viscosity,
            walls: self.walls,
        };
        self.mean_flow(state, product, step);
        let [h1, h2, h3] = product;
        let chunk = 2 * degrees;
        (
            state.v.par_chunks_mut(chunk),
            state.laplacian.par_chunks_mut(chunk),
            state.vorticity.par_chunks_mut(chunk),
            self.previous.laplacian.par_chunks_mut(chunk),
            self.previous.vorticity.par_chunks_mut(chunk),
            h1.par_chunks(chunk),
            h2.par_chunks(chunk),
            h3.par_chunks(chunk),
            &modes.kx,
            &modes.kz,
        )
            .into_par_iter()
            .with_min_len(8)
            .for_each_init(
                || Work::new(degrees, step.tangential()),
                |work, (v, laplacian, vorticity, before_v, before_g, h1, h2, h3, &kx, &kz)| {
                    let mode = Mode {
                        wavenumbers: [kx, kz],
                        product: [h1, h2, h3],
                        v,
                        laplacian,
                        vorticity,
                        before_v,
                        before_g,
                    };
                    step.advance(mode, work);
                },
            );
    }

    /// The mean profiles, where neither v nor the pressure acts.
    fn mean_flow(&mut self, state: &mut State, product: &[Vec<f64>; 3], step: Step) {
        let degrees = state.mean[0].len();
        let mut work = Work::new(degrees, step.tangential());
        work.vorticity.prepare(step.lambda(0.0));
        let Substep { alpha, beta, .. } = step.substep;
        let push = -(alpha + beta) / (beta * self.viscosity);
        let wall = if step.walls == Walls::NoSlip {
            -self.frame_velocity
        } else {
            0.0
        };
        for (component, product) in [&product[0], &product[2]].into_iter().enumerate() {
            let now = &product[..degrees];
            let before = &mut self.previous.mean[component];
            step.gather(&state.mean[component], 0.0, now, before, &mut work);
            before.copy_from_slice(now);
            let profile = &mut state.mean[component];
            if component == 1 {
                work.vorticity.solve(&work.right, [0.0; 2], profile);
                continue;
            }
            if self.forcing == Forcing::PressureGradient {
                self.pressure_gradient = 1.0;
                work.right[0] += push;
            }
            work.vorticity.solve(&work.right, [wall, 0.0], profile);
            if let Forcing::BulkVelocity { velocity } = self.forcing {
                work.right.fill(0.0);
                work.right[0] = push;
                let response = &mut work.homogeneous[0];
                work.vorticity.solve(&work.right, [0.0; 2], response);
                let missing = velocity - self.frame_velocity - 0.5 * chebyshev::integrate(profile);
                self.pressure_gradient = missing / (0.5 * chebyshev::integrate(response));
                for (u, r) in profile.iter_mut().zip(response) {
                    *u += self.pressure_gradient * *r;
                }
            }
        }
    }
}

/// Real and imaginary part of a mode's coefficients.
fn pair(mode: &[f64]) -> [&[f64]; 2] {
    let (real, imaginary) = mode.split_at(mode.len() / 2);
    [real, imaginary]
}

/// Real and imaginary part of a mode's coefficients, to be changed.
fn pair_mut(mode: &mut [f64]) -> [&mut [f64]; 2] {
    let (real, imaginary) = mode.split_at_mut(mode.len() / 2);
    [real, imaginary]
}

/// h_v and h_g of one mode into `work.now`.
fn right_hand_sides([kx, kz]: [f64; 2], [h1, h2, h3]: [&[f64]; 3], work: &mut Work) {
    let degrees = work.first.len();
    let k2 = kx * kx + kz * kz;
    let (now_v, now_g) = work.now.split_at_mut(2 * degrees);
    for (part, other, sign) in [(0, degrees, -1.0), (degrees, 0, 1.0)] {
        // i kx H1 + i kz H3 of this part is made of the other part.
        for k in 0..degrees {
            work.first[k] = sign * (kx * h1[other + k] + kz * h3[other + k]);
            now_g[part + k] = sign * (kz * h1[other + k] - kx * h3[other + k]);
        }
        chebyshev::differentiate(&work.first, &mut work.second);
        for k in 0..degrees {
            now_v[part + k] = -work.second[k] - k2 * h2[part + k];
        }
    }
}

/// Adds the two homogeneous solutions (even and odd, held in one line) that make dv/dy vanish at the walls: the influence
/// matrix, which parity makes diagonal.
fn no_slip(v: &mut [f64], laplacian: &mut [f64], work: &mut Work) {
    let degrees = work.first.len();
    work.right.fill(0.0);
    let [laplacian_h, v_h] = &mut work.homogeneous;
    work.viscous.solve(&work.right, [1.0; 2], laplacian_h);
    work.poisson.solve(laplacian_h, [0.0; 2], v_h);
    let wall_slope = |f: &[f64], parity: usize| -> f64 {
        (parity..degrees)
            .step_by(2)
            .map(|k| (k * k) as f64 * f[k])
            .sum()
    };
    for part in [0..degrees, degrees..2 * degrees] {
        let (v, laplacian) = (&mut v[part.clone()], &mut laplacian[part]);
        for parity in 0..2 {
            let amount = -wall_slope(v, parity) / wall_slope(v_h, parity);
            for k in (parity..degrees).step_by(2) {
                v[k] += amount * v_h[k];
                laplacian[k] += amount * laplacian_h[k];
            }
        }
    }
}
