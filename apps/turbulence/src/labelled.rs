//! Paths that carry a name: contestants on the command line.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// A path with a name for tables and legends: `NAME=PATH`, or a path whose last part names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The name.
    pub name: String,
    /// The path.
    pub path: PathBuf,
}

impl FromStr for Labelled {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // A folder may have the sign in its name: what has a separator in front of it is a path.
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !name.contains('/') => {
                (Some(name.to_owned()), PathBuf::from(path))
            }
            _ => (None, PathBuf::from(text)),
        };
        let last_part = || {
            let resolved = path.canonicalize().unwrap_or_else(|_| path.clone());
            let part = if resolved.is_dir() {
                resolved.file_name()
            } else {
                resolved.file_stem()
            };
            part.map_or_else(|| text.to_owned(), |part| part.to_string_lossy().into())
        };
        Ok(Self {
            name: name.unwrap_or_else(last_part),
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_name_comes_from_the_option_or_the_path() {
        let read = |text: &str| text.parse::<Labelled>().unwrap();
        let named = read("m=runs/a");
        assert_eq!(
            (named.name.as_str(), named.path.as_path()),
            ("m", Path::new("runs/a"))
        );
        assert_eq!(read("runs/paper-fno.toml").name, "paper-fno");
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("lr=0.1");
        std::fs::create_dir(&model).unwrap();
        let found = read(model.to_str().unwrap());
        assert_eq!((found.name.as_str(), found.path), ("lr=0.1", model));
    }
}
