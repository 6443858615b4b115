//! Spectral solver for the flow between two walls, direct (DNS) or with a subgrid model (LES).
//!
//! Incompressible flow, periodic in x and z, between walls at y = -1 and y = 1 (half-height h = 1), in the velocity-vorticity
//! form of Kim, Moin & Moser (1987): Fourier modes in x and z with 3/2 dealiasing, Chebyshev polynomials in y, third-order
//! Runge-Kutta for convection and an implicit second-order scheme for viscosity ([`time_scheme`]), double precision. The
//! velocity is divergence-free to round-off by construction. Velocities are in u_tau, times in h/u_tau, the viscosity is
//! 1/re_tau. Results do not depend on the number of threads.
//!
//! The way of one step: [`Channel::step`] evaluates u x omega (`convection`), then solves one Helmholtz equation per mode and
//! unknown (`implicit`, `helmholtz`), three times. With a [`SubgridModel`] the divergence of the modelled stress joins u x omega.
//! [`Channel::sample`] filters the flow to a coarse uniform grid, [`Channel::velocity`] gives it on the solver's own points.
//!
//! # Example
//!
//! ```
//! use rheome_channel::{Channel, ChannelConfig, Filter, Initial, UniformGrid};
//!
//! # fn main() -> Result<(), rheome_channel::ChannelError> {
//! // Plane Poiseuille flow at Re_tau = 20: u = 10 (1 - y^2), held exactly.
//! let config = ChannelConfig {
//!     re_tau: 20.0,
//!     points: [8, 17, 8],
//!     frame_velocity: 0.0,
//!     initial: Initial::Laminar,
//!     ..ChannelConfig::default()
//! };
//! let mut flow = Channel::new(&config, 1)?;
//! flow.advance_to(0.02)?;
//! let grid = UniformGrid::new([4, 9, 4], config.lengths)?;
//! let velocity = flow.sample(&grid, Filter::Sharp);
//! // [x, y, z, component]: u in the centre.
//! assert!((velocity[4 * 4 * 3] - 10.0).abs() < 1e-5);
//! # Ok(())
//! # }
//! ```

mod channel;
pub mod chebyshev;
mod checkpoint;
mod config;
mod convection;
mod diagnostics;
mod error;
mod from_sample;
pub mod helmholtz;
mod implicit;
mod initial;
mod modes;
pub mod orr_sommerfeld;
mod sampling;
mod state;
mod subgrid;
pub mod time_scheme;
mod transforms;

pub use channel::Channel;
pub use config::{ChannelConfig, Forcing, Initial, TimeStep, Walls};
pub use diagnostics::Diagnostics;
pub use error::ChannelError;
pub use sampling::{Filter, UniformGrid};
pub use subgrid::{SubgridModel, SubgridProfiles};
