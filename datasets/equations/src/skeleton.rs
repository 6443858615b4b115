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

/// The items with a form that none before them has; those with none are left out. Equations of one form have the same best
/// constants: one fit finds those of all.
pub fn distinct_forms<T>(
    items: impl IntoIterator<Item = T>,
    form: impl Fn(&T) -> Option<System>,
) -> impl Iterator<Item = T> {
    let mut forms: Vec<System> = Vec::new();
    items.into_iter().filter(move |item| {
        let Some(form) = form(item) else {
            return false;
        };
        let is_new = !forms.contains(&form);
        if is_new {
            forms.push(form);
        }
        is_new
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_form_stays() {
        let systems = ["2.0 x", "3 x", "x + 1", "", "x + 2.5"];
        let form = |text: &&str| text.parse::<System>().ok().map(|system| system.skeleton());
        let found: Vec<&str> = distinct_forms(systems, form).collect();
        assert_eq!(found, ["2.0 x", "x + 1"]);
    }
}
