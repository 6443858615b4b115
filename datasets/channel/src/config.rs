//! Settings of a channel: Reynolds number, box, points, steps, walls, subgrid model, and their checks.

use serde::{Deserialize, Deserializer, Serialize};

use crate::ChannelError;
use crate::subgrid::SubgridModel;

/// Longest spacings along x, y (half-way between the walls) and z of what is called a direct numerical simulation, in wall units;
/// Kim, Moin & Moser (1987) have 12, 4.4 and 7.
const RESOLVED_SPACINGS: [f64; 3] = [18.0, 10.0, 9.0];

/// Settings of a channel flow. Lengths are in half-heights h, velocities in friction velocities u_tau, times in h/u_tau,
/// so that the viscosity is `1 / re_tau`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelConfig {
    /// Friction Reynolds number u_tau h / nu.
    pub re_tau: f64,
    /// Streamwise and spanwise length of the periodic box, in h. A minimal turbulent channel at re_tau 180 needs about
    /// [pi, 1] (Jimenez & Moin 1991).
    pub lengths: [f64; 2],
    /// Points along x, y, z: Fourier modes in x and z (even numbers), Chebyshev-Gauss-Lobatto points in y. For direct
    /// numerical simulation of a turbulent flow aim at spacings of at most 18 (x), 10 (y, half-way between the walls) and 9 (z) wall
    /// units.
    pub points: [usize; 3],
    /// Evaluate products on 3/2 as many points in y too (x and z always are). Half as slow again; worth it where y is
    /// only just resolved.
    pub dealias_y: bool,
    /// The model of the scales below the grid: with one, the simulation is a large-eddy simulation and `points` may be as few as
    /// the grid of a neural operator has.
    pub subgrid: SubgridModel,
    /// What drives the flow.
    pub forcing: Forcing,
    /// What stands at y = -1 and y = 1.
    pub walls: Walls,
    /// How the time step is chosen.
    pub time_step: TimeStep,
    /// Speed of the frame in which the equations are solved, in u_tau. Results are always given in the frame of the walls.
    /// About half of the centre velocity doubles the stable step (Bernardini et al. 2013).
    pub frame_velocity: f64,
    /// The flow at time zero.
    pub initial: Initial,
}

/// What drives the flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Forcing {
    /// The pressure gradient -dp/dx of 1 u_tau^2/h: re_tau is then exact in the mean.
    #[serde(deserialize_with = "no_further_keys")]
    PressureGradient,
    /// Whatever pressure gradient keeps the bulk velocity at `velocity` u_tau.
    BulkVelocity {
        /// The bulk velocity, in u_tau (15.7 at re_tau 180).
        velocity: f64,
    },
    /// No forcing: the flow decays.
    #[serde(deserialize_with = "no_further_keys")]
    None,
}

/// What stands at y = -1 and y = 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Walls {
    /// Solid walls: no slip.
    NoSlip,
    /// Symmetry planes: no normal velocity, no shear. For test cases that are exact without walls.
    FreeSlip,
}

/// How the time step is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TimeStep {
    /// Always the same step, in h/u_tau, stable or not: one too long for the convection or the eddy viscosity ends in
    /// [`ChannelError::BlowUp`].
    Fixed {
        /// The step.
        dt: f64,
    },
    /// The longest step whose convective number |u|/dx + |v|/dy + |w|/dz times dt stays at `number`, at most `max`. With a subgrid
    /// model the eddy viscosity limits the step too, at four fifths of the stability limit of the scheme whatever `number` is.
    Cfl {
        /// The convective number; 0.5 is safe with this scheme.
        number: f64,
        /// Longest step, in h/u_tau.
        max: f64,
    },
}

/// The flow at time zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Initial {
    /// The mean profile of Reichardt (1951) with random disturbances strong enough to become turbulent.
    Turbulent {
        /// Root mean square of the disturbances, in u_tau; 2 trips a minimal channel reliably.
        amplitude: f64,
    },
    /// Plane Poiseuille flow, u = re_tau/2 (1 - y^2): held exactly under the constant pressure gradient.
    #[serde(deserialize_with = "no_further_keys")]
    Laminar,
    /// Plane Poiseuille flow with the least stable Tollmien-Schlichting wave of streamwise wavenumber `2 pi / lengths[0]`:
    /// grows or decays at the rate of the Orr-Sommerfeld equation.
    TollmienSchlichting {
        /// Largest wall-normal velocity of the wave, in u_tau.
        amplitude: f64,
    },
    /// One decaying Stokes mode of the mean flow, u = amplitude cos(pi y / 2): decays as exp(-pi^2/4 nu t) without forcing.
    Stokes {
        /// Largest velocity, in u_tau.
        amplitude: f64,
    },
    /// Taylor-Green vortices in the x-z plane between free-slip walls: decay as exp(-(kx^2 + kz^2) nu t) without forcing.
    TaylorGreen {
        /// Largest streamwise velocity, in u_tau.
        amplitude: f64,
    },
}

/// Reads a variant that has no keys besides `kind`: `deny_unknown_fields` does not hold for the unit variants of a tagged enum, and a
/// key that changes nothing would pass for one that does.
pub(crate) fn no_further_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoKeys {}
    NoKeys::deserialize(deserializer).map(|NoKeys {}| ())
}

impl Default for ChannelConfig {
    /// A minimal turbulent channel at re_tau 180.
    fn default() -> Self {
        Self {
            re_tau: 180.0,
            lengths: [std::f64::consts::PI, std::f64::consts::FRAC_PI_2],
            points: [32, 65, 32],
            dealias_y: false,
            subgrid: SubgridModel::None,
            forcing: Forcing::PressureGradient,
            walls: Walls::NoSlip,
            time_step: TimeStep::Cfl {
                number: 0.5,
                max: 0.01,
            },
            frame_velocity: 10.0,
            initial: Initial::Turbulent { amplitude: 2.0 },
        }
    }
}

impl ChannelConfig {
    /// Kinematic viscosity in u_tau h.
    pub fn viscosity(&self) -> f64 {
        1.0 / self.re_tau
    }

    /// What the simulation is called: by its subgrid model; without one direct numerical simulation ("DNS") only if the grid has the
    /// spacings that [`Self::points`] asks for, else "no subgrid model".
    pub fn simulation_name(&self) -> &'static str {
        match self.subgrid {
            SubgridModel::None if self.is_resolved() => "DNS",
            subgrid => subgrid.simulation(),
        }
    }

    /// Whether the grid resolves a turbulent flow.
    fn is_resolved(&self) -> bool {
        let [nx, ny, nz] = self.points.map(|n| n as f64);
        let [length_x, length_z] = self.lengths;
        // Gauss-Lobatto points are pi / (ny - 1) apart in the middle.
        let spacings = [
            length_x / nx,
            std::f64::consts::PI / (ny - 1.0),
            length_z / nz,
        ];
        spacings
            .iter()
            .zip(RESOLVED_SPACINGS)
            .all(|(spacing, longest)| spacing * self.re_tau <= longest)
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ChannelError::Setting`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), ChannelError> {
        let wrong = |key, found: String, expected| {
            Err(ChannelError::Setting {
                key,
                found,
                expected,
            })
        };
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if !positive(self.re_tau) {
            return wrong("re_tau", self.re_tau.to_string(), "a positive number");
        }
        if !self.lengths.iter().all(|&l| positive(l)) {
            return wrong(
                "lengths",
                format!("{:?}", self.lengths),
                "two positive lengths in half-heights",
            );
        }
        let [nx, ny, nz] = self.points;
        let even = |n: usize| n >= 4 && n.is_multiple_of(2) && n <= 8192;
        if !even(nx) || !even(nz) || !(5..=4097).contains(&ny) {
            return wrong(
                "points",
                format!("{:?}", self.points),
                "even numbers from 4 to 8192 along x and z, and from 5 to 4097 along y",
            );
        }
        if !self.frame_velocity.is_finite() {
            return wrong(
                "frame_velocity",
                self.frame_velocity.to_string(),
                "a number",
            );
        }
        match self.time_step {
            TimeStep::Fixed { dt } if !positive(dt) => {
                wrong("time_step.dt", dt.to_string(), "a positive time")
            }
            TimeStep::Cfl { number, .. } if !positive(number) => {
                wrong("time_step.number", number.to_string(), "a positive number")
            }
            TimeStep::Cfl { max, .. } if !positive(max) => {
                wrong("time_step.max", max.to_string(), "a positive time")
            }
            _ => self.validate_flow(),
        }
    }

    fn validate_flow(&self) -> Result<(), ChannelError> {
        if let Forcing::BulkVelocity { velocity } = self.forcing
            && !velocity.is_finite()
        {
            return Err(ChannelError::Setting {
                key: "forcing.velocity",
                found: velocity.to_string(),
                expected: "a number",
            });
        }
        if self.walls == Walls::FreeSlip
            && (self.forcing != Forcing::None || self.frame_velocity != 0.0)
        {
            return Err(ChannelError::Setting {
                key: "walls",
                found: "free-slip with a forcing or a moving frame".into(),
                expected: "forcing.kind = \"none\" and frame_velocity = 0, since nothing would hold the flow back",
            });
        }
        if let SubgridModel::Wale { coefficient } = self.subgrid
            && !(coefficient > 0.0 && coefficient <= 2.0)
        {
            return Err(ChannelError::Setting {
                key: "subgrid.coefficient",
                found: coefficient.to_string(),
                expected: "a constant between 0 and 2, usually 0.325 to 0.5",
            });
        }
        if self.subgrid != SubgridModel::None && self.walls == Walls::FreeSlip {
            return Err(ChannelError::Setting {
                key: "subgrid",
                found: format!("{} between free-slip walls", self.subgrid.name()),
                expected: "no-slip walls, where the modelled stress vanishes",
            });
        }
        let amplitude = match self.initial {
            Initial::Turbulent { amplitude }
            | Initial::TollmienSchlichting { amplitude }
            | Initial::Stokes { amplitude }
            | Initial::TaylorGreen { amplitude } => amplitude,
            Initial::Laminar => 0.0,
        };
        if !(amplitude >= 0.0 && amplitude.is_finite()) {
            return Err(ChannelError::Setting {
                key: "initial.amplitude",
                found: amplitude.to_string(),
                expected: "0 or a positive number",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, text: &str) -> Result<ChannelConfig, String> {
        serde_json::from_str(&format!("{{\"{key}\": {text}}}")).map_err(|e| e.to_string())
    }

    #[test]
    fn a_key_that_a_kind_does_not_have_is_refused() {
        for (key, kind) in [
            ("subgrid", "none"),
            ("subgrid", "dynamic-smagorinsky"),
            ("subgrid", "wale"),
            ("forcing", "pressure-gradient"),
            ("forcing", "none"),
            ("initial", "laminar"),
        ] {
            assert!(read(key, &format!("{{\"kind\": \"{kind}\"}}")).is_ok());
            for text in [
                format!("{{\"kind\": \"{kind}\", \"strength\": 0.1}}"),
                format!("{{\"strength\": 0.1, \"kind\": \"{kind}\"}}"),
            ] {
                let error = read(key, &text).unwrap_err();
                assert!(error.contains("unknown field `strength`"), "{error}");
            }
        }
    }

    #[test]
    fn settings_come_back_from_their_text_under_the_same_keys() {
        for subgrid in [
            SubgridModel::None,
            SubgridModel::DynamicSmagorinsky,
            SubgridModel::Wale { coefficient: 0.4 },
        ] {
            let config = ChannelConfig {
                subgrid,
                forcing: Forcing::None,
                initial: Initial::Laminar,
                ..Default::default()
            };
            let text = serde_json::to_string(&config).unwrap();
            assert!(text.contains("\"forcing\":{\"kind\":\"none\"}"), "{text}");
            assert_eq!(
                serde_json::from_str::<ChannelConfig>(&text).unwrap(),
                config
            );
        }
    }

    #[test]
    fn only_a_grid_that_resolves_the_flow_makes_a_direct_numerical_simulation() {
        let name = |points, subgrid| {
            let config = ChannelConfig {
                points,
                subgrid,
                ..Default::default()
            };
            config.simulation_name()
        };
        assert_eq!(name([32, 65, 32], SubgridModel::None), "DNS");
        for coarse in [[12, 33, 12], [30, 65, 32], [32, 49, 32], [32, 65, 30]] {
            assert_eq!(name(coarse, SubgridModel::None), "no subgrid model");
        }
        let wale = SubgridModel::Wale { coefficient: 0.325 };
        for points in [[12, 33, 12], [32, 65, 32]] {
            assert_eq!(name(points, wale), "LES, WALE");
        }
        assert_eq!(
            name([12, 33, 12], SubgridModel::DynamicSmagorinsky),
            "LES, dynamic Smagorinsky"
        );
    }
}
