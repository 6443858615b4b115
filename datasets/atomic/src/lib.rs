//! Files replaced as a whole: a kill at any moment leaves the old content or the new one, and beside it what [`remove_partials`] clears
//! away.
//!
//! # Example
//!
//! ```
//! use rheome_atomic::write_atomically;
//!
//! # fn main() -> std::io::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("a.json");
//! write_atomically(&path, b"old")?;
//! // Whoever reads it meanwhile reads one or the other.
//! write_atomically(&path, b"new")?;
//! assert_eq!(std::fs::read(&path)?, b"new");
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Ends the name of a file that is being written.
const PARTIAL: &str = ".partial";

/// Replaces `path` by `bytes`: written beside it, synchronised, and [`publish`]ed.
///
/// # Errors
/// The system's error; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
        .to_owned();
    // The process number keeps two runs from writing the same temporary file.
    name.push(format!(".{}{PARTIAL}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| file.write_all(bytes));
    let published = written.and_then(|()| publish(&temporary, path));
    if published.is_err() {
        // After a failure of the folder alone there is none.
        let _ = fs::remove_file(&temporary);
    }
    published
}

/// Gives a file that is complete its name, in place of whatever has it: synchronised, renamed, and the folder synchronised.
///
/// # Errors
/// The system's error; the old file is then untouched, unless it is the folder that cannot be synchronised.
pub fn publish(complete: &Path, path: &Path) -> io::Result<()> {
    File::open(complete)?.sync_all()?;
    fs::rename(complete, path)?;
    sync_folder(path)
}

/// Makes a rename in the folder of `path` durable.
///
/// # Errors
/// The system's error.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Removes what [`write_atomically`] left in `folder` when its process was killed: files called `NAME.PROCESS.partial`; with `name`, those of
/// that file only. For whoever knows that nobody writes them now. What cannot be removed does no harm.
pub fn remove_partials(folder: &Path, name: Option<&str>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let is_left = found.to_str().is_some_and(|found| is_partial(found, name));
        if is_left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_partial(found: &str, name: Option<&str>) -> bool {
    let Some((of, process)) = found
        .strip_suffix(PARTIAL)
        .and_then(|rest| rest.rsplit_once('.'))
    else {
        return false;
    };
    let is_number = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
    is_number && !of.is_empty() && name.is_none_or(|name| name == of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A folder has the name: the file is written, and cannot be renamed.
        let taken = folder.path().join("b");
        fs::create_dir(&taken).unwrap();
        write_atomically(&taken, b"new").unwrap_err();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        assert!(write_atomically(Path::new("/nonexistent-folder/a"), b"x").is_err());
    }

    #[test]
    fn what_a_kill_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let names = || {
            let entries = fs::read_dir(&folder).unwrap();
            let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        let kept = ["a.csv", "a.h5.partial", "a.x1.partial", "folder.1.partial"];
        fs::create_dir(folder.path().join(kept[3])).unwrap();
        for name in &kept[..3] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        for name in ["a.csv.77.partial", "b.csv.8.partial"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_partials(folder.path(), Some("a.csv"));
        assert_eq!(
            names(),
            [&kept[..3], &["b.csv.8.partial"], &kept[3..]].concat()
        );
        remove_partials(folder.path(), None);
        assert_eq!(names(), kept);
        remove_partials(Path::new("/nonexistent-folder"), None);
    }
}
