//! Options of the commands about flows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rheome_cli::ComputeOptions;
use rheome_cli::model_folder::ModelSource;
use rheome_cli::outputs::file_parser;
use rheome_cli::training::TrainOptions;
use rheome_fields::FieldFormat;

/// The verbs about flows in two dimensions.
#[derive(Debug, Subcommand)]
pub enum FluidsCommand {
    /// Simulate decaying turbulence in a periodic box, of many viscosities, and write its velocities.
    #[command(
        after_help = "Example:\n  prose fluids generate --config configs/prose/fluids-small.toml \\\n      --set data.trajectories=16 --output demo/flows.h5"
    )]
    Generate(FluidsGenerateArguments),
    /// Learn to continue flows from their first frames and the words of their equations.
    #[command(
        after_help = "Example:\n  prose fluids generate --config configs/prose/fluids-small.toml \\\n      --set data.trajectories=16 --output demo/flows.h5\n  prose fluids train --config configs/prose/fluids-smoke-train.toml \\\n      --data demo/flows.h5 --output demo/fluids-smoke"
    )]
    Train(FluidsTrainArguments),
    /// Continue the flows of a file.
    #[command(
        after_help = "Example:\n  prose fluids generate --config configs/prose/fluids-small.toml \\\n      --set data.trajectories=16 --output demo/flows.h5\n  prose fluids train --config configs/prose/fluids-smoke-train.toml \\\n      --data demo/flows.h5 --output demo/fluids-smoke\n  prose fluids predict --model demo/fluids-smoke --input demo/flows.h5 \\\n      --output demo/continued.h5"
    )]
    Predict(FluidsPredictArguments),
    /// Judge a model by flows whose continuation is known: errors and the statistics of turbulence, beside a coarse solver.
    #[command(
        after_help = "Example:\n  prose fluids generate --config configs/prose/fluids-small.toml \\\n      --set data.trajectories=16 --output demo/flows.h5\n  prose fluids train --config configs/prose/fluids-smoke-train.toml \\\n      --data demo/flows.h5 --output demo/fluids-smoke\n  prose fluids evaluate --model demo/fluids-smoke --data demo/flows.h5 \\\n      --output demo/fluids-scores"
    )]
    Evaluate(FluidsEvaluateArguments),
}

/// Options of `fluids generate`.
#[derive(Debug, Args)]
pub struct FluidsGenerateArguments {
    /// Settings of the flows (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. `--set data.trajectories=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Field file to write.
    #[arg(long, value_name = "FILE", help = field_file("Field file to write", ""), value_parser = file_parser())]
    pub output: PathBuf,
    /// Continue a generation that was stopped: frames that the output has stay as they are.
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace the output if it is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `fluids train`.
#[derive(Debug, Args)]
pub struct FluidsTrainArguments {
    /// Flows and their equations to learn from.
    #[arg(long, value_name = "FILE", help = field_file("Flows and their equations to learn from", OF_GENERATE))]
    pub data: String,
    /// Options of every training.
    #[command(flatten)]
    pub run: TrainOptions,
}

/// Options of `fluids predict`.
#[derive(Debug, Args)]
pub struct FluidsPredictArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelSource,
    /// Flows and their equations to continue.
    #[arg(long, value_name = "FILE", help = field_file("Flows and their equations to continue", ", with an attribute `equations`"))]
    pub input: String,
    /// First of the frames that are given, counted from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub first: usize,
    /// Frames to predict. More than the model predicts at once are predicted from its own. Default: as many as at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub frames: Option<u32>,
    /// Field file to write.
    #[arg(long, value_name = "FILE", help = field_file("Field file to write", ", or .npy for the numbers alone, without times and equations"), value_parser = file_parser())]
    pub output: PathBuf,
    /// Replace the output if it is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Which trajectories a model is judged by, as the split of its training has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Judged {
    /// Those that were neither learnt nor validated; an error where the split holds none out.
    HeldOut,
    /// Those that chose the best weights.
    Validation,
    /// All of the file: for flows that no training has seen.
    All,
}

/// Options of `fluids evaluate`.
#[derive(Debug, Args)]
pub struct FluidsEvaluateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelSource,
    /// Flows and their equations.
    #[arg(long, value_name = "FILE", help = field_file("Flows and their equations", OF_GENERATE))]
    pub data: String,
    /// Which trajectories judge.
    #[arg(long, value_enum, default_value_t = Judged::HeldOut)]
    pub trajectories: Judged,
    /// Stretches of flows that judge, evenly spread; 0 takes all.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub windows: usize,
    /// Points along each side of the coarse solver that is compared. Default: half of the flows' points.
    #[arg(long, value_name = "N")]
    pub coarse: Option<usize>,
    /// Folder to write tables and pictures into.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace tables and pictures that are there.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Where the files come from that are learnt from.
const OF_GENERATE: &str = ", written by `prose fluids generate`";

/// Help for a field file that holds flows and their equations.
fn field_file(what: &str, more: &str) -> String {
    let endings = FieldFormat::endings_of(FieldFormat::has_header);
    format!("{what} ({endings}{more})")
}
