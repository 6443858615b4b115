//! Systems: the right-hand sides of du/dt = f(t, u), one expression a component; or, where fields are concerned, the expressions
//! of values and partial derivatives that vanish, one an equation.

use crate::error::EquationError;
use crate::expression::{Expression, limit};
use crate::symbol::Symbol;

/// Most components a system may have.
pub const MAX_COMPONENTS: usize = 64;

/// The right-hand sides of du/dt = f(t, u), component by component; or, for fields, what vanishes, equation by equation.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    components: Vec<Expression>,
}

impl System {
    /// The system of these right-hand sides.
    ///
    /// # Errors
    /// Where there is none, or more than [`MAX_COMPONENTS`].
    pub fn new(components: Vec<Expression>) -> Result<Self, EquationError> {
        if components.is_empty() {
            return Err(EquationError::Unsuitable {
                context: "system".to_owned(),
                found: "no component".to_owned(),
                expected: "at least one".to_owned(),
            });
        }
        limit("components", components.len(), MAX_COMPONENTS)?;
        Ok(Self { components })
    }

    /// The right-hand sides.
    pub fn components(&self) -> &[Expression] {
        &self.components
    }

    /// Number of components.
    pub fn dimension(&self) -> usize {
        self.components.len()
    }

    /// Whether all its numbers are known: no placeholder is among its symbols.
    pub fn is_known(&self) -> bool {
        let mut symbols = self.components.iter().flat_map(Expression::symbols);
        !symbols.any(|symbol| *symbol == Symbol::Placeholder)
    }

    /// The system with each right-hand side replaced.
    pub(crate) fn map(&self, component: impl FnMut(&Expression) -> Expression) -> Self {
        Self {
            components: self.components.iter().map(component).collect(),
        }
    }

    /// The system with one right-hand side replaced.
    pub(crate) fn replace(&self, index: usize, component: Expression) -> Self {
        let mut components = self.components.clone();
        components[index] = component;
        Self { components }
    }

    /// Fails where the right-hand sides refer to states the system does not have.
    pub fn check_closed(&self) -> Result<(), EquationError> {
        for (index, component) in self.components.iter().enumerate() {
            if component.states() > self.dimension() {
                return Err(EquationError::Unsuitable {
                    context: format!("component {index}"),
                    found: format!("u_{}", component.states() - 1),
                    expected: format!("states u_0 to u_{}", self.dimension() - 1),
                });
            }
        }
        Ok(())
    }
}
