//! One file a command.

mod identify;
mod predict;
mod train;

use clap::CommandFactory;
use rheome_cli::{Failure, Program};

use crate::arguments::{Arguments, Command};

/// This program, for the attributes of its outputs.
pub const PROGRAM: Program = Program {
    name: "perturb",
    version: env!("CARGO_PKG_VERSION"),
};

/// Does what was asked.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Identify(arguments) => identify::run(&arguments),
        Command::Completions { shell } => {
            rheome_cli::print_completions(shell, &mut Arguments::command());
            Ok(())
        }
    }
}
