//! The `prose` command: generate families of equations, train on them, continue a series and name its equation.

mod arguments;
mod commands;
mod families_file;
mod samples;
mod scales;
mod settings;
mod times;
mod trained_model;
mod vocabulary_file;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("prose", commands::run(arguments.command))
}
