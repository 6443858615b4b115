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
mod statistics;
mod transforms;
mod waves;

pub use config::PeriodicConfig;
pub use error::PeriodicError;
pub use flow::{Diagnostics, PeriodicFlow};
pub use statistics::{FlowAnalysis, SnapshotStatistics, resample};

/// The equations of the velocities `u_0`, `u_1` and the pressure `u_2` (per density), each of which vanishes: momentum along x and
/// y, continuity. The value of `viscosity` is that of the flow.
pub const EQUATIONS: &str = "u_0_t + u_0*u_0_x + u_1*u_0_y + u_2_x - viscosity*(u_0_xx + u_0_yy)
u_1_t + u_0*u_1_x + u_1*u_1_y + u_2_y - viscosity*(u_1_xx + u_1_yy)
u_0_x + u_1_y";
