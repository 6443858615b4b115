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
//!
//! # Example
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use rheome_perturbation::graph::VocabularyGraph;
//! use rheome_perturbation::{GeneQuery, PadTransformer, PadTransformerConfig, SamplingRun};
//!
//! # fn main() -> Result<(), rheome_perturbation::PerturbationError> {
//! let device = Device::flex();
//! // The smallest model there is: four special names and five genes, weights at random.
//! let config: PadTransformerConfig =
//!     serde_json::from_str(r#"{"vocabulary": 9, "width": 8, "heads": 2, "blocks": 1}"#).unwrap();
//! let model = PadTransformer::init(&config, 1234, &device)?;
//! let graph = VocabularyGraph::isolated(9);
//! let genes = GeneQuery::new(&graph, &[4, 5, 6, 7, 8], &device)?;
//! let perturbed = GeneQuery::new(&graph, &[6, 8], &device)?;
//! // Three control cells in, three perturbed cells out: [cells, genes].
//! let mut run = SamplingRun::new(&model, &genes, &perturbed, &Default::default(), 7)?;
//! let control = Tensor::zeros([3, 5], &device);
//! assert_eq!(run.predict(control)?.dims(), [3, 5]);
//! # Ok(())
//! # }
//! ```

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
