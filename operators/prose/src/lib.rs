//! PROSE: a transformer that continues a series and names the equation behind it (arXiv 2309.16816).
//!
//! A [`Prose`] network reads the beginning of a series and a rough equation ([`Series`], [`Symbols`]), and answers the states
//! at any later time and the equation, word by word.
//!
//! - [`config`], [`model`]: size and parts of the network; it loads the authors' checkpoints;
//! - [`batch`]: what goes in;
//! - [`decoding`]: from scores to equations: greedily, at random, with a beam; on request only valid ones;
//! - [`loss`]: errors of a continuation and of an equation's words;
//! - [`training`]: what a training step is shown and minimises;
//! - [`fluids`]: the same idea for flows in two dimensions (PROSE-FD, arXiv 2409.09811): frames and symbols in, frames out.

pub mod batch;
pub mod config;
pub mod decoding;
mod error;
pub mod fluids;
pub mod loss;
pub mod model;
pub mod training;

pub use batch::{Series, Symbols, Trajectory};
pub use config::{DataDecoderSource, Modalities, ProseConfig};
pub use error::ProseError;
pub use model::fusion::Fused;
pub use model::prose::Prose;
