//! The repository is laid out as its rules and ARCHITECTURE.md say: files that tell what they are for and are not long, applications
//! that everything finds, and places that are told of each.

use std::collections::BTreeSet;
use std::path::Path;

use rheome_testing::{programs, root};
use rheome_tests::applications::APPLICATIONS;
use rheome_tests::repository::each_file;

/// Lines of a file, at most.
const LONGEST: usize = 500;

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Tells the files of all rooms with one of these endings, by their paths from the root.
fn each_source(endings: &[&str], tell: &mut impl FnMut(&Path, &str)) {
    let root = root();
    for room in ["apps", "datasets", "operators", "tests"] {
        each_file(&root.join(room), &mut |path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| endings.contains(&ending)) {
                tell(path.strip_prefix(&root).unwrap(), &text(path));
            }
        });
    }
}

#[test]
fn every_source_file_says_at_its_top_what_it_is_for() {
    let (mut silent, mut all) = (Vec::new(), 0);
    each_source(&["rs"], &mut |path, text| {
        if !text.starts_with("//! ") {
            silent.push(path.to_owned());
        }
        all += 1;
    });
    assert!(all > 300, "{all} files");
    assert!(silent.is_empty(), "no `//! ` at the top of {silent:?}");
}

#[test]
fn no_file_is_long() {
    let mut long = Vec::new();
    each_source(&["rs", "py", "sh"], &mut |path, text| {
        if text.lines().count() > LONGEST {
            long.push(path.to_owned());
        }
    });
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:?}");
}

/// A damaged file that is opened in another way can keep a program for ever.
#[test]
fn hdf5_files_are_read_through_the_driver() {
    let (mut others, mut through) = (Vec::new(), 0);
    each_source(&["rs"], &mut |path, text| {
        let tests = path.ends_with("tests.rs") || path.iter().all(|part| part != "src");
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((text, ""));
        if tests {
            return;
        }
        let lines = || code.lines().filter(|line| !line.trim().starts_with("//"));
        // `File` is HDF5's where it is imported as that.
        let imported = code.split("\nuse hdf5::").skip(1).any(|import| {
            let names = import.split_once(';').map_or("", |(names, _)| names);
            names
                .split(|c: char| !c.is_alphanumeric())
                .any(|name| name == "File")
        });
        let opens = |line: &&str| {
            ["open", "open_rw", "open_as", "append"].iter().any(|how| {
                line.contains(&format!("hdf5::File::{how}("))
                    || imported && line.contains(&format!(" File::{how}("))
            })
        };
        others.extend(
            lines()
                .filter(opens)
                .map(|line| format!("{}: {line}", path.display())),
        );
        through += lines()
            .filter(|line| line.contains("rheome_hdf::open("))
            .count();
    });
    assert!(through > 8, "{through} files are opened");
    assert!(others.is_empty(), "{}", others.join("\n"));
}

/// An application is a folder of `apps` with a `main.rs`, called alike everywhere, and in the list that tests look into.
#[test]
fn every_application_is_called_as_its_folder_is() {
    let programs = programs();
    let listed: Vec<&str> = APPLICATIONS.iter().map(|one| one.name).collect();
    assert_eq!(
        programs, listed,
        "apps (left), tests/src/applications.rs (right)"
    );
    for program in &programs {
        let manifest = root().join("apps").join(program).join("Cargo.toml");
        let manifest: toml::Table = text(&manifest).parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(program.as_str()));
        let (configs, program) = (root().join("configs"), program.as_str());
        assert!(
            configs.join(program).is_dir(),
            "configs/{program}: not there"
        );
    }
    let configs = std::fs::read_dir(root().join("configs")).unwrap();
    let configs: BTreeSet<String> = configs
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(configs.iter().eq(&programs), "{configs:?}");
}

#[test]
fn the_front_page_tells_of_every_application() {
    let page = text(&root().join("README.md"));
    for program in programs() {
        let told = page.contains(&format!("| `{program} "));
        assert!(told, "README.md: no command of {program} in its table");
    }
}

/// The names that the glossary of ARCHITECTURE.md has in brackets.
#[test]
fn common_names_of_keys_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed.toml");
    for (file, key, common) in [
        ("turbulence/paper-m.toml", "dim", "width"),
        ("turbulence/paper-m.toml", "time_window", "input_frames"),
        ("turbulence/paper-fno.toml", "dim", "width"),
        ("turbulence/paper-fno.toml", "time_window", "input_frames"),
        ("turbulence/minimal-channel.toml", "interval", "spacing"),
        ("turbulence/minimal-channel.toml", "snapshots", "frames"),
        ("prose/fluids-small.toml", "frames", "snapshots"),
        ("prose/fluids-small.toml", "spacing", "interval"),
    ] {
        let settings = text(&root().join("configs").join(file));
        let renamed = settings.replace(&format!("\n{key} = "), &format!("\n{common} = "));
        assert_ne!(settings, renamed, "{file}: no {key}");
        std::fs::write(&changed, renamed).unwrap();
        let mut kinds = APPLICATIONS.iter().flat_map(|one| one.settings);
        let taken = kinds.any(|kind| (kind.check)(&changed).is_ok());
        assert!(taken, "{file}: {common} for {key} is not taken");
    }
}
