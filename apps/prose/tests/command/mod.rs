//! The command under test, for all test files.
#![allow(
    unused_imports,
    dead_code,
    reason = "not every test file needs all of it"
)]

use std::path::Path;

use assert_cmd::Command;
use rheome_testing::Program;

pub use rheome_testing::{folder, root};

const PROGRAM: Program = Program {
    name: "prose",
    binary: env!("CARGO_BIN_EXE_prose"),
};

/// The command with arguments.
pub fn with(arguments: &[&str]) -> Command {
    PROGRAM.with(arguments)
}

/// A command that must fail with status `code` and one line on standard error that holds all of `words`.
pub fn fails(command: Command, code: i32, words: &[&str]) {
    PROGRAM.fails(command, code, words);
}

/// Runs a script of `tests/python`, which must succeed; false where `RHEOME_PYTHON` names no Python with h5py.
pub fn python(script: &str, arguments: &[&str]) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    rheome_testing::python(&folder.join(script), arguments)
}
