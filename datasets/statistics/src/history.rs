//! The state of the flow, one entry a snapshot: bulk velocity, wall shear, energy, divergence. The formulas are with the fields.

use serde::{Deserialize, Serialize};

/// The state of the flow at one snapshot, in the units of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Number of the trajectory, or of the member of an ensemble.
    pub trajectory: usize,
    /// Time of the snapshot.
    pub time: f64,
    /// Mean of u over the box, by the trapezoidal rule along y, unless the solver gave it.
    pub bulk_velocity: f64,
    /// dU/dy at the lower and -dU/dy at the upper wall; times the viscosity this is the wall shear stress. Unless the solver
    /// gave it, differences of the plane means at the three points nearest to the wall.
    ///
    /// Three, because on the coarse uniform grids of the operators more points do worse. For the mean profile of a channel
    /// (van Driest) the differences give 1.05 times the shear on 33 equally spaced points at Re_tau = 180 (1.24 with five),
    /// 1.12 on 65, and 1.00 on 65 Gauss-Lobatto points; at Re_tau = 590 on 33 equally spaced points 0.53. Compare flows on
    /// one grid, then.
    pub wall_shear_rate: [f64; 2],
    /// Half the mean square of the velocity.
    pub kinetic_energy: f64,
    /// Half the mean square of the velocity without the snapshot's mean over each plane.
    pub fluctuation_energy: f64,
    /// Whether the solver gave bulk velocity and wall shear.
    pub exact: bool,
    /// How far the velocity is from free of divergence; none where the lengths of the box are not known.
    pub divergence: Option<Divergence>,
}

/// Divergence of a snapshot as its points tell it: derivatives along x and z by Fourier series, along y by differences of
/// five points, of fourth order also at the walls.
///
/// It is an error of the *sampled* field: what differences between the points miss is part of it, so that a filtered,
/// exactly divergence-free flow has some. Read it against that of the reference on the same grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// Root mean square of du/dx + dv/dy + dw/dz.
    pub rms: f64,
    /// The same over the root mean square of the three terms, that of ((du/dx)^2 + (dv/dy)^2 + (dw/dz)^2)^(1/2): 0 for a
    /// flow without divergence, about 1 for terms that know nothing of each other. 0 if nothing varies.
    pub relative: f64,
}

#[cfg(test)]
mod tests {
    use crate::differences::FiniteDifferences;

    /// Mean velocity of a channel of half-height 1 over u_tau at the heights `y`: the mixing length of van Driest (1956)
    /// under the linear total stress, integrated from the wall.
    fn mean_profile(re_tau: f64, y: &[f64]) -> Vec<f64> {
        let slope = |height: f64| {
            let plus = height * re_tau;
            let length = 0.41 * plus * (1.0 - (-plus / 26.0).exp());
            let stress = 1.0 - height;
            re_tau * 2.0 * stress / (1.0 + (1.0 + 4.0 * length * length * stress).sqrt())
        };
        let velocity = |height: f64| {
            const PARTS: usize = 4000;
            let width = height / PARTS as f64;
            // The midpoint rule.
            (0..PARTS)
                .map(|i| width * slope((i as f64 + 0.5) * width))
                .sum()
        };
        y.iter().map(|y| velocity(y.min(2.0 - y))).collect()
    }

    #[test]
    fn the_bias_of_the_wall_shear_is_what_the_documentation_says() {
        let uniform = |n: usize| {
            let heights = (0..n).map(|j| 2.0 * j as f64 / (n - 1) as f64);
            heights.collect::<Vec<f64>>()
        };
        let gauss_lobatto: Vec<f64> = (0..65)
            .map(|j| 1.0 - (std::f64::consts::PI * f64::from(j) / 64.0).cos())
            .collect();
        let cases = [
            (180.0, uniform(33), 3, 1.05),
            (180.0, uniform(33), 5, 1.24),
            (180.0, uniform(65), 3, 1.12),
            (180.0, gauss_lobatto, 3, 1.00),
            (590.0, uniform(33), 3, 0.53),
        ];
        for (re_tau, y, stencil, documented) in cases {
            let line = mean_profile(re_tau, &y);
            let rates = FiniteDifferences::new(&y, stencil).at_ends(&line);
            for rate in [rates[0], -rates[1]] {
                approx::assert_abs_diff_eq!(rate / re_tau, documented, epsilon = 0.005);
            }
        }
    }
}
