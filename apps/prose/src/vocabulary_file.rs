//! `vocabulary.json` of a model folder: the words of the equations, in the order of their ids.
//!
//! `{"dimension": 3, "words": ["<BOS>", ...]}`. A word that is there twice has the later id. The words follow from the
//! dimension; the file is for whoever uses the weights without this program, and for telling when the two no longer agree.

use std::path::Path;

use rheome_cli::model_folder::VOCABULARY;
use rheome_cli::{Failure, files};
use rheome_equations::Vocabulary;
use serde::{Deserialize, Serialize};

/// What the file holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VocabularyFile {
    /// Components of the largest system.
    dimension: usize,
    /// Words by id.
    words: Vec<String>,
}

impl VocabularyFile {
    fn of(vocabulary: &Vocabulary) -> Self {
        Self {
            dimension: vocabulary.dimension(),
            words: vocabulary.words().to_vec(),
        }
    }
}

/// Writes the vocabulary into a model folder.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn save(vocabulary: &Vocabulary, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(VOCABULARY);
    let text = serde_json::to_vec_pretty(&VocabularyFile::of(vocabulary))?;
    files::write(&path, text)
}

/// Fails where the file at `path` holds other words than `vocabulary`.
///
/// # Errors
/// [`Failure`] naming the file and the first word that differs.
pub fn check(vocabulary: &Vocabulary, path: &Path) -> Result<(), Failure> {
    let wrong = |reason: String| Failure::new(format!("{}: {reason}", path.display()));
    let found: VocabularyFile = files::read_json(path)?;
    let expected = VocabularyFile::of(vocabulary);
    if found == expected {
        return Ok(());
    }
    let mut pairs = found.words.iter().zip(&expected.words);
    let reason = match pairs.position(|(a, b)| a != b) {
        Some(id) => format!(
            "id {id}: found {:?}, expected {:?}",
            found.words[id], expected.words[id]
        ),
        None => format!(
            "found {} words of dimension {}, expected {} of dimension {}",
            found.words.len(),
            found.dimension,
            expected.words.len(),
            expected.dimension
        ),
    };
    Err(wrong(format!("{reason}, as config.toml implies")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_were_written_are_recognised_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(VOCABULARY);
        let of = |dimension| Vocabulary::new(dimension).unwrap();
        save(&of(3), folder.path()).unwrap();
        check(&of(3), &path).unwrap();
        let other = check(&of(5), &path).unwrap_err();
        let line = other.line();
        assert!(
            line.contains("vocabulary.json: id ") && line.contains("\"u_3\""),
            "{line}"
        );
        std::fs::write(&path, "{}").unwrap();
        assert!(check(&of(3), &path).is_err());
    }
}
