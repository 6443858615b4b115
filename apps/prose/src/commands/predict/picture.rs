//! The series and both continuations, a panel a component.

use ndarray::Array2;
use rheome_cli::Failure;
use rheome_equations::Series;
use rheome_figures::{Axis, Curve, Figure, Panel};

use super::Prediction;

/// A continuation may leave what is shown of the series by so much of its range; what is beyond is cut off.
const MARGIN: f64 = 0.25;

/// Draws the picture beside the output.
///
/// # Errors
/// [`Failure`] naming the picture.
pub fn draw(prediction: &Prediction) -> Result<(), Failure> {
    let figure = figure(prediction);
    for ending in ["png", "svg"] {
        figure.draw(&prediction.arguments.output.with_extension(ending))?;
    }
    Ok(())
}

fn figure(prediction: &Prediction) -> Figure {
    let input = &prediction.input;
    let held_back = input.held_back.as_ref();
    let names = [
        held_back.map_or("", |_| "held back"),
        "series",
        prediction
            .network
            .as_ref()
            .map_or("", |_| "continued by the network"),
        prediction
            .equation
            .as_ref()
            .map_or("", |_| "continued by the equation"),
    ];
    let panels = (0..input.series.dimension())
        .map(|c| panel(prediction, c))
        .collect();
    Figure {
        names: names.map(str::to_owned).to_vec(),
        panels,
        columns: input.series.dimension().min(3),
    }
}

fn panel(prediction: &Prediction, component: usize) -> Panel {
    let input = &prediction.input;
    let of_series = |series: &Series| points(series.times(), series.states(), component);
    let of_states = |states: &Array2<f64>| points(&prediction.times, states, component);
    let held_back = input.held_back.as_ref().map(of_series).unwrap_or_default();
    let measured = of_series(&input.series);
    let values = measured.iter().chain(&held_back).map(|(_, value)| *value);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    let margin = MARGIN * (high - low).max(1e-9 + 0.1 * high.abs());
    let mut curves = vec![Curve::scatter(1, measured)];
    if let Some(network) = &prediction.network {
        curves.push(Curve::line(2, of_states(&network.states)));
    }
    if let Ok(states) = &prediction.equation {
        curves.push(Curve::line(3, of_states(states)));
    }
    if !held_back.is_empty() {
        curves.push(Curve::line(0, held_back));
    }
    Panel {
        x: Axis::linear("time"),
        y: Axis::linear(input.series.names()[component].clone())
            .within(low - margin, high + margin),
        curves,
    }
}

fn points(times: &[f64], states: &Array2<f64>, component: usize) -> Vec<(f64, f64)> {
    let values = states.column(component);
    times.iter().copied().zip(values.iter().copied()).collect()
}
