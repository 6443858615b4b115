//! Steps of a size that keeps the error of each tolerable: the elementary controller of Hairer, Norsett & Wanner (Solving Ordinary
//! Differential Equations I, 1993, section II.4).

use thiserror::Error;

use super::fixed::{advance, stages};
use super::{State, Tableau};

/// The next step aims at this fraction of the tolerance.
const SAFETY: f64 = 0.9;
/// A step shrinks at most to this fraction of the last, and grows at most to that multiple.
const CHANGE: (f64, f64) = (0.2, 10.0);

/// The error of one step that is accepted: `absolute + relative * |x|` for a component x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Relative to the size of a component; 1e-5 is a good starting point in single precision.
    pub relative: f64,
    /// In units of the state; it matters where a component is near zero. 1e-5 is a good starting point.
    pub absolute: f64,
    /// Attempted steps after which to give up.
    pub max_steps: usize,
}

/// What an integration took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Steps whose error was tolerable.
    pub accepted: usize,
    /// Steps that were tried again with a smaller size.
    pub rejected: usize,
    /// Evaluations of the slope.
    pub evaluations: usize,
}

/// Why an integration ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum OdeError {
    /// The method has no second one to estimate its error.
    #[error("{method} estimates no error: steps cannot be adapted")]
    NoErrorEstimate {
        /// Name of the method.
        method: &'static str,
    },
    /// The tolerance cannot be met.
    #[error("no step from t = {time} is small enough for the tolerance (the last was {step:e})")]
    StepTooSmall {
        /// Time reached.
        time: f64,
        /// The step that failed last.
        step: f64,
    },
    /// More steps were needed than allowed.
    #[error("t = {time} reached after {steps} steps, the most that are allowed")]
    TooManySteps {
        /// Time reached.
        time: f64,
        /// Steps tried.
        steps: usize,
    },
}

/// Integrates over `span` with steps chosen so that the estimated error of each is tolerable, and returns the final state.
///
/// The step follows the error alone (Hairer, Norsett & Wanner 1993, section II.4): one size for the whole state.
///
/// # Errors
/// [`OdeError`] if the tableau has no embedded method, or the tolerance cannot be met.
pub fn integrate_adaptive<S: State>(
    tableau: &Tableau,
    span: (f64, f64),
    start: S,
    tolerance: Tolerance,
    mut slope: impl FnMut(f64, &S) -> S,
) -> Result<(S, Effort), OdeError> {
    let embedded = tableau.embedded.ok_or(OdeError::NoErrorEstimate {
        method: tableau.name,
    })?;
    let difference: Vec<f64> = tableau
        .weights
        .iter()
        .zip(embedded)
        .map(|(b, e)| b - e)
        .collect();
    let mut effort = Effort::default();
    let mut slope = |t: f64, x: &S| {
        effort.evaluations += 1;
        slope(t, x)
    };
    let (mut time, end) = span;
    let mut state = start;
    let mut first = slope(time, &state);
    let mut step = first_step(tableau, span, &state, &first, tolerance, &mut slope);
    let (mut accepted, mut rejected) = (0, 0);
    while time < end {
        if accepted + rejected == tolerance.max_steps {
            let steps = tolerance.max_steps;
            return Err(OdeError::TooManySteps { time, steps });
        }
        // A last step that leaves next to nothing behind goes to the end.
        let is_last = time + step * (1.0 + 1e-9) >= end;
        let h = if is_last { end - time } else { step };
        let slopes = stages(tableau, time, h, &state, Some(first.clone()), &mut slope);
        let next = advance(&state, h, tableau.weights, &slopes);
        let error = advance(&state.zero(), h, &difference, &slopes);
        let norm = S::error_norm(&error, &state, &next, tolerance);
        step = h * change(norm, tableau.order);
        // Not a number counts as too large.
        if norm.is_nan() || norm > 1.0 {
            rejected += 1;
            if time + step * 1e-3 <= time {
                return Err(OdeError::StepTooSmall { time, step: h });
            }
            continue;
        }
        accepted += 1;
        time = if is_last { end } else { time + h };
        first = match slopes.into_iter().last() {
            Some(last) if tableau.first_same_as_last() => last,
            _ if time < end => slope(time, &next),
            _ => first,
        };
        state = next;
    }
    (effort.accepted, effort.rejected) = (accepted, rejected);
    Ok((state, effort))
}

/// Factor on the step after an error of `norm`; the estimate is of the order of the embedded method, one below.
fn change(norm: f64, order: u32) -> f64 {
    if !norm.is_finite() {
        return CHANGE.0;
    }
    (SAFETY * norm.max(1e-12).powf(-1.0 / f64::from(order))).clamp(CHANGE.0, CHANGE.1)
}

/// A first step from the size of the state and of its first two derivatives (Hairer, Norsett & Wanner 1993, II.4).
fn first_step<S: State>(
    tableau: &Tableau,
    (time, end): (f64, f64),
    state: &S,
    first: &S,
    tolerance: Tolerance,
    slope: &mut impl FnMut(f64, &S) -> S,
) -> f64 {
    let norm = |x: &S| S::error_norm(x, state, state, tolerance);
    let (size, speed) = (norm(state), norm(first));
    let span = end - time;
    let guess = if size < 1e-5 || speed < 1e-5 {
        1e-6 * span
    } else {
        (0.01 * size / speed).min(span)
    };
    let ahead = slope(time + guess, &state.plus(&[(guess, first)]));
    let bend = norm(&ahead.plus(&[(-1.0, first)])) / guess;
    let largest = speed.max(bend);
    let step = if largest <= 1e-15 {
        (guess * 1e-3).max(1e-6 * span)
    } else {
        (0.01 / largest).powf(1.0 / f64::from(tableau.order))
    };
    step.min(100.0 * guess).min(span)
}

#[cfg(test)]
mod tests {
    use super::super::tableau::{DORMAND_PRINCE, RK4};
    use super::*;
    use burn::tensor::{Device, Tensor};

    fn tolerance(size: f64) -> Tolerance {
        Tolerance {
            relative: size,
            absolute: size,
            max_steps: 100_000,
        }
    }

    /// The Kepler problem with eccentricity 0.5 over one period (2 pi): it returns to its start.
    fn kepler(size: f64) -> (f64, Effort) {
        let start = vec![0.5, 0.0, 0.0, 3.0_f64.sqrt()];
        let slope = |_: f64, x: &Vec<f64>| {
            let r3 = x[0].hypot(x[1]).powi(3);
            vec![x[2], x[3], -x[0] / r3, -x[1] / r3]
        };
        let span = (0.0, std::f64::consts::TAU);
        let (end, effort) =
            integrate_adaptive(&DORMAND_PRINCE, span, start.clone(), tolerance(size), slope)
                .unwrap();
        let error = end.iter().zip(&start).map(|(a, b)| (a - b).abs());
        (error.fold(0.0, f64::max), effort)
    }

    #[test]
    fn a_smaller_tolerance_gives_a_smaller_error_for_more_steps() {
        let results = [1e-4, 1e-6, 1e-8, 1e-10].map(kepler);
        for pair in results.windows(2) {
            assert!(pair[1].0 < 0.2 * pair[0].0, "{results:?}");
            assert!(pair[1].1.accepted > pair[0].1.accepted);
        }
        assert!(results[3].0 < 1e-7, "{results:?}");
        // Seven stages, one of them shared, and two evaluations to begin with.
        let effort = results[2].1;
        let expected = 6 * (effort.accepted + effort.rejected) + 2;
        assert_eq!(effort.evaluations, expected);
    }

    #[test]
    fn tensors_are_integrated_too() {
        let start = Tensor::<1>::from_data([1.0, -2.0], &Device::flex());
        let slope = |_: f64, x: &Tensor<1>| x.clone().neg();
        let (end, effort) =
            integrate_adaptive(&DORMAND_PRINCE, (0.0, 2.0), start, tolerance(1e-5), slope).unwrap();
        let end: Vec<f32> = end.try_into_vec_as().unwrap();
        let exact = (-2.0_f32).exp();
        assert!((end[0] - exact).abs() < 1e-4 && (end[1] + 2.0 * exact).abs() < 1e-4);
        assert!(effort.accepted < 40, "{effort:?}");
    }

    #[test]
    fn what_cannot_be_integrated_is_an_error() {
        let still = |_: f64, x: &Vec<f64>| x.clone();
        let error = integrate_adaptive(&RK4, (0.0, 1.0), vec![1.0], tolerance(1e-6), still);
        assert!(matches!(error, Err(OdeError::NoErrorEstimate { .. })));
        // x' = x^2 from 1 is infinite at t = 1.
        let blow_up = |_: f64, x: &Vec<f64>| vec![x[0] * x[0]];
        let error = integrate_adaptive(
            &DORMAND_PRINCE,
            (0.0, 2.0),
            vec![1.0],
            tolerance(1e-6),
            blow_up,
        );
        assert!(matches!(
            error,
            Err(OdeError::StepTooSmall { .. } | OdeError::TooManySteps { .. })
        ));
        let few = Tolerance {
            max_steps: 3,
            ..tolerance(1e-10)
        };
        let wave = |t: f64, _: &Vec<f64>| vec![(50.0 * t).cos()];
        let error = integrate_adaptive(&DORMAND_PRINCE, (0.0, 10.0), vec![0.0], few, wave);
        assert!(matches!(
            error,
            Err(OdeError::TooManySteps { steps: 3, .. })
        ));
    }
}
