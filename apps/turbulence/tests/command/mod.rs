//! The command under test, for all test files.
#![allow(
    unused_imports,
    dead_code,
    reason = "not every test file needs all of it"
)]

use assert_cmd::Command;
use rheome_testing::Program;

pub use rheome_testing::{folder, root};

const PROGRAM: Program = Program {
    name: "turbulence",
    binary: env!("CARGO_BIN_EXE_turbulence"),
};

/// A flow that the demo's operator never saw.
pub const HELD_OUT: &str = "tests/fixtures/turbulence/held-out.h5";

/// The command with arguments.
pub fn with(arguments: &[&str]) -> Command {
    PROGRAM.with(arguments)
}

/// A command that must fail with status `code` and one line on standard error that holds all of `words`.
pub fn fails(command: Command, code: i32, words: &[&str]) {
    PROGRAM.fails(command, code, words);
}
