//! Outputs that are not to replace what is wanted.

use std::path::Path;

use crate::Failure;

/// Fails where the output of `option` is there and is not to be replaced, or its folder is missing.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn refuse_existing(option: &str, path: &Path, overwrite: bool) -> Result<(), Failure> {
    if path.exists() && !overwrite {
        return Err(Failure::new(format!(
            "{}: exists already; choose another {option}, or --overwrite to replace it",
            path.display()
        )));
    }
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) if !folder.is_dir() => Err(Failure::new(format!(
            "{}: cannot write: there is no folder {}",
            path.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// Fails where an output is the file that is read, which is not to be lost, whatever --overwrite says. What is read may be named
/// `FILE:part`.
///
/// # Errors
/// [`Failure`] naming the option and the file.
pub fn refuse_same_file(
    (read, what): (&Path, &str),
    option: &str,
    output: &Path,
) -> Result<(), Failure> {
    let same = |a: &Path, b: &Path| Some(a.canonicalize().ok()? == b.canonicalize().ok()?);
    let read = read.to_string_lossy();
    let before_colons = read.match_indices(':').map(|(at, _)| &read[..at]);
    let mut files = before_colons.chain([read.as_ref()]);
    if files.any(|file| same(Path::new(file), output) == Some(true)) {
        return Err(Failure::new(format!(
            "{option} {}: is the {what} file itself; choose another name",
            output.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_parts_too() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a:b.h5"), folder.path().join("c.h5"));
        std::fs::write(&file, "").unwrap();
        let part = format!("{}:group", file.display());
        for read in [file.as_path(), Path::new(&part)] {
            let failure = refuse_same_file((read, "series"), "--output", &file).unwrap_err();
            assert!(failure.line().contains("is the series file itself"));
            refuse_same_file((read, "series"), "--output", &other).unwrap();
        }
    }
}
