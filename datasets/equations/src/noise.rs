//! Noise on symbols: equations that are not quite known.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::System;

/// How often the symbols given to the network are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolNoise {
    /// Probability that a term of the system is missing (published: 0.15).
    pub missing: f64,
    /// Probability that a term is added, a monomial of degree at most 2 with an unknown coefficient (published: 0.15).
    pub spurious: f64,
}

impl SymbolNoise {
    /// Symbols that are all right.
    pub const NONE: Self = Self {
        missing: 0.0,
        spurious: 0.0,
    };
}

impl Default for SymbolNoise {
    fn default() -> Self {
        Self {
            missing: 0.15,
            spurious: 0.15,
        }
    }
}

impl SymbolNoise {
    /// The system as it is given to the network: its skeleton with a term missing or added, now and then.
    ///
    /// Terms are dropped only where a component keeps another. A term that would exceed the limits of an expression is not
    /// added.
    pub fn apply(&self, system: &System, random: &mut impl Rng) -> System {
        let mut system = system.skeleton();
        if random.random_bool(self.missing.clamp(0.0, 1.0)) {
            system = without_term(&system, random);
        }
        if random.random_bool(self.spurious.clamp(0.0, 1.0)) {
            system = with_term(&system, random);
        }
        system
    }
}

/// A term of a sum: where it begins, and the addition or subtraction it belongs to.
struct Term {
    start: usize,
    parent: usize,
}

fn without_term(system: &System, random: &mut impl Rng) -> System {
    let terms: Vec<(usize, Term)> = system
        .components()
        .iter()
        .enumerate()
        .flat_map(|(index, component)| terms(component).into_iter().map(move |term| (index, term)))
        .collect();
    if terms.is_empty() {
        return system.clone();
    }
    let (index, term) = &terms[random.random_range(0..terms.len())];
    let component = &system.components()[*index];
    system.replace(*index, remove(component, term))
}

/// The terms of the sum at the root, none where there is no sum.
fn terms(expression: &Expression) -> Vec<Term> {
    let symbols = expression.symbols();
    let mut terms = Vec::new();
    let mut open = vec![(0, None)];
    while let Some((start, parent)) = open.pop() {
        match symbols[start] {
            Symbol::Operator(Operator::Add | Operator::Sub) => {
                let second = expression.span(start + 1).end;
                open.push((second, Some(start)));
                open.push((start + 1, Some(start)));
            }
            Symbol::Operator(Operator::Neg) if symbols[start + 1].is_sum() => {
                open.push((start + 1, None));
            }
            _ => terms.extend(parent.map(|parent| Term { start, parent })),
        }
    }
    terms
}

/// The expression without one term: what it was added to remains.
fn remove(expression: &Expression, term: &Term) -> Expression {
    let symbols = expression.symbols();
    let first = expression.span(term.parent + 1);
    let second = expression.span(first.end);
    let end = second.end;
    let is_first = term.start == first.start;
    let mut kept = symbols[..term.parent].to_vec();
    if is_first && symbols[term.parent] == Symbol::Operator(Operator::Sub) {
        kept.push(Symbol::Operator(Operator::Neg));
    }
    kept.extend_from_slice(&symbols[if is_first { second } else { first }]);
    kept.extend_from_slice(&symbols[end..]);
    Expression::new(kept).unwrap_or_else(|_| expression.clone())
}

fn with_term(system: &System, random: &mut impl Rng) -> System {
    let index = random.random_range(0..system.dimension());
    let mut term = vec![Symbol::Placeholder];
    let degree = random.random_range(0..=2_usize);
    if degree > 0 {
        term.insert(0, Symbol::Operator(Operator::Mul));
        term.extend((1..degree).map(|_| Symbol::Operator(Operator::Mul)));
        let mut factors: Vec<u16> = (0..degree)
            .map(|_| random.random_range(0..system.dimension()) as u16)
            .collect();
        factors.sort_unstable();
        let factors = factors.into_iter();
        term.extend(factors.map(|factor| Symbol::Variable(Variable::State(factor))));
    }
    let sign = if random.random_bool(0.5) {
        Operator::Add
    } else {
        Operator::Sub
    };
    let component = &system.components()[index];
    let symbols = [&[Symbol::Operator(sign)], component.symbols(), &term].concat();
    match Expression::new(symbols) {
        Ok(component) => system.replace(index, component),
        Err(_) => system.clone(),
    }
}
