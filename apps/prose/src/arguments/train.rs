//! Options of `train`.

use std::path::PathBuf;

use clap::Args;
use rheome_cli::training::TrainOptions;

/// Options of `train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Equations and trajectories to learn from (.h5, written by `prose generate`).
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Options of every training.
    #[command(flatten)]
    pub run: TrainOptions,
}
