//! Options of the commands about the symbols of equations.

use clap::Args;

/// Options of `tokens`.
#[derive(Debug, Args)]
pub struct TokensArguments {
    /// Right-hand sides as formulas, components joined by `|`: `10.0 (y - x) | x (28.0 - z) - y | x y - 2.67 z`. A whole number without a
    /// point is a word of its own, from -10 to 10; with one it is a number as the trained equations have them.
    #[arg(
        value_name = "EQUATION",
        required_unless_present_any = ["words", "ids"],
        conflicts_with_all = ["words", "ids"],
        allow_hyphen_values = true
    )]
    pub equation: Option<String>,
    /// Read prefix words instead, separated by blanks: `add u_0 u_1 | neg u_0`.
    #[arg(long, value_name = "WORDS", conflicts_with = "ids")]
    pub words: Option<String>,
    /// Read ids of the vocabulary instead, separated by blanks or commas.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    pub ids: Option<String>,
    /// Value of a name in the equation, e.g. `--parameter sigma=10`; may be repeated.
    #[arg(
        long = "parameter",
        value_name = "NAME=VALUE",
        requires = "equation",
        allow_hyphen_values = true
    )]
    pub parameters: Vec<String>,
    /// Components of the largest system of the vocabulary, on which ids depend. Default: 3, or as many as the equation has.
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub dimension: Option<usize>,
    /// Print one JSON object, for scripts.
    #[arg(long)]
    pub json: bool,
}
