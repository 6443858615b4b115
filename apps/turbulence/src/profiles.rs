//! Pictures of wall-normal profiles.

use std::path::Path;

use rheome_figures::units::{over, squared};
use rheome_figures::{Axis, Curve, Figure, Panel, PlotError};

/// Wall-normal profiles of one data set.
#[derive(Debug, Clone)]
pub struct ProfileCurve {
    /// Name in the legend.
    pub name: String,
    /// Distance from the lower wall.
    pub y: Vec<f64>,
    /// Mean streamwise velocity.
    pub mean: Vec<f64>,
    /// Root mean square of the fluctuations of u, v, w.
    pub rms: [Vec<f64>; 3],
    /// Reynolds shear stress <u'v'>.
    pub shear_stress: Vec<f64>,
}

/// Draws mean, rms and shear-stress profiles of all `curves` into `path` (PNG or SVG), over all heights that they have. The units of
/// length and of velocity are named on the axes, e.g. `h` and `u_tau`; `1` where one is not known.
///
/// # Errors
/// [`PlotError`] naming the file.
pub fn draw_profiles(
    path: &Path,
    curves: &[ProfileCurve],
    (length_unit, unit): (&str, &str),
) -> Result<(), PlotError> {
    type Pick = fn(&ProfileCurve) -> &[f64];
    let quantities: [(String, Pick); 5] = [
        (over("mean u", unit), |c| &c.mean),
        (over("rms u", unit), |c| &c.rms[0]),
        (over("rms v", unit), |c| &c.rms[1]),
        (over("rms w", unit), |c| &c.rms[2]),
        (over("<u'v'>", &squared(unit)), |c| &c.shear_stress),
    ];
    let (low, high) = heights(curves);
    let panel = |(label, pick): (String, Pick)| Panel {
        x: Axis::linear(over("y", length_unit)).within(low, high),
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

/// From the lowest to the highest point of all; from 0, the wall, where it is not far.
fn heights(curves: &[ProfileCurve]) -> (f64, f64) {
    let all = || curves.iter().flat_map(|curve| curve.y.iter().copied());
    let (low, high) = (
        all().fold(f64::MAX, f64::min),
        all().fold(f64::MIN, f64::max),
    );
    match low < high {
        true if low > 0.0 && low < 0.3 * high => (0.0, high),
        true => (low, high),
        false => (0.0, 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_shows_the_heights_that_there_are() {
        let curve = |y: &[f64]| ProfileCurve {
            name: String::new(),
            y: y.to_vec(),
            mean: Vec::new(),
            rms: [const { Vec::new() }; 3],
            shear_stress: Vec::new(),
        };
        let of = |heights_of: &[&[f64]]| {
            let curves: Vec<ProfileCurve> = heights_of.iter().map(|y| curve(y)).collect();
            heights(&curves)
        };
        assert_eq!(of(&[&[0.0, 1.0, 2.0], &[0.1, 1.9]]), (0.0, 2.0));
        assert_eq!(of(&[&[0.0, 0.01, 0.02]]), (0.0, 0.02));
        assert_eq!(of(&[&[0.001, 0.019]]), (0.0, 0.019));
        assert_eq!(of(&[&[-1.0, 0.0, 1.0]]), (-1.0, 1.0));
        assert_eq!(of(&[&[1.0], &[]]), (0.0, 2.0));
    }
}
