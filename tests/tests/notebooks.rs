//! The notebooks do what they show: each is executed from clean, beside the programs of this build, in a folder like the repository.

use std::path::{Path, PathBuf};

use rheome_testing::{Stage, root};

/// What a notebook may weigh in the repository, with its pictures.
const LARGEST: u64 = 700_000;

/// A test a notebook of this name, so that they run beside each other.
macro_rules! notebooks {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                executes(stringify!($name));
            }
        )*
    };
}

notebooks! { cells own_flow prose rollout }

#[test]
fn every_notebook_is_tested_and_small() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("notebooks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "ipynb") {
            let size = path.metadata().unwrap().len();
            assert!(size <= LARGEST, "{}: {size} bytes", path.display());
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    assert_eq!(names, NAMES);
}

/// Executes a notebook in a folder of its own, from which `..` looks like the repository.
fn executes(name: &str) {
    let stage = Stage::beside(&programs());
    let folder = stage.path().join("notebooks");
    std::fs::create_dir(&folder).unwrap();
    let notebook = folder.join(name).with_extension("ipynb");
    let published = root().join("notebooks").join(notebook.file_name().unwrap());
    std::fs::copy(published, &notebook).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/execute_notebook.py");
    stage.python(&script, &[notebook.to_str().unwrap()]);
}

/// The folder of the programs: that of this test, or the one above it.
fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().to_owned();
    for program in rheome_testing::programs() {
        let path = folder.join(program);
        assert!(
            path.exists(),
            "{}: not built; the notebooks need `cargo test --workspace`",
            path.display()
        );
    }
    folder
}
