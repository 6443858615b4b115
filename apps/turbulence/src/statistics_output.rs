//! Statistics that the commands write: `rheome-statistics-file` with this program's name in it.

use std::path::Path;

use rheome_cli::outputs::NewFile;
use rheome_cli::{Claim, Failure};
use rheome_statistics_file::{NamedResults, Writer};

use crate::commands::PROGRAM;

/// Claims the file of statistics that `option` names or asks for, and checks that it is not there, or to be replaced.
///
/// # Errors
/// [`Failure`] if the name does not end in .h5, if something is there (and `overwrite` is not set), or without a folder.
pub fn begin(option: &'static str, path: &Path, overwrite: bool) -> Result<Claim, Failure> {
    rheome_statistics_file::check_name(path)?;
    let file = NewFile {
        option,
        path,
        overwrite,
        resume: None,
    };
    file.begin()
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
