//! Convection in rotational form: H = u x omega, whose gradient part is left to the pressure.

use ndarray::Array2;
use rayon::prelude::*;

use crate::chebyshev;
use crate::config::ChannelConfig;
use crate::modes::Modes;
use crate::state::State;
use crate::subgrid::Subgrid;
use crate::transforms::{PlaneTransform, analyze, synthesize};

/// How fast the explicit terms change the flow, in u_tau/h; NaN or infinite once the flow is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The largest |u|/dx + |v|/dy + |w|/dz.
    pub convection: f64,
    /// The largest nu_t (1/dx^2 + 1/dy^2 + 1/dz^2); 0 without a subgrid model.
    pub diffusion: f64,
}

/// Computes u x omega from the flow's coefficients; owns every buffer that needs.
pub struct Convection {
    /// Chebyshev values at the quadrature points `[y, degree]`, and back.
    synthesis: Array2<f64>,
    analysis: Array2<f64>,
    plane: PlaneTransform,
    /// 1 / spacing along x, z, and along y at every quadrature point.
    inverse_spacing: ([f64; 2], Vec<f64>),
    velocity: [Vec<f64>; 3],
    vorticity: [Vec<f64>; 3],
    /// Velocity and vorticity, then their product, on quadrature points in y and modes in x and z: `[y, row]`.
    at_points: [Vec<f64>; 6],
    /// Chebyshev-Fourier coefficients of u x omega, and of the subgrid force if there is a model: `[row, degree]`.
    pub product: [Vec<f64>; 3],
    /// The model of the scales below the grid.
    pub subgrid: Option<Subgrid>,
}

impl Convection {
    /// Buffers and tables for `modes` with the settings of `config`; products are evaluated on 3/2 as many points in x and z,
    /// and in y too if `dealias_y`.
    pub fn new(modes: &Modes, config: &ChannelConfig) -> Self {
        let [nx, degrees, nz] = config.points;
        let (lengths, dealias_y) = (config.lengths, config.dealias_y);
        let n = degrees - 1;
        let quadrature = if dealias_y { (3 * n).div_ceil(2) } else { n };
        let points = chebyshev::nodes(quadrature);
        let nearest = 1.0 - (std::f64::consts::PI / n as f64).cos();
        let spacing = |y: &f64| {
            (std::f64::consts::PI / n as f64 * (1.0 - y * y).max(0.0).sqrt()).max(nearest)
        };
        let field = || vec![0.0; modes.rows() * degrees];
        let planes = || vec![0.0; modes.rows() * points.len()];
        let horizontal = [nx as f64 / lengths[0], nz as f64 / lengths[1]];
        let wall_normal: Vec<f64> = points.iter().map(|y| 1.0 / spacing(y)).collect();
        let inverse_spacing = (&horizontal, &wall_normal[..]);
        let subgrid = Subgrid::new(
            config.subgrid,
            config.viscosity(),
            modes,
            degrees,
            inverse_spacing,
        );
        Self {
            synthesis: chebyshev::values(&points, degrees),
            analysis: chebyshev::analysis(quadrature, degrees),
            plane: PlaneTransform::new(modes, 3 * nx / 2, 3 * nz / 2),
            inverse_spacing: (horizontal, wall_normal),
            velocity: std::array::from_fn(|_| field()),
            vorticity: std::array::from_fn(|_| field()),
            at_points: std::array::from_fn(|_| planes()),
            product: std::array::from_fn(|_| field()),
            subgrid,
        }
    }

    /// Coefficients of velocity and vorticity of `state`.
    pub fn fields(&mut self, state: &State, modes: &Modes) -> (&[Vec<f64>; 3], &[Vec<f64>; 3]) {
        recover(state, modes, &mut self.velocity, &mut self.vorticity);
        (&self.velocity, &self.vorticity)
    }

    /// Evaluates u x omega of `state` (and the subgrid force) into [`Self::product`]; returns the rates that limit the step.
    pub fn evaluate(&mut self, state: &State, modes: &Modes) -> Rates {
        recover(state, modes, &mut self.velocity, &mut self.vorticity);
        let fields = self.velocity.iter().chain(&self.vorticity);
        for (field, values) in fields.zip(&mut self.at_points) {
            synthesize(&self.synthesis, field, values);
        }
        let subgrid = &mut self.subgrid;
        let diffusion = subgrid
            .as_mut()
            .map_or(0.0, |s| s.evaluate(&self.at_points, modes, &self.plane));
        let convection = self.multiply(modes.rows());
        for (values, product) in self.at_points.iter().zip(&mut self.product) {
            analyze(&self.analysis, values, product);
        }
        if let Some(subgrid) = &mut self.subgrid {
            subgrid.add_force(&self.analysis, modes, &mut self.product);
        }
        Rates {
            convection,
            diffusion,
        }
    }

    /// Replaces the first three of [`Self::at_points`] by the product, plane by plane.
    fn multiply(&mut self, rows: usize) -> f64 {
        let (plane, inverse_spacing) = (&self.plane, &self.inverse_spacing);
        let points = plane.points();
        let [u, v, w, ox, oy, oz] = &mut self.at_points;
        let rates: Vec<f64> = (
            u.par_chunks_mut(rows),
            v.par_chunks_mut(rows),
            w.par_chunks_mut(rows),
            ox.par_chunks(rows),
            oy.par_chunks(rows),
            oz.par_chunks(rows),
            &inverse_spacing.1,
        )
            .into_par_iter()
            .map_init(
                || (plane.scratch(), vec![0.0; 6 * points]),
                |(scratch, buffer), (u, v, w, ox, oy, oz, &inverse_dy)| {
                    let mut parts = buffer.chunks_mut(points);
                    for modes in [&*u, &*v, &*w, ox, oy, oz] {
                        if let Some(part) = parts.next() {
                            plane.to_points(modes, part, scratch);
                        }
                    }
                    let rate = cross(buffer, points, inverse_spacing.0, inverse_dy);
                    for (part, modes) in buffer.chunks_mut(points).zip([u, v, w]) {
                        plane.to_modes(part, modes, scratch);
                    }
                    rate
                },
            )
            .collect();
        most(rates)
    }
}

/// The largest of some rates. NaN must win: a plain max would hide it.
fn most(rates: impl IntoIterator<Item = f64>) -> f64 {
    rates.into_iter().fold(0.0, |most, rate| {
        if rate.is_nan() || rate > most {
            rate
        } else {
            most
        }
    })
}

/// u x omega in place of u; returns the largest convective rate of the plane.
fn cross(buffer: &mut [f64], points: usize, inverse: [f64; 2], inverse_dy: f64) -> f64 {
    let (velocity, vorticity) = buffer.split_at_mut(3 * points);
    let (u, rest) = velocity.split_at_mut(points);
    let (v, w) = rest.split_at_mut(points);
    let (ox, rest) = vorticity.split_at(points);
    let (oy, oz) = rest.split_at(points);
    let mut most = 0.0;
    for i in 0..points {
        let (a, b, c) = (u[i], v[i], w[i]);
        let rate = a.abs() * inverse[0] + b.abs() * inverse_dy + c.abs() * inverse[1];
        if rate.is_nan() || rate > most {
            most = rate;
        }
        u[i] = b * oz[i] - c * oy[i];
        v[i] = c * ox[i] - a * oz[i];
        w[i] = a * oy[i] - b * ox[i];
    }
    most
}

/// Velocity and vorticity from wall-normal velocity, wall-normal vorticity and the mean profiles: continuity and the
/// definition of the vorticity solved for u and w, mode by mode.
fn recover(
    state: &State,
    modes: &Modes,
    velocity: &mut [Vec<f64>; 3],
    vorticity: &mut [Vec<f64>; 3],
) {
    let degrees = state.mean[0].len();
    let [u, v, w] = velocity;
    let [ox, oy, oz] = vorticity;
    v.copy_from_slice(&state.v);
    oy.copy_from_slice(&state.vorticity);
    (
        u.par_chunks_mut(2 * degrees),
        w.par_chunks_mut(2 * degrees),
        ox.par_chunks_mut(2 * degrees),
        oz.par_chunks_mut(2 * degrees),
        state.v.par_chunks(2 * degrees),
        state.vorticity.par_chunks(2 * degrees),
        &modes.kx,
        &modes.kz,
    )
        .into_par_iter()
        .with_min_len(8)
        .for_each_init(
            || vec![0.0; 2 * degrees],
            |slope, (u, w, ox, oz, v, g, &kx, &kz)| {
                let k2 = kx * kx + kz * kz;
                if k2 == 0.0 {
                    u[..degrees].copy_from_slice(&state.mean[0]);
                    w[..degrees].copy_from_slice(&state.mean[1]);
                } else {
                    chebyshev::differentiate(&v[..degrees], &mut slope[..degrees]);
                    chebyshev::differentiate(&v[degrees..], &mut slope[degrees..]);
                    for k in 0..degrees {
                        let i = degrees + k;
                        u[k] = -(kx * slope[i] - kz * g[i]) / k2;
                        u[i] = (kx * slope[k] - kz * g[k]) / k2;
                        w[k] = -(kz * slope[i] + kx * g[i]) / k2;
                        w[i] = (kz * slope[k] + kx * g[k]) / k2;
                    }
                }
                for part in [0, degrees] {
                    chebyshev::differentiate(
                        &w[part..part + degrees],
                        &mut ox[part..part + degrees],
                    );
                    chebyshev::differentiate(
                        &u[part..part + degrees],
                        &mut oz[part..part + degrees],
                    );
                }
                for k in 0..degrees {
                    let i = degrees + k;
                    // omega_x = dw/dy - i kz v and omega_z = i kx v - du/dy.
                    (ox[k], ox[i]) = (ox[k] + kz * v[i], ox[i] - kz * v[k]);
                    (oz[k], oz[i]) = (-kx * v[i] - oz[k], kx * v[k] - oz[i]);
                }
            },
        );
}
