//! The command line: every option has one sentence that says when to use it.

use clap::{Parser, Subcommand};
use rheome_cli::Shell;

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
    /// Print the completion script of a shell.
    #[command(
        after_help = "Example:\n  perturb completions bash > ~/.local/share/bash-completion/completions/perturb"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
}
