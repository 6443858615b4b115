//! The `turbulence` command: simulate a channel, train an operator on it, roll it out, look at the statistics.

mod arguments;
mod commands;
mod flow_header;
mod labelled;
mod model_folder;
mod profiles;
mod reference;
mod statistics_file;
mod trained_flow;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("turbulence", commands::run(arguments.command))
}
