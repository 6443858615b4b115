//! Two-dimensional incompressible flow in a periodic box: decaying turbulence, for the fluids of PROSE-FD (arXiv 2409.09811).
//!
//! The vorticity `w = dv/dx - du/dy` obeys `dw/dt + u . grad w = nu laplace w`. It is advanced in Fourier space: convection by
//! the classical Runge-Kutta method of order 4 without aliasing (two thirds of the waves are kept), viscosity exactly by an
//! integrating factor (Canuto, Hussaini, Quarteroni & Zang 2007, *Spectral Methods*, section 3.3.3 and appendix D.3).
//!
//! ```
//! use rheome_periodic::{PeriodicConfig, PeriodicFlow};
//!
//! # fn main() -> Result<(), rheome_periodic::PeriodicError> {
//! let config = PeriodicConfig { points: 32, ..PeriodicConfig::default() };
//! let mut flow = PeriodicFlow::decaying(&config, 7)?;
//! let before = flow.diagnostics();
//! flow.advance(0.1)?;
//! let after = flow.diagnostics();
//! // Two-dimensional flow loses enstrophy quickly and energy slowly.
//! assert!(after.energy < before.energy && after.enstrophy < before.enstrophy);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod config;
mod error;
mod flow;
mod initial;
mod transforms;
mod waves;

pub use config::PeriodicConfig;
pub use error::PeriodicError;
pub use flow::{Diagnostics, PeriodicFlow};
