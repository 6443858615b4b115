//! Why statistics refuse a snapshot, a grid or other statistics.

use thiserror::Error;

/// Why a snapshot, or other statistics, cannot be added; the statistics are then as they were before.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StatisticsError {
    /// The snapshot is shorter or longer than its grid says.
    #[error(
        "snapshot: found {found} numbers, expected {expected} for [x, y, z, component] = {shape:?}"
    )]
    Length {
        /// Numbers in the snapshot.
        found: usize,
        /// Numbers its shape needs.
        expected: usize,
        /// The shape claimed.
        shape: [usize; 4],
    },
    /// Fewer than three components: no u, v, w.
    #[error("snapshot: found {found} components, expected at least the three of the velocity")]
    Components {
        /// Components of the snapshot.
        found: usize,
    },
    /// Another number of points along y than before.
    #[error(
        "statistics: found {found} points along y, expected the {expected} of the fields before"
    )]
    Heights {
        /// Points of what was to be added.
        found: usize,
        /// Points of these statistics.
        expected: usize,
    },
    /// Statistics of another grid, or in other wall units.
    #[error("statistics: found those of another {what}, expected those of the same one")]
    Different {
        /// What differs.
        what: &'static str,
    },
    /// NaN or infinity in the snapshot, or numbers whose powers are too large to be represented.
    #[error(
        "snapshot: found a non-finite velocity in the plane y[{plane}], expected finite numbers"
    )]
    NonFinite {
        /// Index of the first plane at fault.
        plane: usize,
    },
    /// A time that is no number.
    #[error("snapshot: found the time {found}, expected a finite number")]
    Time {
        /// The time.
        found: f64,
    },
    /// A number given beside the velocity that is no number.
    #[error("snapshot: found {found} for {what}, expected a finite number")]
    Number {
        /// What it stands for.
        what: &'static str,
        /// The number.
        found: f64,
    },
    /// A grid on which no statistics can be gathered.
    #[error("grid: found {found}, expected {expected}")]
    Grid {
        /// What was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A friction velocity or viscosity that gives no wall units.
    #[error("wall units: found {what} {found}, expected a positive number")]
    WallUnits {
        /// `u_tau` or `viscosity`.
        what: &'static str,
        /// The number.
        found: f64,
    },
}
