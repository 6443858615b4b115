//! Symbols: what a node of an expression can be.

use std::fmt;

use crate::derivative::Derivative;

/// An operator of the equations, with the word the authors give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// a + b
    Add,
    /// a - b
    Sub,
    /// a b
    Mul,
    /// a / b
    Div,
    /// -a
    Neg,
    /// 1 / a
    Inv,
    /// sin a, in radians
    Sin,
    /// cos a, in radians
    Cos,
    /// a^2
    Pow2,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 9] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Neg,
        Self::Inv,
        Self::Sin,
        Self::Cos,
        Self::Pow2,
    ];

    /// Number of operands: 1 or 2.
    pub fn arity(self) -> usize {
        match self {
            Self::Add | Self::Sub | Self::Mul | Self::Div => 2,
            Self::Neg | Self::Inv | Self::Sin | Self::Cos | Self::Pow2 => 1,
        }
    }

    /// The word of the published vocabulary.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Neg => "neg",
            Self::Inv => "inv",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Pow2 => "pow2",
        }
    }

    /// The operator of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.word() == word)
    }

    /// Its value; `b` is ignored where there is one operand.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Neg => -a,
            Self::Inv => 1.0 / a,
            Self::Sin => a.sin(),
            Self::Cos => a.cos(),
            Self::Pow2 => a * a,
        }
    }
}

/// What an equation depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variable {
    /// Component i of the state, counted from 0: `u_i`.
    State(u16),
    /// Coordinate i in space, counted from 0: `x_i`.
    Space(u16),
    /// The time: `t`.
    Time,
    /// A partial derivative of component i of a field: `u_i_xx`.
    Derivative(u16, Derivative),
}

impl Variable {
    /// The variable of a word: `u_0`, `x_0`, `t`, `u_0_xx`.
    pub fn from_word(word: &str) -> Option<Self> {
        if word == "t" {
            return Some(Self::Time);
        }
        let (name, rest) = word.split_once('_')?;
        let (index, suffix) = match rest.split_once('_') {
            Some((index, suffix)) => (index, Some(suffix)),
            None => (rest, None),
        };
        // `u_01` and `u_+1` would not be printed as they were read.
        let canonical = index.bytes().all(|byte| byte.is_ascii_digit())
            && (index == "0" || !index.starts_with('0'));
        let index = index.parse().ok().filter(|_| canonical)?;
        match (name, suffix) {
            ("u", None) => Some(Self::State(index)),
            ("u", Some(suffix)) => {
                Derivative::from_suffix(suffix).map(|along| Self::Derivative(index, along))
            }
            ("x", None) => Some(Self::Space(index)),
            _ => None,
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(index) => write!(formatter, "u_{index}"),
            Self::Space(index) => write!(formatter, "x_{index}"),
            Self::Time => formatter.write_str("t"),
            Self::Derivative(index, along) => write!(formatter, "u_{index}_{}", along.suffix()),
        }
    }
}

/// A node of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Symbol {
    /// An operator, followed by its operands.
    Operator(Operator),
    /// A variable.
    Variable(Variable),
    /// An integer, one word of the vocabulary between -10 and 10.
    Integer(i32),
    /// A number, three words of the vocabulary; finite.
    Number(f64),
    /// A number that is not known: `<PLACEHOLDER>` in words, `C` in formulas.
    Placeholder,
}

impl Symbol {
    /// How many operands follow.
    pub fn arity(self) -> usize {
        match self {
            Self::Operator(operator) => operator.arity(),
            _ => 0,
        }
    }

    /// Whether it adds or subtracts.
    pub(crate) fn is_sum(self) -> bool {
        matches!(self, Self::Operator(Operator::Add | Operator::Sub))
    }

    /// The value of a number or an integer.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(f64::from(integer)),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}
