//! Values of settings, checked. What is wrong with one is told with the file it stands in, or the option that set it.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::load;
use crate::Failure;

/// Settings that know which of their values cannot work.
pub trait Validate {
    /// Checks all values; what depends on the data is checked when these are opened.
    ///
    /// # Errors
    /// [`Failure`] that begins with the whole key of the first value that cannot work: `model.heads: found 0, expected …`.
    fn validate(&self) -> Result<(), Failure>;
}

/// As [`load`], and checks the values.
///
/// # Errors
/// [`SettingsError`](super::SettingsError), or a [`Failure`] naming the file and the key whose value cannot work, and the `--set`
/// it came from.
pub fn load_valid<T: DeserializeOwned + Validate>(
    path: &Path,
    overrides: &[String],
) -> Result<T, Failure> {
    let settings: T = load(path, overrides)?;
    settings
        .validate()
        .map_err(|failure| at_fault(path, overrides, failure))?;
    Ok(settings)
}

/// What is wrong with the settings of `path` with `overrides`: the failure of a check, whose line names the key.
pub fn at_fault(path: &Path, overrides: &[String], failure: impl Into<Failure>) -> Failure {
    let failure = failure.into();
    let reason = with_overrides(failure.line(), overrides);
    Failure::new(format!("{}: {reason}", path.display()))
}

/// A reason, behind the overrides that it may be about: values of the file are not to be blamed for what came from an option.
pub(super) fn with_overrides(reason: &str, overrides: &[String]) -> String {
    let key = |text: &str| text.split('=').next().unwrap_or(text).trim().to_owned();
    // Of several for one key the last counts.
    let counts = |place: usize| {
        let later = &overrides[place + 1..];
        later.iter().all(|text| key(text) != key(&overrides[place]))
    };
    let concerned: Vec<&str> = (0..overrides.len())
        .filter(|place| counts(*place))
        .map(|place| overrides[place].as_str())
        .filter(|text| concerns(reason, &key(text)))
        .collect();
    match concerned.as_slice() {
        [] => reason.to_owned(),
        some => format!("(with --set {}) {reason}", some.join(" --set ")),
    }
}

/// Whether a reason names a key, a section that it is in, or a key within it; or, as in "expected a divisor of width", its last part.
fn concerns(reason: &str, key: &str) -> bool {
    let is_within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let last = key.rsplit('.').next().unwrap_or(key);
    reason
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty())
        .any(|word| word == last || is_within(key, word) || is_within(word, key))
}

/// The largest seed: up to it every format and every number type of the files holds it exactly.
pub const LARGEST_SEED: u64 = 1 << 53;

/// Whether a seed of the settings can be stored.
///
/// # Errors
/// [`Failure`] naming the key.
pub fn check_seed(key: &str, seed: u64) -> Result<(), Failure> {
    if seed <= LARGEST_SEED {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{key}: found {seed}, expected at most {LARGEST_SEED}"
    )))
}

/// Whether counts of the settings, named by their keys, are 1 or more.
///
/// # Errors
/// [`Failure`] naming the first key whose value is 0.
pub fn check_positive(counts: &[(&str, u64)]) -> Result<(), Failure> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some((key, _)) => Err(Failure::new(format!("{key}: found 0, expected 1 or more"))),
        None => Ok(()),
    }
}

/// So many things, e.g. snapshots of all trajectories, a command keeps account of.
const MOST: usize = 1 << 24;

/// Whether counts of the settings, named by their keys, are 1 or more each, and at most 16777216 multiplied with each other: there is
/// memory for so many, e.g. for the snapshots of all trajectories.
///
/// # Errors
/// [`Failure`] naming the first key whose value is 0, or with which there are too many.
pub fn check_counts(counts: &[(&str, usize)]) -> Result<(), Failure> {
    let mut product = 1_usize;
    for (place, (key, count)) in counts.iter().enumerate() {
        if *count == 0 {
            return Err(Failure::new(format!("{key}: found 0, expected 1 or more")));
        }
        product = product.saturating_mul(*count);
        if product > MOST {
            let before = counts[..place].iter();
            let before: String = before
                .map(|(key, count)| format!(" times {key} = {count}"))
                .collect();
            return Err(Failure::new(format!(
                "{key}: found {count}{before}, expected at most {MOST} in all"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Settings {
        training: Training,
    }

    #[derive(Debug, Deserialize)]
    struct Training {
        steps: u64,
        validate_every: u64,
    }

    impl Validate for Settings {
        fn validate(&self) -> Result<(), Failure> {
            let Training {
                steps,
                validate_every,
            } = self.training;
            check_positive(&[("training.validate_every", validate_every)])?;
            if steps.is_multiple_of(validate_every) {
                return Ok(());
            }
            Err(Failure::new(format!(
                "training.steps: found {steps}, expected a multiple of training.validate_every = {validate_every}"
            )))
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_file_and_the_option_that_set_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, "[training]\nsteps = 10\nvalidate_every = 5\n").unwrap();
        let read = |overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
            let read = load_valid::<Settings>(&path, &overrides);
            read.map_err(|failure| {
                let line = failure.line().to_owned();
                let line = line.strip_prefix(&format!("{}: ", path.display()));
                line.expect("the file comes first").to_owned()
            })
        };
        read(&[]).unwrap();
        read(&["training.steps=15"]).unwrap();
        let cases: [(&[&str], &str); 4] = [
            (
                &["training.steps=5", "training.steps=12"],
                "(with --set training.steps=12) training.steps: found 12, expected",
            ),
            (
                &["training.validate_every=0"],
                "(with --set training.validate_every=0) training.validate_every: found 0, expected 1 or more",
            ),
            (
                &["training.other=1", "training.validate_every = 4"],
                "(with --set training.validate_every = 4) training.steps: found 10, expected a multiple of training.validate_every = 4",
            ),
            (
                &["seed=1", "training.steps=11", "training.validate_every=4"],
                "(with --set training.steps=11 --set training.validate_every=4) training.steps: found 11, expected",
            ),
        ];
        for (overrides, expected) in cases {
            let line = read(overrides).unwrap_err();
            assert!(line.starts_with(expected), "{line}");
        }
        std::fs::write(&path, "[training]\nsteps = 11\nvalidate_every = 5\n").unwrap();
        let line = read(&["training.other=1"]).unwrap_err();
        assert!(line.starts_with("training.steps: found 11"), "{line}");
    }

    #[test]
    fn counts_are_bounded_together() {
        check_counts(&[("a", 1 << 12), ("b", 1 << 12)]).unwrap();
        for (counts, expected) in [
            ([("a", 0), ("b", 1)], "a: found 0, expected 1 or more"),
            (
                [("a", 1 << 25), ("b", 1)],
                "a: found 33554432, expected at most 16777216 in all",
            ),
            (
                [("a", 1 << 24), ("b", 1 << 24)],
                "b: found 16777216 times a = 16777216, expected at most 16777216 in all",
            ),
        ] {
            assert_eq!(check_counts(&counts).unwrap_err().line(), expected);
        }
    }

    #[test]
    fn a_reason_concerns_keys_sections_and_last_parts() {
        assert!(concerns(
            "model.heads: found 3, expected a divisor of width = 16",
            "model.width"
        ));
        assert!(concerns(
            "training.optimizer: invalid type",
            "training.optimizer.kind"
        ));
        assert!(concerns(
            "training.optimizer.kind: found 1",
            "training.optimizer"
        ));
        assert!(!concerns("model.heads: found 3", "training.epochs"));
        assert!(!concerns("model.heads_2: found 3", "model.heads"));
    }
}
