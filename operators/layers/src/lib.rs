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
//! - [`layer_norm`]: layer normalisation;
//! - [`loss`]: losses over whole samples;
//! - [`ode`]: Runge-Kutta methods for tensors;
//! - [`spectral`]: convolution over the whole domain by its lowest Fourier modes.
//!
//! # Example
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use rheome_layers::loss::relative_l2;
//! use rheome_layers::ode::{integrate, tableau::RK4};
//!
//! let device = Device::flex();
//! // dx/dt = -x for a tensor of states, in ten steps from t = 0 to 1.
//! let times: Vec<f64> = (0..=10).map(|step| step as f64 / 10.0).collect();
//! let start = Tensor::<2>::ones([2, 3], &device);
//! let end = integrate(&RK4, &times, start.clone(), |_, x: &Tensor<2>| x.clone().neg(), |_, _| ());
//! let error = relative_l2(end, start.mul_scalar((-1.0_f64).exp()));
//! assert!(error.into_scalar::<f32>() < 1e-5);
//! ```

pub mod attention;
pub mod feed_forward;
pub mod fourier;
pub mod initialization;
pub mod instance_norm;
pub mod layer_norm;
pub mod loss;
pub mod ode;
pub mod rotary;
pub mod spectral;
