//! What a run reads and what it writes: neither may cost the other.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::json_log::may_be_begun;
use crate::model_folder::ModelSource;
use crate::{ComputeOptions, Failure};

/// The option of the log.
const LOG: &str = "--log-json";

/// The files that a run reads and those that it writes, `--log-json` included. Nothing is written before they are [checked](Self::check).
///
/// ```
/// use rheome_cli::RunFiles;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let data = folder.path().join("data.h5");
/// std::fs::write(&data, "precious").unwrap();
/// // Whatever `--overwrite` says.
/// let files = RunFiles::default().read("input", &data).write("--output", &data);
/// assert!(files.check().unwrap_err().line().ends_with("is the input file itself; choose another name"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct RunFiles {
    /// What each is to the run, e.g. `input`, and where it is.
    read: Vec<(String, PathBuf)>,
    /// The option that names or asks for each, and where it is.
    written: Vec<(String, PathBuf)>,
    /// The log, which begins anew.
    log: Option<PathBuf>,
}

impl RunFiles {
    /// With a file that is read, which may be named `FILE:part`; `what` it is to the run, e.g. `input`.
    pub fn read(mut self, what: &str, file: impl AsRef<Path>) -> Self {
        self.read.push((what.to_owned(), file.as_ref().to_owned()));
        self
    }

    /// With all of several files that are read.
    pub fn read_all<P: AsRef<Path>>(self, what: &str, files: impl IntoIterator<Item = P>) -> Self {
        files
            .into_iter()
            .fold(self, |all, file| all.read(what, file))
    }

    /// With the files of a model: those that the options name, or all of its folder.
    pub fn read_model(self, source: &ModelSource) -> Self {
        let named = source.config.iter().chain(&source.weights);
        let all = self.read_all("model", named);
        match &source.model {
            Some(folder) => all.read_folder("model", folder),
            None => all,
        }
    }

    /// With the files of a folder. One that cannot be listed is told of by whoever reads it.
    pub fn read_folder(self, what: &str, folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        self.read_all(what, entries.map(|entry| entry.path()))
    }

    /// With a file that is written because of `option`.
    pub fn write(mut self, option: &str, file: impl AsRef<Path>) -> Self {
        self.written
            .push((option.to_owned(), file.as_ref().to_owned()));
        self
    }

    /// With all of several files that are written because of `option`.
    pub fn write_all<P: AsRef<Path>>(
        self,
        option: &str,
        files: impl IntoIterator<Item = P>,
    ) -> Self {
        files
            .into_iter()
            .fold(self, |all, file| all.write(option, file))
    }

    /// With the files of these names in a folder that is written because of `option`.
    pub fn write_folder(self, option: &str, folder: &Path, names: &[&str]) -> Self {
        let files = names.iter().map(|name| folder.join(name));
        files.fold(self, |all, file| all.write(option, file))
    }

    /// With the log that the common options ask for.
    pub fn log(self, options: &ComputeOptions) -> Self {
        Self {
            log: options.log_json.clone(),
            ..self.write_all(LOG, &options.log_json)
        }
    }

    /// Fails where something that is written is a file that is read, or one that is written otherwise too, and where the log would
    /// replace what is no log. `--overwrite` has no say in it: nobody wants that.
    ///
    /// # Errors
    /// [`Failure`] naming the option and the file.
    pub fn check(&self) -> Result<(), Failure> {
        let read: Vec<(&str, Place)> = self.read.iter().flat_map(places_of).collect();
        let mut before: Vec<(&str, Place)> = Vec::new();
        for (option, path) in &self.written {
            let refuse = |is: &str| {
                Err(Failure::new(format!(
                    "{option} {}: is {is} itself; choose another name",
                    path.display()
                )))
            };
            let place = Place::of(path);
            if let Some((what, _)) = read.iter().find(|(_, read)| read.is(&place)) {
                return refuse(&format!("the {what} file"));
            }
            if let Some((other, _)) = before.iter().find(|(_, written)| written.is(&place)) {
                return refuse(other);
            }
            before.push((option, place));
        }
        match &self.log {
            Some(log) if !may_be_begun(log) => Err(Failure::new(format!(
                "{LOG} {}: exists already and is no log (one JSON object a line); choose another name",
                log.display()
            ))),
            _ => Ok(()),
        }
    }
}

/// The files that `FILE:part` may mean, as far as they are there.
fn places_of((what, file): &(String, PathBuf)) -> Vec<(&str, Place)> {
    let name = file.to_string_lossy();
    let before_colons = name.match_indices(':').map(|(at, _)| &name[..at]);
    let mut places: Vec<Place> = before_colons
        .map(|part| Place::of(Path::new(part)))
        .collect();
    places.push(Place::of(file));
    places.retain(|place| place.file.is_some());
    places
        .into_iter()
        .map(|place| (what.as_str(), place))
        .collect()
}

/// What tells a file from others, under whatever name.
#[derive(Debug)]
struct Place {
    /// Its folder without links, and its name there.
    path: Option<PathBuf>,
    /// Device and number, if it is there and not a device itself.
    file: Option<(u64, u64)>,
}

impl Place {
    fn of(path: &Path) -> Self {
        let key = |data: Metadata| data.is_file().then(|| (data.dev(), data.ino()));
        Self {
            path: path.canonicalize().ok().or_else(|| of_new(path)),
            file: std::fs::metadata(path).ok().and_then(key),
        }
    }

    fn is(&self, other: &Self) -> bool {
        let same_path = self.path.is_some() && self.path == other.path;
        same_path || (self.file.is_some() && self.file == other.file)
    }
}

/// The path of a file that is not there.
fn of_new(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
    Some(folder.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_parts_and_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a:b.h5"), "").unwrap();
        std::os::unix::fs::symlink(at("a:b.h5"), at("link.h5")).unwrap();
        std::fs::hard_link(at("a:b.h5"), at("hard.h5")).unwrap();
        let part = format!("{}:group", at("a:b.h5").display());
        for output in ["a:b.h5", "link.h5", "hard.h5", "./a:b.h5"] {
            for read in [Path::new(&part), &at("a:b.h5"), &at("hard.h5")] {
                let files = RunFiles::default().read("series", read);
                let files = files.write("--output", at(output));
                let line = files.check().unwrap_err();
                let expected = format!("{output}: is the series file itself; choose another name");
                assert!(line.line().ends_with(&expected), "{line:?}");
                assert!(line.line().starts_with("--output "), "{line:?}");
            }
        }
        let others = RunFiles::default().read("series", part).read("data", "");
        others.write("--output", at("c.h5")).check().unwrap();
    }

    #[test]
    fn two_outputs_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let output = RunFiles::default().write("--output", at("a.h5ad"));
        let summary = output.clone().write("--summary", at("./a.h5ad"));
        let line = summary.check().unwrap_err();
        assert!(line.line().starts_with("--summary "), "{line:?}");
        let expected = "a.h5ad: is --output itself; choose another name";
        assert!(line.line().ends_with(expected), "{line:?}");
        output.write("--summary", at("a.csv")).check().unwrap();
    }

    #[test]
    fn a_model_is_read_with_all_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, "").unwrap();
        let of_folder = ModelSource::folder(folder.path());
        let of_files = ModelSource {
            model: None,
            config: Some(config.clone()),
            weights: None,
        };
        for source in [of_folder, of_files] {
            let files = RunFiles::default().read_model(&source);
            let files = files.write("--log-json", &config);
            let line = files.check().unwrap_err();
            assert!(line.line().contains("is the model file itself"), "{line:?}");
        }
    }
}
