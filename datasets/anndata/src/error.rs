//! What can go wrong with an AnnData file.

use std::fmt;
use std::path::{Path, PathBuf};

use rheome_hdf::NewFileError;
use thiserror::Error;

/// What can go wrong with an AnnData file; each message is one line that names the file, the place in it and the fault.
#[derive(Debug, Error)]
pub enum AnnDataError {
    /// The system refuses to read or write.
    #[error("{path}: cannot {action}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no AnnData file, or something in it is damaged or of an encoding that is not read.
    #[error("{path}: {place}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The group or dataset.
        place: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// A column, layer or other key that was asked for is not there.
    #[error("{0}")]
    Missing(Box<MissingKey>),
    /// A dataset is compressed in a way that this build cannot undo.
    #[error(
        "{path}: {place}: compressed with the filter {filter}, which is not built in; write the file with gzip or lzf, in Python: \
         adata.write_h5ad(..., compression=\"gzip\")"
    )]
    Filter {
        /// The file.
        path: PathBuf,
        /// The dataset.
        place: String,
        /// Name and number of the filter.
        filter: String,
    },
    /// Something has another shape or length than it needs.
    #[error("{path}: {place}: found {found}, expected {expected}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// The group or dataset.
        place: String,
        /// What was found, in words.
        found: String,
        /// What was expected, in words.
        expected: String,
    },
    /// Rows or columns outside a matrix are asked for.
    #[error(
        "{path}: {place}: {what} {found} asked for, but there are {available} (counted from 0)"
    )]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// The matrix.
        place: String,
        /// `row` or `column`.
        what: &'static str,
        /// What was asked for.
        found: usize,
        /// How many there are.
        available: usize,
    },
    /// Something that is to be written cannot be.
    #[error("{place}: {reason}")]
    Content {
        /// What it is, e.g. `column "batch"`.
        place: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// The output is there already, or its folder is not.
    #[error(transparent)]
    NewFile(#[from] NewFileError),
}

/// A key that was asked for and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingKey {
    /// The file.
    pub path: PathBuf,
    /// What was looked in, e.g. `obs`.
    pub group: String,
    /// What was looked for, e.g. `column`.
    pub what: &'static str,
    /// Its name.
    pub key: String,
    /// What is there instead: the nearest name first, or, where none is near, as the file has them.
    pub there: Vec<String>,
    /// The option that names another key, e.g. `--pert-col`.
    pub option: Option<String>,
}

/// Names told at most: a table of genes may have thousands of columns.
const MOST_NAMES: usize = 20;

/// The first names in quotes, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).map(|n| format!("{n:?}"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Whether a name may be meant by `key`: one is inside the other, or at most half of its letters are others.
fn is_near(key: &str, name: &str) -> bool {
    let (key, name) = (key.to_lowercase(), name.to_lowercase());
    let inside = !key.is_empty() && (name.contains(&key) || key.contains(&name));
    inside || strsim::damerau_levenshtein(&key, &name) <= key.chars().count().max(3) / 2
}

impl fmt::Display for MissingKey {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            group, what, key, ..
        } = self;
        write!(
            out,
            "{}: no {what} {key:?} in {group}; ",
            self.path.display()
        )?;
        let plural = match *what {
            "key" => "keys",
            "layer" => "layers",
            _ => "columns",
        };
        match self.there.as_slice() {
            [] => write!(out, "there are no {plural}")?,
            [only] => write!(out, "the only one is {only:?}")?,
            [nearest, others @ ..] if is_near(key, nearest) => write!(
                out,
                "the nearest of its {plural} is {nearest:?}, the others are {}",
                listed(others)
            )?,
            all => write!(out, "its {plural} are {}", listed(all))?,
        }
        match &self.option {
            Some(option) => write!(out, "; name another with {option}"),
            None => Ok(()),
        }
    }
}

/// Sorts names by how much they are like `key`, whatever the case: what to tell a user whose name is not there.
pub fn nearest_first(key: &str, mut names: Vec<String>) -> Vec<String> {
    let key = key.to_lowercase();
    names.sort_by_cached_key(|name| {
        let name = name.to_lowercase();
        // One name inside the other is nearer than any number of different letters.
        let inside = !key.is_empty() && (name.contains(&key) || key.contains(&name));
        (!inside, strsim::damerau_levenshtein(&name, &key))
    });
    names
}

impl AnnDataError {
    /// Adds how to name another key, where a key is missing: `named_by("--pert-col")`.
    pub fn named_by(self, option: &str) -> Self {
        match self {
            Self::Missing(mut missing) => {
                missing.option = Some(option.into());
                Self::Missing(missing)
            }
            other => other,
        }
    }

    pub(crate) fn missing(
        path: &Path,
        group: &str,
        what: &'static str,
        key: &str,
        there: Vec<String>,
    ) -> Self {
        let near = there.iter().any(|name| is_near(key, name));
        let there = if near {
            nearest_first(key, there)
        } else {
            there
        };
        Self::Missing(Box::new(MissingKey {
            path: path.to_owned(),
            group: group.into(),
            what,
            key: key.into(),
            there,
            option: None,
        }))
    }

    pub(crate) fn file(path: &Path, action: &'static str, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            action,
            source,
        }
    }

    pub(crate) fn content(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Content {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(key: &str, there: &[&str]) -> AnnDataError {
        let there = there.iter().map(|s| s.to_string()).collect();
        AnnDataError::missing(Path::new("cells.h5ad"), "obs", "column", key, there)
    }

    #[test]
    fn the_nearest_name_comes_first() {
        let error = missing("condition", &["batch", "n_counts", "Conditions"]);
        assert_eq!(
            error.named_by("--pert-col").to_string(),
            "cells.h5ad: no column \"condition\" in obs; the nearest of its columns is \"Conditions\", the others are \"batch\", \
             \"n_counts\"; name another with --pert-col"
        );
    }

    #[test]
    fn nothing_there_is_said_and_much_is_cut() {
        assert!(
            missing("a", &[])
                .to_string()
                .ends_with("there are no columns")
        );
        let many: Vec<String> = (0..100).map(|i| format!("gene{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(missing("gene", &many).to_string().ends_with("and 79 more"));
        assert!(missing("a", &many).to_string().ends_with("and 80 more"));
    }

    #[test]
    fn a_name_that_is_not_near_is_not_called_the_nearest() {
        let error = missing("condition", &["n_counts", "mito", "batch"]).to_string();
        let expected = "cells.h5ad: no column \"condition\" in obs; its columns are \"n_counts\", \"mito\", \"batch\"";
        assert_eq!(error, expected);
    }
}
