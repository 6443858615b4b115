//! Pictures as files: drawn in memory, written as a whole.

use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ColorType, ImageEncoder};
use plotters::coord::Shift;
use plotters::prelude::*;
use rheome_atomic::write_atomically;

use crate::PlotError;

/// Draws a picture of `size` pixels and writes it as PNG.
///
/// # Errors
/// That of `draw`, or [`PlotError`] naming the file; then the old one is untouched.
pub(crate) fn png(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(DrawingArea<BitMapBackend, Shift>) -> Result<(), PlotError>,
) -> Result<(), PlotError> {
    // Red, green and blue of each pixel.
    let mut pixels = vec![0; 3 * size.0 as usize * size.1 as usize];
    draw(BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area())?;
    let mut file = Vec::new();
    let encoded = PngEncoder::new(&mut file).write_image(&pixels, size.0, size.1, ColorType::Rgb8);
    encoded.map_err(|error| PlotError::new(path, error))?;
    write(path, &file)
}

/// Draws a picture and writes it as SVG.
///
/// # Errors
/// Those of [`png`].
pub(crate) fn svg(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(DrawingArea<SVGBackend, Shift>) -> Result<(), PlotError>,
) -> Result<(), PlotError> {
    let mut text = String::new();
    draw(SVGBackend::with_string(&mut text, size).into_drawing_area())?;
    write(path, text.as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    write_atomically(path, bytes).map_err(|source| PlotError::Write {
        path: path.to_owned(),
        source,
    })
}
