//! Skeletons: equations without their numbers, the symbols that the network is given.

use crate::expression::Expression;
use crate::symbol::Symbol;
use crate::system::System;

impl Expression {
    /// The expression with every number and integer replaced by a placeholder.
    pub fn skeleton(&self) -> Self {
        self.map_leaves(|symbol| match symbol.value() {
            Some(_) => Symbol::Placeholder,
            None => symbol,
        })
    }
}

impl System {
    /// The system with every number and integer replaced by a placeholder.
    pub fn skeleton(&self) -> Self {
        self.map(Expression::skeleton)
    }
}
