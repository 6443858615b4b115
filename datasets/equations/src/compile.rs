//! Compiled evaluation.
//!
//! A [`Program`] is a list of instructions on registers. Equal parts of a system are computed once, and many points are
//! evaluated abreast, so that the loop over instructions is paid once for [`LANES`] points.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::error::EquationError;
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::System;

/// Points evaluated abreast.
const LANES: usize = 16;

/// One operation on registers; `b` equals `a` where there is one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Instruction {
    operator: Operator,
    a: usize,
    b: usize,
}

/// A system compiled for evaluation. Registers: states, time, constants, then one result an instruction.
#[derive(Debug, Clone)]
pub struct Program {
    states: usize,
    constants: Vec<f64>,
    instructions: Vec<Instruction>,
    outputs: Vec<usize>,
}

/// Memory for evaluating one point after another.
#[derive(Debug, Clone)]
pub struct Registers {
    values: Vec<[f64; 1]>,
    tangents: Vec<f64>,
}

impl Program {
    /// Compiles a system; its state has as many components as the system.
    ///
    /// # Errors
    /// Where it refers to other states, to space or to derivatives, or has a placeholder.
    pub fn new(system: &System) -> Result<Self, EquationError> {
        system.check_closed()?;
        let mut compiler = Compiler::new(system);
        let mut outputs = Vec::with_capacity(system.dimension());
        for (index, component) in system.components().iter().enumerate() {
            let output = component
                .fold(|symbol, operands: &[Option<usize>]| compiler.register(symbol, operands));
            outputs.push(output.ok_or_else(|| EquationError::Unsuitable {
                context: format!("component {index}"),
                found: "a placeholder, a coordinate x_i or a partial derivative".to_owned(),
                expected: "numbers, states and the time".to_owned(),
            })?);
        }
        Ok(Self {
            states: compiler.states,
            constants: compiler.constants,
            instructions: compiler.instructions,
            outputs,
        })
    }

    /// Whether the right-hand sides depend on the time.
    pub(crate) fn uses_time(&self) -> bool {
        let time = self.states;
        let read = self.instructions.iter().flat_map(|one| [one.a, one.b]);
        read.chain(self.outputs.iter().copied())
            .any(|register| register == time)
    }

    /// Number of components of the state and of the right-hand side.
    pub fn dimension(&self) -> usize {
        self.outputs.len()
    }

    /// Memory for [`Program::evaluate`] and [`Program::tangent`].
    pub fn registers(&self) -> Registers {
        let inputs = self.states + 1 + self.constants.len();
        Registers {
            values: self.lanes(),
            tangents: vec![0.0; inputs + self.instructions.len()],
        }
    }

    /// The right-hand side f(t, u): `state` and `output` are `[components]`.
    pub fn evaluate(
        &self,
        time: f64,
        state: &[f64],
        output: &mut [f64],
        registers: &mut Registers,
    ) {
        self.run_at(time, state, registers);
        for (output, &register) in output.iter_mut().zip(&self.outputs) {
            *output = registers.values[register][0];
        }
    }

    /// The derivative of the right-hand side along a direction, (df/du) v: `state`, `direction`, `output` are `[components]`.
    pub fn tangent(
        &self,
        time: f64,
        state: &[f64],
        direction: &[f64],
        output: &mut [f64],
        registers: &mut Registers,
    ) {
        self.run_at(time, state, registers);
        let inputs = self.states + 1 + self.constants.len();
        registers.tangents[..inputs].fill(0.0);
        registers.tangents[..self.states].copy_from_slice(&direction[..self.states]);
        for (index, instruction) in self.instructions.iter().enumerate() {
            let (a, b) = (instruction.a, instruction.b);
            let (va, vb) = (registers.values[a][0], registers.values[b][0]);
            let (da, db) = (registers.tangents[a], registers.tangents[b]);
            registers.tangents[inputs + index] = match instruction.operator {
                Operator::Add => da + db,
                Operator::Sub => da - db,
                Operator::Mul => da * vb + va * db,
                Operator::Div => (da - va / vb * db) / vb,
                Operator::Neg => -da,
                Operator::Inv => -da / (va * va),
                Operator::Sin => va.cos() * da,
                Operator::Cos => -va.sin() * da,
                Operator::Pow2 => 2.0 * va * da,
            };
        }
        for (output, &register) in output.iter_mut().zip(&self.outputs) {
            *output = registers.tangents[register];
        }
    }

    /// The right-hand side at many points: `times` is `[points]`, `states` `[points, components]`, as is the result.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn evaluate_points(
        &self,
        times: ArrayView1<f64>,
        states: ArrayView2<f64>,
    ) -> Result<Array2<f64>, EquationError> {
        if states.dim() != (times.len(), self.states) {
            return Err(EquationError::Unsuitable {
                context: "points to evaluate".to_owned(),
                found: format!("states {:?} at {} times", states.dim(), times.len()),
                expected: format!("[{}, {}]", times.len(), self.states),
            });
        }
        let mut values = Array2::zeros((times.len(), self.dimension()));
        let mut registers = self.lanes::<LANES>();
        for first in (0..times.len()).step_by(LANES) {
            let lanes = LANES.min(times.len() - first);
            for lane in 0..lanes {
                for state in 0..self.states {
                    registers[state][lane] = states[[first + lane, state]];
                }
                registers[self.states][lane] = times[first + lane];
            }
            self.run(&mut registers);
            for lane in 0..lanes {
                for (component, &register) in self.outputs.iter().enumerate() {
                    values[[first + lane, component]] = registers[register][lane];
                }
            }
        }
        Ok(values)
    }

    /// Registers with the constants in place.
    fn lanes<const N: usize>(&self) -> Vec<[f64; N]> {
        let mut registers = vec![[0.0; N]; self.states + 1];
        registers.extend(self.constants.iter().map(|&constant| [constant; N]));
        registers.resize(registers.len() + self.instructions.len(), [0.0; N]);
        registers
    }

    fn run_at(&self, time: f64, state: &[f64], registers: &mut Registers) {
        for (register, &value) in registers.values.iter_mut().zip(&state[..self.states]) {
            register[0] = value;
        }
        registers.values[self.states][0] = time;
        self.run(&mut registers.values);
    }

    fn run<const N: usize>(&self, registers: &mut [[f64; N]]) {
        let inputs = self.states + 1 + self.constants.len();
        for (index, instruction) in self.instructions.iter().enumerate() {
            let (a, b) = (registers[instruction.a], registers[instruction.b]);
            registers[inputs + index] = match instruction.operator {
                Operator::Add => lanewise(a, b, |a, b| a + b),
                Operator::Sub => lanewise(a, b, |a, b| a - b),
                Operator::Mul => lanewise(a, b, |a, b| a * b),
                Operator::Div => lanewise(a, b, |a, b| a / b),
                other => lanewise(a, b, |a, b| other.apply(a, b)),
            };
        }
    }
}

#[inline(always)]
fn lanewise<const N: usize>(
    a: [f64; N],
    b: [f64; N],
    operation: impl Fn(f64, f64) -> f64,
) -> [f64; N] {
    std::array::from_fn(|lane| operation(a[lane], b[lane]))
}

/// Gives equal parts the same register.
struct Compiler {
    states: usize,
    constants: Vec<f64>,
    constant_registers: HashMap<u64, usize>,
    instructions: Vec<Instruction>,
    results: HashMap<Instruction, usize>,
}

impl Compiler {
    fn new(system: &System) -> Self {
        let states = system.dimension();
        let mut constants = Vec::new();
        let mut constant_registers = HashMap::new();
        let symbols = system.components().iter().flat_map(|c| c.symbols());
        for value in symbols.filter_map(|symbol| symbol.value()) {
            constant_registers
                .entry(value.to_bits())
                .or_insert_with(|| {
                    constants.push(value);
                    states + constants.len()
                });
        }
        Self {
            states,
            constants,
            constant_registers,
            instructions: Vec::new(),
            results: HashMap::new(),
        }
    }

    /// Where the value of a node is, nowhere if it has none.
    fn register(&mut self, symbol: Symbol, operands: &[Option<usize>]) -> Option<usize> {
        match symbol {
            Symbol::Variable(Variable::State(index)) => Some(usize::from(index)),
            Symbol::Variable(Variable::Time) => Some(self.states),
            Symbol::Variable(Variable::Space(_) | Variable::Derivative(..))
            | Symbol::Placeholder => None,
            Symbol::Integer(_) | Symbol::Number(_) => {
                let bits = symbol.value()?.to_bits();
                self.constant_registers.get(&bits).copied()
            }
            Symbol::Operator(operator) => {
                let a = (*operands.first()?)?;
                let b = operands.get(1).map_or(Some(a), |&b| b)?;
                let inputs = self.states + 1 + self.constants.len();
                let instruction = Instruction { operator, a, b };
                let next = inputs + self.instructions.len();
                Some(*self.results.entry(instruction).or_insert_with(|| {
                    self.instructions.push(instruction);
                    next
                }))
            }
        }
    }
}
