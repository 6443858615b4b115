//! The `perturb` command: prepare single cells, train scDFM on them, predict perturbations never measured, score them.

mod arguments;
mod cells;
mod commands;
mod settings;
mod trained_model;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("perturb", commands::run(arguments.command))
}
