//! The constants of an equation of which only the form is known.
//!
//! Start values come from the equation's integrals over short stretches of the series, without a trajectory ([`starts`]): where
//! constants enter linearly they are a linear least-squares solution. From the best of them trajectories are fitted, first many
//! short ones, each from an initial state of its own, then half as many that are twice as long, down to a single one: short
//! ones have one minimum where a long oscillating or chaotic one has many.

mod form;
mod magnitude;
mod moments;
mod smooth;
mod starts;

use rayon::prelude::*;

use super::least_squares::{Data, Fit, Found, Unknowns};
use super::refine::{Refined, check_points, refined};
use super::residual;
use crate::error::EquationError;
use crate::series::Series;
use crate::system::System;
use form::Form;

/// Trajectories at first, at most.
const MOST_STRETCHES: usize = 16;
/// Steps of one of them, at least.
const LEAST_STEPS: usize = 4;
/// Start values that are followed at first; after each stage the better half of them is.
const FOLLOWED: usize = 8;
/// The least size of a constant, in its magnitude: one that is 0 must be able to move.
const LEAST_SIZE: f64 = 1e-2;
/// A fit whose constants move less than this, relative to their sizes, has ended.
const SETTLED: f64 = 1e-3;
/// Fits of the whole series, at most.
const LAST_FITS: usize = 4;

/// Fits the constants of a form, and the initial state, to a series: every placeholder from nothing, every number from its value;
/// integers are structure. Times and states may have any units, and every component its own. What is drawn, start values of
/// constants that do not enter linearly, follows from the seed.
///
/// [`Refined::before`] tells the error of the system where it is given with all its numbers, [`super::Constant::before`] the start values.
///
/// # Errors
/// Where the form cannot be evaluated, has other components than the series or more constants than data, or where no constants
/// are found with which it has a trajectory through the series.
pub fn fit(system: &System, series: &Series, seed: u64) -> Result<Refined, EquationError> {
    let form = Form::new(system, series)?;
    check_points(series, form.constants())?;
    let given: Option<Vec<f64>> = form.given().into_iter().collect();
    let smooth = smooth::smoothed(series);
    let mut tried = starts::find(&form, series, &smooth, seed);
    tried.extend(given.clone());
    let written = form.system(&vec![1.0; form.constants()])?;
    let sizes = |numbers: &[f64]| -> Vec<f64> {
        let magnitudes = form.magnitudes().into_iter().zip(numbers);
        magnitudes
            .map(|(magnitude, number)| number.abs().max(LEAST_SIZE * magnitude))
            .collect()
    };
    let shooting = Shooting {
        form: &written,
        series,
        smooth: &smooth,
        sizes: &sizes,
    };
    let (start, unknowns) = shooting.run(tried)?;
    let (unknowns, deviations) = shooting.end(unknowns)?;
    let before = given.and_then(|_| residual(system, series).ok());
    refined(&written, series, &start, unknowns, &deviations, before)
}

/// Fits of ever longer trajectories.
struct Shooting<'a, S> {
    /// The system with some number in the place of every constant.
    form: &'a System,
    series: &'a Series,
    /// The series without its noise, as far as that goes.
    smooth: &'a Series,
    /// The sizes of constants.
    sizes: &'a S,
}

/// Constants on their way.
struct Trial {
    start: Vec<f64>,
    numbers: Vec<f64>,
    /// First points of the stretches of the stage before, and the states there.
    initial: Vec<(usize, Vec<f64>)>,
    misfit: f64,
}

impl<S: Fn(&[f64]) -> Vec<f64> + Sync> Shooting<'_, S> {
    /// The best of start values, and where they lead with one trajectory through the series.
    fn run(&self, tried: Vec<Vec<f64>>) -> Result<(Vec<f64>, Unknowns), EquationError> {
        let most = (self.series.points() - 1) / LEAST_STEPS;
        let mut count = most.clamp(1, MOST_STRETCHES);
        let mut trials: Vec<Trial> = tried
            .into_iter()
            .map(|start| Trial {
                numbers: start.clone(),
                start,
                initial: Vec::new(),
                misfit: f64::INFINITY,
            })
            .collect();
        self.judge(&mut trials, count);
        trials.truncate(FOLLOWED);
        loop {
            let starts = self.starts(count);
            let fitted = trials.par_iter().map(|trial| self.stage(trial, &starts));
            let (found, failed): (Vec<_>, Vec<_>) = fitted
                .collect::<Vec<_>>()
                .into_iter()
                .partition(Result::is_ok);
            trials = found.into_iter().flatten().collect();
            trials.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
            trials.truncate(trials.len().div_ceil(2));
            let Some(best) = trials.first() else {
                let reason = failed.into_iter().find_map(Result::err);
                return Err(reason.unwrap_or_else(nothing));
            };
            if count == 1 {
                let unknowns = Unknowns {
                    numbers: best.numbers.clone(),
                    initial: best.initial[0].1.clone(),
                };
                return Ok((best.start.clone(), unknowns));
            }
            count /= 2;
        }
    }

    /// Orders trials by how short trajectories from the smoothed series fit it, and leaves those that have none out.
    fn judge(&self, trials: &mut Vec<Trial>, count: usize) {
        let starts = self.starts(count);
        trials.par_iter_mut().for_each(|trial| {
            let sizes = (self.sizes)(&trial.numbers);
            let data = Data::balanced(self.series);
            let fit = Fit::new(self.form, &data, &starts, &trial.numbers, &sizes).roughly();
            trial.misfit = fit.misfit(&self.unknowns(trial, &starts));
        });
        trials.retain(|trial| trial.misfit.is_finite());
        trials.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
    }

    fn stage(&self, trial: &Trial, starts: &[usize]) -> Result<Trial, EquationError> {
        let sizes = (self.sizes)(&trial.numbers);
        let data = Data::balanced(self.series);
        let fit = Fit::new(self.form, &data, starts, &trial.numbers, &sizes).roughly();
        let found = fit.run(self.unknowns(trial, starts))?;
        let states = found.unknowns.initial.chunks(self.series.dimension());
        Ok(Trial {
            start: trial.start.clone(),
            initial: starts
                .iter()
                .copied()
                .zip(states.map(<[f64]>::to_vec))
                .collect(),
            numbers: found.unknowns.numbers,
            misfit: found.misfit,
        })
    }

    /// The last fits: of the whole series, with every datum counted alike where components have the same units, as [`super::refine`] does. What holds constants back
    /// that the series hardly tells follows them until they stay.
    fn end(&self, mut unknowns: Unknowns) -> Result<(Unknowns, Vec<f64>), EquationError> {
        let mut deviations = Vec::new();
        for _ in 0..LAST_FITS {
            let prior = unknowns.numbers.clone();
            let sizes = (self.sizes)(&prior);
            let fit = Fit::new(self.form, &Data::fair(self.series), &[0], &prior, &sizes);
            let found: Found = fit.run(unknowns)?;
            (unknowns, deviations) = (found.unknowns, found.deviations);
            let mut moves = unknowns.numbers.iter().zip(&prior).zip(&sizes);
            if moves.all(|((now, before), size)| (now - before).abs() < SETTLED * size) {
                break;
            }
        }
        Ok((unknowns, deviations))
    }

    /// First points of so many stretches.
    fn starts(&self, count: usize) -> Vec<usize> {
        let steps = self.series.points() - 1;
        (0..count).map(|stretch| stretch * steps / count).collect()
    }

    /// Where a stage begins: the states of the one before, where it had some, else those of the smoothed series.
    fn unknowns(&self, trial: &Trial, starts: &[usize]) -> Unknowns {
        let state = |start: &usize| {
            let known = trial.initial.iter().find(|(place, _)| place == start);
            known.map_or_else(
                || self.smooth.states().row(*start).to_vec(),
                |(_, s)| s.clone(),
            )
        };
        Unknowns {
            numbers: trial.numbers.clone(),
            initial: starts.iter().flat_map(state).collect(),
        }
    }
}

fn nothing() -> EquationError {
    EquationError::Integration {
        family: "the form".to_owned(),
        reason: "no constants were found with which it follows the series even over a few points"
            .to_owned(),
    }
}
