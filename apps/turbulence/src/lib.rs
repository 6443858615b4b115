//! The `turbulence` command: simulate a channel, train an operator on it, roll it out, look at the statistics. What other crates may
//! use of it is [`main`], and [`SETTINGS`] to check settings files.

mod arguments;
mod commands;
mod labelled;
mod model_folder;
mod pace;
mod profiles;
mod reference;
mod statistics_output;
mod trained_flow;

use std::process::ExitCode;

use commands::{SimulateSettings, TrainSettings};
use rheome_cli::settings::{SettingsKind, load_valid};

/// The kinds of settings files.
pub const SETTINGS: [SettingsKind; 2] = [
    SettingsKind {
        command: "turbulence simulate",
        check: |path| load_valid::<SimulateSettings>(path, &[]).map(|_| ()),
    },
    SettingsKind {
        command: "turbulence train",
        check: |path| load_valid::<TrainSettings>(path, &[]).map(|_| ()),
    },
];

/// Reads the command line, does what it asks, and tells how it ended: what the program's `main` is.
pub fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("turbulence", commands::run(arguments.command))
}
