//! Statistics that the commands write: `rheome-statistics-file` with this program's name in it.

use std::path::Path;

use rheome_cli::Failure;
use rheome_statistics_file::{NamedResults, Writer};

use crate::commands::PROGRAM;

/// Whether statistics may be written to `path`.
///
/// # Errors
/// [`Failure`] if the name does not end in .h5, if something is there (and `overwrite` is not set), or without a folder.
pub fn check_output(path: &Path, overwrite: bool) -> Result<(), Failure> {
    rheome_statistics_file::check_name(path)?;
    if path.exists() && !overwrite {
        return Err(Failure::new(format!(
            "{}: exists already; choose another name, or pass --overwrite to replace it",
            path.display()
        )));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => Err(Failure::new(
            format!("{}: no such folder", folder.display()),
        )),
        _ => Ok(()),
    }
}

/// Writes `sets` into `path`, replacing it as a whole.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write(path: &Path, sets: &[NamedResults]) -> Result<(), Failure> {
    let writer = Writer {
        program: &PROGRAM.title(),
        command_line: &PROGRAM.command_line(),
    };
    Ok(rheome_statistics_file::write(path, sets, &writer)?)
}
