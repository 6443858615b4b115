//! Formulas as people write them.
//!
//! `-0.185*u_0 + sin(u_1)`, `sigma (y - x)`, `2x^2 - 1/z`, `\frac{x y}{3}`, `dx/dt = y; dy/dt = -x`: what the printers of this
//! crate print, what SymPy prints, the LaTeX of these, and the authors' infix words (`u_0 add u_1`) are read alike.
//!
//! - States are `u_0`, `u_1`, … or, up to four, `x`, `y`, `z`, `w`; coordinates in space are `x_0`, …; the time is `t`.
//! - Partial derivatives of components of fields are `u_0_t`, `u_0_x`, `u_{0,xx}`, …; x and y in them are x_0 and x_1.
//! - `*`, `·`, `\cdot` or nothing multiplies. `1/2x` is (1/2) x. `-x^2` is -(x^2). `sin^2(x)` is (sin x)^2.
//! - Powers are whole numbers: x^2 has a word of its own, x^3 is x (x x), x^-1 is 1/x.
//! - `3` is an integer, `3.0` a number (they have different words); `C` is a number that is not known.
//! - Components are joined by `|`, `;` or a line break; a left-hand side (`dx/dt =`, `x' =`, `\dot{x} =`) names the component.

mod lexer;
mod names;
mod order;
mod parser;
mod system;

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::error::EquationError;
use crate::expression::Expression;
use crate::system::System;

pub(crate) use names::place_of;
pub use names::words_among;
pub use order::{Mention, order_of_names};

/// Values of the names in a formula that are no variables.
pub type Parameters = BTreeMap<String, f64>;

impl Expression {
    /// Reads a formula; `parameters` gives the values of further names, and hides variables of the same name.
    ///
    /// # Errors
    /// Names the first character that cannot be understood, or the limit exceeded.
    pub fn parse(formula: &str, parameters: &Parameters) -> Result<Self, EquationError> {
        let tokens = lexer::tokens(formula)?;
        parser::expression(&tokens, parameters)
    }
}

impl System {
    /// Reads formulas joined by `|`, `;` or line breaks, with or without left-hand sides.
    ///
    /// # Errors
    /// Names the first character that cannot be understood, or the component that is missing or given twice.
    pub fn parse(formulas: &str, parameters: &Parameters) -> Result<Self, EquationError> {
        let tokens = lexer::tokens(formulas)?;
        system::system(&tokens, parameters)
    }

    /// As [`Self::parse`], for the components of a series with these names: a name is the state that it has, also where `x`, `y`, `z` or `w`
    /// would be another one, in capital letters or small ones.
    ///
    /// # Errors
    /// As [`Self::parse`], and for `x`, `y`, `z`, `w`, `u_0`, … that are no names but by their place stand for a component which is called by
    /// another of these.
    pub fn parse_with_names(
        formulas: &str,
        parameters: &Parameters,
        names: &[String],
    ) -> Result<Self, EquationError> {
        let tokens = names::resolved(lexer::tokens(formulas)?, names, parameters)?;
        system::system(&tokens, parameters)
    }

    /// The right-hand sides with the names of a series' components, where numbers of their places would mean others to
    /// [`Self::parse_with_names`], or none: of the components `u_1` and `u_2`, `u_1` is the first. None where numbers mean what they say, and
    /// where a name cannot stand in a formula.
    pub fn with_own_names(&self, names: &[String]) -> Option<Vec<String>> {
        if !names::are_renumbered(names) {
            return None;
        }
        let formulas = self.formulas_with(names);
        let read = Self::parse_with_names(&formulas.join(" | "), &Parameters::new(), names);
        (read.as_ref() == Ok(self)).then_some(formulas)
    }
}

impl FromStr for Expression {
    type Err = EquationError;

    fn from_str(formula: &str) -> Result<Self, EquationError> {
        Self::parse(formula, &Parameters::new())
    }
}

impl FromStr for System {
    type Err = EquationError;

    fn from_str(formulas: &str) -> Result<Self, EquationError> {
        Self::parse(formulas, &Parameters::new())
    }
}
