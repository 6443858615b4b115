//! The command line: every option has one sentence that says when to use it.

mod data;
mod model;

use clap::{Parser, Subcommand};
use rheome_cli::Shell;

pub use data::{GenerateArguments, InfoArguments, PrepareArguments, SplitArguments};
pub use model::{IdentifyArguments, PartOfSplit, PredictArguments, TrainArguments};

/// Perturb: prepare single cells, train scDFM on them, predict the cells of perturbations never measured, score them.
#[derive(Debug, Parser)]
#[command(
    name = "perturb",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn how perturbations move cells.
    #[command(
        after_help = "Example:\n  perturb train --config configs/perturb/small.toml --data prepared.h5ad --output runs/small"
    )]
    Train(TrainArguments),
    /// Predict the cells of perturbations, measured or not, from control cells.
    #[command(
        after_help = "Example:\n  perturb predict --model runs/small --data prepared.h5ad --split test --cells 100 --output predicted.h5ad"
    )]
    Predict(PredictArguments),
    /// Tell which perturbation, or pair of them, explains observed cells.
    #[command(
        after_help = "Example:\n  perturb identify --model runs/small --data observed.h5ad --top 5"
    )]
    Identify(IdentifyArguments),
    /// Make a raw file ready for training: normalise counts, choose genes, unify the names of conditions.
    #[command(
        after_help = "Example:\n  perturb prepare raw.h5ad --pert-col condition --split-method additive --output data.h5ad"
    )]
    Prepare(PrepareArguments),
    /// Give a prepared file another split into conditions that are learnt and conditions that are held out.
    #[command(after_help = "Example:\n  perturb split data.h5ad --method additive --fold 1")]
    Split(SplitArguments),
    /// Simulate a Perturb-seq screen whose truth is known.
    #[command(
        after_help = "Example:\n  perturb generate --config configs/perturb/small-screen.toml --output raw.h5ad"
    )]
    Generate(GenerateArguments),
    /// Say what an AnnData file or a model folder holds.
    #[command(after_help = "Example:\n  perturb info data.h5ad")]
    Info(InfoArguments),
    /// Print the completion script of a shell.
    #[command(
        after_help = "Example:\n  perturb completions bash > ~/.local/share/bash-completion/completions/perturb"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
}
