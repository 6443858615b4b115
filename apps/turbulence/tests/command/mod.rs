//! The command under test, for all test files.
#![allow(
    unused_imports,
    dead_code,
    reason = "not every test file needs all of it"
)]

pub use rheome_testing::{folder, root};

rheome_testing::program_under_test!("turbulence");

/// A flow that the demo's operator never saw.
pub const HELD_OUT: &str = "tests/fixtures/turbulence/held-out.h5";
