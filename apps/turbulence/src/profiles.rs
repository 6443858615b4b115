//! Pictures of wall-normal profiles.

use std::path::Path;

use rheome_figures::units::{over, squared};
use rheome_figures::{Axis, Curve, Figure, Panel, PlotError};

/// Wall-normal profiles of one data set.
#[derive(Debug, Clone)]
pub struct ProfileCurve {
    /// Name in the legend.
    pub name: String,
    /// Distance from the lower wall, in half-heights.
    pub y: Vec<f64>,
    /// Mean streamwise velocity.
    pub mean: Vec<f64>,
    /// Root mean square of the fluctuations of u, v, w.
    pub rms: [Vec<f64>; 3],
    /// Reynolds shear stress <u'v'>.
    pub shear_stress: Vec<f64>,
}

/// Draws mean, rms and shear-stress profiles of all `curves` into `path` (PNG or SVG). `velocity_unit` names the unit on the
/// axes, e.g. `u_tau`; `1` where it is not known.
///
/// # Errors
/// [`PlotError`] naming the file.
pub fn draw_profiles(
    path: &Path,
    curves: &[ProfileCurve],
    velocity_unit: &str,
) -> Result<(), PlotError> {
    type Pick = fn(&ProfileCurve) -> &[f64];
    let unit = velocity_unit;
    let quantities: [(String, Pick); 5] = [
        (over("mean u", unit), |c| &c.mean),
        (over("rms u", unit), |c| &c.rms[0]),
        (over("rms v", unit), |c| &c.rms[1]),
        (over("rms w", unit), |c| &c.rms[2]),
        (over("<u'v'>", &squared(unit)), |c| &c.shear_stress),
    ];
    let panel = |(label, pick): (String, Pick)| Panel {
        x: Axis::linear("y / h").within(0.0, 2.0),
        y: Axis::linear(label),
        curves: curves
            .iter()
            .enumerate()
            .map(|(set, curve)| {
                Curve::line(
                    set,
                    curve
                        .y
                        .iter()
                        .copied()
                        .zip(pick(curve).iter().copied())
                        .collect(),
                )
            })
            .collect(),
    };
    Figure {
        names: curves.iter().map(|curve| curve.name.clone()).collect(),
        panels: quantities.into_iter().map(panel).collect(),
        columns: 3,
    }
    .draw(path)
}
