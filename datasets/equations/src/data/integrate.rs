//! Trajectories by backward differentiation formulas of variable order (BDF, orders 1 to 5), with the exact Jacobian.
//!
//! The method is that of SciPy's `solve_ivp(method="BDF")`, with which the published data were made: quasi-constant steps and
//! NDF coefficients (Shampine & Reichelt 1997). Between two steps a trajectory is the cubic of Hermite through both states
//! and their derivatives.

use std::cell::RefCell;

use differential_equations::error::Error as SolverError;
use differential_equations::linalg::Matrix;
use differential_equations::methods::{BackwardDifferentiationFormula, Ordinary};
use differential_equations::ode::{ODE, OrdinaryNumericalMethod};
use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use thiserror::Error;

use crate::compile::{Program, Registers};

type State = Vec<f64>;
type Bdf = BackwardDifferentiationFormula<Ordinary, f64, State>;

/// A trajectory that needs more steps is given up: it hardly moves on.
const MAX_STEPS: usize = 100_000;

/// How exactly to integrate, and how far a trajectory may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Relative tolerance of a step (published: 1e-5).
    pub relative: f64,
    /// Absolute tolerance of a step (published: 1e-6).
    pub absolute: f64,
    /// Largest |u| of a trajectory that is kept (published: 1e3).
    pub bound: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            relative: 1e-5,
            absolute: 1e-6,
            bound: 1e3,
        }
    }
}

/// Why there is no trajectory.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum IntegrationError {
    /// A component reached the bound: such samples are dropped.
    #[error("|u| reached {bound} at time {time:.4}")]
    Unbounded {
        /// When.
        time: f64,
        /// The bound.
        bound: f64,
    },
    /// The solver gave up.
    #[error("{reason} at time {time:.4}")]
    Solver {
        /// What went wrong.
        reason: String,
        /// When.
        time: f64,
    },
    /// Times, initial values or tolerances that cannot be.
    #[error("found {found}, expected {expected}")]
    Input {
        /// What was given.
        found: String,
        /// What should be.
        expected: &'static str,
    },
}

/// The trajectory from `initial` `[components]` at `times[0]`, at all `times`: `[points, components]`.
///
/// # Errors
/// Where the trajectory leaves the bound, the solver gives up, or the input makes no sense.
pub fn integrate(
    program: &Program,
    initial: &[f64],
    times: &[f64],
    tolerances: &Tolerances,
) -> Result<Array2<f64>, IntegrationError> {
    let sizes = vec![1.0; initial.len()];
    integrate_sized(program, initial, times, tolerances, &sizes)
}

/// The same where the absolute tolerance of a component is in units of its size, `[components]`.
pub(crate) fn integrate_sized(
    program: &Program,
    initial: &[f64],
    times: &[f64],
    tolerances: &Tolerances,
    sizes: &[f64],
) -> Result<Array2<f64>, IntegrationError> {
    check(program, initial, times, tolerances)?;
    let absolute: Vec<f64> = sizes
        .iter()
        .map(|size| tolerances.absolute * size)
        .collect();
    let equation = Equation::new(program);
    let (first, last) = (times[0], times[times.len() - 1]);
    let mut solver: Bdf = BackwardDifferentiationFormula::adaptive()
        .rtol(tolerances.relative)
        .atol(absolute.clone())
        .h0(first_step(
            program,
            initial,
            times,
            tolerances.relative,
            &absolute,
        ))
        .h_max(last - first)
        .max_steps(MAX_STEPS);
    let mut trajectory = Array2::zeros((times.len(), initial.len()));
    trajectory.row_mut(0).assign(&ArrayView1::from(initial));
    let mut written = 1;
    let mut before = Node::new(&equation, first, initial);
    solver
        .init(&equation, first, last, &initial.to_vec())
        .map_err(|error| gave_up(error, first))?;
    while written < times.len() {
        if solver.t() + solver.h() > last {
            solver.set_h(last - solver.t());
        }
        solver
            .step(&equation)
            .map_err(|error| gave_up(error, before.time))?;
        let after = Node::new(&equation, solver.t(), solver.y());
        bounded(&after, tolerances.bound)?;
        // The last step ends at the last time but for rounding.
        let reached = after.time + 4.0 * f64::EPSILON * last.abs().max(1.0);
        while written < times.len() && times[written] <= reached {
            before.cubic(&after, times[written], trajectory.row_mut(written));
            written += 1;
        }
        before = after;
    }
    Ok(trajectory)
}

/// A step of order 1 whose error, h^2/2 u'', is a hundredth of the tolerance, with u'' = (df/du) f. The solver's own choice
/// vanishes for stiff equations.
fn first_step(
    program: &Program,
    initial: &[f64],
    times: &[f64],
    relative: f64,
    absolute: &[f64],
) -> f64 {
    let mut registers = program.registers();
    let mut derivative = vec![0.0; initial.len()];
    let mut second = derivative.clone();
    program.evaluate(times[0], initial, &mut derivative, &mut registers);
    program.tangent(times[0], initial, &derivative, &mut second, &mut registers);
    let all = second.iter().zip(initial).zip(absolute);
    let scaled =
        all.map(|((second, value), absolute)| second.abs() / (absolute + relative * value.abs()));
    let curvature = scaled.fold(0.0, f64::max);
    let longest = 0.01 * (times[times.len() - 1] - times[0]);
    longest.min((0.02 / curvature).sqrt())
}

/// A right-hand side in the form that the solver asks for.
struct Equation<'a> {
    program: &'a Program,
    memory: RefCell<Memory>,
}

struct Memory {
    registers: Registers,
    direction: State,
    column: State,
}

impl<'a> Equation<'a> {
    fn new(program: &'a Program) -> Self {
        let zeros = vec![0.0; program.dimension()];
        let memory = Memory {
            registers: program.registers(),
            direction: zeros.clone(),
            column: zeros,
        };
        Self {
            program,
            memory: RefCell::new(memory),
        }
    }
}

impl ODE<f64, State> for Equation<'_> {
    fn diff(&self, time: f64, state: &State, derivative: &mut State) {
        // The solver's own memory is empty at first.
        derivative.resize(state.len(), 0.0);
        let registers = &mut self.memory.borrow_mut().registers;
        self.program.evaluate(time, state, derivative, registers);
    }

    fn jacobian(&self, time: f64, state: &State, jacobian: &mut Matrix<f64>) {
        let Memory {
            registers,
            direction,
            column,
        } = &mut *self.memory.borrow_mut();
        for input in 0..state.len() {
            direction.fill(0.0);
            direction[input] = 1.0;
            self.program
                .tangent(time, state, direction, column, registers);
            for (output, value) in column.iter().enumerate() {
                jacobian[(output, input)] = *value;
            }
        }
    }
}

/// A state of the trajectory at the end of a step.
struct Node {
    time: f64,
    state: State,
    derivative: State,
}

impl Node {
    fn new(equation: &Equation, time: f64, state: &[f64]) -> Self {
        let state = state.to_vec();
        let mut derivative = vec![0.0; state.len()];
        equation.diff(time, &state, &mut derivative);
        Self {
            time,
            state,
            derivative,
        }
    }

    /// The cubic of Hermite from this node to the next at `time`; its error is h^4/384 times the fourth derivative.
    fn cubic(&self, next: &Self, time: f64, mut output: ArrayViewMut1<f64>) {
        let step = next.time - self.time;
        let s = ((time - self.time) / step).clamp(0.0, 1.0);
        let r = 1.0 - s;
        let weights = [
            r * r * (1.0 + 2.0 * s),
            s * s * (1.0 + 2.0 * r),
            step * s * r * r,
            -step * r * s * s,
        ];
        for (component, value) in output.iter_mut().enumerate() {
            *value = weights[0] * self.state[component]
                + weights[1] * next.state[component]
                + weights[2] * self.derivative[component]
                + weights[3] * next.derivative[component];
        }
    }
}

fn bounded(node: &Node, bound: f64) -> Result<(), IntegrationError> {
    // NaN is not below the bound.
    if node.state.iter().all(|value| value.abs() < bound) {
        return Ok(());
    }
    Err(IntegrationError::Unbounded {
        time: node.time,
        bound,
    })
}

fn gave_up(error: SolverError<f64, State>, time: f64) -> IntegrationError {
    let reason = match error {
        SolverError::MaxSteps { .. } => format!("more than {MAX_STEPS} steps"),
        SolverError::StepSize { .. } => "the step became too small".to_owned(),
        SolverError::BadInput { msg } | SolverError::LinearAlgebra { msg, .. } => msg,
        _ => "the solver failed".to_owned(),
    };
    IntegrationError::Solver { reason, time }
}

fn check(
    program: &Program,
    initial: &[f64],
    times: &[f64],
    tolerances: &Tolerances,
) -> Result<(), IntegrationError> {
    let fail = |found: String, expected| Err(IntegrationError::Input { found, expected });
    if initial.len() != program.dimension() || !initial.iter().all(|value| value.is_finite()) {
        return fail(
            format!("initial values {initial:?}"),
            "one finite number for each component",
        );
    }
    let increasing = times.windows(2).all(|pair| pair[0] < pair[1]);
    if times.len() < 2 || !increasing || !times.iter().all(|time| time.is_finite()) {
        return fail(
            format!("{} times", times.len()),
            "at least two finite times, increasing",
        );
    }
    let Tolerances {
        relative,
        absolute,
        bound,
    } = *tolerances;
    // Also refuses NaN.
    if !(relative >= 1e-13 && absolute > 0.0 && bound > 0.0) {
        return fail(
            format!("tolerances {relative} and {absolute}, bound {bound}"),
            "a relative tolerance of at least 1e-13, the others positive",
        );
    }
    Ok(())
}
