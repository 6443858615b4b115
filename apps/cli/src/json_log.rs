//! `--log-json`: progress for scripts, one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Failure;
use crate::files::cannot;

/// Bytes of the longest line of a log.
const LONGEST_LINE: u64 = 1 << 20;

/// Whether there is a log, or nothing that one would cost: no file, an empty one, or a device or pipe. A log begins with a line that is
/// one JSON object.
pub(crate) fn may_be_begun(path: &Path) -> bool {
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return true;
    }
    let mut first = Vec::new();
    // What cannot be opened is told of by whoever writes it.
    let Ok(file) = File::open(path) else {
        return true;
    };
    let read = BufReader::new(file.take(LONGEST_LINE)).read_until(b'\n', &mut first);
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&first);
    read.is_ok() && first.ends_with(b"\n") && object.is_ok()
}

/// `--log-json FILE`: one JSON object a line, written as things happen.
#[derive(Debug, Default)]
pub struct JsonLog {
    file: Option<(PathBuf, File)>,
}

impl JsonLog {
    /// Starts the log at `path`, or with `continued` goes on behind what is there; without a path nothing is ever written.
    ///
    /// # Errors
    /// [`Failure`] naming the file if it cannot be opened.
    pub fn open(path: Option<&Path>, continued: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let mut options = OpenOptions::new();
        options
            .create(true)
            .write(true)
            .append(continued)
            .truncate(!continued);
        let file = options.open(path).map_err(cannot("open the log", path))?;
        Ok(Self {
            file: Some((path.to_owned(), file)),
        })
    }

    /// Writes one object.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn line(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let mut text = serde_json::to_vec(object)?;
        text.push(b'\n');
        file.write_all(&text).map_err(cannot("write the log", path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_log_is_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert!(may_be_begun(&path), "not there");
        for (text, may) in [
            ("", true),
            ("{\"step\": 1}\n{\"step\": 2}\n{\"st", true),
            ("{\"results\": [1, 2]}", false),
            ("{\n  \"mean\": [1]\n}\n", false),
            ("notes of a year\n", false),
            ("[model]\n", false),
            ("\u{89}HDF\r\n", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(may_be_begun(&path), may, "{text:?}");
        }
        assert!(may_be_begun(Path::new("/dev/null")));
    }
}
