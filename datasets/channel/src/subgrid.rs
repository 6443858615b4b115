//! Subgrid-scale models of a large-eddy simulation.
//!
//! The solver then advances the flow that its grid can hold, and what the scales below take from it is modelled by the stress
//! tau_ij = -2 nu_t S_ij with an eddy viscosity nu_t >= -nu at every point: the force d(2 nu_t S_ij)/dx_j joins the convection and is
//! advanced explicitly with it. The filter width is that of a box of the local spacings, Delta = (dx dy dz)^(1/3), dy being the
//! distance between neighbouring Chebyshev points.

mod dynamic_smagorinsky;
mod gradient;
mod stress;
mod wale;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::config::no_further_keys;
use crate::modes::Modes;
use crate::transforms::{PlaneScratch, PlaneTransform};
use dynamic_smagorinsky::DynamicSmagorinsky;
use gradient::Gradient;
use stress::Stress;

/// Which model stands for the scales below the grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SubgridModel {
    /// No model: direct numerical simulation, or on a coarse grid an under-resolved one.
    #[default]
    #[serde(deserialize_with = "no_further_keys")]
    None,
    /// The dynamic Smagorinsky model: its coefficient follows from the resolved flow by the identity of Germano et al. (1991),
    /// least squares of Lilly (1992) averaged over wall-parallel planes. Nothing to choose.
    #[serde(deserialize_with = "no_further_keys")]
    DynamicSmagorinsky,
    /// The wall-adapting local eddy-viscosity model of Nicoud & Ducros (1999): vanishes in pure shear and with the cube of the
    /// distance from a wall.
    Wale {
        /// The constant C_w, 0.325 to 0.5 in the literature; the lower value suits channel flow.
        #[serde(default = "default_coefficient")]
        coefficient: f64,
    },
}

fn default_coefficient() -> f64 {
    0.325
}

impl SubgridModel {
    /// The model's usual name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DynamicSmagorinsky => "dynamic Smagorinsky",
            Self::Wale { .. } => "WALE",
        }
    }

    /// What a simulation with this model is called; whether one without a model is direct (DNS) depends on its grid:
    /// [`ChannelConfig::simulation_name`](crate::ChannelConfig::simulation_name).
    pub fn simulation(&self) -> &'static str {
        match self {
            Self::None => "no subgrid model",
            Self::DynamicSmagorinsky => "LES, dynamic Smagorinsky",
            Self::Wale { .. } => "LES, WALE",
        }
    }
}

/// What the subgrid model did in the last evaluation, averaged over the plane, by Chebyshev point from the lower wall: the points of
/// [`Channel::heights`](crate::Channel::heights), or with `dealias_y` the 3/2 as many on which products are evaluated.
///
/// In a flow driven by the constant pressure gradient the resolved, the modelled and the viscous shear stress balance it. With `<.>` the
/// mean over the plane and over time, `U = <u>`, and y/h from 0 at the lower wall,
///
/// ```text
///   -<u'v'> - shear_stress + nu dU/dy = u_tau^2 (1 - y/h),
/// ```
///
/// where u' and v' are resolved ([`Channel::velocity`](crate::Channel::velocity)) and `shear_stress` is `<-2 nu_t S_xy>`. The `<u'v'>` of
/// the whole flow, that of DNS, is the resolved one and `shear_stress` together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubgridProfiles {
    /// Eddy viscosity nu_t, in u_tau h.
    pub eddy_viscosity: Vec<f64>,
    /// The model's coefficient: C of nu_t = C Delta^2 |S| before clipping (dynamic Smagorinsky), or the constant C_w.
    pub coefficient: Vec<f64>,
    /// Modelled shear stress -2 nu_t S_xy, the subgrid part of <u'v'>, in u_tau^2.
    pub shear_stress: Vec<f64>,
    /// Energy handed to the scales below the grid, 2 nu_t S_ij S_ij, in u_tau^3/h.
    pub dissipation: Vec<f64>,
}

/// Plane averages of one evaluation.
#[derive(Debug, Clone, Copy, Default)]
struct PlaneAverages {
    eddy_viscosity: f64,
    largest: f64,
    coefficient: f64,
    shear_stress: f64,
    dissipation: f64,
}

/// A subgrid model at work; owns the buffers it needs.
pub struct Subgrid {
    model: SubgridModel,
    viscosity: f64,
    /// Delta and the sum of the squared inverse spacings, at every quadrature point.
    width: Vec<f64>,
    inverse_squares: Vec<f64>,
    stress: Stress,
    averages: Vec<PlaneAverages>,
}

/// Working memory of one thread.
struct Work {
    scratch: PlaneScratch,
    gradient: Gradient,
    dynamic: Option<DynamicSmagorinsky>,
    eddy_viscosity: Vec<f64>,
    stress: Vec<f64>,
}

impl Subgrid {
    /// The model for `modes`, or nothing if there is none; `inverse_spacing` are 1/dx, 1/dz and, per quadrature point, 1/dy.
    pub fn new(
        model: SubgridModel,
        viscosity: f64,
        modes: &Modes,
        degrees: usize,
        inverse_spacing: (&[f64; 2], &[f64]),
    ) -> Option<Self> {
        if model == SubgridModel::None {
            return None;
        }
        let ([inverse_dx, inverse_dz], inverse_dy) = inverse_spacing;
        let horizontal = inverse_dx * inverse_dz;
        Some(Self {
            model,
            viscosity,
            width: inverse_dy
                .iter()
                .map(|inverse| (horizontal * inverse).cbrt().recip())
                .collect(),
            inverse_squares: inverse_dy
                .iter()
                .map(|inverse| inverse_dx.powi(2) + inverse.powi(2) + inverse_dz.powi(2))
                .collect(),
            stress: Stress::new(modes, inverse_dy.len(), degrees),
            averages: vec![PlaneAverages::default(); inverse_dy.len()],
        })
    }

    /// Evaluates 2 nu_t S_ij from velocity and vorticity on modes `[y, row]`, and returns the largest
    /// nu_t (1/dx^2 + 1/dy^2 + 1/dz^2).
    pub fn evaluate(
        &mut self,
        fields: &[Vec<f64>; 6],
        modes: &Modes,
        plane: &PlaneTransform,
    ) -> f64 {
        let rows = modes.rows();
        let (model, viscosity) = (self.model, self.viscosity);
        let dynamic = || {
            (model == SubgridModel::DynamicSmagorinsky)
                .then(|| DynamicSmagorinsky::new(plane.shape()))
        };
        let start = || Work {
            scratch: plane.scratch(),
            gradient: Gradient::new(rows, plane.points()),
            dynamic: dynamic(),
            eddy_viscosity: vec![0.0; plane.points()],
            stress: vec![0.0; plane.points()],
        };
        self.stress
            .planes(rows)
            .zip(&mut self.averages)
            .zip(&self.width)
            .enumerate()
            .for_each_init(start, |work, (y, ((targets, averages), &width))| {
                let part = |field: usize| &fields[field][y * rows..(y + 1) * rows];
                let parts = [0, 1, 2, 3, 5].map(part);
                work.gradient
                    .evaluate(parts, modes, plane, &mut work.scratch);
                averages.coefficient = match (model, &mut work.dynamic) {
                    (SubgridModel::Wale { coefficient }, _) => {
                        wale::evaluate(
                            &work.gradient,
                            coefficient * width,
                            &mut work.eddy_viscosity,
                        );
                        coefficient
                    }
                    (_, Some(dynamic)) => {
                        dynamic.evaluate(&work.gradient, viscosity, &mut work.eddy_viscosity)
                            / (width * width)
                    }
                    (_, None) => 0.0,
                };
                work.finish(averages, targets, plane);
            });
        self.averages
            .iter()
            .zip(&self.inverse_squares)
            .map(|(averages, inverse)| averages.largest * inverse)
            .fold(0.0, f64::max)
    }

    /// Adds the force of the evaluated stress to the coefficients of u x omega.
    pub fn add_force(
        &mut self,
        analysis: &ndarray::Array2<f64>,
        modes: &Modes,
        product: &mut [Vec<f64>; 3],
    ) {
        self.stress.add_divergence(analysis, modes, product);
    }

    /// What the model did in the last evaluation.
    pub fn profiles(&self) -> SubgridProfiles {
        // Quadrature points run from the upper wall to the lower.
        let line = |pick: fn(&PlaneAverages) -> f64| self.averages.iter().rev().map(pick).collect();
        SubgridProfiles {
            eddy_viscosity: line(|a| a.eddy_viscosity),
            coefficient: line(|a| a.coefficient),
            shear_stress: line(|a| a.shear_stress),
            dissipation: line(|a| a.dissipation),
        }
    }
}

impl Work {
    /// Averages of the plane, and 2 nu_t S_ij on modes into `targets`.
    fn finish(
        &mut self,
        averages: &mut PlaneAverages,
        targets: [&mut [f64]; 6],
        plane: &PlaneTransform,
    ) {
        let points = self.eddy_viscosity.len() as f64;
        let mut sums = PlaneAverages {
            coefficient: averages.coefficient,
            ..Default::default()
        };
        for (point, &nu_t) in self.eddy_viscosity.iter().enumerate() {
            let strain = self.gradient.strain_at(point);
            sums.eddy_viscosity += nu_t / points;
            sums.largest = sums.largest.max(nu_t);
            sums.shear_stress -= 2.0 * nu_t * strain[3] / points;
            sums.dissipation += 2.0 * nu_t * gradient::square(&strain) / points;
        }
        *averages = sums;
        for (strain, target) in self.gradient.strain.iter().zip(targets) {
            let stress = self.stress.iter_mut().zip(strain);
            for ((stress, strain), nu_t) in stress.zip(&self.eddy_viscosity) {
                *stress = 2.0 * nu_t * strain;
            }
            plane.to_modes(&mut self.stress, target, &mut self.scratch);
        }
    }
}

#[cfg(test)]
mod tests;
