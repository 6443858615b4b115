//! The command line: every option has one sentence that says when to use it.

mod data;
mod evaluate;
mod fluids;
mod predict;
mod symbols;
mod train;

use clap::{Parser, Subcommand};
use rheome_cli::{ManArguments, Shell, VersionOptions};

pub use data::{FamiliesArguments, GenerateArguments, InfoArguments};
pub use evaluate::EvaluateArguments;
pub use fluids::{
    FluidsCommand, FluidsEvaluateArguments, FluidsGenerateArguments, FluidsPredictArguments,
    FluidsTrainArguments, Judged,
};
pub use predict::{DecodingOptions, PredictArguments, Resampling, SeriesOptions};
pub use symbols::TokensArguments;
pub use train::TrainArguments;

/// PROSE: generate families of equations, train on them, continue a series and name its equation.
#[derive(Debug, Parser)]
#[command(
    name = "prose",
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
    /// Draw equations of families, integrate them and write the trajectories.
    #[command(
        after_help = "Example:\n  prose generate --config configs/prose/small.toml --set data.equations=20 \\\n      --output demo/equations/small.h5"
    )]
    Generate(GenerateArguments),
    /// Train a network to continue series and to name their equations.
    #[command(
        after_help = "Example:\n  prose train --config configs/prose/smoke-train.toml \\\n      --data demo/equations/unseen.h5 --output demo/equations/smoke"
    )]
    Train(TrainArguments),
    /// List families of equations, the published ones or those of a file; with a name, tell all about one.
    #[command(
        after_help = "Families of your own: a file of tables, each with its name, equations, parameters,\nrange of initial values and source (datasets/equations/FORMAT.md). Print one, change\nit, generate from all of the file, look at it:\n\nExample:\n  prose families\n  prose families lorenz_3d\n  prose families lorenz_3d --toml > demo/mine.toml\n  prose generate --config configs/prose/small.toml \\\n      --set families.file=demo/mine.toml --set 'families.names=[]' \\\n      --set data.equations=20 --output demo/mine.h5\n  prose families --file demo/mine.toml"
    )]
    Families(FamiliesArguments),
    /// Flows in two dimensions: the same idea for fields (PROSE-FD; parity with the published weights is not checked).
    Fluids {
        /// What to do with them.
        #[command(subcommand)]
        command: FluidsCommand,
    },
    /// Continue a series, and name the equation behind it.
    #[command(
        after_help = "Example:\n  prose predict --model apps/prose/demo/model \\\n      --input demo/equations/unseen.h5 --sample 100 --plots \\\n      --output demo/equations/sample-100.h5\n  prose predict --model apps/prose/demo/model \\\n      --input tests/fixtures/hudson_bay/lynx_hare.csv \\\n      --equation \"C x - C x y | C x y - C y\" --points 15 \\\n      --output demo/equations/lynx-hare.h5"
    )]
    Predict(PredictArguments),
    /// Judge a model: how well it continues series and names their equations, beside forecasts that need none.
    #[command(
        after_help = "Example:\n  prose evaluate --model apps/prose/demo/model \\\n      --data demo/equations/unseen.h5 --subset all --samples 12 --noise 0.05 \\\n      --output demo/equations/noisier"
    )]
    Evaluate(EvaluateArguments),
    /// Say an equation in prefix words, ids, LaTeX and SymPy, from a formula, words or ids.
    #[command(
        after_help = "Example:\n  prose tokens \"10.0 (y - x) | x (28.0 - z) - y | x y - 2.67 z\"\n  prose tokens --words \"add mul + N250 E-2 u_0 sin u_1\""
    )]
    Tokens(TokensArguments),
    /// Say what a data file, a prediction, a series or a model folder holds.
    #[command(after_help = "Example:\n  prose info demo/equations/unseen.h5")]
    Info(InfoArguments),
    /// Print the completion script of a shell.
    #[command(
        after_help = "Example:\n  mkdir -p ~/.local/share/bash-completion/completions\n  prose completions bash > ~/.local/share/bash-completion/completions/prose"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages into a folder, a page a command.
    #[command(after_help = "Example:\n  prose man demo/man")]
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_the_documentation_are_understood() {
        for page in ["README.md", "operators/prose/MIGRATION.md"] {
            let commands = rheome_testing::page::commands(page, "prose");
            assert!(commands.len() > 2, "{page}: {commands:?}");
            for words in commands {
                if let Err(error) = Arguments::try_parse_from(&words) {
                    panic!("{page}: {words:?}: {error}");
                }
            }
        }
    }
}
