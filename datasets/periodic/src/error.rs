//! What can go wrong in a simulation.

use thiserror::Error;

/// What can go wrong in a simulation; each message is one line that names the place.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PeriodicError {
    /// A setting cannot work.
    #[error("flow.{key}: found {found}, expected {expected}")]
    Setting {
        /// Name of the key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A field does not have the points of the box.
    #[error("found a field of {found} values, expected {expected}")]
    Shape {
        /// Its values.
        found: usize,
        /// Those of the box.
        expected: usize,
    },
    /// The flow is no longer finite.
    #[error("the flow is not finite any more at time {time}; try a smaller flow.cfl")]
    NonFinite {
        /// When it was found out.
        time: f64,
    },
}
