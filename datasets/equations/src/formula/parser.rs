//! From tokens to an expression, by the precedence of operators.

use std::f64::consts::PI;

use super::Parameters;
use super::lexer::{Kind, Token};
use crate::error::EquationError;
use crate::expression::{Expression, MAX_DEPTH, limit};
use crate::symbol::{Operator, Symbol, Variable};

/// Most operands, brackets and signs within one another: two for each operator an expression may nest.
const MAX_NESTING: usize = 2 * MAX_DEPTH + 2;
/// Powers are written out as products.
const MAX_POWER: i64 = 16;

/// How strongly an operator binds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Loose,
    Sum,
    Product,
    Sign,
}

/// The expression that all tokens form.
pub(super) fn expression(
    tokens: &[Token],
    parameters: &Parameters,
) -> Result<Expression, EquationError> {
    let mut parser = Parser {
        tokens,
        parameters,
        next: 0,
        nesting: 0,
    };
    let expression = parser.operand(Binding::Loose)?;
    if parser.next < tokens.len() {
        return Err(parser.unexpected("an operator or the end"));
    }
    Expression::new(expression.symbols().to_vec())
}

struct Parser<'a> {
    tokens: &'a [Token],
    parameters: &'a Parameters,
    next: usize,
    nesting: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.next + ahead).map(|token| &token.kind)
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &str) -> EquationError {
        let token = self.tokens.get(self.next);
        let end = self.tokens.last().map_or(1, |last| last.position + 1);
        EquationError::Formula {
            position: token.map_or(end, |token| token.position),
            found: token.map_or_else(|| "the end".to_owned(), |token| describe(&token.kind)),
            expected: expected.to_owned(),
        }
    }

    /// An operand and the operators behind it that bind more strongly than `minimum`.
    fn operand(&mut self, minimum: Binding) -> Result<Expression, EquationError> {
        self.nesting += 1;
        limit("nested brackets and operators", self.nesting, MAX_NESTING)?;
        let mut left = self.prefix()?;
        while let Some((operator, binding, written)) = self.operator()
            && binding > minimum
        {
            self.next += usize::from(written);
            let right = self.operand(binding)?;
            left = Expression::apply(operator, &[&left, &right])?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// The operator between two operands, and whether it is written: a product need not be.
    fn operator(&self) -> Option<(Operator, Binding, bool)> {
        match self.peek()? {
            Kind::Plus => Some((Operator::Add, Binding::Sum, true)),
            Kind::Minus => Some((Operator::Sub, Binding::Sum, true)),
            Kind::Times => Some((Operator::Mul, Binding::Product, true)),
            Kind::Divide => Some((Operator::Div, Binding::Product, true)),
            Kind::Integer(_)
            | Kind::Number(_)
            | Kind::Name(_)
            | Kind::Fraction
            | Kind::Placeholder
            | Kind::Open(_) => Some((Operator::Mul, Binding::Product, false)),
            _ => None,
        }
    }

    /// An operand with its sign and power.
    fn prefix(&mut self) -> Result<Expression, EquationError> {
        if self.take(&Kind::Plus) {
            return self.operand(Binding::Sign);
        }
        if self.take(&Kind::Minus) {
            // The sign of a bare number belongs to it; in -3^2 it does not.
            let bare = !matches!(self.peek_at(1), Some(Kind::Power | Kind::Superscript(_)));
            if bare && let Some(symbol) = self.negative_literal() {
                self.next += 1;
                return Ok(Expression::leaf(symbol));
            }
            let operand = self.operand(Binding::Sign)?;
            return Expression::apply(Operator::Neg, &[&operand]);
        }
        let base = self.atom()?;
        match self.exponent()? {
            Some(exponent) => power(&base, exponent),
            None => Ok(base),
        }
    }

    /// The next token as a number with its sign turned.
    fn negative_literal(&self) -> Option<Symbol> {
        match self.peek()? {
            Kind::Integer(integer) => integer_symbol(-integer),
            Kind::Number(number) => Some(Symbol::Number(-number)),
            Kind::Name(name) => {
                let value = self.parameters.get(name)?;
                Some(Symbol::Number(-value))
            }
            _ => None,
        }
    }

    /// A number, a variable, a function of something, a fraction or something in brackets.
    fn atom(&mut self) -> Result<Expression, EquationError> {
        let Some(kind) = self.peek().cloned() else {
            return Err(self.unexpected("a number, a variable or a bracket"));
        };
        match kind {
            Kind::Integer(integer) => match integer_symbol(integer) {
                Some(symbol) => Ok(self.leaf(symbol)),
                None => Err(self.unexpected("an integer of 32 bits, or a number with a point")),
            },
            Kind::Number(number) => Ok(self.leaf(Symbol::Number(number))),
            Kind::Placeholder => Ok(self.leaf(Symbol::Placeholder)),
            Kind::Name(name) => self.named(&name),
            Kind::Open(_) => self.group(),
            Kind::Fraction => {
                self.next += 1;
                let over = self.group()?;
                let under = self.group()?;
                Expression::apply(Operator::Div, &[&over, &under])
            }
            _ => Err(self.unexpected("a number, a variable or a bracket")),
        }
    }

    fn leaf(&mut self, symbol: Symbol) -> Expression {
        self.next += 1;
        Expression::leaf(symbol)
    }

    fn group(&mut self) -> Result<Expression, EquationError> {
        let Some(&Kind::Open(close)) = self.peek() else {
            return Err(self.unexpected("a bracket"));
        };
        self.next += 1;
        let inner = self.operand(Binding::Loose)?;
        if !self.take(&Kind::Close(close)) {
            return Err(self.unexpected(&format!("{close:?}")));
        }
        Ok(inner)
    }

    fn named(&mut self, name: &str) -> Result<Expression, EquationError> {
        if let Some(&value) = self.parameters.get(name) {
            if !value.is_finite() {
                return Err(self.unexpected("a parameter with a finite value"));
            }
            return Ok(self.leaf(Symbol::Number(value)));
        }
        if let Some(function) = Operator::from_word(name) {
            self.next += 1;
            return self.function(function);
        }
        match symbol(name) {
            Some(symbol) => Ok(self.leaf(symbol)),
            None => Err(self.unexpected(
                "u_0 … (or x, y, z, w), u_0_x …, x_0 …, t, C, pi, sin, cos, inv, neg, pow2 or a parameter",
            )),
        }
    }

    /// What a function is applied to; `sin^2 x` is the power of sin x.
    fn function(&mut self, function: Operator) -> Result<Expression, EquationError> {
        let exponent = self.exponent()?;
        if exponent.is_some_and(|exponent| exponent < 1) {
            self.next -= 1;
            return Err(self.unexpected("a positive power of a function"));
        }
        let operand = match self.peek() {
            Some(Kind::Open(_)) => self.group()?,
            _ => self.operand(Binding::Sign)?,
        };
        let applied = Expression::apply(function, &[&operand])?;
        power(&applied, exponent.unwrap_or(1))
    }

    /// The power behind an operand: ², ^2, ^-1, ^(-1), **2.
    fn exponent(&mut self) -> Result<Option<i64>, EquationError> {
        let exponent = if let Some(&Kind::Superscript(exponent)) = self.peek() {
            self.next += 1;
            exponent
        } else if self.take(&Kind::Power) {
            self.written_exponent()?
        } else {
            return Ok(None);
        };
        if matches!(self.peek(), Some(Kind::Power | Kind::Superscript(_))) {
            return Err(self.unexpected("brackets around a power of a power"));
        }
        Ok(Some(exponent))
    }

    fn written_exponent(&mut self) -> Result<i64, EquationError> {
        let close = match self.peek() {
            Some(&Kind::Open(close)) => {
                self.next += 1;
                Some(close)
            }
            _ => None,
        };
        let negative = self.take(&Kind::Minus);
        let exponent = match self.peek() {
            Some(&Kind::Integer(integer)) if (1..=MAX_POWER).contains(&integer) => integer,
            _ => return Err(self.unexpected(&format!("a whole power from 1 to {MAX_POWER}"))),
        };
        self.next += 1;
        if let Some(close) = close
            && !self.take(&Kind::Close(close))
        {
            return Err(self.unexpected(&format!("{close:?}")));
        }
        Ok(if negative { -exponent } else { exponent })
    }
}

/// base^exponent from the operators there are.
fn power(base: &Expression, exponent: i64) -> Result<Expression, EquationError> {
    let product = match exponent.unsigned_abs() {
        1 => base.clone(),
        2 => Expression::apply(Operator::Pow2, &[base])?,
        factors => {
            let mut product = base.clone();
            for _ in 1..factors {
                product = Expression::apply(Operator::Mul, &[base, &product])?;
            }
            product
        }
    };
    if exponent < 0 {
        return Expression::apply(Operator::Inv, &[&product]);
    }
    Ok(product)
}

fn integer_symbol(integer: i64) -> Option<Symbol> {
    i32::try_from(integer).ok().map(Symbol::Integer)
}

pub(super) fn symbol(name: &str) -> Option<Symbol> {
    let variable = match name {
        "C" => return Some(Symbol::Placeholder),
        "pi" | "π" => return Some(Symbol::Number(PI)),
        "x" => Variable::State(0),
        "y" => Variable::State(1),
        "z" => Variable::State(2),
        "w" => Variable::State(3),
        _ => Variable::from_word(name)?,
    };
    Some(Symbol::Variable(variable))
}

fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Integer(integer) => integer.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::Name(name) => format!("{:?}", name.chars().take(40).collect::<String>()),
        Kind::Open(close) => format!("the bracket before {close:?}"),
        Kind::Close(close) => format!("{close:?}"),
        other => format!("{other:?}").to_lowercase(),
    }
}
