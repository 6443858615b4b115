//! Pictures of predictions beside measurements.

use rheome_cli::Failure;
use rheome_figures::{Axis, Curve, Figure, Panel};
use rheome_perturbation_metrics::{Cells, Comparison, PrincipalComponents, pearson};

use crate::arguments::EvaluateArguments;

/// Perturbations that are shown.
const SHOWN: usize = 6;
/// Genes whose distributions are shown.
const GENES: usize = 6;
/// Cells of each kind in a picture of cells.
const CELLS: usize = 300;

/// Names of the pictures.
pub const PICTURES: [&str; 3] = ["changes", "cells", "distributions"];
/// Endings of their files.
pub const ENDINGS: [&str; 2] = ["png", "svg"];

/// Draws all pictures into the folder of the results.
pub fn draw(arguments: &EvaluateArguments, comparison: &Comparison) -> Result<(), Failure> {
    let shown = shown(comparison);
    let figures = [
        changes(comparison, &shown),
        cells(comparison, &shown),
        distributions(comparison, shown[0]),
    ];
    for (name, figure) in PICTURES.into_iter().zip(figures) {
        for ending in ENDINGS {
            figure.draw(&arguments.output.join(format!("{name}.{ending}")))?;
        }
    }
    Ok(())
}

/// The perturbations with the strongest measured effects.
fn shown(comparison: &Comparison) -> Vec<usize> {
    let strength = |p: &usize| {
        comparison.changes[*p]
            .real
            .iter()
            .map(|d| d * d)
            .sum::<f64>()
    };
    let mut order: Vec<usize> = (0..comparison.perturbations.len()).collect();
    order.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    order.truncate(SHOWN);
    order
}

/// Predicted against measured change of every gene.
fn changes(comparison: &Comparison, shown: &[usize]) -> Figure {
    let panel = |p: &usize| {
        let change = &comparison.changes[*p];
        let points: Vec<(f64, f64)> = change
            .real
            .iter()
            .copied()
            .zip(change.predicted.iter().copied())
            .collect();
        let ends = points.iter().flat_map(|(a, b)| [*a, *b]);
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        let name = &comparison.perturbations[*p];
        let correlation = pearson(&change.real, &change.predicted);
        Panel {
            x: Axis::linear(format!("measured change, {name}")).within(low, high),
            y: Axis::linear(format!("predicted (r = {correlation:.2})")).within(low, high),
            curves: vec![
                Curve::line(0, vec![(low, low), (high, high)]),
                Curve::scatter(1, points),
            ],
        }
    };
    Figure {
        names: vec![
            "as measured".into(),
            "a gene: change of mean log expression".into(),
        ],
        panels: shown.iter().map(panel).collect(),
        columns: 3,
    }
}

/// Control, measured and predicted cells on two principal components of the measured ones.
fn cells(comparison: &Comparison, shown: &[usize]) -> Figure {
    let genes = comparison.real.genes().len();
    let [control, _] = comparison.control();
    let control = comparison.real.dense(control, CELLS);
    let panel = |p: &usize| {
        let [real, predicted] = comparison.groups(*p);
        let measured = comparison.real.dense(real, CELLS);
        let predicted = comparison.predicted.dense(predicted, CELLS);
        let both: Vec<f64> = control.iter().chain(&measured).copied().collect();
        let axes = PrincipalComponents::new(&both, genes, 2);
        let points = |cells: &[f64]| -> Vec<(f64, f64)> {
            cells
                .chunks_exact(genes)
                .map(|cell| (axes.along(0, cell), axes.along(1, cell)))
                .collect()
        };
        let name = &comparison.perturbations[*p];
        Panel {
            x: Axis::linear(format!("first component, {name}")),
            y: Axis::linear("second component"),
            curves: vec![
                Curve::scatter(0, points(&control)),
                Curve::scatter(1, points(&measured)),
                Curve::scatter(2, points(&predicted)),
            ],
        }
    };
    Figure {
        names: ["control cells", "measured", "predicted"]
            .map(String::from)
            .to_vec(),
        panels: shown.iter().map(panel).collect(),
        columns: 3,
    }
}

/// How the genes that a perturbation changes most are distributed over the cells: the share of cells up to each value.
fn distributions(comparison: &Comparison, perturbation: usize) -> Figure {
    let change = &comparison.changes[perturbation].real;
    let mut order: Vec<usize> = (0..change.len()).collect();
    order.sort_by(|a, b| change[*b].abs().total_cmp(&change[*a].abs()));
    let [real, predicted] = comparison.groups(perturbation);
    let [control, _] = comparison.control();
    let name = &comparison.perturbations[perturbation];
    let panel = |gene: &usize| Panel {
        x: Axis::linear(format!(
            "log expression of {}",
            comparison.real.genes()[*gene]
        )),
        y: Axis::linear(format!("share of cells, {name}")).within(0.0, 1.0),
        curves: vec![
            Curve::line(0, cumulative(&comparison.real, *gene, control)),
            Curve::line(1, cumulative(&comparison.real, *gene, real)),
            Curve::line(2, cumulative(&comparison.predicted, *gene, predicted)),
        ],
    };
    Figure {
        names: ["control cells", "measured", "predicted"]
            .map(String::from)
            .to_vec(),
        panels: order.iter().take(GENES).map(panel).collect(),
        columns: 3,
    }
}

/// Values of a gene, ascending, and the share of the cells up to them, at most a hundred.
fn cumulative(cells: &Cells, gene: usize, group: usize) -> Vec<(f64, f64)> {
    let mut values: Vec<f64> = cells
        .values(gene, group)
        .iter()
        .map(|v| f64::from(*v))
        .collect();
    values.resize(cells.size(group), 0.0);
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let steps = count.min(100);
    let at = |step: usize| {
        let place = step * (count - 1) / steps.max(1);
        (values[place], (place + 1) as f64 / count as f64)
    };
    (0..=steps).map(at).collect()
}
