//! The repository's own files, for tests that hold them to its rules.

use std::path::Path;

/// Tells every file under a folder of the workspace, but for those of `tests/fuzz`, which is no part of it.
///
/// # Panics
/// If a folder cannot be read.
pub fn each_file(folder: &Path, tell: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        match path.is_dir() && !path.ends_with("fuzz") {
            true => each_file(&path, tell),
            false => tell(&path),
        }
    }
}
