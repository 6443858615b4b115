//! Settings of a periodic box and the turbulence in it, and their checks.

use serde::{Deserialize, Serialize};

use crate::PeriodicError;

/// A box and the turbulence that decays in it. Lengths, times and velocities are in one system of units; the initial root mean
/// square velocity component is [`PeriodicConfig::velocity`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeriodicConfig {
    /// Points along each side: even, at least 8. A third of the waves are cut off against aliasing.
    pub points: usize,
    /// Length of a side.
    pub length: f64,
    /// Kinematic viscosity. Good values resolve the smallest eddies: with 128 points, velocity 1 and length 2 pi about 1e-3.
    pub viscosity: f64,
    /// Root mean square of each velocity component at the start.
    pub velocity: f64,
    /// Waves per side that hold most energy at the start.
    pub peak: f64,
    /// Largest Courant number: what the fluid may cross of a grid spacing in a step.
    pub cfl: f64,
}

impl Default for PeriodicConfig {
    fn default() -> Self {
        Self {
            points: 128,
            length: std::f64::consts::TAU,
            viscosity: 1e-3,
            velocity: 1.0,
            peak: 6.0,
            cfl: 0.5,
        }
    }
}

impl PeriodicConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`PeriodicError::Setting`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), PeriodicError> {
        let wrong = |key, found: &dyn ToString, expected| {
            Err(PeriodicError::Setting {
                key,
                found: found.to_string(),
                expected,
            })
        };
        if self.points < 8 || !self.points.is_multiple_of(2) || self.points > 1 << 14 {
            return wrong("points", &self.points, "an even number from 8 to 16384");
        }
        for (key, value) in [
            ("length", self.length),
            ("velocity", self.velocity),
            ("cfl", self.cfl),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(key, &value, "a positive number");
            }
        }
        if !(self.viscosity >= 0.0 && self.viscosity.is_finite()) {
            return wrong("viscosity", &self.viscosity, "0 or a positive number");
        }
        if !(self.peak >= 1.0 && self.peak <= self.points as f64 / 3.0) {
            return wrong("peak", &self.peak, "from 1 to a third of flow.points");
        }
        Ok(())
    }

    /// Distance of two points.
    pub fn spacing(&self) -> f64 {
        self.length / self.points as f64
    }
}
