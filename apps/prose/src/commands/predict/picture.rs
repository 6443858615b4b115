//! The series and both continuations, a panel a component. What was held back lies over them as rings, since the continuations that
//! are right go through it.

use std::path::PathBuf;

use ndarray::Array2;
use rheome_cli::Failure;
use rheome_equations::Series;
use rheome_figures::{Axis, Curve, Figure, Panel};

use super::Prediction;
use crate::arguments::PredictArguments;

/// A continuation may leave what is shown of the series by so much of its range; what is beyond is cut off.
const MARGIN: f64 = 0.25;

/// Rings that stand apart in one panel.
const RINGS: usize = 20;

/// The files of the picture beside the output.
pub fn files(arguments: &PredictArguments) -> [PathBuf; 2] {
    ["png", "svg"].map(|ending| arguments.output.with_extension(ending))
}

/// Draws the picture into its files.
///
/// # Errors
/// [`Failure`] naming the picture.
pub fn draw(prediction: &Prediction, files: &[PathBuf]) -> Result<(), Failure> {
    let figure = figure(prediction);
    Ok(files.iter().try_for_each(|file| figure.draw(file))?)
}

/// Which of so many points that were held back are drawn: each, or so many apart.
fn every(points: usize) -> usize {
    points.div_ceil(RINGS).max(1)
}

/// What the rings are called.
fn name_of_rings(points: usize) -> String {
    match every(points) {
        1 => "held back".to_owned(),
        every => format!("held back (1 of {every})"),
    }
}

fn figure(prediction: &Prediction) -> Figure {
    let input = &prediction.input;
    let held_back = input.held_back.as_ref();
    let named = |is_there: bool, name: &str| match is_there {
        true => name.to_owned(),
        false => String::new(),
    };
    let names = [
        held_back.map_or_else(String::new, |series| name_of_rings(series.points())),
        "series".to_owned(),
        named(prediction.network.is_some(), "continued by the network"),
        named(prediction.equation.is_ok(), "continued by the equation"),
    ];
    let panels = (0..input.series.dimension())
        .map(|c| panel(prediction, c))
        .collect();
    Figure {
        names: names.to_vec(),
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
    let y = Axis::linear(input.series.names()[component].clone()).around(values, MARGIN);
    let mut curves = vec![Curve::scatter(1, measured)];
    if let Some(network) = &prediction.network {
        curves.push(Curve::line(2, of_states(&network.states)));
    }
    if let Ok(states) = &prediction.equation {
        curves.push(Curve::line(3, of_states(states)));
    }
    if !held_back.is_empty() {
        let shown = held_back.iter().step_by(every(held_back.len()));
        curves.push(Curve::open(0, shown.copied().collect()));
    }
    Panel {
        x: Axis::linear("time"),
        y,
        curves,
    }
}

fn points(times: &[f64], states: &Array2<f64>, component: usize) -> Vec<(f64, f64)> {
    let values = states.column(component);
    times.iter().copied().zip(values.iter().copied()).collect()
}
