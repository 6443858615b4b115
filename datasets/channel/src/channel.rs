//! The flow in time: steps of the velocity-vorticity equations of Kim, Moin & Moser (J. Fluid Mech. 177, 1987), their lengths, and what
//! can be read of the flow.

use crate::config::{ChannelConfig, TimeStep};
use crate::convection::{Convection, Rates};
use crate::error::ChannelError;
use crate::implicit::Implicit;
use crate::modes::Modes;
use crate::state::State;
use crate::subgrid::{Subgrid, SubgridProfiles};
use crate::time_scheme::SPALART_MOSER_ROGERS;

/// Longest step over 1 / (nu_t (1/dx^2 + 1/dy^2 + 1/dz^2)): the subgrid force is advanced explicitly, its fastest mode decays at pi^2
/// in these units, and the scheme is stable up to a step of 2.5 over that rate; a fifth is left to convection, which acts besides.
const DIFFUSION_NUMBER: f64 = 0.8 * 2.5 / (std::f64::consts::PI * std::f64::consts::PI);

/// A channel flow in time.
///
/// ```
/// use rheome_channel::{Channel, ChannelConfig, Initial};
///
/// // Plane Poiseuille flow stays what it is.
/// let config = ChannelConfig { re_tau: 20.0, points: [8, 17, 8], initial: Initial::Laminar, ..Default::default() };
/// let mut channel = Channel::new(&config, 0)?;
/// channel.advance_to(0.05)?;
/// let bulk = channel.diagnostics().bulk_velocity;
/// assert!((bulk - 20.0 / 3.0).abs() < 1e-10);
/// # Ok::<(), rheome_channel::ChannelError>(())
/// ```
pub struct Channel {
    pub(crate) config: ChannelConfig,
    pub(crate) modes: Modes,
    pub(crate) degrees: usize,
    pub(crate) state: State,
    pub(crate) convection: Convection,
    pub(crate) implicit: Implicit,
    pub(crate) time: f64,
    pub(crate) steps: u64,
    pub(crate) dt: f64,
}

impl Channel {
    /// The flow of `config` at time zero; `seed` fixes its random disturbances.
    ///
    /// # Errors
    /// [`ChannelError::Setting`] if a setting cannot work.
    pub fn new(config: &ChannelConfig, seed: u64) -> Result<Self, ChannelError> {
        let mut channel = Self::at_rest(config)?;
        channel.set_initial(seed);
        Ok(channel)
    }

    pub(crate) fn at_rest(config: &ChannelConfig) -> Result<Self, ChannelError> {
        config.validate()?;
        let [nx, degrees, nz] = config.points;
        let modes = Modes::new(nx, nz, config.lengths);
        Ok(Self {
            state: State::zeros(&modes, degrees),
            convection: Convection::new(&modes, config),
            implicit: Implicit::new(&modes, degrees, config),
            config: config.clone(),
            modes,
            degrees,
            time: 0.0,
            steps: 0,
            dt: 0.0,
        })
    }

    /// Settings of this flow.
    pub fn config(&self) -> &ChannelConfig {
        &self.config
    }

    /// Time, in h/u_tau.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Length of the last step, in h/u_tau.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Chooses the time step otherwise from now on.
    ///
    /// # Errors
    /// [`ChannelError::Setting`] if the new setting cannot work.
    pub fn set_time_step(&mut self, time_step: TimeStep) -> Result<(), ChannelError> {
        let config = ChannelConfig {
            time_step,
            ..self.config.clone()
        };
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// Reflects the flow in the plane z = 0: w and the wall-normal vorticity change sign.
    pub fn reflect_span(&mut self) {
        let (degrees, modes) = (self.degrees, &self.modes);
        let state = &mut self.state;
        for x in 0..modes.streamwise {
            for z in 0..=(modes.spanwise / 2) {
                let rows = |iz: usize| 2 * (x * modes.spanwise + iz) * degrees;
                let (a, b) = (rows(z), rows((modes.spanwise - z) % modes.spanwise));
                for k in 0..2 * degrees {
                    for field in [&mut state.v, &mut state.laplacian, &mut state.vorticity] {
                        field.swap(a + k, b + k);
                    }
                }
            }
        }
        state
            .vorticity
            .iter_mut()
            .chain(&mut state.mean[1])
            .for_each(|value| *value = -*value);
    }

    /// What the subgrid model does to the flow as it is; empty without a model. Costs about a third of a step.
    pub fn subgrid_profiles(&mut self) -> SubgridProfiles {
        self.convection.evaluate(&self.state, &self.modes);
        let subgrid = self.convection.subgrid.as_ref();
        subgrid.map(Subgrid::profiles).unwrap_or_default()
    }

    /// One step of the length that the settings choose.
    ///
    /// # Errors
    /// [`ChannelError::BlowUp`] if the velocity is no longer finite.
    pub fn step(&mut self) -> Result<(), ChannelError> {
        self.step_within(f64::INFINITY)
    }

    /// Steps until exactly `time`, sharing what remains evenly among the last steps.
    ///
    /// # Errors
    /// [`ChannelError::BlowUp`] if the velocity is no longer finite.
    pub fn advance_to(&mut self, time: f64) -> Result<(), ChannelError> {
        self.advance_while(time, || true).map(|_| ())
    }

    /// Advances to `time` as [`Self::advance_to`] does, as long as `go_on`, which is asked before every step, says so; false if it
    /// did not. The flow is then between two steps: a later call for the same time takes the steps that were left, the very same.
    ///
    /// # Errors
    /// [`ChannelError::BlowUp`] if the velocity is no longer finite.
    pub fn advance_while(
        &mut self,
        time: f64,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<bool, ChannelError> {
        // Less than a rounding error of the time itself is no step.
        while time - self.time > 1e-12 * time.abs().max(1.0) {
            if !go_on() {
                return Ok(false);
            }
            let remaining = time - self.time;
            self.step_within(remaining)?;
            if self.dt == remaining {
                self.time = time;
            }
        }
        Ok(true)
    }

    /// One step that divides `remaining` into equal steps no longer than the settings allow.
    fn step_within(&mut self, remaining: f64) -> Result<(), ChannelError> {
        let rates = self.convection.evaluate(&self.state, &self.modes);
        if !(rates.convection.is_finite() && rates.diffusion.is_finite()) {
            return Err(ChannelError::BlowUp {
                time: self.time,
                step: self.steps,
            });
        }
        let longest = longest_step(self.config.time_step, rates);
        let dt = if remaining.is_finite() {
            remaining / (remaining / longest - 1e-9).ceil().max(1.0)
        } else {
            longest
        };
        for (index, substep) in SPALART_MOSER_ROGERS.into_iter().enumerate() {
            if index > 0 {
                self.convection.evaluate(&self.state, &self.modes);
            }
            self.implicit.substep(
                &mut self.state,
                &self.modes,
                &self.convection.product,
                dt,
                substep,
            );
        }
        self.state.symmetrize(&self.modes);
        self.time += dt;
        self.steps += 1;
        self.dt = dt;
        Ok(())
    }
}

/// The step that `time_step` asks for in a flow of `rates`.
fn longest_step(time_step: TimeStep, rates: Rates) -> f64 {
    match time_step {
        TimeStep::Fixed { dt } => dt,
        TimeStep::Cfl { number, max } => (number / rates.convection)
            .min(DIFFUSION_NUMBER / rates.diffusion)
            .min(max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Initial, SubgridModel};

    #[test]
    fn the_diffusive_limit_does_not_depend_on_the_convective_number() {
        let step = |number, convection, diffusion| {
            let rates = Rates {
                convection,
                diffusion,
            };
            longest_step(TimeStep::Cfl { number, max: 1.0 }, rates)
        };
        for number in [0.1, 0.5, 0.7, 1.5] {
            let fastest = std::f64::consts::PI.powi(2) * 400.0;
            approx::assert_relative_eq!(step(number, 1.0, 400.0) * fastest, 2.0);
            approx::assert_relative_eq!(step(number, 400.0, 1.0) * 400.0, number);
        }
        assert_eq!(step(0.5, 0.0, 0.0), 1.0);
    }

    /// A flow of strong eddy viscosity on a grid much finer along y than along x and z, so that diffusion limits the step.
    fn viscous(time_step: TimeStep) -> Channel {
        let config = ChannelConfig {
            points: [8, 65, 8],
            subgrid: SubgridModel::Wale { coefficient: 2.0 },
            time_step,
            initial: Initial::Turbulent { amplitude: 8.0 },
            ..Default::default()
        };
        Channel::new(&config, 1).unwrap()
    }

    #[test]
    fn strong_eddy_viscosity_is_stable_at_a_large_convective_number_and_blows_up_at_too_long_a_fixed_step()
     {
        let mut channel = viscous(TimeStep::Cfl {
            number: 1.0,
            max: 0.1,
        });
        let rates = channel.convection.evaluate(&channel.state, &channel.modes);
        let (convective, diffusive) = (1.0 / rates.convection, DIFFUSION_NUMBER / rates.diffusion);
        assert!(20.0 * diffusive < convective, "{diffusive} {convective}");
        let mut energy = channel.diagnostics().fluctuation_energy;
        for _ in 0..8 {
            for _ in 0..5 {
                channel.step().unwrap();
            }
            let left = channel.diagnostics().fluctuation_energy;
            assert!(left < energy, "{left} of {energy}");
            energy = left;
        }
        // Half of what convection alone allows.
        let mut channel = viscous(TimeStep::Fixed {
            dt: 0.5 * convective,
        });
        let error = (0..100).find_map(|_| channel.step().err());
        assert!(
            matches!(error, Some(ChannelError::BlowUp { .. })),
            "{error:?}"
        );
    }
}
