//! The `turbulence` command.

fn main() {}
