//! A file and what is meant in it, in one text.

use std::path::{Path, PathBuf};

/// How the names of HDF5 files end, the usual ending first.
pub const ENDINGS: [&str; 2] = ["h5", "hdf5"];

/// Whether a name has one of these endings, in capitals or not.
pub fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let found = path.extension().map(|e| e.to_string_lossy());
    found.is_some_and(|found| endings.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// File and dataset of `FILE[:dataset]`; an existing file whose own name holds a colon wins.
///
/// `is_file_name` tells which names are those of files, so that where there is no such file the file still is told from the
/// dataset.
pub fn split_place(place: &str, is_file_name: impl Fn(&Path) -> bool) -> (PathBuf, Option<String>) {
    if Path::new(place).exists() {
        return (place.into(), None);
    }
    let cut = |at: usize| {
        (
            PathBuf::from(&place[..at]),
            Some(place[at + 1..].to_owned()),
        )
    };
    let colons = || place.match_indices(':').map(|(at, _)| at);
    let colon = colons()
        .find(|&at| Path::new(&place[..at]).is_file())
        .or_else(|| colons().find(|&at| is_file_name(Path::new(&place[..at]))));
    match colon.map(cut) {
        Some((path, Some(name))) if !name.is_empty() => (path, Some(name)),
        Some((path, _)) => (path, None),
        None => (place.into(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(place: &str) -> (PathBuf, Option<String>) {
        split_place(place, |path| {
            path.extension().is_some_and(|e| e == "h5" || e == "nc")
        })
    }

    #[test]
    fn a_text_names_file_and_dataset() {
        assert_eq!(parts("no/a.h5"), ("no/a.h5".into(), None));
        assert_eq!(
            parts("no/a.h5:group/u"),
            ("no/a.h5".into(), Some("group/u".into()))
        );
        assert_eq!(parts("no/a.h5:"), ("no/a.h5".into(), None));
        assert_eq!(
            parts("no/12:30.nc:u"),
            ("no/12:30.nc".into(), Some("u".into()))
        );
    }

    #[test]
    fn an_existing_file_with_a_colon_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5:b.npy");
        std::fs::write(&path, "").unwrap();
        assert_eq!(parts(path.to_str().unwrap()), (path, None));
    }
}
