//! One file a command.

mod evaluate;
mod failures;
mod generate;
mod identify;
mod info;
mod predict;
mod prepare;
mod split;
mod train;

use std::ops::ControlFlow;

use clap::CommandFactory;
use rheome_cli::{Console, Failure, Interruption, Meter, Program};

use crate::arguments::{Arguments, Command};

/// What made an output.
const PROGRAM: Program = Program {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
};

/// Does what was asked.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Identify(arguments) => identify::run(&arguments),
        Command::Prepare(arguments) => prepare::run(&arguments),
        Command::Split(arguments) => split::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Completions { shell } => {
            rheome_cli::print_completions(shell, &mut Arguments::command());
            Ok(())
        }
        Command::Man(arguments) => {
            rheome_cli::write_manual(Arguments::command(), &arguments.folder)
        }
    }
}

/// Shows how many cells of how many were read (or drawn), as this is told, and answers whether to go on: not after a signal.
///
/// # Errors
/// [`Failure`] if signals cannot be listened to.
fn cells_meter(
    console: Console,
    what: &'static str,
) -> Result<impl FnMut(u64, u64) -> ControlFlow<()>, Failure> {
    let interruption = Interruption::watch(console)?;
    let mut meter = None;
    Ok(move |done, total| {
        let meter = meter.get_or_insert_with(|| Meter::new(console, what, "cells", total, 0));
        meter.advance_to(done, "");
        match interruption.is_asked() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
}
