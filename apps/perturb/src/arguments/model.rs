//! Options of the commands that train and use a model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rheome_cli::ComputeOptions;
use rheome_cli::model_folder::ModelSource;
use rheome_cli::outputs::file_parser;
use rheome_cli::training::TrainOptions;

/// Options of `train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Prepared cells (.h5ad, written by `perturb prepare`); what its split holds out is not learnt.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Options of every training.
    #[command(flatten)]
    pub run: TrainOptions,
}

/// The part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartOfSplit {
    /// Perturbations that were learnt.
    Train,
    /// Perturbations that were held out.
    Test,
}

/// Which perturbations are predicted.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Request {
    /// These, separated by commas, the genes of a combination joined by `+`: `KLF1,KLF1+CEBPA`.
    #[arg(long, value_name = "LIST")]
    pub perturbations: Option<String>,
    /// Those of a file: one a line, or the first column of a table (CSV). Commas and tabs separate columns, and so does `;` where the
    /// heading has it or numbers follow it in every line; a name that has such a sign in it may stand in quotes. Passed over are empty
    /// lines, those that begin with `#`, and a first line whose first cell is perturbation, condition, gene, target, drug, guide,
    /// label or name (also with an s).
    #[arg(long, value_name = "FILE")]
    pub perturbations_file: Option<PathBuf>,
    /// Those of a part of the split that the data hold; test is refused where the model has seen some of them in its training.
    #[arg(long, value_name = "PART")]
    pub split: Option<PartOfSplit>,
    /// All pairs of the genes that the data have perturbed.
    #[arg(long)]
    pub all_pairs: bool,
}

/// Options of `predict`.
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The model.
    #[command(flatten)]
    pub source: ModelSource,
    /// Override one setting of the model, e.g. `--set sampling.points=10`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Prepared cells (.h5ad) whose control cells the prediction starts from; no perturbed cells are needed.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// What to predict.
    #[command(flatten)]
    pub request: Request,
    /// Cells of each perturbation.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub cells: usize,
    /// Predict all genes of the data instead of those that predictions are judged by (var/evaluated).
    #[arg(long)]
    pub all_genes: bool,
    /// AnnData file to write.
    #[arg(long, value_name = "FILE", required_unless_present = "summary", value_parser = file_parser())]
    pub output: Option<PathBuf>,
    /// Also copy the control cells of the data into the output.
    #[arg(long, requires = "output")]
    pub with_control: bool,
    /// Table to write (CSV), a row a perturbation: the size of its effect and the genes it changes most.
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub summary: Option<PathBuf>,
    /// Continue a prediction that was stopped, behind the last perturbation that was done, with the options of before.
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `identify`.
#[derive(Debug, Args)]
pub struct IdentifyArguments {
    /// The model.
    #[command(flatten)]
    pub source: ModelSource,
    /// Prepared cells (.h5ad): control cells, and observed ones under any other label.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Genes (or drugs) to choose from, separated by commas. Default: all that the model knows.
    #[arg(long, value_name = "LIST")]
    pub candidates: Option<String>,
    /// Explanations to name.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
    /// Cells to look at, at most.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub cells: usize,
    /// Print one JSON object for each label instead of lines.
    #[arg(long)]
    pub json: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// Predicted cells (.h5ad).
    #[arg(long, value_name = "FILE")]
    pub pred: PathBuf,
    /// Measured cells (.h5ad) of the same perturbations and genes, control among them; more of them are passed over.
    #[arg(long, value_name = "FILE")]
    pub real: PathBuf,
    /// What control cells are called.
    #[arg(long, value_name = "LABEL", default_value = "control")]
    pub control: String,
    /// Column of obs with the perturbations.
    #[arg(long, value_name = "NAME", default_value = "perturbation")]
    pub pert_col: String,
    /// Folder to write the tables into.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Also score, as predictions, control cells, the sum and the average of the single effects, and the nearest single perturbation.
    #[arg(long)]
    pub baselines: bool,
    /// Measured cells of the single perturbations for --baselines. Default: --real.
    #[arg(long, value_name = "FILE", requires = "baselines")]
    pub data: Option<PathBuf>,
    /// Also draw predicted against measured changes, cells on principal components, and distributions (PNG and SVG).
    #[arg(long)]
    pub plots: bool,
    /// Also write pred.h5ad and real.h5ad into this folder, of the same perturbations and genes, control in both: what
    /// `cell-eval run` takes with `--pert-col perturbation --control-pert control`.
    #[arg(long, value_name = "DIR")]
    pub cell_eval: Option<PathBuf>,
    /// Replace results that are there.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}
