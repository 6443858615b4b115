//! What can go wrong with equations and their data.

use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with an equation; each message is one line.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EquationError {
    /// A formula cannot be read.
    #[error("formula, character {position}: found {found}, expected {expected}")]
    Formula {
        /// Where, counted in characters from 1.
        position: usize,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A list of words is no expression.
    #[error("word {position}: found {found}, expected {expected}")]
    Words {
        /// Which word, counted from 1.
        position: usize,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A word has no id.
    #[error(
        "word {word:?} is not in the vocabulary of equations with at most {dimension} components"
    )]
    UnknownWord {
        /// The word.
        word: String,
        /// The dimension of the vocabulary.
        dimension: usize,
    },
    /// An id has no word.
    #[error("id {id} is not in the vocabulary: expected less than {size}")]
    UnknownId {
        /// The id.
        id: u32,
        /// Ids of the vocabulary.
        size: usize,
    },
    /// An expression grew beyond a limit.
    #[error("expression: found {found} {quantity}, expected at most {limit}")]
    TooLarge {
        /// What is counted.
        quantity: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An expression has a part that cannot be evaluated or used where it stands.
    #[error("{context}: found {found}, expected {expected}")]
    Unsuitable {
        /// Where it stands.
        context: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A file of families cannot be used.
    #[error("{origin}: {reason}")]
    Families {
        /// Name of the file.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An equation could not be integrated.
    #[error("integration of {family}: {reason}")]
    Integration {
        /// Name of the family.
        family: String,
        /// What the solver said.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A dataset of a data file, or a column of a series, is not as it should be.
    #[error("{}: {place}: found {found}, expected {expected}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// The dataset, attribute, line or column.
        place: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
}
