//! Verification: does an equation explain what was measured?
//!
//! A decoded equation is integrated from the first datum and compared with the others ([`residual`]); its constants can be
//! refined by least squares ([`refine`]), or found where only its form is known ([`fn@fit`]); several candidates are ordered by how well they fit ([`rank`]); and what fits is
//! continued beyond the data ([`continuation`]).

mod fit;
mod least_squares;
mod refine;

use ndarray::{Array2, ArrayView1, s};
use rayon::prelude::*;

pub use fit::fit;
pub use refine::{Constant, Refined, refine};

use least_squares::root_mean_square;

use crate::compile::Program;
use crate::data::{Tolerances, integrate_sized};
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

/// How large the components of states `[points, components]` are: the largest of each, `[components]`. One that is 0 throughout
/// has the size of the largest.
pub fn sizes(states: &Array2<f64>) -> Vec<f64> {
    let largest =
        |column: ArrayView1<f64>| column.fold(0.0_f64, |most, value| most.max(value.abs()));
    let sizes: Vec<f64> = states.columns().into_iter().map(largest).collect();
    let all = sizes.iter().fold(0.0_f64, |most, size| most.max(*size));
    let other = if all > 0.0 { all } else { 1.0 };
    let or_other = |size: f64| if size > 0.0 { size } else { other };
    sizes.into_iter().map(or_other).collect()
}

/// The system's trajectory at `times` `[points]`, from `state` `[components]` at the time `from`: `[points, components]`. The
/// components have about these [`sizes`].
///
/// # Errors
/// Where times do not increase from `from` on, or the trajectory cannot be computed.
pub fn continuation(
    system: &System,
    from: f64,
    state: &[f64],
    times: &[f64],
    sizes: &[f64],
) -> Result<Array2<f64>, EquationError> {
    let program = Program::new(system)?;
    let starts_there = times.first() == Some(&from);
    let all = match starts_there {
        true => times.to_vec(),
        false => [&[from], times].concat(),
    };
    let states = solved(&program, state, &all, RELATIVE, sizes)?;
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
    let sizes = sizes(series.states());
    solved(&program, initial, series.times(), relative, &sizes)
}

/// A trajectory whose tolerances are in proportion to the sizes of the components.
fn solved(
    program: &Program,
    initial: &[f64],
    times: &[f64],
    relative: f64,
    sizes: &[f64],
) -> Result<Array2<f64>, EquationError> {
    let largest = sizes.iter().fold(0.0_f64, |most, size| most.max(*size));
    let tolerances = Tolerances {
        relative,
        absolute: 0.1 * relative,
        bound: EXCESS * largest.max(1.0),
    };
    // A clock that counts from long ago has no digits left for short steps.
    let origin = if program.uses_time() {
        0.0
    } else {
        times.first().copied().unwrap_or(0.0)
    };
    let times: Vec<f64> = times.iter().map(|time| time - origin).collect();
    integrate_sized(program, initial, &times, &tolerances, sizes).map_err(failed)
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
    let differences = found - expected;
    let error = root_mean_square(differences.iter());
    match root_mean_square(expected.iter()) {
        0.0 => error * (expected.len() as f64).sqrt(),
        norm => error / norm,
    }
}
