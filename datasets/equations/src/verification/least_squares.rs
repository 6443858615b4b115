//! Trajectories through a series by least squares (Levenberg-Marquardt, in the form of MINPACK: Moré 1978).
//!
//! The series is cut into stretches, each with a trajectory of its own from an initial state of its own, all with the same
//! constants: multiple shooting (Bock 1983) without the constraint that the stretches join. One stretch is the usual fit.

use ndarray::s;
use rmpfit::{MPConfig, MPError, MPFitter, MPPar, MPResult, MPSide};

use super::{RELATIVE, relative_l2, trajectory};
use crate::error::EquationError;
use crate::series::Series;
use crate::system::System;

/// Steps of the differences from which derivatives follow, relative to the unknown: well above the error of a trajectory.
const STEP: f64 = 1e-4;
/// Relative changes of the sum of squares and of the unknowns that end a rough fit.
const ROUGH: f64 = 1e-4;
/// Relative tolerance of the trajectories of a rough fit: still below the differences from which derivatives follow.
const ROUGH_RELATIVE: f64 = 1e-6;
/// Iterations of each fit.
const MAX_ITERATIONS: usize = 50;
/// How far a constant may go from its first value, in parts of it, for the price of a datum that is [`PRIOR_DEVIATION`] off.
/// A part of the series may hardly depend on a constant, which then stays where it was instead of fitting the noise.
const PRIOR_RANGE: f64 = 0.3;
/// Relative to the root mean square of the data.
const PRIOR_DEVIATION: f64 = 0.01;
/// Deviation, relative to the root mean square of the data, where there is no trajectory: the next trial is shorter.
const FAR: f64 = 1e2;
/// Components whose sizes differ by more than this have units of their own, and a sum of their squares says nothing.
const SAME_UNITS: f64 = 10.0;
/// The least size of a state, relative to the root mean square of the data: one that is 0 must be able to move.
const LEAST_STATE: f64 = 1e-3;

/// Where a fit is: the numbers of a system and the initial state of every stretch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unknowns {
    pub numbers: Vec<f64>,
    /// `[stretches x components]`
    pub initial: Vec<f64>,
}

/// What a fit found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub unknowns: Unknowns,
    /// Standard deviations of the numbers, where what remains is noise.
    pub deviations: Vec<f64>,
    /// Root mean square of the weighted deviations from the data, relative to the data's.
    pub misfit: f64,
}

/// A least-squares problem.
pub(super) struct Fit<'a> {
    system: &'a System,
    /// The data of each stretch.
    stretches: Vec<Series>,
    /// Of the components: what deviations are multiplied by.
    weights: Vec<f64>,
    /// The values from which numbers do not go far without need.
    prior: &'a [f64],
    /// The sizes of the numbers, none of them 0.
    sizes: &'a [f64],
    rms: f64,
    /// Relative tolerance of trajectories.
    tolerance: f64,
    config: MPConfig,
    parameters: Vec<MPPar>,
}

/// Data and how much each component of them counts.
pub(super) struct Data<'a> {
    pub series: &'a Series,
    pub weights: Vec<f64>,
}

impl<'a> Data<'a> {
    /// All components alike; each by its own size where they differ by more than [`SAME_UNITS`].
    pub fn fair(series: &'a Series) -> Self {
        let balanced = Self::balanced(series);
        let extreme = |pick: fn(f64, f64) -> f64| balanced.weights.iter().copied().reduce(pick);
        let (least, most) = (extreme(f64::min), extreme(f64::max));
        match (least, most) {
            (Some(least), Some(most)) if most > SAME_UNITS * least => balanced,
            _ => {
                let all = weight_of(root_mean_square(series.states().iter()));
                Self {
                    series,
                    weights: vec![all.unwrap_or(1.0); series.dimension()],
                }
            }
        }
    }

    /// Each component by its own size, so that one in thousands does not hide one in units.
    pub fn balanced(series: &'a Series) -> Self {
        let states = series.states();
        let all = root_mean_square(states.iter());
        let weight = |column: ndarray::ArrayView1<f64>| {
            weight_of(root_mean_square(column.iter())).or_else(|| weight_of(all))
        };
        let weights = states.columns().into_iter().map(weight);
        Self {
            series,
            weights: weights.map(|weight| weight.unwrap_or(1.0)).collect(),
        }
    }
}

/// What makes numbers of this size about 1, so that their squares are numbers.
fn weight_of(size: f64) -> Option<f64> {
    (size > 0.0 && (1.0 / size).is_finite()).then(|| 1.0 / size)
}

/// The stretches of `points` points that begin at `starts`; each reaches to the first point of the next, which both have.
fn stretches(series: &Series, starts: &[usize]) -> Vec<Series> {
    let ends = starts.iter().skip(1).map(|start| start + 1);
    let ends = ends.chain([series.points()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| series.stretch(*start..end))
        .collect()
}

impl<'a> Fit<'a> {
    /// The fit of a system's numbers and of the states at `starts`, the first of which is 0 and which leave each other at least
    /// one step.
    pub fn new(
        system: &'a System,
        data: &Data,
        starts: &[usize],
        prior: &'a [f64],
        sizes: &'a [f64],
    ) -> Self {
        let stretches = stretches(data.series, starts);
        let weighted = stretches.iter().flat_map(|stretch| {
            let rows = stretch.states().rows().into_iter();
            rows.flat_map(|row| {
                row.iter()
                    .zip(&data.weights)
                    .map(|(v, w)| v * w)
                    .collect::<Vec<_>>()
            })
        });
        let rms = root_mean_square(weighted.collect::<Vec<_>>().iter());
        let unknowns = prior.len() + starts.len() * data.series.dimension();
        let parameter = || MPPar {
            side: MPSide::User,
            ..MPPar::new()
        };
        Self {
            system,
            weights: data.weights.clone(),
            prior,
            sizes,
            rms: if rms > 0.0 { rms } else { 1.0 },
            tolerance: RELATIVE,
            config: MPConfig {
                max_iter: MAX_ITERATIONS,
                // Constants are drawn within 10 %, decoded with three digits or matched to gradients: no need to jump.
                step_factor: 1.0,
                ..MPConfig::new()
            },
            parameters: (0..unknowns).map(|_| parameter()).collect(),
            stretches,
        }
    }

    /// The same with less care: what follows is fitted again.
    pub fn roughly(mut self) -> Self {
        (self.config.ftol, self.config.xtol) = (ROUGH, ROUGH);
        self.tolerance = ROUGH_RELATIVE;
        self
    }

    /// Root mean square of the weighted deviations from the data, relative to the data's.
    pub fn misfit(&self, unknowns: &Unknowns) -> f64 {
        let all = [&unknowns.numbers[..], &unknowns.initial].concat();
        let mut deviations = vec![0.0; self.data()];
        self.deviations(&all, &mut deviations);
        root_mean_square(deviations.iter()) / self.rms
    }

    /// Improves the unknowns.
    ///
    /// # Errors
    /// Where there are fewer data than unknowns, or numbers that are not finite.
    pub fn run(mut self, from: Unknowns) -> Result<Found, EquationError> {
        let mut all = from.numbers;
        let count = all.len();
        all.extend(from.initial);
        let status = self
            .mpfit(&mut all)
            .map_err(|error| EquationError::Integration {
                family: "the equation to refine".to_owned(),
                reason: reason(&error).to_owned(),
            })?;
        let free = status.n_func.saturating_sub(status.n_free).max(1);
        let noise = (status.best_norm / free as f64).sqrt();
        let initial = all.split_off(count);
        let data = self.data() as f64;
        Ok(Found {
            deviations: status.xerror[..count].iter().map(|e| e * noise).collect(),
            misfit: (status.best_norm / data).sqrt() / self.rms,
            unknowns: Unknowns {
                numbers: all,
                initial,
            },
        })
    }

    /// Numbers that are fitted to.
    fn data(&self) -> usize {
        self.stretches
            .iter()
            .map(|stretch| stretch.states().len())
            .sum()
    }

    /// Weighted deviations from the data, stretch by stretch.
    fn deviations(&self, unknowns: &[f64], deviations: &mut [f64]) {
        let (numbers, initial) = unknowns.split_at(self.prior.len());
        let system = self.system.with_numbers(numbers);
        let states = initial.chunks(self.weights.len());
        let mut rest = deviations;
        for (stretch, initial) in self.stretches.iter().zip(states) {
            let (part, behind) = rest.split_at_mut(stretch.states().len());
            rest = behind;
            let found = system.as_ref().ok();
            let found =
                found.and_then(|system| trajectory(system, stretch, initial, self.tolerance).ok());
            let Some(found) = found else {
                part.fill(FAR * self.rms);
                continue;
            };
            let rows = found.rows().into_iter().zip(stretch.states().rows());
            for (place, (found, datum)) in part.chunks_mut(self.weights.len()).zip(rows) {
                for (component, place) in place.iter_mut().enumerate() {
                    *place = self.weights[component] * (found[component] - datum[component]);
                }
            }
        }
    }

    /// What numbers cost that went away from their prior.
    fn price(&self, number: usize) -> f64 {
        PRIOR_DEVIATION * self.rms / (PRIOR_RANGE * self.sizes[number])
    }

    /// Central differences along some unknowns at once, of which no deviation depends on two.
    fn differences(&self, unknowns: &[f64], steps: &[(usize, f64)]) -> Vec<f64> {
        let shifted = |sign: f64| {
            let mut unknowns = unknowns.to_vec();
            for (index, step) in steps {
                unknowns[*index] += sign * step;
            }
            let mut deviations = vec![0.0; self.data()];
            self.deviations(&unknowns, &mut deviations);
            deviations
        };
        let (up, down) = (shifted(1.0), shifted(-1.0));
        up.iter().zip(down).map(|(up, down)| up - down).collect()
    }

    /// The step along the state `component` of a stretch.
    fn state_step(&self, state: f64, component: usize) -> f64 {
        STEP * state
            .abs()
            .max(LEAST_STATE * self.rms / self.weights[component])
    }
}

impl MPFitter for Fit<'_> {
    fn eval(&mut self, unknowns: &[f64], deviations: &mut [f64]) -> MPResult<()> {
        let (data, priors) = deviations.split_at_mut(self.data());
        self.deviations(unknowns, data);
        for (index, deviation) in priors.iter_mut().enumerate() {
            *deviation = self.price(index) * (unknowns[index] - self.prior[index]);
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.data() + self.prior.len()
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }

    fn jacobian(
        &mut self,
        unknowns: &[f64],
        deviations: &mut [f64],
        columns: &mut [Option<Vec<f64>>],
    ) -> MPResult<()> {
        self.eval(unknowns, deviations)?;
        let (numbers, components) = (self.prior.len(), self.weights.len());
        for number in 0..numbers {
            let step = STEP * unknowns[number].abs().max(self.sizes[number]);
            let difference = self.differences(unknowns, &[(number, step)]);
            if let Some(column) = &mut columns[number] {
                for (place, difference) in column.iter_mut().zip(difference) {
                    *place = difference / (2.0 * step);
                }
                column[self.data() + number] = self.price(number);
            }
        }
        // A stretch depends on its own initial state alone: those of all are moved at once.
        for component in 0..components {
            let index = |stretch: usize| numbers + stretch * components + component;
            let all = 0..self.stretches.len();
            let steps = all.map(|stretch| {
                let state = unknowns[index(stretch)];
                (index(stretch), self.state_step(state, component))
            });
            let steps: Vec<(usize, f64)> = steps.collect();
            let difference = self.differences(unknowns, &steps);
            let mut first = 0;
            for (stretch, (index, step)) in self.stretches.iter().zip(steps) {
                let part = first..first + stretch.states().len();
                first = part.end;
                if let Some(column) = &mut columns[index] {
                    for place in part {
                        column[place] = difference[place] / (2.0 * step);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The trajectory of a fitted system through a whole series: its last state and its relative L2 error.
pub(super) fn whole(
    system: &System,
    series: &Series,
    initial: &[f64],
) -> Result<(Vec<f64>, f64), EquationError> {
    let states = trajectory(system, series, initial, RELATIVE)?;
    let last = states.slice(s![-1, ..]).to_vec();
    Ok((last, relative_l2(&states, series.states())))
}

/// Of any size: squares alone would be 0 or infinite beyond 1e-154 and 1e154.
pub(super) fn root_mean_square<'a>(values: impl ExactSizeIterator<Item = &'a f64> + Clone) -> f64 {
    let count = values.len().max(1) as f64;
    let largest = values
        .clone()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let squares = values.map(|value| (value / largest).powi(2)).sum::<f64>();
    largest * (squares / count).sqrt()
}

fn reason(error: &MPError) -> &'static str {
    match error {
        MPError::Nan => "the fit met numbers that are not finite",
        MPError::NoFree | MPError::Empty => "there is nothing to fit",
        MPError::DoF => "fewer data than constants",
        _ => "the fit failed",
    }
}
