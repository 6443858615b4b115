//! The command under test, for all test files.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The command in the root of the repository.
fn perturb() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
    command.current_dir(root());
    command
}

/// A folder that goes away with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A command that must fail with status `code` and one line on standard error that holds all of `words`.
pub fn fails(mut command: Command, code: i32, words: &[&str]) {
    let output = command
        .assert()
        .failure()
        .code(code)
        .get_output()
        .stderr
        .clone();
    let text = String::from_utf8(output).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("perturb: "))
        .collect();
    let [last] = lines.as_slice() else {
        panic!("expected one line of the command in {text:?}");
    };
    assert_eq!(text.lines().last(), Some(*last), "it is the last one");
    for word in words {
        assert!(last.contains(word), "{word:?} is not in {text:?}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

/// The command with arguments.
pub fn with(arguments: &[&str]) -> Command {
    let mut command = perturb();
    command.args(arguments);
    command
}
