//! Sums in normal form: terms with their coefficients.

use std::collections::HashMap;

use super::constant;
use super::product::{Key, Product};
use crate::expression::Expression;
use crate::symbol::{Operator, Symbol};

/// A sum of products, alike ones added up, in the order in which they first appear.
pub(super) struct Sum {
    terms: Vec<Product>,
}

impl Sum {
    /// The terms of an expression, nothing where a coefficient is not finite.
    pub fn of(expression: &Expression) -> Option<Self> {
        let symbols = expression.symbols();
        let mut sum = Self { terms: Vec::new() };
        let mut places: HashMap<Key, usize> = HashMap::new();
        // Terms yet to be taken apart with their signs, the next one last.
        let mut open = vec![(0, 1.0)];
        while let Some((start, sign)) = open.pop() {
            match symbols[start] {
                Symbol::Operator(operator @ (Operator::Add | Operator::Sub)) => {
                    let second = expression.span(start + 1).end;
                    let second_sign = if operator == Operator::Sub {
                        -sign
                    } else {
                        sign
                    };
                    open.extend([(second, second_sign), (start + 1, sign)]);
                }
                Symbol::Operator(Operator::Neg) => open.push((start + 1, -sign)),
                _ => {
                    let mut term = Product::of(&symbols[expression.span(start)])?;
                    term.coefficient *= sign;
                    sum.add(term, &mut places);
                }
            }
        }
        let finite = sum.terms.iter().all(|term| term.coefficient.is_finite());
        finite.then_some(sum)
    }

    fn add(&mut self, term: Product, places: &mut HashMap<Key, usize>) {
        let Some(key) = term.key() else {
            self.terms.push(term);
            return;
        };
        let place = *places.entry(key).or_insert(self.terms.len());
        match self.terms.get_mut(place) {
            Some(known) => {
                known.coefficient += term.coefficient;
                known.whole &= term.whole;
            }
            None => self.terms.push(term),
        }
    }

    /// The sum as an expression: coefficients below zero are subtracted, but for the first.
    pub fn expression(&self) -> Option<Expression> {
        let mut sum: Option<Expression> = None;
        for term in self.terms.iter().filter(|term| term.coefficient != 0.0) {
            sum = Some(match sum {
                None => term.expression()?,
                Some(sum) if term.coefficient < 0.0 => {
                    let term = term.negated()?;
                    Expression::apply(Operator::Sub, &[&sum, &term]).ok()?
                }
                Some(sum) => Expression::apply(Operator::Add, &[&sum, &term.expression()?]).ok()?,
            });
        }
        let whole = self.terms.iter().all(|term| term.whole);
        sum.or_else(|| constant(0.0, whole))
    }
}

impl Product {
    /// The expression of the product with its sign turned.
    fn negated(&self) -> Option<Expression> {
        let turned = Self {
            coefficient: -self.coefficient,
            whole: self.whole,
            factors: self.factors.clone(),
        };
        turned.expression()
    }
}
