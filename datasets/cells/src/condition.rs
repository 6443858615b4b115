//! A perturbation, however it is written.

use std::collections::BTreeSet;
use std::fmt;

/// What unperturbed cells are called in files that are written.
pub const CONTROL: &str = "control";

/// What was done to a cell: nothing, or genes perturbed (or drugs given) one or several at a time, in no order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Condition {
    targets: BTreeSet<String>,
}

impl Condition {
    /// Nothing was done.
    pub fn control() -> Self {
        Self::default()
    }

    /// These genes were perturbed (or drugs given).
    pub fn of<S: Into<String>>(targets: impl IntoIterator<Item = S>) -> Self {
        Self {
            targets: targets.into_iter().map(Into::into).collect(),
        }
    }

    /// What a person wrote: names in any order with `+` between them, "control" or "ctrl" beside them or alone. A gene (or
    /// drug) may have such a name: what `is_known` is not control.
    pub fn written(name: &str, is_known: impl Fn(&str) -> bool) -> Self {
        let is_control = |part: &str| ["control", "ctrl"].contains(&part.to_lowercase().as_str());
        let parts = name.split('+').map(str::trim);
        Self::of(parts.filter(|part| is_known(part) || !is_control(part)))
    }

    /// Whether nothing was done.
    pub fn is_control(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether two genes or more were perturbed together.
    pub fn is_combination(&self) -> bool {
        self.targets.len() > 1
    }

    /// Names of the genes or drugs, in order.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(String::as_str)
    }

    /// How many there are.
    pub fn n_targets(&self) -> usize {
        self.targets.len()
    }

    /// Whether this was perturbed.
    pub fn has(&self, target: &str) -> bool {
        self.targets.contains(target)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if self.is_control() {
            return write!(out, "{CONTROL}");
        }
        for (i, target) in self.targets().enumerate() {
            write!(out, "{}{target}", if i > 0 { "+" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter() {
        let pair = Condition::of(["KLF1", "CEBPA"]);
        assert_eq!(pair, Condition::of(["CEBPA", "KLF1"]));
        assert_eq!(pair.to_string(), "CEBPA+KLF1");
        assert!(pair.is_combination() && pair.has("KLF1") && !pair.is_control());
        assert_eq!(Condition::control().to_string(), "control");
    }
}
