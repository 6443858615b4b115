//! About how large constants have to be, in whatever units a series has: a term as large as the derivative, a summand as large as
//! what it is added to, an angle of about one.

use crate::expression::Expression;
use crate::series::Series;
use crate::symbol::{Operator, Symbol, Variable};
use crate::verification::least_squares::root_mean_square;

/// Sizes of a series, none of them 0.
pub struct Sizes {
    /// Root mean square of each component.
    pub states: Vec<f64>,
    /// Mean speed of each component.
    pub rates: Vec<f64>,
    /// Between its duration and the time from point to point, of which no frequency can be sure to be nearer to one.
    pub time: f64,
}

impl Sizes {
    pub fn of(series: &Series) -> Self {
        let times = series.times();
        let duration = times[times.len() - 1] - times[0];
        let positive = |size: f64, otherwise: f64| if size > 0.0 { size } else { otherwise };
        let columns = || series.states().columns().into_iter();
        let states: Vec<f64> = columns()
            .map(|column| positive(root_mean_square(column.iter()), 1.0))
            .collect();
        let ways = columns().map(|column| {
            let steps = column.iter().zip(column.iter().skip(1));
            steps
                .map(|(before, after)| (after - before).abs())
                .sum::<f64>()
        });
        let rates = ways
            .zip(&states)
            .map(|(way, state)| positive(way, *state) / duration);
        Self {
            rates: rates.collect(),
            states,
            time: duration / (times.len() as f64).sqrt(),
        }
    }
}

/// A magnitude for each number and placeholder of a right-hand side, in their order; `rate` is the magnitude of the whole.
pub fn magnitudes(expression: &Expression, sizes: &Sizes, rate: f64) -> Vec<f64> {
    let symbols = expression.symbols();
    let nodes = known(symbols, sizes);
    let mut wanted = vec![rate; symbols.len()];
    let mut found = Vec::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let node = &nodes[index];
        // What is known from what stands in it goes before what is wanted of it.
        let whole = node.known.unwrap_or(wanted[index]);
        let (first, second) = (node.operands[0], node.operands[1]);
        let of = |operand: usize| nodes[operand].known;
        match *symbol {
            Symbol::Operator(operator) => {
                wanted[first] = match operator {
                    Operator::Add | Operator::Sub | Operator::Neg => whole,
                    Operator::Mul => whole / of(second).unwrap_or(1.0),
                    Operator::Div => whole * of(second).unwrap_or(1.0),
                    Operator::Inv => 1.0 / whole,
                    Operator::Sin | Operator::Cos => 1.0,
                    Operator::Pow2 => whole.sqrt(),
                };
                if operator.arity() == 2 {
                    wanted[second] = match (operator, of(first)) {
                        (Operator::Mul, Some(first)) => whole / first,
                        (Operator::Div, Some(first)) => first / whole,
                        (Operator::Mul | Operator::Div, None) => 1.0,
                        _ => whole,
                    };
                }
            }
            Symbol::Number(_) | Symbol::Placeholder => found.push(sane(wanted[index])),
            _ => (),
        }
    }
    found
}

#[derive(Clone, Default)]
struct Node {
    operands: [usize; 2],
    /// Its magnitude, where that does not depend on constants.
    known: Option<f64>,
}

/// The nodes of an expression with what is known of them.
fn known(symbols: &[Symbol], sizes: &Sizes) -> Vec<Node> {
    let mut nodes = vec![Node::default(); symbols.len()];
    let mut open: Vec<usize> = Vec::new();
    for (index, symbol) in symbols.iter().enumerate().rev() {
        let mut operands = [index; 2];
        for operand in operands.iter_mut().take(symbol.arity()) {
            *operand = open.pop().unwrap_or(index);
        }
        let [a, b] = operands.map(|operand| nodes[operand].known);
        let known = match *symbol {
            Symbol::Variable(Variable::State(state)) => Some(sizes.states[usize::from(state)]),
            Symbol::Variable(_) => Some(sizes.time),
            Symbol::Integer(integer) => Some(f64::from(integer).abs()),
            Symbol::Number(_) | Symbol::Placeholder => None,
            Symbol::Operator(operator) => match operator {
                Operator::Add | Operator::Sub => match (a, b) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                },
                Operator::Mul => a.zip(b).map(|(a, b)| a * b),
                Operator::Div => a.zip(b).map(|(a, b)| a / b),
                Operator::Neg => a,
                Operator::Inv => a.map(f64::recip),
                Operator::Sin | Operator::Cos => Some(1.0),
                Operator::Pow2 => a.map(|a| a * a),
            },
        };
        nodes[index] = Node {
            operands,
            known: known.map(sane),
        };
        open.push(index);
    }
    nodes
}

/// A magnitude that can be divided by and squared.
fn sane(magnitude: f64) -> f64 {
    match magnitude.is_finite() {
        true => magnitude.abs().clamp(1e-100, 1e100),
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<f64> {
        let sizes = Sizes {
            states: vec![1000.0, 2.0],
            rates: vec![500.0, 1.0],
            time: 20.0,
        };
        magnitudes(&text.parse().unwrap(), &sizes, sizes.rates[0])
    }

    #[test]
    fn magnitudes_follow_the_units() {
        assert_eq!(found("C x - C x y"), [0.5, 0.25]);
        assert_eq!(found("C + C y^2"), [500.0, 125.0]);
        // The saturation of Holling is of the size of the prey.
        assert_eq!(found("C x/(C + x)"), [500.0, 1000.0]);
        assert_eq!(found("C x (1 - x/C)"), [0.5 / 1.0, 1000.0 / 1.0]);
        assert_eq!(found("C sin(C t + C)"), [500.0, 1.0 / 20.0, 1.0]);
        assert_eq!(found("x/C"), [2.0]);
    }
}
