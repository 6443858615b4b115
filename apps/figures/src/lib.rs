//! Pictures (PNG and SVG) that the applications share, drawn without any library or font of the machine.
//!
//! - [`Figure`]: panels of curves with one legend;
//! - [`draw_slices`]: planes of a field as images with one colour scale a column.

mod figure;
mod legend;
mod slices;
mod style;
mod ticks;

use std::path::PathBuf;

use thiserror::Error;

pub use figure::{Axis, Curve, Figure, Panel, Scale};
pub use slices::{Plane, PlaneAxis, SliceRow, draw_slices};

/// A picture could not be drawn or written.
#[derive(Debug, Error)]
#[error("{path}: cannot draw the picture: {reason}")]
pub struct PlotError {
    /// The picture's file.
    pub path: PathBuf,
    /// What went wrong.
    pub reason: String,
}

impl PlotError {
    fn new(path: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
