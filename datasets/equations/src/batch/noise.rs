//! Noise on measured states.

use ndarray::Array2;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::error::EquationError;

/// How noise enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseKind {
    /// u + level x rms(u) x normal number, with the root mean square over the window: the same for all values.
    #[default]
    Additive,
    /// u (1 + level x normal number): in proportion to each value.
    Multiplicative,
}

/// Noise on the states that the network is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputNoise {
    /// How it enters.
    pub kind: NoiseKind,
    /// Its relative size (published: 0.02); 0 for none.
    pub level: f64,
}

impl Default for InputNoise {
    fn default() -> Self {
        Self {
            kind: NoiseKind::default(),
            level: 0.02,
        }
    }
}

impl InputNoise {
    /// States that are all right.
    pub const NONE: Self = Self {
        kind: NoiseKind::Additive,
        level: 0.0,
    };

    /// Adds noise to the states of a window, `[points, components]`.
    pub fn apply(&self, window: &mut Array2<f32>, random: &mut impl Rng) {
        if self.level == 0.0 || window.is_empty() {
            return;
        }
        let level = self.level as f32;
        let mut normal = || -> f32 { StandardNormal.sample(random) };
        match self.kind {
            NoiseKind::Additive => {
                let squares: f64 = window.iter().map(|value| f64::from(*value).powi(2)).sum();
                let size = level * (squares / window.len() as f64).sqrt() as f32;
                window.mapv_inplace(|value| value + size * normal());
            }
            NoiseKind::Multiplicative => {
                window.mapv_inplace(|value| value * (1.0 + level * normal()));
            }
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`EquationError::Unsuitable`] naming the key whose value cannot work.
    pub fn check(&self) -> Result<(), EquationError> {
        // Also refuses NaN.
        if self.level >= 0.0 && self.level.is_finite() {
            return Ok(());
        }
        Err(EquationError::Unsuitable {
            context: "data.batch.noise.level".to_owned(),
            found: self.level.to_string(),
            expected: "a finite number, at least 0".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    fn errors(kind: NoiseKind, value: impl Fn(usize) -> f32) -> (Array2<f32>, Array2<f32>) {
        let clean = Array2::from_shape_fn((20_000, 2), |(_, component)| value(component));
        let mut noisy = clean.clone();
        let noise = InputNoise { kind, level: 0.02 };
        noise.apply(&mut noisy, &mut Pcg64Mcg::seed_from_u64(1));
        let difference = &noisy - &clean;
        (clean, difference)
    }

    fn deviation(values: ndarray::ArrayView1<f32>) -> f64 {
        let squares: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
        (squares / values.len() as f64).sqrt()
    }

    #[test]
    fn additive_noise_is_the_same_for_small_and_large_values() {
        // The root mean square of 1 and 7 is 5.
        let (_, difference) = errors(NoiseKind::Additive, |component| [1.0, 7.0][component]);
        for component in 0..2 {
            let found = deviation(difference.column(component));
            assert!((found / 0.1 - 1.0).abs() < 0.03, "{found}");
        }
    }

    #[test]
    fn multiplicative_noise_is_in_proportion() {
        let (clean, difference) = errors(NoiseKind::Multiplicative, |component| {
            [-1.0, 7.0][component]
        });
        for component in 0..2 {
            let found = deviation(difference.column(component));
            let expected = 0.02 * f64::from(clean[[0, component]].abs());
            assert!((found / expected - 1.0).abs() < 0.03, "{found}");
        }
    }

    #[test]
    fn no_noise_changes_nothing() {
        let clean = Array2::from_elem((3, 2), 0.3_f32);
        let mut window = clean.clone();
        InputNoise::NONE.apply(&mut window, &mut Pcg64Mcg::seed_from_u64(1));
        assert_eq!(window, clean);
        assert!(
            InputNoise {
                level: f64::NAN,
                ..InputNoise::NONE
            }
            .check()
            .is_err()
        );
    }
}
