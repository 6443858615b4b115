//! Settings from a TOML file, single keys overridden on the command line, values checked.

mod keys;
mod valid;

use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::Failure;
use toml::{Table, Value};

use keys::{read_table, set, taken_out};
use valid::with_overrides;
pub use valid::{
    LARGEST_SEED, Validate, at_fault, check_counts, check_positive, check_seed, load_valid,
};

/// What can be wrong with settings; each message is one line that names the file or option and the key.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: cannot read the settings: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}: not TOML: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// An unknown key, a missing one, or a value of the wrong type.
    #[error("{path}: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// The key and what is wrong with it.
        reason: String,
    },
    /// An override is not of the form `section.key=value`.
    #[error("--set {text}: {reason}")]
    Override {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A kind of settings file of an application, with what its command does to check one. The tests read every file of `configs/`, and
/// damaged copies of them, as each of these.
#[derive(Debug, Clone, Copy)]
pub struct SettingsKind {
    /// The command that takes such a file, e.g. `turbulence train`.
    pub command: &'static str,
    /// Reads a file and checks it as far as that command does before it looks at anything else.
    pub check: fn(&Path) -> Result<(), Failure>,
}

/// Reads `path`, applies `overrides` (`section.key=value`, the value in TOML; a bare word is a string) and turns the
/// result into `T`.
///
/// # Errors
/// [`SettingsError`]; an unknown key is named beside the nearest known one.
pub fn load<T: DeserializeOwned>(path: &Path, overrides: &[String]) -> Result<T, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
        path: path.to_owned(),
        source,
    })?;
    parse(&text, path, overrides)
}

/// As [`load`], from text that came out of `path`.
///
/// # Errors
/// As [`load`].
pub fn parse<T: DeserializeOwned>(
    text: &str,
    path: &Path,
    overrides: &[String],
) -> Result<T, SettingsError> {
    let mut table: Table = text
        .parse()
        .map_err(|e: toml::de::Error| SettingsError::Syntax {
            path: path.to_owned(),
            reason: place(text, &e),
        })?;
    for text in overrides {
        set(&mut table, text).map_err(|reason| SettingsError::Override {
            text: text.clone(),
            reason,
        })?;
    }
    read_table(table, overrides).map_err(|message| SettingsError::Key {
        path: path.to_owned(),
        reason: with_overrides(&explain(&message), overrides),
    })
}

/// Whether one of the `overrides` gives `key` (`section.key`): a path that comes from there is relative to where the command was typed,
/// one of the file to the file.
pub fn is_overridden(overrides: &[String], key: &str) -> bool {
    let mut table = Table::new();
    for text in overrides {
        // What is wrong with one is said by `load`.
        let _ = set(&mut table, text);
    }
    taken_out(&mut table, key).is_some()
}

/// The `defaults` but for the keys that are given, for `#[serde(deserialize_with = ...)]` where a model's own defaults differ from
/// those of the type. A table within is replaced as a whole.
///
/// # Errors
/// That of the deserialiser for an unknown key or a value of the wrong type.
pub fn defaults_but_for<'de, T: Serialize + DeserializeOwned, D: Deserializer<'de>>(
    given: D,
    defaults: &T,
) -> Result<T, D::Error> {
    // In TOML throughout: JSON knows no infinite numbers.
    let given = Table::deserialize(given)?;
    let mut all = Table::try_from(defaults).map_err(D::Error::custom)?;
    all.extend(given);
    // Its message names the key within; `explain` puts the section in front of it.
    Value::Table(all).try_into().map_err(D::Error::custom)
}

/// Line, column and reason of a syntax error.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else {
        return error.message().to_owned();
    };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}

/// serde's message in one line, `section.key` first, with the nearest known key where an unknown one is named.
fn explain(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|l| !l.is_empty());
    let what = lines.next().unwrap_or(message).to_owned();
    // The innermost first: `defaults_but_for` reads a table within a table.
    let mut sections: Vec<&str> = lines
        .filter_map(|l| l.strip_prefix("in `")?.strip_suffix('`'))
        .collect();
    sections.reverse();
    let section = (!sections.is_empty()).then(|| sections.join("."));
    let quoted: Vec<&str> = what.split('`').skip(1).step_by(2).collect();
    let found = what
        .starts_with("unknown field")
        .then(|| quoted.first().copied())
        .flatten();
    let Some(found) = found else {
        return section.map_or_else(|| what.clone(), |s| format!("{s}: {what}"));
    };
    let key = section.map_or_else(|| found.to_owned(), |s| format!("{s}.{found}"));
    let known = &quoted[1..];
    let distance = |name: &str| strsim::damerau_levenshtein(found, name);
    let nearest = known.iter().copied().min_by_key(|name| distance(name));
    match nearest.filter(|name| distance(name) <= found.len().max(3) / 2) {
        Some(name) => format!("unknown key {key}; did you mean {name}?"),
        None => format!("unknown key {key}; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        name: String,
        training: Training,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Training {
        epochs: u32,
        learning_rate: f64,
    }

    impl Default for Training {
        fn default() -> Self {
            Self {
                epochs: 30,
                learning_rate: 5e-4,
            }
        }
    }

    const FILE: &str = "name = \"a\"\n[training]\nepochs = 3\n";

    fn read(text: &str, overrides: &[&str]) -> Result<Settings, String> {
        let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
        parse(text, Path::new("a.toml"), &overrides).map_err(|e| e.to_string())
    }

    #[test]
    fn overrides_win_and_a_bare_word_is_a_string() {
        let found = read(FILE, &["training.learning_rate=1e-3", "name=b c"]).unwrap();
        let training = Training {
            epochs: 3,
            learning_rate: 1e-3,
        };
        assert_eq!(
            found,
            Settings {
                name: "b c".into(),
                training
            }
        );
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        #[serde(alias = "frames")]
        snapshots: u32,
        #[serde(alias = "spacing")]
        interval: f64,
    }

    #[test]
    fn an_override_replaces_the_other_name_of_its_key() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Whole {
            output: Output,
        }
        let read = |overrides: &[&str]| {
            let text = "[output]\nsnapshots = 5\ninterval = 1.0";
            let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
            let read = parse::<Whole>(text, Path::new("a.toml"), &overrides);
            read.map(|w| (w.output.snapshots, w.output.interval))
                .map_err(|e| e.to_string())
        };
        assert_eq!(read(&["output.frames=3"]), Ok((3, 1.0)));
        assert_eq!(
            read(&["output.spacing=2.0", "output.frames = 4"]),
            Ok((4, 2.0))
        );
        // The last one counts, whatever it calls it.
        assert_eq!(
            read(&["output.frames=3", "output.snapshots=6"]),
            Ok((6, 1.0))
        );
        assert_eq!(
            read(&["output.snapshots=6", "output.frames=3"]),
            Ok((3, 1.0))
        );
        let file = "[output]\nsnapshots = 5\nframes = 5\ninterval = 1.0";
        let overrides = ["output.interval=2.0".to_owned()];
        let error = parse::<Whole>(file, Path::new("a.toml"), &overrides).unwrap_err();
        let message = error.to_string();
        assert!(
            message.ends_with("output: duplicate field `snapshots`"),
            "{message}"
        );
    }

    #[test]
    fn defaults_are_given_up_key_by_key_and_faults_named_by_whole_keys() {
        #[derive(Debug, Deserialize)]
        struct Run {
            #[serde(deserialize_with = "others")]
            output: Output,
        }
        #[derive(Debug, Deserialize)]
        struct Whole {
            run: Run,
        }
        fn others<'de, D: Deserializer<'de>>(given: D) -> Result<Output, D::Error> {
            let defaults = Output {
                snapshots: 7,
                interval: 0.5,
            };
            defaults_but_for(given, &defaults)
        }
        let read = |text: &str, overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
            let read = parse::<Whole>(text, Path::new("a.toml"), &overrides);
            read.map(|w| w.run.output).map_err(|e| e.to_string())
        };
        let text = "[run.output]\nsnapshots = 5";
        let found = read(text, &["run.output.interval=inf"]).unwrap();
        assert_eq!((found.snapshots, found.interval), (5, f64::INFINITY));
        for (key, message) in [
            (
                "run.output.interval=soon",
                "a.toml: (with --set run.output.interval=soon) run.output.interval: invalid type: string \"soon\", expected f64",
            ),
            (
                "run.output.intervall=1",
                "a.toml: (with --set run.output.intervall=1) unknown key run.output.intervall; did you mean interval?",
            ),
        ] {
            assert_eq!(read(text, &[key]).unwrap_err(), message);
        }
    }

    #[test]
    fn it_is_known_which_keys_the_command_line_gives() {
        let given = |overrides: &[&str]| {
            let overrides: Vec<String> = overrides.iter().map(|s| s.to_string()).collect();
            is_overridden(&overrides, "families.file")
        };
        assert!(given(&["seed=1", "families.file=u/own.toml"]));
        assert!(given(&["families = {file = \"own.toml\"}"]));
        assert!(!given(&["families.names=[]", "file=own.toml", "families"]));
        assert!(is_overridden(&["seed=1".into()], "seed"));
    }

    #[test]
    fn what_is_wrong_is_named_with_file_and_key() {
        let cases: [(&str, &[&str], &str); 7] = [
            (
                "name = 1",
                &[],
                "a.toml: name: invalid type: integer `1`, expected a string",
            ),
            (
                "nam = \"a\"",
                &[],
                "a.toml: unknown key nam; did you mean name?",
            ),
            (
                FILE,
                &["training.epoch=3"],
                "a.toml: (with --set training.epoch=3) unknown key training.epoch; did you mean epochs?",
            ),
            (
                FILE,
                &["training.x=3"],
                "unknown key training.x; known here: epochs, learning_rate",
            ),
            (
                FILE,
                &["training.epochs=many"],
                "a.toml: (with --set training.epochs=many) training.epochs: invalid type: string",
            ),
            (
                FILE,
                &["epochs"],
                "--set epochs: expected section.key=value",
            ),
            ("name = ", &[], "a.toml: not TOML: line 1, column 8"),
        ];
        for (text, overrides, expected) in cases {
            let message = read(text, overrides).unwrap_err();
            assert!(message.contains(expected), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
