//! The `turbulence` command.
#![allow(dead_code)]

mod plots;

fn main() {}
