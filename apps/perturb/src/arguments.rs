//! The command line: every option has one sentence that says when to use it.

mod data;
mod model;

use clap::{Parser, Subcommand};
use rheome_cli::{ManArguments, Shell, VersionOptions};

pub use data::{
    GenerateArguments, InfoArguments, PrepareArguments, SplitArguments, control_labels,
};
pub use model::{
    EvaluateArguments, IdentifyArguments, PartOfSplit, PredictArguments, TrainArguments,
};

/// Perturb: prepare single cells, train scDFM on them, predict the cells of perturbations never measured, score them.
#[derive(Debug, Parser)]
#[command(
    name = "perturb",
    version,
    propagate_version = true,
    disable_version_flag = true,
    arg_required_else_help = true,
    after_help = rheome_cli::EXAMPLES
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What the program is.
    #[command(flatten)]
    pub version: VersionOptions,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn how perturbations move cells.
    #[command(
        after_help = "Example:\n  perturb train --config configs/perturb/smoke-train.toml \\\n      --data demo/cells/prepared.h5ad --output demo/cells/smoke"
    )]
    Train(TrainArguments),
    /// Predict the cells of perturbations, measured or not, from control cells.
    #[command(
        after_help = "Example:\n  perturb predict --model apps/perturb/demo/model \\\n      --data demo/cells/prepared.h5ad --perturbations REG000+REG001 --cells 8 \\\n      --output demo/cells/two.h5ad"
    )]
    Predict(PredictArguments),
    /// Compare predicted with measured cells: the tables of cell-eval, baselines, pictures.
    #[command(
        after_help = "Example:\n  perturb evaluate --pred demo/cells/predicted.h5ad \\\n      --real demo/cells/prepared.h5ad --baselines --plots \\\n      --output demo/cells/again"
    )]
    Evaluate(EvaluateArguments),
    /// Tell which perturbation, or pair of them, explains observed cells.
    #[command(
        after_help = "Example:\n  perturb train --config configs/perturb/smoke-train.toml \\\n      --set training.identification=1 --data demo/cells/prepared.h5ad \\\n      --output demo/cells/identifying\n  perturb identify --model demo/cells/identifying \\\n      --data demo/cells/prepared.h5ad --cells 16 --top 3"
    )]
    Identify(IdentifyArguments),
    /// Make a raw file ready for training: normalise counts, choose genes, unify the names of conditions.
    ///
    /// The values, obs and var are taken over; other layers, raw, embeddings (obsm), graphs (obsp) and uns are not, and are listed.
    /// Columns of obs and var that are called as what is written, such as perturbation and split, are kept as source_NAME.
    #[command(
        after_help = "Example:\n  perturb prepare demo/cells/screen.h5ad --split-method additive \\\n      --output demo/cells/data.h5ad"
    )]
    Prepare(PrepareArguments),
    /// Give a prepared file another split into conditions that are learnt and conditions that are held out.
    #[command(
        after_help = "Example:\n  perturb split demo/cells/prepared.h5ad --split-method additive --fold 1 \\\n      --output demo/cells/fold-1.h5ad"
    )]
    Split(SplitArguments),
    /// Simulate a Perturb-seq screen whose truth is known.
    #[command(
        after_help = "Example:\n  perturb generate --config configs/perturb/small-screen.toml \\\n      --output demo/cells/small-raw.h5ad"
    )]
    Generate(GenerateArguments),
    /// Say what an AnnData file or a model folder holds.
    #[command(after_help = "Example:\n  perturb info demo/cells/prepared.h5ad")]
    Info(InfoArguments),
    /// Print the completion script of a shell.
    #[command(
        after_help = "Example:\n  mkdir -p ~/.local/share/bash-completion/completions\n  perturb completions bash \\\n      > ~/.local/share/bash-completion/completions/perturb"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages into a folder, a page a command.
    #[command(after_help = "Example:\n  perturb man demo/man")]
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_the_documentation_are_understood() {
        for page in ["README.md", "operators/perturbation/MIGRATION.md"] {
            let commands = rheome_testing::page::commands(page, "perturb");
            assert!(commands.len() > 2, "{page}: {commands:?}");
            for words in commands {
                if let Err(error) = Arguments::try_parse_from(&words) {
                    panic!("{page}: {words:?}: {error}");
                }
            }
        }
    }
}
