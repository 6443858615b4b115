//! One file a command.

use clap::CommandFactory;
use rheome_cli::Failure;

use crate::arguments::{Arguments, Command};

/// Does what was asked.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Completions { shell } => {
            rheome_cli::print_completions(shell, &mut Arguments::command());
            Ok(())
        }
    }
}
