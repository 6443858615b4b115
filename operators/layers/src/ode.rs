//! Ordinary differential equations `dx/dt = f(t, x)` whose state is a tensor (or numbers on the host).
//!
//! A method is data: a [`Tableau`] with the paper it comes from. Two functions run any of them,
//!
//! - [`integrate`]: between given times, one step each;
//! - [`integrate_adaptive`]: with steps chosen so that the error of each stays below a [`Tolerance`]; it needs a tableau with
//!   an embedded method.
//!
//! # Example
//!
//! ```
//! use rheome_layers::ode::{integrate, tableau::RK4};
//!
//! // dx/dt = -x from x(0) = 1: exp(-1) at t = 1.
//! let times: Vec<f64> = (0..=10).map(|i| i as f64 / 10.0).collect();
//! let end = integrate(&RK4, &times, vec![1.0], |_, x: &Vec<f64>| vec![-x[0]], |_, _| ());
//! assert!((end[0] - (-1.0_f64).exp()).abs() < 1e-6);
//! ```

mod adaptive;
mod fixed;
mod state;
pub mod tableau;

pub use adaptive::{Effort, OdeError, Tolerance, integrate_adaptive};
pub use fixed::integrate;
pub use state::State;
pub use tableau::Tableau;
