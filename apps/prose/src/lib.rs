//! The `prose` command: generate families of equations, train on them, continue a series and name its equation. What other crates
//! may use of it is [`main`], and [`SETTINGS`] to check settings files.

mod arguments;
mod commands;
mod families_file;
mod outputs;
mod samples;
mod scales;
mod settings;
mod times;
mod trained_model;
mod vocabulary_file;

use std::process::ExitCode;

use commands::fluids;
use rheome_cli::settings::{SettingsKind, load_valid};
use rheome_equations::families_from_file;
use settings::{GenerateSettings, TrainSettings};

/// The kinds of settings files.
pub const SETTINGS: [SettingsKind; 5] = [
    SettingsKind {
        command: "prose generate",
        check: |path| {
            let settings: GenerateSettings = load_valid(path, &[])?;
            settings.families.resolve(path, &[]).map(|_| ())
        },
    },
    SettingsKind {
        command: "prose families",
        check: |path| Ok(families_from_file(path).map(|_| ())?),
    },
    SettingsKind {
        command: "prose train",
        check: |path| load_valid::<TrainSettings>(path, &[]).map(|_| ()),
    },
    SettingsKind {
        command: "prose fluids generate",
        check: |path| load_valid::<fluids::GenerateSettings>(path, &[]).map(|_| ()),
    },
    SettingsKind {
        command: "prose fluids train",
        check: |path| load_valid::<fluids::TrainSettings>(path, &[]).map(|_| ()),
    },
];

/// Reads the command line, does what it asks, and tells how it ended: what the program's `main` is.
pub fn main() -> ExitCode {
    let arguments: arguments::Arguments = rheome_cli::parse();
    rheome_cli::finish("prose", commands::run(arguments.command))
}
