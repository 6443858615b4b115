//! Expressions in prefix order.

use std::ops::Range;

use crate::error::EquationError;
use crate::symbol::{Operator, Symbol, Variable};

/// Most symbols an expression may have.
pub const MAX_SYMBOLS: usize = 4096;
/// Most operators that may be nested in one another.
pub const MAX_DEPTH: usize = 128;

/// An expression: a tree whose nodes are stored in prefix order (an operator, then its operands), the order of the published
/// words.
///
/// Reading from the right, operands come before their operator, so that a stack and a loop walk the tree: nothing recurses,
/// whatever the input. An expression always is one whole tree of finite numbers with at most [`MAX_SYMBOLS`] symbols and
/// [`MAX_DEPTH`] nested operators.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    symbols: Vec<Symbol>,
}

impl Expression {
    /// The expression of symbols in prefix order.
    ///
    /// # Errors
    /// Where the symbols are not exactly one tree, a number is not finite, or a limit is exceeded.
    pub fn new(symbols: Vec<Symbol>) -> Result<Self, EquationError> {
        limit("symbols", symbols.len(), MAX_SYMBOLS)?;
        let mut open = 1_usize;
        for (index, symbol) in symbols.iter().enumerate() {
            if open == 0 {
                return Err(words(index, symbol, "the end of the expression"));
            }
            if let Symbol::Number(number) = symbol
                && !number.is_finite()
            {
                return Err(words(index, symbol, "a finite number"));
            }
            open = open - 1 + symbol.arity();
        }
        if open > 0 {
            return Err(EquationError::Words {
                position: symbols.len() + 1,
                found: "the end".to_owned(),
                expected: format!("{open} more operand(s)"),
            });
        }
        let expression = Self { symbols };
        limit("nested operators", expression.depth(), MAX_DEPTH)?;
        Ok(expression)
    }

    /// An expression of one symbol without operands.
    pub(crate) fn leaf(symbol: Symbol) -> Self {
        debug_assert_eq!(symbol.arity(), 0);
        Self {
            symbols: vec![symbol],
        }
    }

    /// The operator applied to its operands.
    pub(crate) fn apply(operator: Operator, operands: &[&Self]) -> Result<Self, EquationError> {
        let length = 1 + operands.iter().map(|o| o.symbols.len()).sum::<usize>();
        limit("symbols", length, MAX_SYMBOLS)?;
        let mut symbols = Vec::with_capacity(length);
        symbols.push(Symbol::Operator(operator));
        for operand in operands {
            symbols.extend_from_slice(&operand.symbols);
        }
        Ok(Self { symbols })
    }

    /// The symbols in prefix order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// How many operators are nested in one another at most.
    pub fn depth(&self) -> usize {
        self.fold(|symbol, operands: &[usize]| match symbol {
            Symbol::Operator(_) => 1 + operands.iter().copied().max().unwrap_or(0),
            _ => 0,
        })
    }

    /// One past the greatest index of the states and of those differentiated, 0 where there is none.
    pub fn states(&self) -> usize {
        let index = |symbol: &Symbol| match symbol {
            Symbol::Variable(Variable::State(index) | Variable::Derivative(index, _)) => {
                usize::from(*index) + 1
            }
            _ => 0,
        };
        self.symbols.iter().map(index).max().unwrap_or(0)
    }

    /// The value of each node from those of its operands, from the leaves to the root.
    pub(crate) fn fold<T>(&self, mut node: impl FnMut(Symbol, &[T]) -> T) -> T {
        let mut stack: Vec<T> = Vec::new();
        for &symbol in self.symbols.iter().rev() {
            // The first operand lies on top: turn them into reading order.
            let mut operands = stack.split_off(stack.len() - symbol.arity());
            operands.reverse();
            stack.push(node(symbol, &operands));
        }
        stack.pop().expect("an expression has a root")
    }

    /// The symbols of the operand that begins at `start`.
    pub(crate) fn span(&self, start: usize) -> Range<usize> {
        let mut open = 1;
        let mut end = start;
        while open > 0 {
            open = open - 1 + self.symbols[end].arity();
            end += 1;
        }
        start..end
    }

    /// The expression with each symbol replaced by another without operands, or itself.
    pub(crate) fn map_leaves(&self, leaf: impl Fn(Symbol) -> Symbol) -> Self {
        let replace = |&symbol: &Symbol| match symbol {
            Symbol::Operator(_) => symbol,
            _ => leaf(symbol),
        };
        Self {
            symbols: self.symbols.iter().map(replace).collect(),
        }
    }
}

/// A count within its limit.
pub(crate) fn limit(
    quantity: &'static str,
    found: usize,
    limit: usize,
) -> Result<(), EquationError> {
    if found <= limit {
        return Ok(());
    }
    Err(EquationError::TooLarge {
        quantity,
        found,
        limit,
    })
}

fn words(index: usize, symbol: &Symbol, expected: &str) -> EquationError {
    EquationError::Words {
        position: index + 1,
        found: format!("{symbol:?}"),
        expected: expected.to_owned(),
    }
}
