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
//!
//! # Example
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use rheome_prose::{Prose, ProseConfig, Series, Symbols, Trajectory};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::flex();
//! let config: ProseConfig = serde_json::from_str(
//!     r#"{"width": 16, "heads": 2, "data_encoder": 1, "text_encoder": 1, "fusion": 1, "data_decoder": 1, "text_decoder": 1}"#,
//! )?;
//! let network = Prose::init(&config, 1234, &device)?;
//! let words = config.words()?;
//!
//! // Three points of a series of one component, and what is known of its equation: du/dt = number * u.
//! let series = Trajectory { times: &[0.0, 0.1, 0.2], states: &[1.0, 0.9, 0.8], components: 1 };
//! let series = Series::new(&[series], config.dimension, &device)?;
//! let skeleton = vec![words.id("mul")?, words.id("<PLACEHOLDER>")?, words.id("u_0")?];
//! let symbols = Symbols::new(&[skeleton], words.size(), words.id("<PAD>")?, &device)?;
//!
//! let fused = network.encode(&series, Some(&symbols))?;
//! // States at two later times: [batch, times, dimension].
//! let later = Tensor::from_data([[0.3_f32, 0.4]], &device);
//! assert_eq!(network.predict(&fused, later).dims(), [1, 2, 3]);
//! # Ok(())
//! # }
//! ```

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
