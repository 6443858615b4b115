//! PROSE for flows in two dimensions (PROSE-FD, arXiv 2409.09811): frames of fields and the words of their equation in, further
//! frames out.
//!
//! A [`Fluids`] network cuts every frame into patches, encodes them, fuses them with the encoded words, and asks the result for
//! each patch of each later frame, all at once: no frame is computed from another one that was predicted.
//!
//! - [`config`]: size and parts of the network;
//! - [`batch`]: what goes in: frames whose channels a mask tells;
//! - [`normalization`]: each sample to mean 0 and variance 1, and back;
//! - [`patches`]: from fields to features and back;
//! - [`decoder`]: the operator, asked for patches of later frames;
//! - [`network`]: the whole.
//!
//! The network is written from a description of the published one. **Its numbers were never compared with the authors' weights**:
//! no checkpoint was at hand, nor are the names of its parameters theirs. Where the description leaves something open, the
//! documentation says that the choice is our own.

pub mod batch;
pub mod config;
pub mod decoder;
pub mod network;
pub mod normalization;
pub mod patches;

pub use batch::{FrameSequence, Frames};
pub use config::FluidsConfig;
pub use network::Fluids;
