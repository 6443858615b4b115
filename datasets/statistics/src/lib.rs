//! Statistics of turbulent channel flow, gathered snapshot by snapshot: of simulations, rollouts and imported fields alike.
//!
//! [`FlowStatistics`] takes snapshots `[x, y, z, component]` on a [`FlowGrid`] and gives [`FlowResults`]: profiles over y up
//! to the fourth moments ([`Profiles`]), one-dimensional spectra and two-point correlations ([`LineSpectra`]), the state of
//! the flow in time ([`HistoryEntry`]) and space-time slices ([`SpaceTimeSlices`]). [`LeadTimeComparison`] measures
//! predictions against a reference trajectory. [`WallUnits`] turn any of them into u+ and y+. `FORMAT.md` beside this crate
//! specifies the file in which they are kept.
//!
//! Each snapshot is read once, row by row; sums are in double precision and do not depend on the number of threads. What is
//! gathered can be merged, and serialised and continued. What does not fit is refused and leaves no trace.
//!
//! # Example
//!
//! ```
//! use rheome_statistics::{FlowGrid, FlowStatistics};
//!
//! # fn main() -> Result<(), rheome_statistics::StatisticsError> {
//! let grid = FlowGrid::uniform([8, 5, 4])?.with_lengths([6.0, 3.0])?;
//! let mut statistics = FlowStatistics::new(&grid, None);
//! for step in 0..10 {
//!     // u, v, w of every point: a mean flow that the fluctuations of u ride on.
//!     let wave = |p: usize| if p % 2 == step % 2 { 0.1 } else { -0.1 };
//!     let velocity: Vec<f32> = (0..8 * 5 * 4).flat_map(|p| [1.0 + wave(p), 0.0, 0.0]).collect();
//!     statistics.add(0.05 * step as f64, &velocity)?;
//! }
//! let results = statistics.finish();
//! assert!((results.profiles.mean[0][2] - 1.0).abs() < 1e-6);
//! assert!((results.profiles.rms[0][2] - 0.1).abs() < 1e-6);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod differences;
mod error;
mod flow;
mod grid;
mod history;
mod lead_time;
mod moments;
mod plane;
mod profiles;
mod published;
mod slices;
mod spectra;
mod wall_units;

pub use error::StatisticsError;
pub use flow::{ExactValues, FlowResults, FlowStatistics, Snapshot};
pub use grid::FlowGrid;
pub use history::{Divergence, HistoryEntry};
pub use lead_time::{
    DECORRELATION, ErrorCurves, LeadTimeComparison, LeadTimeErrors, QUANTITIES, decorrelation_time,
};
pub use profiles::{ProfileStatistics, Profiles, ShapeFactors};
pub use published::{PublishedFlow, PublishedValue};
pub use slices::SpaceTimeSlices;
pub use spectra::LineSpectra;
pub use wall_units::WallUnits;
