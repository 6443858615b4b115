//! FNO and IFNO: Fourier neural operators, the rivals of the IFactFormer.
//!
//! The operator lifts a field and its positions to `dim` features, point by point; `layers` Fourier layers act on them,
//! each the sum of a spectral convolution ([`rheome_layers::spectral`]: global, few modes) and a linear map of each point
//! (local, all scales); a small network maps back, point by point.
//!
//! - **FNO** (Li et al. 2021, arXiv 2010.08895): every layer has weights of its own, `u <- gelu(layer_i(u))`, the last one
//!   without GELU;
//! - **IFNO** (You et al. 2022, arXiv 2203.08205, "implicit"): one layer acts every time, `u <- u + gelu(layer(u)) / layers`,
//!   the steps of an equation in the layers' depth. It has the parameters of one layer, and more layers refine it.
//!
//! The weights do not depend on the grid: a trained operator acts on any ([`crate::FlowModel::prepare`]).
//!
//! # Axes
//!
//! The Fourier transform takes every axis for periodic. x and z are; y ends at the walls, which a convolution would take
//! for neighbours: the flow at one wall would act on that at the other, and the bend between both would ring through all
//! modes. So the features are continued beyond the upper wall by zeros (`padding` points along y) before the first layer
//! and cut off behind the last one, as Li et al. do for non-periodic axes. In between the layers use that margin freely.
//! The transform is one-sided along x.
//!
//! [`config`] sizes it; [`layer`] is the Fourier layer; [`model`] the whole; [`names`] what the parameters are called in
//! files.

pub mod config;
pub mod layer;
pub mod model;
pub mod names;
