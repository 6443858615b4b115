//! What the applications share: common options, settings files, progress, and errors in one line.
//!
//! - [`ComputeOptions`]: `--device`, `--threads`, `--seed`, `-q`, `-v`, `--log-json`;
//! - [`settings`]: TOML files with `--set section.key=value`, where a wrong key is named beside the nearest known one;
//! - [`Meter`]: a progress bar on a terminal, plain lines elsewhere;
//! - [`JsonLog`]: one JSON object a line for scripts;
//! - [`training`]: the loop of a training, whatever is learnt;
//! - [`model_folder`] and [`RunFolder`]: where trained models lie, and how a training writes and continues them;
//! - [`files`]: whole files and folders, where a failure names them;
//! - [`RunFiles`]: what is read and what is written, which are not to be the same;
//! - [`outputs`]: outputs that do not replace what is wanted; [`Claim`]: one run at a time writes one;
//! - [`DataFingerprint`] and [`Checksum`]: what a training learns from, so that it is not continued with something else;
//! - [`did_you_mean`]: the nearest names to one that is not known;
//! - [`Program`]: what made an output;
//! - [`parse`] and [`VersionOptions`]: the arguments of a program, `--version --verbose`; [`write_manual`]: its manual pages;
//! - [`Facts`]: what `info` tells, for people or as JSON; [`table`]: tables for people or as CSV;
//! - [`Interruption`]: SIGINT and SIGTERM ask a run to stop, and loops ask whether they did;
//! - [`Failure`] and [`finish`]: what went wrong in one line, and the exit status.
//!
//! # Example
//!
//! ```
//! use rheome_cli::{Facts, settings};
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Training {
//!     epochs: u32,
//! }
//! #[derive(Debug, Deserialize)]
//! struct Settings {
//!     training: Training,
//! }
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("my.toml");
//! std::fs::write(&path, "[training]\nepochs = 5")?;
//! // As with `--set training.epochs=7`.
//! let changed: Settings = settings::load(&path, &["training.epochs=7".into()])?;
//! assert_eq!(changed.training.epochs, 7);
//! // A wrong key is named beside the nearest known one.
//! let wrong = settings::load::<Settings>(&path, &["training.epoch=7".into()]).unwrap_err();
//! assert!(wrong.to_string().contains("epochs"), "{wrong}");
//!
//! let mut facts = Facts::default();
//! facts.tell("epochs", changed.training.epochs);
//! assert_eq!(facts.into_object()["epochs"], 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claim;
mod console;
mod data_fingerprint;
mod facts;
mod failure;
pub mod files;
mod interruption;
mod json_log;
mod library_log;
mod lock;
mod manual;
mod meter;
pub mod model_folder;
mod nearest;
mod options;
pub mod outputs;
mod provenance;
mod run_files;
mod run_folder;
pub mod settings;
pub mod table;
pub mod training;
mod version;
mod waiting;

pub use claim::Claim;
pub use clap_complete::Shell;
pub use console::{Console, say};
pub use data_fingerprint::{Checksum, DataFingerprint};
pub use facts::Facts;
pub use failure::{Failure, finish, report};
pub use interruption::Interruption;
pub use json_log::JsonLog;
pub use lock::lock;
pub use manual::{ManArguments, write_manual};
pub use meter::Meter;
pub use nearest::did_you_mean;
pub use options::ComputeOptions;
pub use provenance::Program;
pub use run_files::RunFiles;
pub use run_folder::RunFolder;
pub use version::{VersionOptions, parse};
pub use waiting::tell_while;

/// What the help of every program says of its examples.
pub const EXAMPLES: &str = "`help VERB` shows an example of each. Examples are for the repository's folder, after `make demo`, with the programs on the path:\n  export PATH=$PWD/target/release:$PATH";

/// Writes the completion script of `shell` for `command` to standard output.
pub fn print_completions(shell: Shell, command: &mut clap::Command) {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, command, name, &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
}
