use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::PlotError;
use super::style::{FONT, LINES, register_typeface};

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

const SIZE: (u32, u32) = (1500, 1000);

/// Draws mean, rms and shear-stress profiles of all `curves` into `path` (PNG). `velocity_unit` names the unit on the
/// axes, e.g. `u_tau`.
///
/// # Errors
/// [`PlotError`] naming the file.
pub fn draw_profiles(
    path: &Path,
    curves: &[ProfileCurve],
    velocity_unit: &str,
) -> Result<(), PlotError> {
    register_typeface();
    let root = BitMapBackend::new(path, SIZE).into_drawing_area();
    let fail = |error: &dyn std::fmt::Display| PlotError::new(path, error);
    root.fill(&WHITE).map_err(|e| fail(&e))?;
    let panels = root.split_evenly((2, 3));
    let unit = velocity_unit;
    type Pick = fn(&ProfileCurve) -> &[f64];
    let quantities: [(String, Pick); 5] = [
        (format!("mean u / {unit}"), |c| &c.mean),
        (format!("rms u / {unit}"), |c| &c.rms[0]),
        (format!("rms v / {unit}"), |c| &c.rms[1]),
        (format!("rms w / {unit}"), |c| &c.rms[2]),
        (format!("<u'v'> / {unit}²"), |c| &c.shear_stress),
    ];
    for (panel, (label, pick)) in panels.iter().zip(&quantities) {
        draw_panel(panel, curves, label, *pick).map_err(|e| fail(&e))?;
    }
    draw_legend(&panels[5], curves).map_err(|e| fail(&e))?;
    root.present().map_err(|e| fail(&e))
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw_panel<'a>(
    panel: &Area<'a>,
    curves: &[ProfileCurve],
    label: &str,
    pick: fn(&ProfileCurve) -> &[f64],
) -> Drawn<'a> {
    let values = || {
        curves
            .iter()
            .flat_map(|c| pick(c).iter().copied())
            .filter(|v| v.is_finite())
    };
    let (mut low, mut high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    if high <= low {
        (low, high) = (low - 1.0, low + 1.0);
    }
    let margin = 0.05 * (high - low);
    let mut chart = ChartBuilder::on(panel)
        .margin(18)
        .x_label_area_size(52)
        .y_label_area_size(74)
        .build_cartesian_2d(
            0.0..2.0,
            (low - if low < 0.0 { margin } else { 0.0 })..high + margin,
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.12))
        .x_labels(5)
        .y_labels(6)
        .x_desc("y / h")
        .y_desc(label)
        .label_style((FONT, 19))
        .axis_desc_style((FONT, 21))
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let points = curve.y.iter().copied().zip(pick(curve).iter().copied());
        chart.draw_series(LineSeries::new(
            points.clone(),
            LINES[index % LINES.len()].stroke_width(3),
        ))?;
        // Markers tell the curves apart without colour.
        if index > 0 {
            let every = (curve.y.len() / 16).max(1);
            let color = LINES[index % LINES.len()];
            chart.draw_series(
                points
                    .step_by(every)
                    .map(|p| Circle::new(p, 4, color.filled())),
            )?;
        }
    }
    Ok(())
}

fn draw_legend<'a>(panel: &Area<'a>, curves: &[ProfileCurve]) -> Drawn<'a> {
    for (index, curve) in curves.iter().enumerate() {
        let (color, y) = (LINES[index % LINES.len()], 70 + 44 * index as i32);
        panel.draw(&PathElement::new(
            vec![(40, y), (110, y)],
            color.stroke_width(4),
        ))?;
        if index > 0 {
            panel.draw(&Circle::new((75, y), 6, color.filled()))?;
        }
        panel.draw(&Text::new(curve.name.clone(), (125, y - 11), (FONT, 22)))?;
    }
    Ok(())
}
