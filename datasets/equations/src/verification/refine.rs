//! The constants of an equation that is nearly right.

use super::least_squares::{Data, Fit, Unknowns, whole};
use super::residual;
use crate::error::EquationError;
use crate::series::Series;
use crate::system::System;

/// Parts of the series that are fitted one after another. A short part has one minimum where a long one of an oscillating or
/// chaotic trajectory has many; each fit begins where the one before ended.
const STAGES: [f64; 3] = [0.25, 0.5, 1.0];
/// The least size of a constant: one that is 0 must be able to move.
const LEAST_SIZE: f64 = 0.01;

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
    let needed = check_points(series, numbers.len())?;
    let sizes: Vec<f64> = numbers.iter().map(|n| n.abs().max(LEAST_SIZE)).collect();
    let mut unknowns = Unknowns {
        numbers: numbers.clone(),
        initial: series.states().row(0).to_vec(),
    };
    let mut deviations = vec![0.0; numbers.len()];
    for stage in STAGES {
        let points = (stage * series.points() as f64).ceil() as usize;
        let part = series.beginning(points.max(needed));
        let fit = Fit::new(system, &Data::fair(&part), &[0], &numbers, &sizes);
        let found = fit.run(unknowns)?;
        (unknowns, deviations) = (found.unknowns, found.deviations);
    }
    refined(system, series, &numbers, unknowns, &deviations, before.ok())
}

/// Points that a fit of so many constants and the initial state needs, if the series has them.
pub(super) fn check_points(series: &Series, constants: usize) -> Result<usize, EquationError> {
    let components = series.dimension();
    let needed = (constants + components).div_ceil(components) + 1;
    if series.points() >= needed {
        return Ok(needed);
    }
    Err(EquationError::Unsuitable {
        context: "series".to_owned(),
        found: format!("{} points", series.points()),
        expected: format!("at least {needed} for {constants} constants"),
    })
}

/// What a fit of a whole series found.
pub(super) fn refined(
    system: &System,
    series: &Series,
    numbers: &[f64],
    unknowns: Unknowns,
    deviations: &[f64],
    before: Option<f64>,
) -> Result<Refined, EquationError> {
    let values = &unknowns.numbers;
    let system = system.with_numbers(values)?;
    let (last, residual) = whole(&system, series, &unknowns.initial)?;
    let constants = numbers.iter().zip(values).zip(deviations);
    Ok(Refined {
        constants: constants
            .map(|((&before, &value), &deviation)| Constant {
                before,
                value,
                deviation,
            })
            .collect(),
        system,
        initial: unknowns.initial,
        last,
        residual,
        before,
    })
}
