//! The `perturb` command: prepare single cells, train scDFM on them, predict perturbations never measured, score them. What other
//! crates may use of it is [`main`], and [`SETTINGS`] to check settings files.

mod arguments;
mod cells;
mod commands;
mod settings;
mod trained_model;
mod trained_on;

use std::process::ExitCode;

use rheome_cells::simulate::SimulationSettings;
use rheome_cli::settings::{SettingsKind, check_seed, load, load_valid};
use settings::TrainSettings;

/// The kinds of settings files.
pub const SETTINGS: [SettingsKind; 2] = [
    SettingsKind {
        command: "perturb generate",
        check: |path| {
            let settings: SimulationSettings = load(path, &[])?;
            check_seed("seed", settings.seed)?;
            Ok(settings.check()?)
        },
    },
    SettingsKind {
        command: "perturb train",
        check: |path| load_valid::<TrainSettings>(path, &[]).map(|_| ()),
    },
];

/// Reads the command line, does what it asks, and tells how it ended: what the program's `main` is.
pub fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("perturb", commands::run(arguments.command))
}
