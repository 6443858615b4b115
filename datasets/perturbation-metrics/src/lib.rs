//! How well predicted cells agree with measured ones.
//!
//! The metrics of cell-eval (Arc Institute, version 0.8), the referee of the field, in its columns and definitions: a biologist's
//! tables stay comparable. [`Cells`] are read from AnnData files; [`Comparison`] pairs predicted with measured cells;
//! [`DifferentialExpression`] tests every gene of every perturbation against control; [`Results`] hold a value a metric and
//! perturbation, and [`Results::aggregate`] what cell-eval writes to `agg_results.csv`. [`baselines`] score what needs no model.
//!
//! Values are log(1 + normalised counts) throughout. Everything is computed in double precision where cell-eval mixes single
//! and double: results agree to about 1e-6.

mod aggregate;
pub mod baselines;
mod cells;
mod clustering;
mod comparison;
mod correlation;
mod differential_expression;
mod discrimination;
mod energy;
mod error;
mod expression_metrics;
mod mann_whitney;
mod mmd;
mod results;
mod significance;
mod table;

pub use aggregate::Aggregate;
pub use cells::{Cells, Keys};
pub use comparison::Comparison;
pub use correlation::{pearson, spearman};
pub use differential_expression::{DifferentialExpression, GeneTest, PerturbationTests};
pub use error::MetricsError;
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use mmd::mmd_squared;
pub use results::{Metric, Results};
pub use table::write_csv;
