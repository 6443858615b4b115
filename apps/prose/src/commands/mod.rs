//! One file a command.

mod evaluate;
mod families;
pub mod fluids;
mod generate;
mod info;
mod predict;
mod tokens;
mod train;

use clap::CommandFactory;
use rheome_cli::{Failure, Program};

use crate::arguments::{Arguments, Command};

/// What made an output.
const PROGRAM: Program = Program {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
};

/// Does what was asked.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Families(arguments) => families::run(&arguments),
        Command::Fluids { command } => fluids::run(&command),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Tokens(arguments) => tokens::run(&arguments),
        Command::Completions { shell } => {
            rheome_cli::print_completions(shell, &mut Arguments::command());
            Ok(())
        }
        Command::Man(arguments) => {
            rheome_cli::write_manual(Arguments::command(), &arguments.folder)
        }
    }
}
