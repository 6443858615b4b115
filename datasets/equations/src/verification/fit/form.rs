//! Forms: right-hand sides as functions of the states and of their own constants.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::magnitude::{Sizes, magnitudes};
use crate::compile::Program;
use crate::error::EquationError;
use crate::expression::{Expression, limit};
use crate::series::Series;
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::{MAX_COMPONENTS, System};

/// A system whose numbers and placeholders are unknown.
pub struct Form {
    system: System,
    components: Vec<Component>,
}

/// A right-hand side with constants of its own.
pub struct Component {
    program: Program,
    states: usize,
    /// Values of the constants that are numbers.
    pub given: Vec<Option<f64>>,
    /// Which constants the right-hand side depends on linearly, all of them together.
    pub linear: Vec<bool>,
    /// About how large each constant has to be.
    pub magnitudes: Vec<f64>,
    /// About how fast the component changes.
    pub rate: f64,
}

impl Form {
    /// The form of a system, with the sizes of a series.
    ///
    /// # Errors
    /// Where it has other components than the series, a part that cannot be evaluated, or too many constants.
    pub fn new(system: &System, series: &Series) -> Result<Self, EquationError> {
        if system.dimension() != series.dimension() {
            return Err(EquationError::Unsuitable {
                context: "series".to_owned(),
                found: format!("{} component(s)", series.dimension()),
                expected: format!("{}, those of the equation", system.dimension()),
            });
        }
        // Says what cannot be evaluated, component by component.
        Program::new(&with_constants(system, |_| 1.0)?)?;
        let sizes = Sizes::of(series);
        let all = system.components().iter().enumerate();
        let components = all.map(|(index, expression)| Component::new(index, expression, &sizes));
        Ok(Self {
            system: system.clone(),
            components: components.collect::<Result<_, _>>()?,
        })
    }

    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Number of constants.
    pub fn constants(&self) -> usize {
        self.components.iter().map(|c| c.given.len()).sum()
    }

    /// The constants that are given, in the order of the symbols.
    pub fn given(&self) -> Vec<Option<f64>> {
        self.components
            .iter()
            .flat_map(|c| c.given.clone())
            .collect()
    }

    /// About how large the constants have to be, in the order of the symbols.
    pub fn magnitudes(&self) -> Vec<f64> {
        self.components
            .iter()
            .flat_map(|c| c.magnitudes.clone())
            .collect()
    }

    /// The system with numbers in the places of all constants.
    pub fn system(&self, constants: &[f64]) -> Result<System, EquationError> {
        with_constants(&self.system, |index| constants[index])
    }
}

fn with_constants(system: &System, value: impl Fn(usize) -> f64) -> Result<System, EquationError> {
    let mut next = 0;
    let mut replace = |symbol: &Symbol| match symbol {
        Symbol::Number(_) | Symbol::Placeholder => {
            next += 1;
            Symbol::Number(value(next - 1))
        }
        other => *other,
    };
    let components = system.components().iter();
    let components =
        components.map(|c| Expression::new(c.symbols().iter().map(&mut replace).collect()));
    System::new(components.collect::<Result<_, _>>()?)
}

impl Component {
    fn new(index: usize, expression: &Expression, sizes: &Sizes) -> Result<Self, EquationError> {
        let states = sizes.states.len();
        let mut given = Vec::new();
        let variables: Vec<Symbol> = expression
            .symbols()
            .iter()
            .map(|symbol| match *symbol {
                Symbol::Number(_) | Symbol::Placeholder => {
                    given.push(symbol.value());
                    let place = states + given.len() - 1;
                    Symbol::Variable(Variable::State(place.try_into().unwrap_or(u16::MAX)))
                }
                other => other,
            })
            .collect();
        limit(
            "constants and states of a component",
            states + given.len(),
            MAX_COMPONENTS,
        )?;
        let variables = Expression::new(variables)?;
        let mut linear = vec![false; given.len()];
        for constant in 0..given.len() {
            linear[constant] = true;
            linear[constant] = degree(&variables, states, &linear) <= 1;
        }
        let rate = sizes.rates[index];
        // The constants are further states, whose own right-hand sides do not matter.
        let mut all = vec![variables];
        all.resize(states + given.len(), Expression::leaf(Symbol::Integer(0)));
        Ok(Self {
            program: Program::new(&System::new(all)?)?,
            states,
            magnitudes: magnitudes(expression, sizes, rate),
            given,
            linear,
            rate,
        })
    }

    /// The right-hand side at `times` `[points]` and `states` `[points, components]`: `[points]`.
    pub fn values(&self, times: &[f64], states: ArrayView2<f64>, constants: &[f64]) -> Array1<f64> {
        let mut all = Array2::zeros((times.len(), self.states + constants.len()));
        all.slice_mut(s![.., ..self.states]).assign(&states);
        for (index, constant) in constants.iter().enumerate() {
            all.column_mut(self.states + index).fill(*constant);
        }
        let values = self.program.evaluate_points(times.into(), all.view());
        let values = values.expect("as many states as the program has");
        values.index_axis_move(Axis(1), 0)
    }
}

/// The degree of an expression in the constants of a set, which stand behind the states: 0, 1, or more where it is no polynomial of
/// that degree.
fn degree(expression: &Expression, states: usize, set: &[bool]) -> usize {
    const MORE: usize = 2;
    let degree = expression.fold(|symbol, operands: &[usize]| match symbol {
        Symbol::Variable(Variable::State(index)) => {
            let constant = usize::from(index).checked_sub(states);
            usize::from(constant.is_some_and(|constant| set[constant]))
        }
        Symbol::Operator(operator) => {
            let (a, b) = (operands[0], operands.get(1).copied().unwrap_or(0));
            match operator {
                Operator::Add | Operator::Sub | Operator::Neg => a.max(b),
                Operator::Mul => (a + b).min(MORE),
                Operator::Div if b == 0 => a,
                _ if a.max(b) == 0 => 0,
                _ => MORE,
            }
        }
        _ => 0,
    });
    degree.min(MORE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn form(text: &str) -> Form {
        let states = arr2(&[[1.0, 2.0], [2.0, 1.0], [4.0, 3.0]]);
        let series = Series::new(vec![0.0, 1.0, 2.0], states).unwrap();
        Form::new(&text.parse().unwrap(), &series).unwrap()
    }

    #[test]
    fn constants_are_linear_together_or_not() {
        let linear = |text: &str| form(text).components[0].linear.clone();
        assert_eq!(linear("C x - C x y + C | y"), [true; 3]);
        assert_eq!(linear("C*(C x - y) | y"), [true, false]);
        assert_eq!(linear("C x/(C + x) - 2.5 x/3 | y"), [true, false, true]);
        assert_eq!(
            linear("C sin(C t + C) + C^2 + C/y | y"),
            [true, false, false, false, true]
        );
    }

    #[test]
    fn constants_stand_in_the_order_of_the_symbols() {
        let form = form("C x - 3.5 x y | 2 x y - C");
        assert_eq!(form.given(), [None, Some(3.5), None]);
        let system = form.system(&[1.5, 2.5, -3.5]).unwrap();
        assert_eq!(
            system.to_string(),
            "1.5*u_0 - 2.5*u_0*u_1 | 2*u_0*u_1 - (-3.5)"
        );
        let values = form.components[1].values(&[0.0], arr2(&[[3.0, 5.0]]).view(), &[4.0]);
        assert_eq!(values.to_vec(), [26.0]);
    }

    #[test]
    fn what_cannot_be_evaluated_is_named() {
        let series = Series::new(vec![0.0, 1.0], arr2(&[[1.0], [2.0]])).unwrap();
        let message = |text: &str| {
            let form = Form::new(&text.parse().unwrap(), &series);
            form.err().unwrap().to_string()
        };
        assert!(message("C x_0").contains("component 0: found a placeholder, a coordinate"));
        assert!(message("C | C").contains("found 1 component(s), expected 2"));
        let many = vec!["C"; 70].join(" + ");
        assert!(message(&many).contains("found 71 constants and states of a component"));
    }
}
