//! Data sets: many equations of many families with their trajectories, in parallel and in order.

use ndarray::Array2;
use rayon::prelude::*;

use super::family::Family;
use super::integrate::{IntegrationError, Tolerances, integrate};
use super::sample::{equation_stream, sample_initial, sample_parameters};
use crate::compile::Program;
use crate::error::EquationError;
use crate::formula::Parameters;
use crate::system::System;

/// Equations computed before they are handed on: enough for all threads, few enough for memory.
const BLOCK: usize = 64;

/// Most equations of a family: rows of a data file are counted in 32 bits.
const MAX_EQUATIONS: u64 = 10_000_000;
/// Most trajectories of an equation.
const MAX_TRAJECTORIES: usize = 10_000;
/// Most points of a trajectory.
const MAX_POINTS: usize = 100_000;

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct DataConfig {
    /// Equations of each family. Published: 512,000 samples in all, 20 an equation.
    pub equations: u64,
    /// Trajectories of each equation (published: 20), before those are dropped that leave the bound.
    pub trajectories: usize,
    /// Relative half-width of the parameters' ranges (published: 0.1).
    pub spread: f64,
    /// End of the time interval, which begins at 0 (published: 6).
    pub end: f64,
    /// Points in time, the ends among them (published: 192).
    pub points: usize,
    /// How exactly to integrate.
    pub tolerances: Tolerances,
    /// What all random numbers follow from.
    pub seed: u64,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            equations: 1,
            trajectories: 20,
            spread: 0.1,
            end: 6.0,
            points: 192,
            tolerances: Tolerances::default(),
            seed: 0,
        }
    }
}

impl DataConfig {
    /// Fails where a value cannot be, naming it.
    ///
    /// # Errors
    /// The key of the value (`data.points`), what it is and what it should be.
    pub fn check(&self) -> Result<(), EquationError> {
        let unsuitable = |name: &str, found: String, expected: String| {
            Err(EquationError::Unsuitable {
                context: format!("data.{name}"),
                found,
                expected,
            })
        };
        if !(1..=MAX_EQUATIONS).contains(&self.equations) {
            let expected = format!("1 to {MAX_EQUATIONS}");
            return unsuitable("equations", self.equations.to_string(), expected);
        }
        if !(1..=MAX_TRAJECTORIES).contains(&self.trajectories) {
            let expected = format!("1 to {MAX_TRAJECTORIES}");
            return unsuitable("trajectories", self.trajectories.to_string(), expected);
        }
        if !(2..=MAX_POINTS).contains(&self.points) {
            let expected = format!("2 to {MAX_POINTS}");
            return unsuitable("points", self.points.to_string(), expected);
        }
        if !(0.0..1.0).contains(&self.spread) {
            let expected = "0 to 1, without 1".to_owned();
            return unsuitable("spread", self.spread.to_string(), expected);
        }
        // Also refuses NaN.
        if !(self.end > 0.0 && self.end.is_finite()) {
            let expected = "a finite time after 0".to_owned();
            return unsuitable("end", self.end.to_string(), expected);
        }
        Ok(())
    }

    /// The points in time, `[points]`.
    pub fn times(&self) -> Vec<f64> {
        let last = self.points.saturating_sub(1).max(1) as f64;
        (0..self.points)
            .map(|point| self.end * point as f64 / last)
            .collect()
    }
}

/// One equation and its trajectories.
#[derive(Debug, Clone, PartialEq)]
pub struct EquationData {
    /// Which of the families.
    pub family: usize,
    /// Which of the family's equations.
    pub equation: u64,
    /// The parameters that were drawn.
    pub parameters: Parameters,
    /// The equation, its numbers with three significant digits.
    pub system: System,
    /// Trajectories that stayed within the bound, each `[points, components]`.
    pub trajectories: Vec<Array2<f64>>,
    /// How many did not, or could not be integrated.
    pub dropped: usize,
}

/// Generates all equations of all families and hands them to `sink` in order: equation 0 of each family, then equation 1, ….
///
/// The same configuration gives the same data, whatever the number of threads. No more than a block of equations is in
/// memory at once.
///
/// # Errors
/// Those of `sink`, and where a value of `config` or a family cannot be used.
pub fn generate<E: From<EquationError>>(
    families: &[Family],
    config: &DataConfig,
    mut sink: impl FnMut(EquationData) -> Result<(), E>,
) -> Result<(), E> {
    config.check()?;
    let times = config.times();
    let count = config.equations * families.len() as u64;
    let mut first = 0;
    while first < count {
        let block = first..count.min(first + BLOCK as u64);
        first = block.end;
        let results: Vec<Result<EquationData, EquationError>> = block
            .into_par_iter()
            .map(|number| {
                let family = (number % families.len() as u64) as usize;
                equation(
                    families,
                    family,
                    number / families.len() as u64,
                    config,
                    &times,
                )
            })
            .collect();
        for data in results {
            sink(data?)?;
        }
    }
    Ok(())
}

fn equation(
    families: &[Family],
    family_index: usize,
    equation: u64,
    config: &DataConfig,
    times: &[f64],
) -> Result<EquationData, EquationError> {
    let family = &families[family_index];
    let mut random = equation_stream(config.seed, family.name(), equation);
    let parameters = sample_parameters(family, config.spread, &mut random);
    let system = family.system(&parameters)?;
    let program = Program::new(&system)?;
    let mut trajectories = Vec::with_capacity(config.trajectories);
    for _ in 0..config.trajectories {
        let initial = sample_initial(family, &mut random);
        match integrate(&program, &initial, times, &config.tolerances) {
            Ok(trajectory) => trajectories.push(trajectory),
            Err(IntegrationError::Unbounded { .. } | IntegrationError::Solver { .. }) => {}
            Err(error @ IntegrationError::Input { .. }) => {
                return Err(EquationError::Integration {
                    family: family.name().to_owned(),
                    reason: error.to_string(),
                });
            }
        }
    }
    Ok(EquationData {
        family: family_index,
        equation,
        parameters,
        system,
        dropped: config.trajectories - trajectories.len(),
        trajectories,
    })
}
