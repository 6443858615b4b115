//! `prose fluids`: flows in two dimensions, continued by a network that is told their equation (PROSE-FD, arXiv 2409.09811).
//!
//! The published weights were never at hand: what is trained here is ours alone.

mod data;
mod evaluate;
mod generate;
mod model;
mod predict;
mod settings;
mod symmetry;
mod train;

use rheome_cli::Failure;

pub use model::LoadedModel;
pub use settings::{GenerateSettings, TrainSettings};

use super::PROGRAM;
use crate::arguments::FluidsCommand;

/// Name of the command, as its models tell it.
pub const NAME: &str = "prose fluids";

/// Runs the command.
pub fn run(command: &FluidsCommand) -> Result<(), Failure> {
    match command {
        FluidsCommand::Generate(arguments) => generate::run(arguments),
        FluidsCommand::Train(arguments) => train::run(arguments),
        FluidsCommand::Predict(arguments) => predict::run(arguments),
        FluidsCommand::Evaluate(arguments) => evaluate::run(arguments),
    }
}
