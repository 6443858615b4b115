//! Options of the commands about families and their data.

use std::path::PathBuf;

use clap::Args;
use rheome_cli::ComputeOptions;
use rheome_cli::outputs::file_parser;

/// Options of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// Settings of the data (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. `--set data.equations=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Data file to write (.h5).
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: PathBuf,
    /// Replace the output if it is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `families`.
#[derive(Debug, Args)]
pub struct FamiliesArguments {
    /// The family to tell all about. Default: a line for each family.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Families of this file (TOML; datasets/equations/FORMAT.md) instead of the published ones: also checks the file.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print them as such a file, to make one's own of: name, equations, parameters, initial, source of each.
    #[arg(long)]
    pub toml: bool,
}

/// Options of `info`.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// File of `prose generate` or `prose predict`, series (.csv, .npy, .h5, .nc, or FILE.h5:group) or model folder.
    #[arg(value_name = "FILE|DIR")]
    pub path: String,
    /// Print one JSON object, for scripts.
    #[arg(long)]
    pub json: bool,
    /// Which column of a CSV file has the times, by name or number, counted from 0 (as for predict).
    #[arg(long, value_name = "NAME")]
    pub time_column: Option<String>,
}
