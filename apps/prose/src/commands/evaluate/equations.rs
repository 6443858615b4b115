//! Decoded equations against the true ones.

use ndarray::{Array2, Axis, s};
use rayon::prelude::*;
use rheome_cli::Failure;
use rheome_equations::verification::{continuation, refine, sizes};
use rheome_equations::{Batch, DataFile, EquationError, Series, System, compare, distinct_forms};

use rheome_equations::verification::relative_l2;

/// Random points at which right-hand sides are compared.
const POINTS: usize = 256;

/// Digits that the words of a number have.
const DIGITS_OF_WORDS: usize = 3;

/// What a network wrote for a batch.
pub enum Written {
    /// It writes no equations.
    None,
    /// Equations for each series, the likeliest first.
    Equations {
        /// By series and rank; an error where the words are no system.
        systems: Vec<Vec<Result<System, EquationError>>>,
    },
    /// Why there are none.
    Failed(String),
}

/// How the likeliest equation of a series compares with the true one.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// The equation, in infix.
    pub equation: String,
    /// Whether it is a system of its own states.
    pub valid: bool,
    /// Whether it has the true form: the same symbols in the same order, whatever its numbers.
    pub form: bool,
    /// Relative L2 error of the right-hand side at random points.
    pub right_hand_side: Option<f64>,
    /// Relative L2 error, at the times asked for, of its solution from the true state at the first time.
    pub solution: Option<f64>,
    /// The same with constants and initial state fitted to the noisy input, of that of the equations which then explains it best.
    pub refined: Option<f64>,
    /// The solution, `[queries, components]`.
    pub states: Option<Array2<f64>>,
    /// What could not be computed, and why.
    pub problems: Vec<String>,
}

/// How equations are judged.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    /// Of the random points.
    pub seed: u64,
    /// Whether constants are fitted too.
    pub refine: bool,
}

/// A series and its true equation.
struct Case {
    truth: System,
    /// The state at the first time, without noise.
    initial: Vec<f64>,
    /// The input, with noise.
    input: Series,
    /// What follows, without noise.
    labels: Array2<f64>,
    first: f64,
    times: Vec<f64>,
}

impl Judge {
    /// Judges the equations of every series of a batch; nothing where the network writes none.
    ///
    /// # Errors
    /// [`Failure`] if a trajectory cannot be read.
    pub fn judge(
        &self,
        batch: &Batch,
        data: &DataFile,
        written: Written,
    ) -> Result<Option<Vec<Judged>>, Failure> {
        let systems = match written {
            Written::None => return Ok(None),
            Written::Failed(reason) => {
                let failed = Judged {
                    problems: vec![format!("decoding: {reason}")],
                    ..Judged::default()
                };
                return Ok(Some(vec![failed; batch.samples.len()]));
            }
            Written::Equations { systems } => systems,
        };
        let cases = (0..batch.samples.len()).map(|row| Case::new(batch, row, data));
        let cases: Vec<Case> = cases.collect::<Result<_, _>>()?;
        let pairs = cases.par_iter().zip(systems);
        Ok(Some(
            pairs
                .map(|(case, systems)| self.of_case(case, systems))
                .collect(),
        ))
    }

    fn of_case(&self, case: &Case, systems: Vec<Result<System, EquationError>>) -> Judged {
        let mut judged = Judged::default();
        let best = match systems.first() {
            Some(Ok(best)) => best,
            Some(Err(error)) => {
                judged.problems.push(format!("equation: {error}"));
                return judged;
            }
            None => return judged,
        };
        judged.equation = best.with_digits(DIGITS_OF_WORDS).to_string();
        match best.check_closed() {
            Ok(()) => judged.valid = true,
            Err(error) => judged.problems.push(format!("equation: {error}")),
        }
        if !judged.valid {
            return judged;
        }
        judged.form = best.skeleton() == case.truth.skeleton();
        let compared = compare(&case.truth, best, POINTS, self.seed);
        let compared = compared.map(|compared| compared.relative_error);
        judged.right_hand_side = kept("right-hand side", compared, &mut judged.problems);
        let solved = case.solve(best, case.first, &case.initial);
        if let Some(states) = kept("solution", solved, &mut judged.problems) {
            judged.solution = Some(relative_l2(&states, &case.labels));
            judged.states = Some(states);
        }
        if self.refine {
            let refined = case.refined(&systems);
            judged.refined = kept("refinement", refined, &mut judged.problems);
        }
        judged
    }
}

/// The value, or nothing and a word why.
fn kept<T>(what: &str, found: Result<T, EquationError>, problems: &mut Vec<String>) -> Option<T> {
    found
        .map_err(|error| problems.push(format!("{what}: {error}")))
        .ok()
}

impl Case {
    fn new(batch: &Batch, row: usize, data: &DataFile) -> Result<Self, Failure> {
        let sample = batch.samples[row];
        let components = batch.dimensions[row];
        let given = batch.input.index_axis(Axis(0), row);
        let times: Vec<f64> = given.column(0).iter().map(|t| f64::from(*t)).collect();
        let noisy = given.slice(s![.., 1..=components]).mapv(f64::from);
        let labels = batch.labels.slice(s![row, .., ..components]);
        let initial = data.trajectory(sample)?;
        Ok(Self {
            truth: data.equation(sample).system.clone(),
            initial: initial
                .row(0)
                .iter()
                .take(components)
                .map(|v| f64::from(*v))
                .collect(),
            first: times[0],
            input: Series::new(times, noisy)?,
            labels: labels.mapv(f64::from),
            times: batch.times.iter().map(|t| f64::from(*t)).collect(),
        })
    }

    /// The states of an equation of so many components at the times asked for.
    fn solve(
        &self,
        system: &System,
        from: f64,
        state: &[f64],
    ) -> Result<Array2<f64>, EquationError> {
        if system.dimension() != state.len() {
            return Err(EquationError::Unsuitable {
                context: "equation".to_owned(),
                found: format!("{} component(s)", system.dimension()),
                expected: format!("{}, those of the series", state.len()),
            });
        }
        continuation(
            system,
            from,
            state,
            &self.times,
            &sizes(self.input.states()),
        )
    }

    /// The error of the equation that explains the input best once its constants are fitted.
    fn refined(&self, systems: &[Result<System, EquationError>]) -> Result<f64, EquationError> {
        let fitting = systems.iter().flatten().filter(|system| {
            system.dimension() == self.input.dimension() && system.check_closed().is_ok()
        });
        let fitting = distinct_forms(fitting, |system| Some(system.skeleton()));
        let refined = fitting.map(|system| refine(system, &self.input));
        let (found, failed): (Vec<_>, Vec<_>) = refined.partition(Result::is_ok);
        let best = found.into_iter().flatten();
        let best = best.min_by(|a, b| a.residual.total_cmp(&b.residual));
        let Some(best) = best else {
            let reason = failed.into_iter().find_map(Result::err);
            return Err(reason.unwrap_or_else(|| EquationError::Unsuitable {
                context: "equations".to_owned(),
                found: "none of as many components as the series".to_owned(),
                expected: "one".to_owned(),
            }));
        };
        let last = self.input.times()[self.input.points() - 1];
        let states = self.solve(&best.system, last, &best.last)?;
        Ok(relative_l2(&states, &self.labels))
    }
}
