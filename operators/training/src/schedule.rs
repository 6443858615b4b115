//! Learning rates as functions of the epochs done: constant, in steps, half a cosine (Loshchilov & Hutter 2017, arXiv 1608.03983), one
//! over the square root (Vaswani et al. 2017, arXiv 1706.03762).

use serde::{Deserialize, Serialize};

use crate::TrainingError;

/// How the learning rate changes during a run: a pure function of the epochs done, so that a continued run needs no
/// stored scheduler state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The same rate throughout.
    Constant,
    /// Multiply by `gamma` after every `every` epochs (PyTorch's `StepLR`; the IFactFormer paper: 5 and 0.7).
    Step {
        /// Epochs between two drops.
        every: u64,
        /// Factor of each drop, in (0, 1].
        gamma: f64,
    },
    /// Rise linearly for `warmup` epochs, then half a cosine down to `minimum` times the rate at the last epoch.
    Cosine {
        /// Epochs of linear rise from zero; fractions are allowed. A good starting point is 1.
        warmup: f64,
        /// What is left of the rate at the end, as a fraction; a good starting point is 0.01.
        minimum: f64,
    },
    /// Rise linearly for `warmup` epochs, then fall as `sqrt(warmup / epochs done)`, whatever the length of the run (Vaswani
    /// et al. 2017, arXiv 1706.03762, section 5.3; PROSE: 20,000 updates, which are 10 epochs of 2,000).
    InverseSquareRoot {
        /// Epochs of linear rise from zero; fractions are allowed, 0 is not.
        warmup: f64,
    },
}

impl Schedule {
    /// Whether the rate still rises after `epochs_done`.
    pub(crate) fn is_rising(&self, epochs_done: f64) -> bool {
        match *self {
            Schedule::Cosine { warmup, .. } | Schedule::InverseSquareRoot { warmup } => {
                epochs_done < warmup
            }
            Schedule::Constant | Schedule::Step { .. } => false,
        }
    }

    /// Factor on the learning rate after `epochs_done` of `epochs` epochs (fractions count: batches done within an epoch).
    pub fn factor(&self, epochs_done: f64, epochs: f64) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, gamma } => gamma.powf((epochs_done / every as f64).floor()),
            Schedule::Cosine { warmup, minimum } => {
                if epochs_done < warmup {
                    return epochs_done / warmup;
                }
                let remaining = (epochs - warmup).max(f64::MIN_POSITIVE);
                let phase = ((epochs_done - warmup) / remaining).clamp(0.0, 1.0);
                minimum + (1.0 - minimum) * 0.5 * (1.0 + (std::f64::consts::PI * phase).cos())
            }
            Schedule::InverseSquareRoot { warmup } if epochs_done < warmup => epochs_done / warmup,
            Schedule::InverseSquareRoot { warmup } => (warmup / epochs_done).sqrt(),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] naming the key whose value cannot work.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let wrong = |key, found: f64, expected| {
            Err(TrainingError::Setting {
                key,
                found: found.to_string(),
                expected,
            })
        };
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every: 0, .. } => wrong("schedule.every", 0.0, "at least 1 epoch"),
            Schedule::Step { gamma, .. } if !(gamma > 0.0 && gamma <= 1.0) => {
                wrong("schedule.gamma", gamma, "a factor in (0, 1]")
            }
            Schedule::Cosine { warmup, .. } if !(warmup >= 0.0 && warmup.is_finite()) => {
                wrong("schedule.warmup", warmup, "epochs, 0 or more")
            }
            Schedule::Cosine { minimum, .. } if !(0.0..=1.0).contains(&minimum) => {
                wrong("schedule.minimum", minimum, "a fraction between 0 and 1")
            }
            Schedule::InverseSquareRoot { warmup } if !(warmup > 0.0 && warmup.is_finite()) => {
                wrong("schedule.warmup", warmup, "epochs, more than 0")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_rises_then_falls_to_its_minimum() {
        let schedule = Schedule::Cosine {
            warmup: 2.0,
            minimum: 0.1,
        };
        assert_eq!(schedule.factor(0.0, 10.0), 0.0);
        assert_eq!(schedule.factor(1.0, 10.0), 0.5);
        assert!((schedule.factor(2.0, 10.0) - 1.0).abs() < 1e-12);
        assert!((schedule.factor(6.0, 10.0) - 0.55).abs() < 1e-12);
        assert!((schedule.factor(10.0, 10.0) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn the_inverse_square_root_peaks_behind_its_warm_up_and_is_continuous() {
        let schedule = Schedule::InverseSquareRoot { warmup: 10.0 };
        assert_eq!(schedule.factor(0.0, 80.0), 0.0);
        assert_eq!(schedule.factor(5.0, 80.0), 0.5);
        assert_eq!(schedule.factor(10.0, 80.0), 1.0);
        assert_eq!(schedule.factor(40.0, 80.0), 0.5);
        assert!(schedule.is_rising(9.9) && !schedule.is_rising(10.0));
        assert!(
            Schedule::InverseSquareRoot { warmup: 0.0 }
                .validate()
                .is_err()
        );
    }

    #[test]
    fn impossible_settings_are_named() {
        let error = Schedule::Step {
            every: 5,
            gamma: 1.5,
        }
        .validate()
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("schedule.gamma") && error.contains("1.5"),
            "{error}"
        );
        assert!(
            Schedule::Step {
                every: 0,
                gamma: 0.5
            }
            .validate()
            .is_err()
        );
        assert!(
            Schedule::Cosine {
                warmup: f64::NAN,
                minimum: 0.0
            }
            .validate()
            .is_err()
        );
    }
}
