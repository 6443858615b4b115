//! The claim on an output: one run at a time writes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{Failure, files, report};

/// The right to write an output while it lasts: two runs at once would spoil it for each other.
///
/// It is a lock of the system on a file `OUTPUT.lock` (in a folder: `.lock`), which is removed in the end. The lock goes with the
/// process, however that ends; a lock file that a kill left behind is in nobody's way. One that is not empty is somebody's file of that
/// name: it is locked, and stays. On a file system that knows no locks there is none, and where the folder takes files, but not that
/// one, there is none either, which is told.
#[derive(Debug)]
pub struct Claim {
    /// The locked file.
    lock: Option<(File, PathBuf)>,
}

impl Claim {
    /// Claims the file that `option` names.
    ///
    /// # Errors
    /// [`Failure`] if another run has it, or its folder is missing or takes no files.
    pub fn file(option: &str, output: &Path) -> Result<Self, Failure> {
        Self::take(option, output, files::beside(output, ".lock"))
    }

    /// Claims a folder that is there, which `option` names.
    ///
    /// # Errors
    /// [`Failure`] if another run has it, or it takes no files.
    pub fn folder(option: &str, output: &Path) -> Result<Self, Failure> {
        Self::take(option, output, output.join(".lock"))
    }

    fn take(option: &str, output: &Path, lock: PathBuf) -> Result<Self, Failure> {
        loop {
            let mut options = OpenOptions::new();
            let file = match options.create(true).append(true).open(&lock) {
                Ok(file) => file,
                Err(reason) => {
                    check_folder(output, &lock)?;
                    report(&format!(
                        "note: {}: cannot be opened ({reason}); another run with the same {option} would not be noticed",
                        lock.display()
                    ));
                    return Ok(Self { lock: None });
                }
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &lock) => {
                    return Ok(Self {
                        lock: Some((file, lock)),
                    });
                }
                // Whoever had it removed it between the two calls: there is another one by now, or none.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(format!(
                        "{}: is being written by another run (which holds {}); wait for it, or choose another {option}",
                        output.display(),
                        lock.display()
                    )));
                }
                Err(TryLockError::Error(_)) => {
                    remove(&file, &lock);
                    return Ok(Self { lock: None });
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((locked, path)) = &self.lock {
            // While it is locked, so that nobody else's is removed.
            remove(locked, path);
        }
    }
}

/// Removes a lock file. One that stays is in nobody's way; one that is not empty is not ours.
fn remove(file: &File, path: &Path) {
    if file.metadata().is_ok_and(|data| data.len() == 0) {
        let _ = std::fs::remove_file(path);
    }
}

/// Checks that there can be files beside a lock.
fn check_folder(output: &Path, lock: &Path) -> Result<(), Failure> {
    let folder = lock
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let cannot =
        |reason: String| Failure::new(format!("{}: cannot write: {reason}", output.display()));
    if !folder.is_dir() {
        return Err(cannot(format!("there is no folder {}", folder.display())));
    }
    let trial = folder.join(format!(".{}.trial", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).open(&trial);
    made.map_err(|reason| cannot(format!("{} takes no files: {reason}", folder.display())))?;
    let _ = std::fs::remove_file(&trial);
    Ok(())
}

/// Whether a file is the one that has this name now.
fn is_at(file: &File, path: &Path) -> bool {
    let key = |data: std::fs::Metadata| (data.dev(), data.ino());
    let (open, named) = (file.metadata().map(key), std::fs::metadata(path).map(key));
    matches!((open, named), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_until_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.h5");
        let first = Claim::file("--output", &output).unwrap();
        let line = Claim::file("--output", &output).unwrap_err();
        assert!(line.line().contains("a.h5: is being written"), "{line:?}");
        drop(first);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        // What a kill left.
        std::fs::write(folder.path().join("a.h5.lock"), "").unwrap();
        let again = Claim::file("--output", &output).unwrap();
        let of_folder = Claim::folder("--output", folder.path()).unwrap();
        assert!(Claim::folder("--output", folder.path()).is_err());
        drop((again, of_folder));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_file_of_somebody_that_is_called_so_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (output, lock) = (folder.path().join("a.h5"), folder.path().join("a.h5.lock"));
        std::fs::write(&lock, "precious").unwrap();
        let claim = Claim::file("--output", &output).unwrap();
        assert!(Claim::file("--output", &output).is_err());
        drop(claim);
        assert_eq!(std::fs::read(&lock).unwrap(), b"precious");
        drop(Claim::file("--output", &output).unwrap());
    }

    #[test]
    fn a_folder_that_is_not_there_or_takes_no_files_is_named() {
        for (folder, reason) in [
            (
                "/nonexistent-folder",
                "there is no folder /nonexistent-folder",
            ),
            ("/proc", "/proc takes no files: "),
        ] {
            let output = Path::new(folder).join("a.h5");
            let line = Claim::file("--output", &output).unwrap_err();
            let start = format!("{}: cannot write: {reason}", output.display());
            assert!(line.line().starts_with(&start), "{line:?}");
        }
    }

    #[test]
    fn a_lock_file_that_cannot_be_opened_is_no_reason_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        // Not even root opens a folder as a file.
        std::fs::create_dir(folder.path().join("a.h5.lock")).unwrap();
        let claim = Claim::file("--output", &folder.path().join("a.h5")).unwrap();
        assert!(claim.lock.is_none());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
