//! Scores and a flow as pictures.

use rheome_cli::Failure;
use rheome_figures::{
    Axis, ColorScale, Curve, Figure, Panel, Plane, PlaneAxis, SliceRow, draw_slices,
};
use rheome_periodic::FlowAnalysis;

use super::Outputs;
use super::contestants::Flow;
use super::scores::{Means, Scores};

/// Part of the greatest energy below which a shell holds nothing but rounding: waves that a solver does not have.
const VANISHING: f64 = 1e-8;

/// Draws all pictures; `shown` is the flow whose vorticity is drawn.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn draw(
    scores: &Scores,
    shown: Option<&Flow>,
    analysis: &mut FlowAnalysis,
    outputs: &Outputs,
) -> Result<(), Failure> {
    statistics(scores).draw(&outputs.path("statistics.png"))?;
    turbulence(scores).draw(&outputs.path("turbulence.png"))?;
    match shown {
        None => Ok(()),
        Some(flow) => vorticity(scores, flow, analysis, outputs),
    }
}

/// Errors, energy, enstrophy and flatness over time.
fn statistics(scores: &Scores) -> Figure {
    let panel = |label: &str, first: usize, of: fn(Means) -> f64| Panel {
        x: Axis::linear("time behind the given frames"),
        y: Axis::linear(label),
        curves: (first..scores.names.len())
            .map(|set| {
                let leads = 0..scores.leads();
                let point = |lead| (scores.time(lead), of(scores.means(set, lead)));
                Curve::line(set, leads.map(point).collect())
            })
            .collect(),
    };
    Figure {
        names: scores.names.clone(),
        columns: 2,
        panels: vec![
            panel("relative L2 error of the velocity", 1, |means| means.error),
            panel("energy", 0, |means| means.energy),
            panel("enstrophy", 0, |means| means.enstrophy),
            panel("flatness of the vorticity", 0, |means| means.flatness),
        ],
    }
}

/// Spectrum and vorticity of the last frame.
fn turbulence(scores: &Scores) -> Figure {
    let last = scores.leads() - 1;
    let curves = |points: &dyn Fn(usize) -> Vec<(f64, f64)>| {
        let sets = 0..scores.names.len();
        sets.map(|set| Curve::line(set, points(set))).collect()
    };
    let most = scores.spectrum(0, last).into_iter().fold(0.0, f64::max);
    let spectrum = |set| {
        let shells = scores.spectrum(set, last).into_iter().enumerate();
        let shells = shells.filter(|(_, e)| *e > VANISHING * most);
        shells.map(|(shell, e)| ((shell + 1) as f64, e)).collect()
    };
    Figure {
        names: scores.names.clone(),
        columns: 2,
        panels: vec![
            Panel {
                x: Axis::logarithmic("waves per side"),
                y: Axis::logarithmic("energy, last frame"),
                curves: curves(&spectrum),
            },
            Panel {
                x: Axis::linear("vorticity / rms, last frame"),
                y: Axis::logarithmic("probability density"),
                curves: curves(&|set| scores.density(set, last)),
            },
        ],
    }
}

/// The vorticity of the first, a middle and the last frame of one flow.
fn vorticity(
    scores: &Scores,
    flow: &Flow,
    analysis: &mut FlowAnalysis,
    outputs: &Outputs,
) -> Result<(), Failure> {
    let last = scores.leads() - 1;
    let mut leads = vec![0, last / 2, last];
    leads.dedup();
    let titles: Vec<String> = leads
        .iter()
        .map(|lead| format!("t = {:.2}", (*lead + 1) as f64 * flow.step))
        .collect();
    let mut rows = Vec::new();
    for (name, forecast) in scores.names.iter().zip(&flow.forecasts) {
        let mut planes = Vec::new();
        for lead in &leads {
            let [u, v] = &forecast[*lead];
            let found = analysis.of([u, v])?.vorticity;
            let points = found.len().isqrt();
            let values = found.iter().map(|w| *w as f32).collect();
            let lengths = [analysis.length(); 2];
            planes.push(Plane::spanning(values, [points; 2], lengths, [true; 2]));
        }
        rows.push(SliceRow {
            name: name.clone(),
            planes,
        });
    }
    let axes = ["x", "y"].map(|axis| PlaneAxis::new(axis, ""));
    let path = outputs.path("vorticity.png");
    let colors = ("vorticity", ColorScale::Shared);
    Ok(draw_slices(&path, &titles, &rows, colors, &axes)?)
}
