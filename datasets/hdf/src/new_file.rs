//! Whether a file may be written, asked before anything is computed for it.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why no file may be written; each message is one line that names the path.
#[derive(Debug, Error)]
pub enum NewFileError {
    /// Something is there already.
    #[error("{path}: exists already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Its folder is missing.
    #[error("{path}: cannot write: there is no folder {folder}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
}

/// Checks that `path` is free, or its file to be replaced, and that its folder is there. What a person can do about it is told by
/// whoever knows the options: `rheome_cli::outputs`.
///
/// ```
/// use rheome_hdf::{NewFileError, check_new_file};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("a.h5");
/// check_new_file(&path, false).unwrap();
/// std::fs::write(&path, "precious").unwrap();
/// assert!(matches!(check_new_file(&path, false), Err(NewFileError::Exists { .. })));
/// check_new_file(&path, true).unwrap();
/// ```
///
/// # Errors
/// [`NewFileError`].
pub fn check_new_file(path: &Path, overwrite: bool) -> Result<(), NewFileError> {
    if path.exists() && !overwrite {
        return Err(NewFileError::Exists {
            path: path.to_owned(),
        });
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Ok(()),
        false => Err(NewFileError::Folder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = check_new_file(Path::new("/nonexistent-folder/a.h5"), true).unwrap_err();
        let message =
            "/nonexistent-folder/a.h5: cannot write: there is no folder /nonexistent-folder";
        assert_eq!(error.to_string(), message);
        check_new_file(Path::new("a-file-of-no-test.h5"), false).unwrap();
    }
}
