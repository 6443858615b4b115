//! Reading and writing whole files, where a failure names the file and what was tried.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rheome_atomic::write_atomically;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// That a file or folder cannot be read, written, created, ...: what `action` says.
///
/// ```
/// use std::path::Path;
///
/// use rheome_cli::files;
///
/// let explain = files::cannot("write", Path::new("a.csv"));
/// assert_eq!(explain("disk full").line(), "a.csv: cannot write: disk full");
/// ```
pub fn cannot<E: Display>(action: &'static str, path: &Path) -> impl Fn(E) -> Failure {
    move |reason| Failure::new(format!("{}: cannot {action}: {reason}", path.display()))
}

/// The bytes of a file.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(cannot("read", path))
}

/// The bytes of a file, if there is one.
///
/// # Errors
/// [`Failure`] naming a file that is there and cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path)(error)),
    }
}

/// What a JSON file holds.
///
/// # Errors
/// [`Failure`] naming a file that cannot be read, or holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = read(path)?;
    serde_json::from_slice(&text).map_err(|e| Failure::new(format!("{}: {e}", path.display())))
}

/// Removes the files of these that are there: what an earlier run left beside results that this one replaces would be taken for its own.
///
/// # Errors
/// [`Failure`] naming a file that stays.
pub fn remove_older(files: impl IntoIterator<Item = PathBuf>) -> Result<(), Failure> {
    for file in files {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(cannot("remove what an earlier run left", &file)(error));
            }
            _ => (),
        }
    }
    Ok(())
}

/// Writes a file, or replaces it as a whole.
///
/// # Errors
/// [`Failure`] naming the file; the old one is then untouched.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    write_atomically(path, bytes.as_ref()).map_err(cannot("write", path))
}

/// [`write()`]s a value as JSON in one line.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    write(
        path,
        serde_json::to_vec(value).map_err(cannot("write", path))?,
    )
}

/// Creates a folder and those it is in, where they are missing.
///
/// # Errors
/// [`Failure`] naming the folder.
pub fn create_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(cannot("create", path))
}

/// The name `path` with `ending` behind it: what lies beside an output and belongs to it.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Removes a folder and all that is in it, if it is there, and nobody needs it any more: one that cannot be removed does no harm.
pub fn discard_folder(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert_eq!(read_if_there(&path).unwrap(), None);
        let line = read(&path).unwrap_err();
        assert!(line.line().contains("a.json: cannot read: "), "{line:?}");
        write_json(&path, &[1, 2]).unwrap();
        assert_eq!(read_if_there(&path).unwrap(), Some(b"[1,2]".to_vec()));
        assert_eq!(read_json::<[u8; 2]>(&path).unwrap(), [1, 2]);
        let line = read_json::<String>(&path).unwrap_err();
        assert!(line.line().contains("a.json: invalid type"), "{line:?}");
        // A folder is there, but no file to read.
        let line = read_if_there(folder.path()).unwrap_err();
        assert!(line.line().contains(": cannot read: "), "{line:?}");
        let line = write(&folder.path().join("no/a.json"), "").unwrap_err();
        assert!(
            line.line().contains("no/a.json: cannot write: "),
            "{line:?}"
        );
        let line = create_folder(&path.join("b")).unwrap_err();
        assert!(
            line.line().contains("a.json/b: cannot create: "),
            "{line:?}"
        );
    }

    #[test]
    fn a_folder_beside_an_output_is_named_after_it() {
        let folder = beside(Path::new("runs/a.h5"), ".parts");
        assert_eq!(folder, Path::new("runs/a.h5.parts"));
        assert_eq!(beside(Path::new("a"), ".lock"), Path::new("a.lock"));
    }
}
