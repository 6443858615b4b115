//! The `perturb` command: prepare single cells, train scDFM on them, predict perturbations never measured, score them.

mod arguments;
mod commands;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    rheome_cli::finish("perturb", commands::run(arguments.command))
}
