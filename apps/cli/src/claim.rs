use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{Failure, files};

/// The right to write an output while it lasts: two runs at once would spoil it for each other.
///
/// It is a lock of the system on a file `OUTPUT.lock` (in a folder: `.lock`), which is removed in the end. The lock goes with the
/// process, however that ends; a lock file that a kill left behind is in nobody's way. On a file system that knows no locks,
/// and where no lock file can be made, there is none: whoever writes the output then tells what is wrong with the folder.
#[derive(Debug)]
pub struct Claim {
    /// The locked file.
    lock: Option<(File, PathBuf)>,
}

impl Claim {
    /// Claims the file that `option` names.
    ///
    /// # Errors
    /// [`Failure`] if another run has it.
    pub fn file(option: &str, output: &Path) -> Result<Self, Failure> {
        Self::take(option, output, files::beside(output, ".lock"))
    }

    /// Claims a folder that is there, which `option` names.
    ///
    /// # Errors
    /// [`Failure`] if another run has it.
    pub fn folder(option: &str, output: &Path) -> Result<Self, Failure> {
        Self::take(option, output, output.join(".lock"))
    }

    fn take(option: &str, output: &Path, lock: PathBuf) -> Result<Self, Failure> {
        loop {
            let mut options = OpenOptions::new();
            let Ok(file) = options.create(true).append(true).open(&lock) else {
                return Ok(Self { lock: None });
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
                    let _ = std::fs::remove_file(&lock);
                    return Ok(Self { lock: None });
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((_locked, path)) = &self.lock {
            // While it is locked, so that nobody else's is removed. One that stays is in nobody's way.
            let _ = std::fs::remove_file(path);
        }
    }
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
    fn a_folder_that_is_not_there_is_left_to_the_writer() {
        let claim = Claim::file("--output", Path::new("/nonexistent-folder/a.h5")).unwrap();
        assert!(claim.lock.is_none());
    }
}
