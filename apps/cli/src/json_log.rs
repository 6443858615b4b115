//! `--log-json`: progress for scripts, one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Failure;
use crate::files::cannot;

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
