//! Outputs that are not to replace what is wanted.

use std::path::Path;

use crate::Failure;

/// Fails where the output of `option` is there and is not to be replaced.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn refuse_existing(option: &str, path: &Path, overwrite: bool) -> Result<(), Failure> {
    if !path.exists() || overwrite {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{}: exists already; choose another {option}, or --overwrite to replace it",
        path.display()
    )))
}

/// Fails where an output is the file that is read, which is not to be lost, whatever --overwrite says.
///
/// # Errors
/// [`Failure`] naming the option and the file.
pub fn refuse_same_file(
    (read, what): (&Path, &str),
    option: &str,
    output: &Path,
) -> Result<(), Failure> {
    let same = |a: &Path, b: &Path| Some(a.canonicalize().ok()? == b.canonicalize().ok()?);
    if same(read, output) == Some(true) {
        return Err(Failure::new(format!(
            "{option} {}: is the {what} file itself; choose another name",
            output.display()
        )));
    }
    Ok(())
}
