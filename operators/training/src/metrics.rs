//! `metrics.jsonl`: one JSON object a line, appended as a run goes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::TrainingError;

/// An open `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Starts an empty log at `path`, replacing what was there.
    ///
    /// # Errors
    /// [`TrainingError::File`] if it cannot be written.
    pub fn create(path: &Path) -> Result<Self, TrainingError> {
        let file = File::create(path).map_err(|source| file_error(path, "create", source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Continues the log at `path`, dropping every line whose `step` lies after `step` (written by a run that was killed
    /// past its last checkpoint) and a last line that was cut short.
    ///
    /// # Errors
    /// [`TrainingError::File`] if it cannot be read or written.
    pub fn resume(path: &Path, step: u64) -> Result<Self, TrainingError> {
        let mut kept = Vec::new();
        match File::open(path) {
            Ok(file) => {
                for line in BufReader::new(file).lines() {
                    let line = line.map_err(|source| file_error(path, "read", source))?;
                    let Ok(object) = serde_json::from_str::<Value>(&line) else {
                        continue;
                    };
                    if object
                        .get("step")
                        .and_then(Value::as_u64)
                        .is_none_or(|s| s <= step)
                    {
                        kept.extend_from_slice(line.as_bytes());
                        kept.push(b'\n');
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(file_error(path, "read", source)),
        }
        rheome_atomic::write_atomically(path, &kept)
            .map_err(|source| file_error(path, "write", source))?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|source| file_error(path, "append to", source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Appends one line; a kill can cut it short but never touches the lines before.
    ///
    /// # Errors
    /// [`TrainingError::File`] if it cannot be written.
    pub fn append<T: Serialize>(&mut self, record: &T) -> Result<(), TrainingError> {
        let mut line = serde_json::to_vec(record)
            .map_err(|error| file_error(&self.path, "write", error.into()))?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|source| file_error(&self.path, "write", source))
    }
}

fn file_error(path: &Path, action: &'static str, source: std::io::Error) -> TrainingError {
    TrainingError::File {
        path: path.to_owned(),
        action,
        source,
    }
}
