//! The constants of an equation by least squares (Levenberg-Marquardt, in the form of MINPACK: Moré 1978).

use rmpfit::{MPConfig, MPError, MPFitter, MPPar, MPResult, MPSide};

use super::{relative_l2, residual, trajectory};
use crate::error::EquationError;
use crate::series::Series;
use crate::system::System;

/// Parts of the series that are fitted one after another. A short part has one minimum where a long one of an oscillating or
/// chaotic trajectory has many; each fit begins where the one before ended.
const STAGES: [f64; 3] = [0.25, 0.5, 1.0];
/// Steps of the differences from which derivatives follow, relative to the constant: well above the error of a trajectory.
const STEP: f64 = 1e-4;
/// Iterations of each fit.
const MAX_ITERATIONS: usize = 50;
/// How far a constant may go from its first value, in parts of it, for the price of a datum that is [`PRIOR_DEVIATION`] off.
/// A part of the series may hardly depend on a constant, which then stays where it was instead of fitting the noise.
const PRIOR_RANGE: f64 = 0.3;
/// Relative to the root mean square of the data.
const PRIOR_DEVIATION: f64 = 0.01;
/// Deviation, relative to the root mean square of the data, where there is no trajectory: the next trial is shorter.
const FAR: f64 = 1e2;

/// A constant of a refined equation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// Its value before.
    pub before: f64,
    /// Its value.
    pub value: f64,
    /// Its standard deviation, if what remains is noise that is independent from datum to datum. It tells nothing where two
    /// constants can replace one another.
    pub deviation: f64,
}

/// An equation whose constants fit a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Refined {
    /// The equation.
    pub system: System,
    /// Its constants, in the order of its symbols.
    pub constants: Vec<Constant>,
    /// The state at the first time, `[components]`, fitted too: the first datum is as noisy as the others.
    pub initial: Vec<f64>,
    /// The state at the last time on the fitted trajectory, `[components]`.
    pub last: Vec<f64>,
    /// Relative L2 error of the trajectory from the fitted initial state.
    pub residual: f64,
    /// Relative L2 error before: from the first datum, with the given constants; none where that had no trajectory.
    pub before: Option<f64>,
}

/// Refines the numbers of a system (its integers are structure) and the initial state so that its trajectory fits a series.
///
/// # Errors
/// Where the system has other components than the series, fewer data than constants, or no trajectory.
pub fn refine(system: &System, series: &Series) -> Result<Refined, EquationError> {
    let before = residual(system, series);
    if let Err(error @ EquationError::Unsuitable { .. }) = before {
        return Err(error);
    }
    let numbers = system.numbers();
    let mut unknowns = numbers.clone();
    unknowns.extend(series.states().row(0));
    let needed = unknowns.len().div_ceil(series.dimension()) + 1;
    if series.points() < needed {
        return Err(EquationError::Unsuitable {
            context: "series".to_owned(),
            found: format!("{} points", series.points()),
            expected: format!("at least {needed} for {} constants", numbers.len()),
        });
    }
    let mut deviations = vec![0.0; unknowns.len()];
    for stage in STAGES {
        let points = (stage * series.points() as f64).ceil() as usize;
        let part = series.beginning(points.max(needed));
        deviations = Fit::new(system, &part, &numbers, &unknowns).run(&mut unknowns)?;
    }
    let (values, initial) = unknowns.split_at(numbers.len());
    let refined = system.with_numbers(values)?;
    let states = trajectory(&refined, series, initial)?;
    let constants = numbers.iter().zip(values).zip(&deviations);
    Ok(Refined {
        constants: constants
            .map(|((&before, &value), &deviation)| Constant {
                before,
                value,
                deviation,
            })
            .collect(),
        system: refined,
        initial: initial.to_vec(),
        last: states.row(series.points() - 1).to_vec(),
        residual: relative_l2(&states, series.states()),
        before: before.ok(),
    })
}

/// A least-squares problem: the unknowns are the numbers of a system, then the initial state.
struct Fit<'a> {
    system: &'a System,
    series: &'a Series,
    /// The numbers that the system had at first.
    prior: &'a [f64],
    config: MPConfig,
    parameters: Vec<MPPar>,
    rms: f64,
}

impl<'a> Fit<'a> {
    fn new(system: &'a System, series: &'a Series, prior: &'a [f64], unknowns: &[f64]) -> Self {
        let squares: f64 = series.states().iter().map(|value| value.powi(2)).sum();
        let rms = (squares / series.states().len() as f64).sqrt();
        let parameter = |value: &f64| MPPar {
            step: STEP * scale(*value),
            side: MPSide::Both,
            ..MPPar::new()
        };
        Self {
            system,
            series,
            prior,
            config: MPConfig {
                max_iter: MAX_ITERATIONS,
                // Constants are drawn within 10 % or decoded with three digits: no need to jump.
                step_factor: 1.0,
                ..MPConfig::new()
            },
            parameters: unknowns.iter().map(parameter).collect(),
            rms: rms.max(f64::MIN_POSITIVE),
        }
    }

    /// Improves the unknowns; their standard deviations, where what remains is noise.
    fn run(mut self, unknowns: &mut [f64]) -> Result<Vec<f64>, EquationError> {
        let status = self
            .mpfit(unknowns)
            .map_err(|error| EquationError::Integration {
                family: "the equation to refine".to_owned(),
                reason: reason(&error).to_owned(),
            })?;
        let free = status.n_func.saturating_sub(status.n_free).max(1);
        let noise = (status.best_norm / free as f64).sqrt();
        Ok(status.xerror.iter().map(|error| error * noise).collect())
    }
}

impl MPFitter for Fit<'_> {
    fn eval(&mut self, unknowns: &[f64], deviations: &mut [f64]) -> MPResult<()> {
        let (numbers, initial) = unknowns.split_at(self.prior.len());
        let (data, priors) = deviations.split_at_mut(self.series.states().len());
        let states = self
            .system
            .with_numbers(numbers)
            .and_then(|system| trajectory(&system, self.series, initial));
        match states {
            Ok(states) => {
                let pairs = states.iter().zip(self.series.states());
                for (deviation, (state, datum)) in data.iter_mut().zip(pairs) {
                    *deviation = state - datum;
                }
            }
            Err(_) => data.fill(FAR * self.rms),
        }
        let price = PRIOR_DEVIATION * self.rms / PRIOR_RANGE;
        for (deviation, (number, prior)) in priors.iter_mut().zip(numbers.iter().zip(self.prior)) {
            *deviation = price * (number - prior) / scale(*prior);
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.series.states().len() + self.prior.len()
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }
}

/// The size of a constant; one that is 0 must be able to move.
fn scale(value: f64) -> f64 {
    value.abs().max(0.01)
}

fn reason(error: &MPError) -> &'static str {
    match error {
        MPError::Nan => "the fit met numbers that are not finite",
        MPError::NoFree | MPError::Empty => "there is nothing to fit",
        MPError::DoF => "fewer data than constants",
        _ => "the fit failed",
    }
}
