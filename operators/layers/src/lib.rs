//! Layers and losses that several model families share.
//!
//! Each is the triple *config, module, forward* with its shapes in the documentation; what depends only on the grid
//! (rotary tables, Fourier features, Fourier transforms) is computed once by the layer and handed back to it.
//!
//! - [`attention`]: attention with several heads, masks, kept keys and values;
//! - [`rotary`]: rotary position embedding of a physical coordinate;
//! - [`fourier`]: Gaussian Fourier features of positions;
//! - [`instance_norm`]: instance normalisation folded into the linear map behind it;
//! - [`feed_forward`]: the plain and the gated GELU feed-forward network;
//! - [`initialization`]: PyTorch's initial distributions from a seed, the same numbers on every device;
//! - [`loss`]: losses over whole samples;
//! - [`ode`]: Runge-Kutta methods for tensors;
//! - [`spectral`]: convolution over the whole domain by its lowest Fourier modes.

pub mod attention;
pub mod feed_forward;
pub mod fourier;
pub mod initialization;
pub mod instance_norm;
pub mod loss;
pub mod ode;
pub mod rotary;
pub mod spectral;
