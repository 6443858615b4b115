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
use rheome_anndata::{AnnData, Axis, Frame};
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

/// What a file tells of some of its genes, to be written again; which columns are to have another name for it is said.
///
/// # Errors
/// [`Failure`] naming a column that cannot be read.
fn genes_to_write(file: &AnnData, genes: &[usize], console: Console) -> Result<Frame, Failure> {
    let mut frame = file.frame(Axis::Var)?.at(genes);
    let renamed = frame.make_storable().into_iter();
    let renamed = renamed.map(|(old, new)| (format!("var/{old}"), format!("var/{new}")));
    prepare::note_renamed_columns(console, &renamed.collect::<Vec<_>>());
    Ok(frame)
}
