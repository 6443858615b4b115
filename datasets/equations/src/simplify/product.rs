//! Products in normal form: coefficient x factor^power x ….

use std::collections::HashMap;

use super::constant;
use crate::expression::Expression;
use crate::symbol::{Operator, Symbol, Variable};

/// Powers beyond this are left as they are.
const MAX_POWER: i32 = 64;

/// What identifies a factor: its symbols, numbers by their bits.
pub(super) type Key = Vec<(u8, u64)>;

/// A product: coefficient x factors with their powers, in the order in which they first appear.
pub(super) struct Product {
    pub coefficient: f64,
    /// Whether only integers made the coefficient.
    pub whole: bool,
    pub factors: Vec<(Expression, i32)>,
}

impl Product {
    /// The factors of an expression, nothing where the coefficient is not finite or a power is too high.
    pub fn of(symbols: &[Symbol]) -> Option<Self> {
        let mut product = Self {
            coefficient: 1.0,
            whole: true,
            factors: Vec::new(),
        };
        let mut places = HashMap::new();
        // Factors yet to be taken apart, the next one last.
        let mut open = vec![(symbols, 1_i32)];
        while let Some((part, power)) = open.pop() {
            if power.abs() > MAX_POWER {
                return None;
            }
            let (&first, rest) = part.split_first()?;
            match first {
                Symbol::Operator(Operator::Mul) => {
                    let (a, b) = halves(rest);
                    open.extend([(b, power), (a, power)]);
                }
                Symbol::Operator(Operator::Div) => {
                    let (a, b) = halves(rest);
                    open.extend([(b, -power), (a, power)]);
                }
                Symbol::Operator(Operator::Inv) => open.push((rest, -power)),
                Symbol::Operator(Operator::Pow2) => open.push((rest, 2 * power)),
                Symbol::Operator(Operator::Neg) => {
                    open.push((rest, power));
                    product.scale(Symbol::Integer(-1), power);
                }
                Symbol::Integer(_) | Symbol::Number(_) => product.scale(first, power),
                _ => product.multiply(part, power, &mut places)?,
            }
        }
        product.factors.retain(|(_, power)| *power != 0);
        let powers = product.factors.iter().all(|(_, p)| p.abs() <= MAX_POWER);
        (product.coefficient.is_finite() && powers).then_some(product)
    }

    fn scale(&mut self, constant: Symbol, power: i32) {
        let value = constant.value().unwrap_or(f64::NAN);
        self.coefficient *= value.powi(power);
        // 1/3 is a number, but 1/1 an integer.
        self.whole &= matches!(constant, Symbol::Integer(_)) && (power > 0 || value.abs() == 1.0);
    }

    fn multiply(
        &mut self,
        factor: &[Symbol],
        power: i32,
        places: &mut HashMap<Key, usize>,
    ) -> Option<()> {
        // Two placeholders are two unknown numbers: their quotient is not 1.
        let place = if factor.contains(&Symbol::Placeholder) {
            self.factors.len()
        } else {
            *places.entry(key(factor)).or_insert(self.factors.len())
        };
        match self.factors.get_mut(place) {
            Some((_, total)) => *total += power,
            None => self
                .factors
                .push((Expression::new(factor.to_vec()).ok()?, power)),
        }
        Some(())
    }

    /// What identifies the product but for its coefficient; nothing where it has a placeholder.
    pub fn key(&self) -> Option<Key> {
        let mut keys = Vec::with_capacity(self.factors.len());
        for (factor, power) in &self.factors {
            if factor.symbols().contains(&Symbol::Placeholder) {
                return None;
            }
            let mut key = key(factor.symbols());
            key.push((u8::MAX, i64::from(*power).cast_unsigned()));
            keys.push(key);
        }
        // x y and y x are alike.
        keys.sort_unstable();
        Some(keys.concat())
    }

    /// The product as an expression: coefficient first, what divides last.
    pub fn expression(&self) -> Option<Expression> {
        if self.coefficient == 0.0 {
            return constant(0.0, self.whole);
        }
        let above = self.side(1)?;
        let below = self.side(-1)?;
        let unit = self.coefficient.abs() == 1.0;
        let above = match above {
            Some(above) if unit && self.coefficient < 0.0 => {
                // -(x)/y rather than -(x/y): the sign stays in front when the product is taken apart again.
                Some(Expression::apply(Operator::Neg, &[&above]).ok()?)
            }
            Some(above) if unit => Some(above),
            Some(above) => {
                let coefficient = constant(self.coefficient, self.whole)?;
                Some(Expression::apply(Operator::Mul, &[&coefficient, &above]).ok()?)
            }
            None => None,
        };
        match (above, below) {
            (Some(above), Some(below)) => Expression::apply(Operator::Div, &[&above, &below]).ok(),
            (Some(above), None) => Some(above),
            (None, Some(below)) if self.coefficient == 1.0 => {
                Expression::apply(Operator::Inv, &[&below]).ok()
            }
            (None, Some(below)) => {
                let coefficient = constant(self.coefficient, self.whole)?;
                Expression::apply(Operator::Div, &[&coefficient, &below]).ok()
            }
            (None, None) => constant(self.coefficient, self.whole),
        }
    }

    /// The product of the factors whose powers have this sign.
    fn side(&self, sign: i32) -> Option<Option<Expression>> {
        let mut side: Option<Expression> = None;
        for (factor, power) in self.factors.iter().filter(|(_, p)| p.signum() == sign) {
            let raised = raise(factor, power.unsigned_abs())?;
            side = Some(match side {
                Some(side) => Expression::apply(Operator::Mul, &[&side, &raised]).ok()?,
                None => raised,
            });
        }
        Some(side)
    }
}

/// factor^power, from squares and products.
fn raise(factor: &Expression, power: u32) -> Option<Expression> {
    if power == 1 {
        return Some(factor.clone());
    }
    if power.is_multiple_of(2) {
        let root = raise(factor, power / 2)?;
        return Expression::apply(Operator::Pow2, &[&root]).ok();
    }
    let rest = raise(factor, power - 1)?;
    Expression::apply(Operator::Mul, &[factor, &rest]).ok()
}

/// The two operands behind a binary operator.
fn halves(operands: &[Symbol]) -> (&[Symbol], &[Symbol]) {
    let (mut open, mut end) = (1, 0);
    while open > 0 {
        open = open - 1 + operands[end].arity();
        end += 1;
    }
    operands.split_at(end)
}

/// What identifies symbols.
fn key(symbols: &[Symbol]) -> Key {
    let word = |symbol: &Symbol| match *symbol {
        Symbol::Operator(operator) => (0, operator as u64),
        Symbol::Variable(Variable::State(index)) => (1, u64::from(index)),
        Symbol::Variable(Variable::Space(index)) => (2, u64::from(index)),
        Symbol::Variable(Variable::Time) => (3, 0),
        Symbol::Integer(integer) => (4, u64::from(integer.cast_unsigned())),
        Symbol::Number(number) => (5, number.to_bits()),
        Symbol::Placeholder => (6, 0),
        Symbol::Variable(Variable::Derivative(index, along)) => (7 + along as u8, u64::from(index)),
    };
    symbols.iter().map(word).collect()
}
