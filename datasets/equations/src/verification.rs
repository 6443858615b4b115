//! Verification: does an equation explain what was measured?
//!
//! A decoded equation is integrated from the first datum and compared with the others ([`residual`]); its constants can be
//! refined by least squares ([`refine`]), or found where only its form is known ([`fn@fit`]); several candidates are ordered by how well they fit ([`rank`]); and what fits is
//! continued beyond the data ([`continuation`]).

mod fit;
mod least_squares;
mod refine;

use ndarray::{Array2, s};
use rayon::prelude::*;

pub use fit::fit;
pub use refine::{Constant, Refined, refine};

use crate::compile::Program;
use crate::data::{Tolerances, integrate};
use crate::error::EquationError;
use crate::series::Series;
use crate::system::System;

/// Relative tolerance of a step: far below the noise of data, and fine enough for differences between neighbouring constants.
const RELATIVE: f64 = 1e-8;
/// A trajectory may be this many times greater than the greatest datum before it is given up.
const EXCESS: f64 = 1e3;

/// How well a system explains a series: the relative L2 error of its trajectory from the first datum,
/// (sum of (u - data)^2 / sum of data^2)^(1/2) over all points and components.
///
/// # Errors
/// Where the series has other components than the system, the system cannot be evaluated, or its trajectory cannot be
/// computed up to the last time.
pub fn residual(system: &System, series: &Series) -> Result<f64, EquationError> {
    let initial = series.states().row(0).to_vec();
    Ok(relative_l2(
        &trajectory(system, series, &initial, RELATIVE)?,
        series.states(),
    ))
}

/// A candidate and how well it explains a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Which of the candidates.
    pub index: usize,
    /// Its [`residual`], or why it has none.
    pub residual: Result<f64, EquationError>,
}

/// The candidates by their residual, the best first; those without a residual come last. Equals keep their order.
pub fn rank(candidates: &[System], series: &Series) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = candidates
        .par_iter()
        .enumerate()
        .map(|(index, system)| Ranked {
            index,
            residual: residual(system, series),
        })
        .collect();
    let error = |ranked: &Ranked| *ranked.residual.as_ref().unwrap_or(&f64::INFINITY);
    ranked.sort_by(|a, b| error(a).total_cmp(&error(b)));
    ranked
}

/// The system's trajectory at `times` `[points]`, from `state` `[components]` at the time `from`: `[points, components]`.
///
/// # Errors
/// Where times do not increase from `from` on, or the trajectory cannot be computed.
pub fn continuation(
    system: &System,
    from: f64,
    state: &[f64],
    times: &[f64],
) -> Result<Array2<f64>, EquationError> {
    let program = Program::new(system)?;
    let starts_there = times.first() == Some(&from);
    let all = match starts_there {
        true => times.to_vec(),
        false => [&[from], times].concat(),
    };
    let tolerances = tolerances(state.iter(), RELATIVE);
    let states = integrate(&program, state, &all, &tolerances).map_err(failed)?;
    Ok(match starts_there {
        true => states,
        false => states.slice(s![1.., ..]).to_owned(),
    })
}

/// The trajectory at the times of a series, with this relative tolerance of a step.
fn trajectory(
    system: &System,
    series: &Series,
    initial: &[f64],
    relative: f64,
) -> Result<Array2<f64>, EquationError> {
    if system.dimension() != series.dimension() {
        return Err(EquationError::Unsuitable {
            context: "series".to_owned(),
            found: format!("{} component(s)", series.dimension()),
            expected: format!("{}, those of the equation", system.dimension()),
        });
    }
    let program = Program::new(system)?;
    let tolerances = tolerances(series.states().iter(), relative);
    integrate(&program, initial, series.times(), &tolerances).map_err(failed)
}

/// Tolerances in proportion to the data.
fn tolerances<'a>(data: impl Iterator<Item = &'a f64>, relative: f64) -> Tolerances {
    let largest = data.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    Tolerances {
        relative,
        absolute: 0.1 * relative * scale,
        bound: EXCESS * scale.max(1.0),
    }
}

fn failed(error: crate::data::IntegrationError) -> EquationError {
    EquationError::Integration {
        family: "the equation".to_owned(),
        reason: error.to_string(),
    }
}

/// Relative L2 error of states with respect to others, over all points and components: `[points, components]` both. The error
/// itself, where the others are zeros.
pub fn relative_l2(found: &Array2<f64>, expected: &Array2<f64>) -> f64 {
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).powi(2));
    let squares = expected.iter().map(|value| value.powi(2));
    let (error, norm): (f64, f64) = (differences.sum(), squares.sum());
    match norm {
        0.0 => error.sqrt(),
        norm => (error / norm).sqrt(),
    }
}
