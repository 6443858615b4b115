//! The command line: every option has one sentence that says when to use it.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Parser, Subcommand};
use rheome_backend::precision::Precision;
use rheome_cli::model_folder::ModelSource;
use rheome_cli::outputs::file_parser;
use rheome_cli::training::TrainOptions;
use rheome_cli::{ComputeOptions, ManArguments, Shell, VersionOptions};
use rheome_fields::FieldFormat;

use crate::commands::bench::Work;
use crate::labelled::Labelled;

/// Turbulence: simulate a channel, train a neural operator on it, roll it out, look at the statistics.
#[derive(Debug, Parser)]
#[command(
    name = "turbulence",
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
    /// Simulate the flow between two walls (DNS) and write filtered snapshots.
    #[command(
        after_help = "Example:\n  turbulence simulate --config configs/turbulence/laminar.toml \\\n      --output demo/laminar.h5"
    )]
    Simulate(SimulateArguments),
    /// Train an operator to predict the next snapshot.
    #[command(
        after_help = "Example:\n  turbulence train --config configs/turbulence/smoke.toml \\\n      --data tests/fixtures/turbulence/held-out.h5 --output demo/smoke"
    )]
    Train(TrainArguments),
    /// Continue a flow autoregressively: every prediction is the next input.
    #[command(
        after_help = "Example:\n  turbulence rollout --model apps/turbulence/demo/model \\\n      --input tests/fixtures/turbulence/held-out.h5 --steps 100 \\\n      --output demo/100-steps.h5 --stats"
    )]
    Rollout(RolloutArguments),
    /// Statistics of field files: profiles, spectra, correlations, history, errors by lead time; with pictures.
    #[command(
        after_help = "Example:\n  turbulence stats demo/rollout.h5 \\\n      --reference tests/fixtures/turbulence/held-out.h5 \\\n      --output demo/rollout-statistics.h5 --plots demo/plots"
    )]
    Stats(StatsArguments),
    /// Let operators and large-eddy simulations start from one DNS snapshot, and score them all in one page.
    #[command(
        after_help = "Example:\n  turbulence compare --reference tests/fixtures/turbulence/held-out.h5 \\\n      --model IFactFormer-m=apps/turbulence/demo/model \\\n      --les WALE=configs/turbulence/minimal-channel-wale.toml --steps 20 \\\n      --output demo/comparison"
    )]
    Compare(CompareArguments),
    /// Convert between npy, HDF5 and NetCDF.
    #[command(
        after_help = "Example:\n  turbulence convert tests/fixtures/turbulence/held-out.h5 demo/held-out.npy"
    )]
    Convert(ConvertArguments),
    /// Compare operators and solvers: parameters, training time, time and memory of a step, in one table.
    #[command(
        after_help = "Example:\n  turbulence bench --model apps/turbulence/demo/model \\\n      --config fno=configs/turbulence/minimal-channel-fno.toml \\\n      --les dns=configs/turbulence/minimal-channel.toml --repeats 2"
    )]
    Bench(BenchArguments),
    /// Measure one row of `bench`, which starts this in a process of its own.
    #[command(hide = true)]
    Measure(MeasureArguments),
    /// Say what a field file, a file of statistics or a model folder holds.
    #[command(after_help = "Example:\n  turbulence info demo/rollout.h5")]
    Info(InfoArguments),
    /// Write the completion script of a shell to standard output.
    #[command(
        after_help = "Example:\n  mkdir -p ~/.local/share/bash-completion/completions\n  turbulence completions bash \\\n      > ~/.local/share/bash-completion/completions/turbulence"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages into a folder, a page a command.
    #[command(after_help = "Example:\n  turbulence man demo/man")]
    Man(ManArguments),
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Settings of the simulation (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. `--set output.snapshots=50`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Field file to write.
    #[arg(long, value_name = "FILE", help = field_output("Field file to write"), value_parser = file_parser())]
    pub output: PathBuf,
    /// Also gather the statistics of the unfiltered flow on the solver's own grid, into OUTPUT's name with `.stats.h5`.
    #[arg(long)]
    pub stats: bool,
    /// Continue a simulation that was stopped, from its last checkpoint.
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Field file to learn from.
    #[arg(long, value_name = "FILE[:DATASET]", help = field_input("Field file to learn from"))]
    pub data: String,
    /// Options of every training.
    #[command(flatten)]
    pub run: TrainOptions,
}

/// Where an operator comes from.
#[derive(Debug, Args)]
pub struct OperatorSource {
    /// Its files.
    #[command(flatten)]
    pub model: ModelSource,
    /// Normalisation for `--weights` (JSON); without it the model is applied to raw values.
    #[arg(long, value_name = "FILE", requires = "weights")]
    pub normalization: Option<PathBuf>,
}

/// Options of `rollout`.
#[derive(Debug, Args)]
pub struct RolloutArguments {
    /// The model.
    #[command(flatten)]
    pub source: OperatorSource,
    /// Field file to start from.
    #[arg(long, value_name = "FILE[:DATASET]", help = field_input("Field file to start from"))]
    pub input: String,
    /// Trajectory to start from, counted from 0.
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub trajectory: usize,
    /// Snapshot to start from, counted from 0: the last of the input window. Default: the first possible.
    #[arg(long, value_name = "I")]
    pub index: Option<usize>,
    /// Number of steps to predict.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,
    /// Field file to write.
    #[arg(long, value_name = "FILE", help = field_output("Field file to write, beside HDF5 with an .xdmf for ParaView"), value_parser = file_parser())]
    pub output: PathBuf,
    /// Write every K-th prediction.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
    /// Also gather the statistics of every step as it goes, into OUTPUT's name with `.stats.h5`.
    #[arg(long)]
    pub stats: bool,
    /// With --stats: field file whose trajectory `--trajectory` the predictions are compared with by lead time. Default: the
    /// input, if it has later snapshots.
    #[arg(long, value_name = "FILE[:DATASET]", requires = "stats")]
    pub reference: Option<String>,
    /// Roll out M members at once, each from a perturbed start.
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub ensemble: u64,
    /// Standard deviation of the members' perturbations, in the data's units of velocity; member 0 is left unperturbed.
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    pub noise: f32,
    /// Stop when the energy changes in one step by more than this many times the range seen in training (0: never).
    #[arg(long, value_name = "X", default_value_t = 20.0)]
    pub energy_limit: f64,
    /// Precision of the network: f32, or bf16 where the device is libtorch or a GPU. The fields stay f32; a step of the published
    /// IFactFormer-m is then off by about 1 % of the largest velocity.
    #[arg(long, value_name = "PRECISION", default_value_t = Precision::F32)]
    pub precision: Precision,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `stats`.
#[derive(Debug, Args)]
pub struct StatsArguments {
    /// Field files, e.g. rollouts, or files of statistics.
    #[arg(required = true, value_name = "FILE[:DATASET]")]
    pub files: Vec<String>,
    /// Field file, or file of statistics, to compare with, e.g. the filtered DNS; may be repeated. Errors by lead time are
    /// against the first one that is a trajectory on the same grid.
    #[arg(long, value_name = "FILE[:DATASET]")]
    pub reference: Vec<String>,
    /// Leave out the first N snapshots of every file in FILES (a rollout's start remembers its input).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Lengths of the box along x and z in half-heights, for field files that do not tell (arrays alone), e.g. 12.566,4.189.
    #[arg(long, value_name = "LX,LZ", value_parser = parse_lengths)]
    pub lengths: Option<[f64; 2]>,
    /// Friction Reynolds number, for field files in units of u_tau that do not tell it (arrays alone).
    #[arg(long, value_name = "N")]
    pub re_tau: Option<f64>,
    /// HDF5 file of results to write.
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: PathBuf,
    /// Replace the output, and the pictures of --plots, if they are there; pictures of an output that is replaced and are not drawn anew are removed.
    #[arg(long)]
    pub overwrite: bool,
    /// Hold the statistics against published ones: 180, 395 or 590 (Moser, Kim & Mansour 1999); with --plots also as published.csv and a
    /// picture.
    #[arg(long, value_name = "RE_TAU")]
    pub published: Option<String>,
    /// Also draw pictures (PNG), profiles and slices at successive times, into this folder, or, where none is named (behind the files), beside
    /// the output.
    #[arg(long, value_name = "DIR")]
    pub plots: Option<Option<PathBuf>>,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

impl StatsArguments {
    /// The folder for pictures, if there are to be some.
    pub fn pictures(&self) -> Option<&Path> {
        let beside = self.output.parent();
        let beside = beside.filter(|folder| !folder.as_os_str().is_empty());
        let folder = self.plots.as_ref()?;
        Some(folder.as_deref().or(beside).unwrap_or(Path::new(".")))
    }
}

/// Two lengths with a comma between them.
fn parse_lengths(text: &str) -> Result<[f64; 2], String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some([x, z]) if *x > 0.0 && *z > 0.0 && x.is_finite() && z.is_finite() => Ok([*x, *z]),
        _ => Err("expected two positive numbers, such as 12.566,4.189".into()),
    }
}

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// Field file of the direct numerical simulation, filtered to the operators' grid: start and reference.
    #[arg(long, value_name = "FILE[:DATASET]")]
    pub reference: String,
    /// Trajectory of the reference to start from, counted from 0.
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub trajectory: usize,
    /// Snapshot to start from, counted from 0.
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub index: usize,
    /// File of statistics (of `stats` or `simulate --stats`) to hold everybody against, instead of those of all snapshots in the
    /// reference; its first group counts.
    #[arg(long, value_name = "FILE")]
    pub statistics: Option<PathBuf>,
    /// Model folder of an operator to roll out; may be repeated.
    #[arg(long = "model", value_name = "[NAME=]DIR")]
    pub models: Vec<Labelled>,
    /// Settings of a simulation to start from the same snapshot, e.g. with a subgrid model; may be repeated.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub les: Vec<Labelled>,
    /// Field file made elsewhere from the same start; may be repeated.
    #[arg(long = "run", value_name = "[NAME=]FILE[:DATASET]")]
    pub runs: Vec<Labelled>,
    /// Steps to make, each of the reference's spacing in time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,
    /// Leave the first N steps out of the statistics (they remember the start).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: u64,
    /// Folder to write: page, table, statistics, pictures.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace a comparison that the folder holds.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `bench`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("contestants").required(true).multiple(true).args(["model", "config", "les"])))]
pub struct BenchArguments {
    /// Model folder (written by `train`); may be repeated. Its time of training is told too.
    #[arg(long, value_name = "[NAME=]DIR")]
    pub model: Vec<Labelled>,
    /// Settings of an operator that need not be trained: its weights are random; may be repeated.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub config: Vec<Labelled>,
    /// Settings of a simulation (of `simulate`) whose solver is measured; may be repeated.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub les: Vec<Labelled>,
    /// Times each step is timed, after one that is not; the median counts.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub repeats: u16,
    /// Snapshots that a training step learns from; a rollout's step always advances one.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub batch_size: u16,
    /// Time (h/u_tau) that a simulation advances before its steps are timed: the flow sets how long they are.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    pub settle: f64,
    /// Also write the table to this file (CSV; times in seconds, memory in MiB).
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: Option<PathBuf>,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `measure`.
#[derive(Debug, Args)]
pub struct MeasureArguments {
    /// What to measure.
    #[arg(long)]
    pub work: Work,
    /// Model folder, or settings of an operator or a simulation.
    #[arg(long, value_name = "PATH")]
    pub subject: PathBuf,
    /// Times each step is timed.
    #[arg(long, value_name = "N")]
    pub repeats: u16,
    /// Snapshots of a training step.
    #[arg(long, value_name = "N")]
    pub batch_size: u16,
    /// Time that a simulation advances first.
    #[arg(long, value_name = "T")]
    pub settle: f64,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `convert`.
#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// File to read.
    #[arg(value_name = "IN[:DATASET]", help = field_input("File to read"))]
    pub input: String,
    /// File to write; its ending names the format.
    #[arg(value_name = "OUT", help = format!("File to write; its ending names the format ({})", FieldFormat::endings_of(|_| true)), value_parser = file_parser())]
    pub output: PathBuf,
    /// Keep only the first N components (the published arrays hold u, v, w, p: use 3).
    #[arg(long, value_name = "N")]
    pub components: Option<usize>,
    /// Keep only these snapshots, e.g. 0:100 or 0:100:5.
    #[arg(long, value_name = "FROM:TO[:STRIDE]")]
    pub snapshots: Option<String>,
    /// Keep only these trajectories, e.g. 3:4.
    #[arg(long, value_name = "FROM:TO")]
    pub trajectories: Option<String>,
    /// Compress (gzip with shuffle; HDF5 and NetCDF only).
    #[arg(long)]
    pub compress: bool,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Options of `info`.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// Field file (or FILE:dataset), file of statistics or model folder.
    #[arg(value_name = "FILE|DIR")]
    pub path: String,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Help for a field file that is read.
fn field_input(what: &str) -> String {
    format!(
        "{what} ({}, or FILE:dataset)",
        FieldFormat::endings_of(|_| true)
    )
}

/// Help for a field file that is written as a run goes.
fn field_output(what: &str) -> String {
    format!(
        "{what} ({})",
        FieldFormat::endings_of(FieldFormat::takes_snapshots_as_they_come)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_the_documentation_are_understood() {
        for page in ["README.md", "operators/flow/MIGRATION.md"] {
            let commands = rheome_testing::page::commands(page, "turbulence");
            assert!(commands.len() > 2, "{page}: {commands:?}");
            for words in commands {
                if let Err(error) = Arguments::try_parse_from(&words) {
                    panic!("{page}: {words:?}: {error}");
                }
            }
        }
    }
}
