//! Pictures (PNG and SVG) that the applications share, drawn without any library or font of the machine.
//!
//! - [`Figure`]: panels of curves with one legend;
//! - [`draw_slices`]: planes of a field as images with one colour scale, or one a column.
//!
//! # Example
//!
//! ```
//! use rheome_figures::{Axis, Curve, Figure, Panel};
//!
//! # fn main() -> Result<(), rheome_figures::PlotError> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("profile.svg");
//! let law = (1..=100).map(|y| (f64::from(y), 2.44 * f64::from(y).ln() + 5.2)).collect();
//! let figure = Figure {
//!     names: vec!["log law".into(), "measured".into()],
//!     panels: vec![Panel {
//!         x: Axis::logarithmic("y+"),
//!         y: Axis::linear("U+"),
//!         curves: vec![Curve::line(0, law), Curve::scatter(1, vec![(30.0, 13.5), (100.0, 16.5)])],
//!     }],
//!     columns: 1,
//! };
//! figure.draw(&path)?;
//! # assert!(std::fs::read_to_string(&path).unwrap().contains("log law"));
//! # Ok(())
//! # }
//! ```

mod clip;
mod figure;
mod file;
mod legend;
mod line;
mod panel;
mod plane;
mod slices;
mod style;
mod ticks;
pub mod units;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use figure::{Axis, Curve, Figure, Panel, Scale};
pub use plane::Plane;
pub use slices::{ColorScale, PlaneAxis, SliceRow, draw_slices};

/// A picture could not be drawn or written.
#[derive(Debug, Error)]
pub enum PlotError {
    /// There is nothing that can be drawn.
    #[error("{path}: cannot draw the picture: {reason}")]
    Draw {
        /// The picture's file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The disk refuses the picture; the old one is untouched.
    #[error("{path}: cannot write the picture: {source}")]
    Write {
        /// The picture's file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl PlotError {
    fn new(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Draw {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
