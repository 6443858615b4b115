//! Outputs that are not to replace what is wanted.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};

use rheome_atomic::remove_partials;

use crate::{Claim, Failure, files};

/// Links that are followed one after the other: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Reads an option that names a file to be written: what it points to, where that is a symbolic link. That file is then the one that is
/// locked and replaced, and the link stays.
pub fn file_parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(behind_links)
}

/// What a symbolic link points to, whether it is there or not; a path that is none as it is.
pub fn behind_links(path: PathBuf) -> PathBuf {
    let mut at = path.clone();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&at) {
            // Relative to the folder of the link.
            Ok(target) => at = at.with_file_name("").join(target),
            Err(_) => return at,
        }
    }
    // In a circle: whoever writes it is told by the system.
    path
}

/// The file that `option` names, which is to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// The option.
    pub option: &'static str,
    /// The file.
    pub path: &'a Path,
    /// Whether one that is there may be replaced.
    pub overwrite: bool,
    /// Whether one that is there is continued; none for a command that cannot.
    pub resume: Option<bool>,
}

impl NewFile<'_> {
    /// Checks that the file is not there, or is to be replaced or continued, and that its folder is there. Nothing but a file is
    /// replaced: no folder, no device, no pipe.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn check(&self) -> Result<(), Failure> {
        self.check_beside(None)
    }

    /// As [`check`](Self::check), for a file that is written `beside` the one that the option names, if there is such a one.
    fn check_beside(&self, beside: Option<&Path>) -> Result<(), Failure> {
        let names_folder = self.path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let is = match std::fs::metadata(self.path) {
            Ok(found) if found.is_dir() => Some("is a folder"),
            Ok(found) if !found.is_file() => Some("is a device or a pipe"),
            _ if names_folder => Some("is the name of a folder"),
            _ => None,
        };
        if let Some(is) = is {
            return Err(Failure::new(match beside {
                None => format!(
                    "{} {}: {is}, expected a file to write",
                    self.option,
                    self.path.display()
                ),
                Some(asked) => format!(
                    "{}: {is}, and a file of this name would be written beside {}; choose another {}",
                    self.path.display(),
                    asked.display(),
                    self.option
                ),
            }));
        }
        if self.path.exists() && !self.overwrite && self.resume != Some(true) {
            let resume = match self.resume {
                Some(_) => ", --resume to continue it",
                None => "",
            };
            let would = match beside {
                Some(asked) => format!(", and would be written beside {}", asked.display()),
                None => String::new(),
            };
            return Err(Failure::new(format!(
                "{}: exists already{would}; choose another {}{resume}, or --overwrite to replace it",
                self.path.display(),
                self.option
            )));
        }
        let folder = self.path.parent().filter(|f| !f.as_os_str().is_empty());
        match folder {
            Some(folder) if !folder.is_dir() => Err(Failure::new(format!(
                "{}: cannot write: there is no folder {}",
                self.path.display(),
                folder.display()
            ))),
            _ => Ok(()),
        }
    }

    /// [`begin`](Self::begin)s the file, if those that are written `beside` it are not there either, or may be replaced too.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn begin_with(&self, beside: &[PathBuf]) -> Result<Claim, Failure> {
        let claim = self.begin()?;
        for path in beside {
            // There is nothing to be continued where only they are.
            let resume = self.resume.filter(|resume| *resume);
            NewFile {
                path,
                resume,
                ..*self
            }
            .check_beside(Some(self.path))?;
        }
        Ok(claim)
    }

    /// Claims the file, and only then [`check`](Self::check)s it: nobody changes the answer any more.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn begin(&self) -> Result<Claim, Failure> {
        let claim = Claim::file(self.option, self.path)?;
        self.check()?;
        let (folder, name) = (self.path.parent(), self.path.file_name());
        let folder = folder.filter(|f| !f.as_os_str().is_empty());
        if let Some(name) = name.and_then(|name| name.to_str()) {
            // Nobody else writes it now.
            remove_partials(folder.unwrap_or(Path::new(".")), Some(name));
        }
        Ok(claim)
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
        remove_partials(self.path, None);
        Ok(claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(path: &Path, overwrite: bool, resume: Option<bool>) -> NewFile<'_> {
        NewFile {
            option: "--output",
            path,
            overwrite,
            resume,
        }
    }

    #[test]
    fn a_file_that_is_there_and_a_folder_that_is_not_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        output(&path, false, None).check().unwrap();
        let here = Path::new("a-file-of-no-test.csv");
        output(here, false, None).check().unwrap();
        std::fs::write(&path, "").unwrap();
        for (resume, words) in [
            (
                None,
                "choose another --output, or --overwrite to replace it",
            ),
            (
                Some(false),
                "choose another --output, --resume to continue it, or --overwrite to",
            ),
        ] {
            let line = output(&path, false, resume).check().unwrap_err();
            let expected = format!("a.csv: exists already; {words}");
            assert!(line.line().contains(&expected), "{line:?}");
        }
        output(&path, true, None).check().unwrap();
        output(&path, false, Some(true)).check().unwrap();
        for (path, words) in [
            (folder.path(), "is a folder, expected a file to write"),
            (
                Path::new("/dev/null"),
                "is a device or a pipe, expected a file",
            ),
            (Path::new("not-there/"), "is the name of a folder, expected"),
        ] {
            let line = output(path, true, None).check().unwrap_err();
            assert!(
                line.line().starts_with("--output ") && line.line().contains(words),
                "{line:?}"
            );
        }
        let missing = folder.path().join("no/a.csv");
        let line = output(&missing, true, None).check().unwrap_err();
        assert!(
            line.line()
                .contains("no/a.csv: cannot write: there is no folder")
        );
    }

    #[test]
    fn what_is_in_the_way_beside_an_output_is_told_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let [path, beside] = ["a.h5", "a.xdmf"].map(|name| folder.path().join(name));
        let told = |is: &str, words: &str| {
            let line = output(&path, false, None).begin_with(std::slice::from_ref(&beside));
            let (beside, path) = (beside.display(), path.display());
            let expected =
                format!("{beside}: {is}, and {words} beside {path}; choose another --output");
            let line = line.unwrap_err();
            assert!(line.line().starts_with(&expected), "{line:?}");
        };
        std::fs::write(&beside, "mine").unwrap();
        told("exists already", "would be written");
        std::fs::remove_file(&beside).unwrap();
        std::fs::create_dir(&beside).unwrap();
        told("is a folder", "a file of this name would be written");
    }

    #[test]
    fn links_are_followed_and_circles_are_not() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("runs")).unwrap();
        symlink(at("runs/a.h5"), at("runs/b.h5")).unwrap();
        symlink("runs/b.h5", at("c.h5")).unwrap();
        assert_eq!(behind_links(at("c.h5")), at("runs/a.h5"));
        assert_eq!(behind_links(at("runs/a.h5")), at("runs/a.h5"));
        assert_eq!(behind_links("a.h5".into()), Path::new("a.h5"));
        symlink(at("y"), at("x")).unwrap();
        symlink(at("x"), at("y")).unwrap();
        assert_eq!(behind_links(at("x")), at("x"));
    }

    #[test]
    fn a_file_that_appears_before_the_claim_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let new = output(&path, false, None);
        let claim = new.begin().unwrap();
        let line = new.begin().unwrap_err();
        assert!(line.line().contains("a.csv: is being written"), "{line:?}");
        std::fs::write(&path, "").unwrap();
        drop(claim);
        let line = new.begin().unwrap_err();
        assert!(line.line().contains("a.csv: exists already"), "{line:?}");
        // A claim that came to nothing is given back.
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
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
