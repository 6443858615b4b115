//! How well predicted cells agree with measured ones.
//!
//! The metrics of cell-eval (Arc Institute, version 0.8), the referee of the field, in its columns and definitions: a biologist's
//! tables stay comparable. [`Cells`] are read from AnnData files; [`Comparison`] pairs predicted with measured cells;
//! [`DifferentialExpression`] tests every gene of every perturbation against control; [`Results`] hold a value a metric and
//! perturbation, and [`Results::aggregate`] what cell-eval writes to `agg_results.csv`. [`baselines`] score what needs no model.
//! [`PrincipalComponents`] lay cells out for pictures.
//!
//! Values are log(1 + normalised counts) throughout. Everything is computed in double precision where cell-eval mixes single
//! and double: results agree to about 1e-6.
//!
//! # Example
//!
//! ```
//! use rheome_perturbation_metrics::{mann_whitney, mmd_squared, pearson};
//!
//! // Predicted against measured change of four genes.
//! assert!(pearson(&[0.9, -0.2, 0.1, 1.4], &[1.0, -0.3, 0.0, 1.5]) > 0.99);
//!
//! // One gene, in three perturbed cells and in four control cells, two of which do not express it.
//! let test = mann_whitney((&[2.0, 2.5, 3.0], 3), (&[0.5, 1.0], 4));
//! assert_eq!(test.statistic, 12.0);
//! assert!(test.p_value < 0.1);
//!
//! // Cells of two genes: the same distribution is nearer than another one.
//! let (cells, same, other) = ([0.0, 1.0, 0.2, 1.1, 0.1, 0.8], [0.1, 1.0, 0.2, 0.9, 0.0, 1.1], [3.0, 0.0, 3.1, 0.2, 2.9, 0.1]);
//! assert!(mmd_squared(&cells, &same, 2) < mmd_squared(&cells, &other, 2));
//! ```

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
mod genes;
mod mann_whitney;
mod mmd;
mod principal_components;
mod results;
mod significance;
mod table;

pub use aggregate::Aggregate;
pub use cells::{Cells, Keys};
pub use comparison::Comparison;
pub use correlation::{pearson, spearman};
pub use differential_expression::{DifferentialExpression, GeneTest, PerturbationTests};
pub use error::MetricsError;
pub use genes::gene_places;
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use mmd::mmd_squared;
pub use principal_components::PrincipalComponents;
pub use results::{Metric, Results};
pub use table::write_csv;
