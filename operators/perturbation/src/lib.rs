//! scDFM: flow matching that turns control cells into perturbed cells (ICLR 2026, arXiv 2602.07103).
//!
//! A cell is the expression of some genes, as log(1 + normalised counts). A [`PadTransformer`] says how a noisy cell moves,
//! knowing a control cell and a perturbation; following it from noise gives a perturbed cell ([`SamplingRun`]).
//!
//! - [`config`], [`model`]: size and parts of the model; it loads the authors' checkpoints;
//! - [`Vocabulary`], [`graph`], [`GeneQuery`]: names, the genes that vary together, and a set of genes on the device;
//! - [`training`], [`loss`], [`Noise`], [`Pairing`]: a training step;
//! - [`sampling`]: from control cells to perturbed cells;
//! - [`identification`]: from perturbed cells to the perturbation.
//!
//! Perturbations are ids of the vocabulary. The name "control" is one of them: data that call a single perturbation
//! "A+ctrl" can be taken literally.

pub mod config;
mod error;
pub mod graph;
pub mod identification;
pub mod loss;
pub mod model;
mod noise;
mod pairing;
mod query;
pub mod sampling;
#[cfg(test)]
mod testing;
pub mod training;
mod vocabulary;

pub use config::{Backbone, PadTransformerConfig, PerturbationKind};
pub use error::PerturbationError;
pub use model::pad_transformer::PadTransformer;
pub use model::prepared::{Conditions, ControlCells};
pub use noise::Noise;
pub use pairing::Pairing;
pub use query::GeneQuery;
pub use sampling::{Method, SamplingRun, SamplingSettings};
pub use vocabulary::{SPECIAL_NAMES, Vocabulary};
