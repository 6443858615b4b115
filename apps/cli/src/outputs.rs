//! Outputs that are not to replace what is wanted.

use std::path::Path;

use crate::{Claim, Failure, files};

/// Checks that the output file of `option` is free, or to be replaced, and that its folder is there.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn new_file(option: &str, path: &Path, overwrite: bool) -> Result<(), Failure> {
    if path.exists() && !overwrite {
        return Err(Failure::new(format!(
            "{}: exists already; choose another {option}, or --overwrite to replace it",
            path.display()
        )));
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(Failure::new(format!(
            "{}: cannot write: there is no folder {}",
            path.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// The folder of `option` that results are written into.
#[derive(Debug, Clone, Copy)]
pub struct NewFolder<'a> {
    /// The option that names it.
    pub option: &'static str,
    /// The folder.
    pub path: &'a Path,
    /// Files that tell that it has results already.
    pub results: &'a [&'a str],
    /// Whether these may be replaced.
    pub overwrite: bool,
}

impl NewFolder<'_> {
    /// Checks that the folder has no results, or that they are to be replaced; it need not be there.
    ///
    /// # Errors
    /// [`Failure`] naming the file that is there.
    pub fn check(&self) -> Result<(), Failure> {
        let files = self.results.iter().map(|name| self.path.join(name));
        match files.into_iter().find(|file| file.exists()) {
            Some(file) if !self.overwrite => Err(Failure::new(format!(
                "{}: exists already; choose another {}, or --overwrite to replace the results in it",
                file.display(),
                self.option
            ))),
            _ => Ok(()),
        }
    }

    /// Creates the folder where there is none, claims it, and [`check`](Self::check)s it again: another run may have been faster.
    ///
    /// # Errors
    /// [`Failure`] naming the folder.
    pub fn begin(&self) -> Result<Claim, Failure> {
        files::create_folder(self.path)?;
        let claim = Claim::folder(self.option, self.path)?;
        self.check()?;
        Ok(claim)
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

    #[test]
    fn a_file_that_is_there_and_a_folder_that_is_not_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        new_file("--output", &path, false).unwrap();
        new_file("--output", Path::new("a-file-of-no-test.csv"), false).unwrap();
        std::fs::write(&path, "").unwrap();
        let line = new_file("--output", &path, false).unwrap_err();
        assert!(
            line.line()
                .contains("a.csv: exists already; choose another --output")
        );
        new_file("--output", &path, true).unwrap();
        let line = new_file("--output", &folder.path().join("no/a.csv"), true).unwrap_err();
        assert!(
            line.line()
                .contains("no/a.csv: cannot write: there is no folder")
        );
    }

    #[test]
    fn a_folder_of_results_is_claimed_and_theirs_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores");
        let mut output = NewFolder {
            option: "--output",
            path: &path,
            results: &["results.csv", "page.html"],
            overwrite: false,
        };
        output.check().unwrap();
        let claim = output.begin().unwrap();
        let line = output.begin().unwrap_err();
        assert!(line.line().contains("scores: is being written"), "{line:?}");
        drop(claim);
        std::fs::write(path.join("page.html"), "").unwrap();
        for outcome in [output.check(), output.begin().map(|_| ())] {
            let line = outcome.unwrap_err();
            assert!(
                line.line().contains("page.html: exists already"),
                "{line:?}"
            );
        }
        output.overwrite = true;
        output.begin().unwrap();
    }
}
