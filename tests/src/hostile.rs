//! Files and texts that are damaged, or made to do harm: what reads them must answer with an error that names the place, without a
//! panic and without memory for what a header merely claims.
//!
//! A [`Target`] is a kind of input with what reads it; [`mutated`] makes hostile inputs out of the valid ones of
//! `tests/fuzz/corpus`, always the same of the same number. The test `hostile` runs some thousands of them; `tests/fuzz` hands the
//! same targets to libFuzzer.

mod mutations;
mod targets;

use std::path::{Path, PathBuf};

pub use mutations::mutated;
pub use targets::{Outcome, Target};

/// The valid inputs of a target, by their names.
///
/// # Panics
/// If there are none.
pub fn corpus(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in target.folders() {
        gather(&root.join(folder), target, &mut files);
    }
    files.sort();
    assert!(!files.is_empty(), "{}: no corpus", target.name());
    files
}

fn gather(folder: &Path, target: Target, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the corpus") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, target, files);
        } else if target.takes(&path) {
            let content = std::fs::read(&path).expect("a readable file");
            files.push((path, content));
        }
    }
}
