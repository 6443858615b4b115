//! The command line: every option has one sentence that says when to use it.

use clap::{Parser, Subcommand};
use rheome_cli::Shell;

/// PROSE: generate families of equations, train on them, continue a series and name its equation.
#[derive(Debug, Parser)]
#[command(
    name = "prose",
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
        after_help = "Example:\n  prose completions bash > ~/.local/share/bash-completion/completions/prose"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
}
