//! Simplification: constants are computed, factors and terms that are alike are gathered.
//!
//! A product becomes coefficient x factors with whole powers ([`product`]), a sum the terms with their coefficients ([`sum`]),
//! from the leaves to the root. Values stay the same but for rounding, and but for removable singularities (x/x becomes 1).

mod product;
mod signs;
mod sum;

use crate::expression::Expression;
use crate::symbol::{Operator, Symbol};
use crate::system::System;
use product::Product;
use sum::Sum;

/// Gathering may bring new terms that are alike to light; published equations need one pass.
const MAX_PASSES: usize = 8;

impl Expression {
    /// The expression with constants computed and like terms and factors gathered.
    ///
    /// Where the result would exceed the limits of an expression, this one is kept.
    pub fn simplified(&self) -> Self {
        let mut expression = self.clone();
        for _ in 0..MAX_PASSES {
            match pass(&expression) {
                Some(simpler) if simpler != expression => expression = simpler,
                _ => break,
            }
        }
        Self::new(expression.symbols().to_vec()).unwrap_or_else(|_| self.clone())
    }
}

impl System {
    /// The system with every component simplified.
    pub fn simplified(&self) -> Self {
        self.map(Expression::simplified)
    }
}

/// Each operator simplified once, from the leaves to the root; nothing where there would be too many symbols.
fn pass(expression: &Expression) -> Option<Expression> {
    expression.fold(|symbol, operands: &[Option<Expression>]| {
        let Symbol::Operator(operator) = symbol else {
            return Some(Expression::leaf(symbol));
        };
        let operands: Vec<&Expression> =
            operands.iter().map(Option::as_ref).collect::<Option<_>>()?;
        let plain = Expression::apply(operator, &operands).ok()?;
        // What cannot be gathered (overflow, division by zero) stays as it is.
        Some(gather(operator, &plain).unwrap_or(plain))
    })
}

/// The simplified form of an operator whose operands are simplified.
fn gather(operator: Operator, expression: &Expression) -> Option<Expression> {
    match operator {
        Operator::Sin | Operator::Cos => {
            let value = expression.symbols()[1].value()?;
            constant(operator.apply(value, 0.0), false)
        }
        Operator::Add | Operator::Sub => Sum::of(expression)?.expression(),
        Operator::Neg if expression.symbols()[1].is_sum() => Sum::of(expression)?.expression(),
        _ => Product::of(expression.symbols())?.expression(),
    }
}

/// A constant as a symbol: an integer where integers gave it and 32 bits hold it.
fn constant(value: f64, whole: bool) -> Option<Expression> {
    let integer = value as i32;
    if whole && f64::from(integer) == value {
        return Some(Expression::leaf(Symbol::Integer(integer)));
    }
    value
        .is_finite()
        .then(|| Expression::leaf(Symbol::Number(value)))
}
