//! A perturbation, however it is written.

use std::collections::BTreeSet;
use std::fmt;

/// What unperturbed cells are called in files that are written.
pub const CONTROL: &str = "control";

/// Whether unperturbed cells are usually called so, in upper or lower case.
pub(crate) fn is_usual_control(word: &str) -> bool {
    ["ctrl", CONTROL].contains(&word.to_lowercase().as_str())
}

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
        let parts = name.split('+').map(str::trim);
        Self::of(parts.filter(|part| is_known(part) || !is_usual_control(part)))
    }

    /// What a condition prints as: the word `control` alone, or names joined by `+`. No other word is control here: what is held
    /// out and what cells are called is to be the same name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn printed(text: &str) -> Result<Self, &'static str> {
        if text == CONTROL {
            return Ok(Self::control());
        }
        let parts: Vec<&str> = text.split('+').map(str::trim).collect();
        if parts.contains(&"") {
            return Err("has an empty part, expected control or names joined by +");
        }
        if parts.contains(&CONTROL) {
            return Err(
                "joins control to names, expected these alone, as `perturb prepare` writes them",
            );
        }
        Ok(Self::of(parts))
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

    #[test]
    fn what_is_printed_is_read_again_and_nothing_else_is_control() {
        let drug = Condition::of(["x_y", "CTRL"]);
        for condition in [Condition::control(), drug] {
            assert_eq!(Condition::printed(&condition.to_string()), Ok(condition));
        }
        assert_eq!(Condition::printed("B+A"), Ok(Condition::of(["A", "B"])));
        assert!(!Condition::printed("ctrl").unwrap().is_control());
        assert!(Condition::printed("A+").is_err() && Condition::printed("A+control").is_err());
    }
}
