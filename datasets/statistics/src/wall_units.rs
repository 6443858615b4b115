//! Wall units: velocities over u_tau, lengths over nu / u_tau, times over nu / u_tau^2.

use serde::{Deserialize, Serialize};

use crate::error::StatisticsError;

/// The scales of the flow near a wall: friction velocity u_tau and viscosity nu, from which u+ = u / u_tau,
/// y+ = y u_tau / nu, t+ = t u_tau^2 / nu.
///
/// ```
/// use rheome_statistics::WallUnits;
///
/// // Re_tau = 180 with lengths in half-heights and velocities in u_tau.
/// let units = WallUnits::new(1.0, 1.0 / 180.0)?;
/// assert_eq!(units.length(0.1), 18.0);
/// assert_eq!(units.friction_reynolds(1.0), 180.0);
/// # Ok::<(), rheome_statistics::StatisticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WallUnits {
    u_tau: f64,
    viscosity: f64,
}

impl WallUnits {
    /// Wall units of a friction velocity, nominal or measured, and a kinematic viscosity.
    ///
    /// # Errors
    /// [`StatisticsError::WallUnits`] unless both are positive.
    pub fn new(u_tau: f64, viscosity: f64) -> Result<Self, StatisticsError> {
        for (what, found) in [("u_tau", u_tau), ("viscosity", viscosity)] {
            if !(found.is_finite() && found > 0.0) {
                return Err(StatisticsError::WallUnits { what, found });
            }
        }
        Ok(Self { u_tau, viscosity })
    }

    /// Wall units of a measured mean shear rate dU/dy at the wall: u_tau^2 = nu dU/dy.
    ///
    /// # Errors
    /// [`StatisticsError::WallUnits`] unless viscosity and shear rate are positive.
    pub fn of_shear_rate(shear_rate: f64, viscosity: f64) -> Result<Self, StatisticsError> {
        Self::new((viscosity * shear_rate).sqrt(), viscosity)
    }

    /// The friction velocity u_tau.
    pub fn u_tau(&self) -> f64 {
        self.u_tau
    }

    /// The kinematic viscosity nu.
    pub fn viscosity(&self) -> f64 {
        self.viscosity
    }

    /// A length in wall units: y+.
    pub fn length(&self, length: f64) -> f64 {
        length * self.u_tau / self.viscosity
    }

    /// A velocity in wall units: u+.
    pub fn velocity(&self, velocity: f64) -> f64 {
        velocity / self.u_tau
    }

    /// A stress over density, or another product of two velocities, in wall units.
    pub fn stress(&self, stress: f64) -> f64 {
        stress / (self.u_tau * self.u_tau)
    }

    /// A time in wall units: t+.
    pub fn time(&self, time: f64) -> f64 {
        time * self.u_tau * self.u_tau / self.viscosity
    }

    /// A wavenumber in wall units: k+ = k nu / u_tau.
    pub fn wavenumber(&self, wavenumber: f64) -> f64 {
        wavenumber * self.viscosity / self.u_tau
    }

    /// The height whose y+ is `height`.
    pub fn height(&self, height: f64) -> f64 {
        height * self.viscosity / self.u_tau
    }

    /// Re_tau of a channel of this half-height.
    pub fn friction_reynolds(&self, half_height: f64) -> f64 {
        self.length(half_height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_units_of_a_shear_rate_give_back_the_rate() {
        let units = WallUnits::of_shear_rate(180.0, 1.0 / 180.0).unwrap();
        approx::assert_relative_eq!(units.u_tau(), 1.0, epsilon = 1e-15);
        approx::assert_relative_eq!(units.height(units.length(0.3)), 0.3, epsilon = 1e-15);
        let fast = WallUnits::new(2.0, 0.01).unwrap();
        assert_eq!(
            (fast.velocity(6.0), fast.stress(8.0), fast.time(1.0)),
            (3.0, 2.0, 400.0)
        );
        assert!(WallUnits::of_shear_rate(-1.0, 0.01).is_err());
        assert!(WallUnits::new(1.0, 0.0).is_err());
    }
}
