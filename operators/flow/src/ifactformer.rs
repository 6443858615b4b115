//! IFactFormer: implicit factorized transformers (Yang et al., arXiv 2412.18840).
//!
//! The operator lifts a field to `dim` features, then lets the same attention block act `iterations` times,
//! `u <- u + block(u) / iterations`, and maps back. The block's attention is factorized: one small kernel `n x n` per
//! axis and head, computed from features pooled over the other axes, linear (no softmax) and applied along that axis.
//!
//! - **-m** ("modified"): the kernels of all axes act on the same values and a linear map mixes the results;
//! - **-o** ("original"): each kernel acts on the result of the one before.
//!
//! [`config`] sizes it; [`kernel`] makes the axis kernels; [`block`] is the attention block; [`model`] the whole;
//! [`names`] maps the parameters to those of the authors' checkpoints.
//!
//! The published computation is kept exactly, in an order that costs less:
//!
//! - averaging commutes with linear maps: features are pooled first and projected then, on `n` instead of `N` points;
//! - values are projected head by head in one batched product, so that nothing is permuted;
//! - the instance normalisation is folded into the linear map behind it, per axis, so that neither the normalised nor
//!   the concatenated field is ever written;
//! - Fourier features and rotary tables depend on the grid alone and are computed once ([`crate::GridFeatures`]).

pub mod block;
pub mod config;
pub mod kernel;
pub mod model;
pub mod names;
