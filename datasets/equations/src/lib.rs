//! Symbols and data of PROSE (arXiv:2309.16816): differential equations as expressions, words and trajectories.
//!
//! An [`Expression`] is a tree in prefix order, a [`System`] the right-hand sides of du/dt = f(t, u). They are read from
//! formulas ([`mod@formula`]) and from words ([`mod@words`]), printed as formulas, for SymPy and in LaTeX, and encoded with
//! the published [`Vocabulary`]. A [`Program`] evaluates them.
//!
//! A [`Family`] is a system whose parameters vary; [`generate`] draws equations and initial values and integrates them
//! ([`fn@integrate`]), in parallel, the same for the same seed. A [`DataWriter`] keeps them in a file, a [`DataFile`] reads it,
//! and a [`BatchReader`] makes of it what a network is given and should answer.
//!
//! A [`Series`] was measured; [`mod@verification`] tells which equation explains it.
//!
//! # Example
//!
//! ```
//! use rheome_equations::{Program, System, Tolerances, Vocabulary, integrate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lorenz: System = "10 (y - x) | x (28 - z) - y | x y - 8/3 z".parse()?;
//! assert_eq!(lorenz.words()[..5], ["mul", "10", "sub", "u_1", "u_0"]);
//! let vocabulary = Vocabulary::new(3)?;
//! let rough = System::from_words(&["sub", "u_1", "u_0"])?;
//! assert_eq!(vocabulary.encode(&rough)?.len(), 3);
//!
//! let times = [0.0, 0.5, 1.0];
//! let program = Program::new(&lorenz)?;
//! let trajectory = integrate(&program, &[1.0, 1.0, 1.0], &times, &Tolerances::default())?;
//! assert_eq!(trajectory.dim(), (3, 3));
//! # Ok(())
//! # }
//! ```

mod batch;
mod compile;
mod data;
mod derivative;
mod equality;
mod error;
mod expression;
mod file;
mod forecast;
pub mod formula;
mod noise;
mod number;
mod print;
mod scaling;
mod series;
mod simplify;
mod skeleton;
mod symbol;
mod system;
pub mod verification;
mod vocabulary;
pub mod words;

pub use batch::{Batch, BatchConfig, BatchReader, InputNoise, NoiseKind};
pub use compile::{Program, Registers};
pub use data::{
    DataConfig, EquationData, Family, IntegrationError, Split, Subset, Tolerances, equation_stream,
    families_from_file, families_from_toml, families_to_toml, generate, integrate,
    published_families, sample_initial, sample_parameters,
};
pub use derivative::Derivative;
pub use equality::{Comparison, compare};
pub use error::EquationError;
pub use expression::{Expression, MAX_DEPTH, MAX_SYMBOLS};
pub use file::{DataFile, DataWriter, EquationRecord, FamilyRecord, Table, Written, is_data_file};
pub use forecast::LINE_POINTS;
pub use formula::{Mention, Parameters, order_of_names, words_among};
pub use noise::SymbolNoise;
pub use number::{NumberWords, POWERS, round_to_words};
pub use scaling::Scaling;
pub use series::{Series, write_points};
pub use skeleton::distinct_forms;
pub use symbol::{Operator, Symbol, Variable};
pub use system::{MAX_COMPONENTS, System};
pub use vocabulary::{BEGIN, END, PADDING, Vocabulary};
