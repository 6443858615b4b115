//! Axes that a file names, held against the order in which fields are read.

use crate::error::FieldError;

/// The order of the axes of a field.
const ORDER: [&str; 6] = ["trajectory", "time", "x", "y", "z", "component"];

/// How many of them, the first, may be missing; the others have the same place from the end, whatever the rank.
const OUTER: usize = 2;

/// What the numbers of a dataset are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axes {
    /// `[x, y, z, component]` behind time and trajectory, if these are there.
    Components,
    /// `[x, y, z]` behind them: one component.
    Scalar,
}

impl Axes {
    /// The order, as far as these axes have it.
    fn order(self) -> &'static [&'static str] {
        match self {
            Self::Components => &ORDER,
            Self::Scalar => &ORDER[..ORDER.len() - 1],
        }
    }

    /// The extents with a component in them.
    pub fn with_component(self, extents: &[usize]) -> Vec<usize> {
        let one = (self == Self::Scalar).then_some(1);
        extents.iter().copied().chain(one).collect()
    }

    /// Whether the axes stand in the order in which they are read, as far as they have names that are known: an array in another
    /// order is read as another flow.
    ///
    /// # Errors
    /// [`FieldError::Shape`] with both orders.
    pub fn check(self, found: &[Option<String>], label: &str) -> Result<(), FieldError> {
        let order = self.order();
        let place = |name: &str| order.iter().position(|n| n.eq_ignore_ascii_case(name));
        let mut before = None;
        let is_ordered = found.iter().enumerate().all(|(axis, name)| {
            let Some(name) = name else {
                return true;
            };
            let Some(place) = place(name) else {
                // A component where none is to be.
                return !ORDER.iter().any(|n| n.eq_ignore_ascii_case(name));
            };
            let rises = before.is_none_or(|b| b < place);
            before = Some(place);
            rises && (place < OUTER || found.len() - axis == order.len() - place)
        });
        if is_ordered {
            return Ok(());
        }
        let names: Vec<&str> = found.iter().map(|n| n.as_deref().unwrap_or("?")).collect();
        let expected = &order[order.len().saturating_sub(found.len())..];
        let quoted: Vec<String> = expected.iter().map(|n| format!("{n:?}")).collect();
        Err(FieldError::Shape {
            label: label.into(),
            found: format!("the axes ({})", names.join(", ")),
            expected: format!(
                "({}); in Python: data.transpose({}); components in datasets of their own are read together as FILE:u,v,w",
                expected.join(", "),
                quoted.join(", ")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(axes: Axes, names: &str) -> Result<(), String> {
        let names: Vec<Option<String>> = names
            .split(' ')
            .map(|name| (name != "?").then(|| name.to_owned()))
            .collect();
        axes.check(&names, "a.nc:velocity")
            .map_err(|e| e.to_string())
    }

    #[test]
    fn axes_in_order_and_without_known_names_pass() {
        for names in [
            "x y z component",
            "time x y z component",
            "trajectory time x y z component",
            "trajectory x y z component",
            "sample X Y Z channel",
            "? ? ? ? ?",
            "phony_dim_0 x y z ?",
        ] {
            check(Axes::Components, names).unwrap();
        }
        for names in ["x y z", "time x y z", "trajectory time x y z"] {
            check(Axes::Scalar, names).unwrap();
        }
    }

    #[test]
    fn axes_in_another_order_are_told_with_the_remedy() {
        for names in [
            "time z y x component",
            "time component x y z",
            "time trajectory x y z component",
            "x time y z component",
            "time x y z",
            "? z y x ?",
            "y ? z component",
            "time x ? y z component",
        ] {
            let line = check(Axes::Components, names).unwrap_err();
            let found = names.replace(' ', ", ");
            assert!(line.contains(&format!("axes ({found})")), "{line}");
            assert!(
                line.contains("\"x\", \"y\", \"z\", \"component\")"),
                "{line}"
            );
        }
        for names in ["time z y x", "x y z component", "time x y z component"] {
            check(Axes::Scalar, names).unwrap_err();
        }
    }
}
