//! What training minimises, one file a term.

mod cosine;
mod mmd;

pub use cosine::cosine_loss;
pub use mmd::{bandwidths, mmd_squared};
