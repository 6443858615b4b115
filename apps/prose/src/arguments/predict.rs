//! Options of `predict`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use rheome_cli::ComputeOptions;
use rheome_cli::model_folder::ModelSource;
use rheome_cli::outputs::file_parser;

use crate::times::Times;

/// Options of `predict`.
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The model.
    #[command(flatten)]
    pub source: ModelSource,
    /// Override one setting of the model, e.g. `--set decoding.max_words=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// The series to continue.
    #[command(flatten)]
    pub series: SeriesOptions,
    /// A rough equation, components joined by `|`, with C for every number that is not known: `C x - C x y | C x y - C y`. Components are
    /// called as in the series (`Hare`), or by number: x, y, z, w, or u_0, u_1, .... Right-hand sides are taken in the order of the series'
    /// components (see --components), or say whose they are: `dLynx/dt = C Hare Lynx - C Lynx | dHare/dt = ...`. It is shown to the network without its numbers, and fitted to the series itself, each number from its value, each C from nothing;
    /// whole numbers without a point stay. Default: every family of as many components is tried, of those that the model learnt, or, if its
    /// folder tells of none, of the published ones.
    #[arg(long, value_name = "EQUATION", allow_hyphen_values = true)]
    pub equation: Option<String>,
    /// Times to continue to, first:last:count, in the units of the series. Default: those of the points that are held back.
    #[arg(long, value_name = "T0:T1:N", allow_hyphen_values = true)]
    pub times: Option<Times>,
    /// How equations are decoded.
    #[command(flatten)]
    pub decoding: DecodingOptions,
    /// How many of the network's equations of different forms have their constants fitted to the series, those that explain it best
    /// first; 0 to fit none at all, not even the one given.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub refine: usize,
    /// HDF5 file to write (.h5 or .hdf5); apps/prose/FORMAT.md has its layout.
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: PathBuf,
    /// Also draw the series and both continuations beside the output (PNG and SVG).
    #[arg(long)]
    pub plots: bool,
    /// Replace the output, and the pictures of --plots, if they are there; without --plots, pictures of the output that is replaced are
    /// removed.
    #[arg(long)]
    pub overwrite: bool,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// How a long series is shown to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Resampling {
    /// As it is, or as many of its points as in the training, evenly chosen, if it has more.
    Thin,
    /// All points.
    All,
    /// As many points as in the training, evenly in time, from straight lines between those of the series.
    Even,
}

/// Which series, and in which units the network sees it.
#[derive(Debug, Args)]
pub struct SeriesOptions {
    /// The series (.csv, .npy, .h5, .nc, or FILE.h5:group; datasets/equations/FORMAT.md has the layouts), or a file of `prose generate`.
    #[arg(long, value_name = "FILE[:NAME]")]
    pub input: String,
    /// Which column of a CSV file has the times, by name or number, counted from 0. Default: t or time, or else the only one with another
    /// name of times (Year, time (h)), or else the first one; what is not clear is refused.
    #[arg(long, value_name = "NAME")]
    pub time_column: Option<String>,
    /// Which trajectory, where --input is a file of `prose generate`, counted from 0.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// Components to use, in this order, by name or number, separated by commas. Default: all.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub components: Option<Vec<String>>,
    /// Use only so many first points of the series; the others, if there are two or more, are held back to judge by. Default: all, but as many as in the
    /// training where --input is a file of `prose generate`.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..))]
    pub points: Option<usize>,
    /// How a series with more points than in the training is shown to the network.
    #[arg(long, value_name = "HOW", default_value = "thin")]
    pub resample: Resampling,
    /// What times are multiplied by for the network, after the first became 0. Default: 1, or, for a series less than half or more
    /// than twice as long as in the training, what makes it as long.
    #[arg(long, value_name = "FACTOR", value_parser = positive)]
    pub time_scale: Option<f64>,
    /// What states are multiplied by for the network. Default: 1, or, for a series whose largest value is below 0.1 or above 100, what
    /// makes that value 10.
    #[arg(long, value_name = "FACTOR", value_parser = positive)]
    pub value_scale: Option<f64>,
}

/// How equations are decoded.
#[derive(Debug, Args)]
pub struct DecodingOptions {
    /// Follow so many likely equations side by side. Default: 10.
    #[arg(long, value_name = "N", conflicts_with_all = ["greedy", "draw"], value_parser = beam_width())]
    pub beam: Option<usize>,
    /// Take the likeliest word each time: one equation.
    #[arg(long, conflicts_with = "draw")]
    pub greedy: bool,
    /// Draw so many equations at random.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub draw: Option<usize>,
    /// For --draw: below 1 likely words become likelier.
    #[arg(long, value_name = "T", default_value_t = 1.0, requires = "draw", value_parser = positive)]
    pub temperature: f64,
    /// For --beam: 0 favours short equations, 1 is fair to long ones.
    #[arg(long, value_name = "POWER", default_value_t = 0.0, value_parser = power)]
    pub length_penalty: f64,
    /// Choose only words that lead to a valid equation of as many components as the series.
    #[arg(long)]
    pub grammatical: bool,
}

/// Reads how many equations are followed.
pub fn beam_width() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1000)
}

fn power(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.0..=10.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 10".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a positive number".to_owned())
}
