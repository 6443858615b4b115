//! Options of `evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rheome_cli::ComputeOptions;
use rheome_cli::model_folder::ModelSource;
use rheome_equations::{BatchConfig, NoiseKind, Subset};

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The model.
    #[command(flatten)]
    pub source: ModelSource,
    /// Override one setting of the model, e.g. `--set data.batch.size=64`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Equations and trajectories to judge by (.h5, written by `prose generate`; with a greater data.spread than that of the training,
    /// or another seed and --subset all, for equations from beyond it).
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Which part of them, as the settings of the model split them.
    #[arg(long, value_name = "PART", default_value = "test")]
    pub subset: PartOfSplit,
    /// Judge by so many series at most, drawn at random. Default: all.
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub samples: Option<usize>,
    /// What the network is given.
    #[command(flatten)]
    pub given: GivenOptions,
    /// Follow so many likely equations side by side. Default: as the settings of the model have it.
    #[arg(long, value_name = "N", value_parser = super::predict::beam_width())]
    pub beam: Option<usize>,
    /// Choose only words that lead to a valid equation.
    #[arg(long)]
    pub grammatical: bool,
    /// Also fit the constants of the equations to the noisy series that the network is given, and judge the best of them.
    #[arg(long)]
    pub refine: bool,
    /// Folder to write the tables into.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Also draw errors over time and a series of each family (PNG and SVG).
    #[arg(long)]
    pub plots: bool,
    /// Replace results that are there; pictures of before go, unless there are new ones.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// A part of the equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartOfSplit {
    /// Those learnt from.
    Train,
    /// Those that chose the best weights.
    Validation,
    /// Those that judge.
    Test,
    /// All of them.
    All,
}

impl PartOfSplit {
    /// The part, unless it is the whole.
    pub fn subset(self) -> Option<Subset> {
        match self {
            Self::Train => Some(Subset::Train),
            Self::Validation => Some(Subset::Validation),
            Self::Test => Some(Subset::Test),
            Self::All => None,
        }
    }
}

/// How noise enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Noise {
    /// The same for all values of a series.
    Additive,
    /// In proportion to each value.
    Multiplicative,
}

/// What is wrong with what the network is given. Defaults: as in the training.
#[derive(Debug, Args)]
pub struct GivenOptions {
    /// Noise on the series, relative to its size; 0 for none.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub noise: Option<f64>,
    /// How it enters.
    #[arg(long, value_name = "KIND")]
    pub noise_kind: Option<Noise>,
    /// Probability that a term of the rough equation is missing.
    #[arg(long, value_name = "P", value_parser = probability)]
    pub missing: Option<f64>,
    /// Probability that a term is added to it.
    #[arg(long, value_name = "P", value_parser = probability)]
    pub spurious: Option<f64>,
    /// Give the network the true equation with its numbers.
    #[arg(long, conflicts_with_all = ["missing", "spurious"])]
    pub known: bool,
}

impl GivenOptions {
    /// The batches of the training with these options.
    pub fn apply(&self, trained: BatchConfig) -> BatchConfig {
        let mut batch = trained;
        batch.noise.level = self.noise.unwrap_or(batch.noise.level);
        batch.symbols.missing = self.missing.unwrap_or(batch.symbols.missing);
        batch.symbols.spurious = self.spurious.unwrap_or(batch.symbols.spurious);
        batch.known |= self.known;
        if self.missing.is_some() || self.spurious.is_some() {
            batch.known = false;
        }
        match self.noise_kind {
            Some(Noise::Additive) => batch.noise.kind = NoiseKind::Additive,
            Some(Noise::Multiplicative) => batch.noise.kind = NoiseKind::Multiplicative,
            None => (),
        }
        batch
    }
}

fn level(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number: &f64| *number >= 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a number, at least 0".to_owned())
}

fn probability(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a probability, 0 to 1".to_owned())
}
