//! Pictures: errors over time, and a series of each family.

use std::path::Path;

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, s};
use rheome_cli::Failure;
use rheome_equations::Batch;
use rheome_figures::{Axis as FigureAxis, Curve, Figure, Panel};

use super::scores::Score;

/// Forecasts that are drawn, in the order of their colours.
const NAMES: [&str; 4] = [
    "persistence",
    "network",
    "straight line",
    "solution of the written equation",
];
/// Errors beyond this are not shown.
const LARGEST: f64 = 2.0;

/// The pictures' files.
pub const FILES: [&str; 4] = ["errors.png", "errors.svg", "series.png", "series.svg"];

/// What is drawn, gathered batch by batch.
#[derive(Debug, Default)]
pub struct Pictures {
    times: Vec<f64>,
    families: Vec<Family>,
}

/// A family: sums of errors at each time, and its first series.
#[derive(Debug)]
struct Family {
    name: String,
    /// By forecast: the sum of errors at each time, and of how many series.
    errors: [(Array1<f64>, usize); 4],
    input: Vec<(f64, f64)>,
    labels: Array2<f64>,
    network: Array2<f64>,
    equation: Option<Array2<f64>>,
}

impl Pictures {
    /// Adds a batch with the network's states, `[batch, queries, dimension]`.
    pub fn add(&mut self, batch: &Batch, network: &Array3<f32>, scores: &[Score]) {
        self.times = batch.times.iter().map(|time| f64::from(*time)).collect();
        let (persistence, line) = (batch.persistence(), batch.straight_on());
        for (row, score) in scores.iter().enumerate() {
            let components = batch.dimensions[row];
            let of = |states: &Array3<f32>| states.slice(s![row, .., ..components]).mapv(f64::from);
            let (labels, states) = (of(&batch.labels), of(network));
            let equation = score
                .equation
                .as_ref()
                .and_then(|judged| judged.states.clone());
            let forecasts = [
                Some(of(&persistence)),
                Some(states.clone()),
                Some(of(&line)),
                equation.clone(),
            ];
            let place = self.families.iter().position(|f| f.name == score.family);
            let place = place.unwrap_or_else(|| {
                let window = batch.input.index_axis(Axis(0), row);
                let input = window.rows().into_iter();
                let input = input.map(|point| (f64::from(point[0]), f64::from(point[1])));
                self.families.push(Family {
                    name: score.family.clone(),
                    errors: [(); 4].map(|()| (Array1::zeros(labels.nrows()), 0)),
                    input: input.collect(),
                    labels: labels.clone(),
                    network: states,
                    equation,
                });
                self.families.len() - 1
            });
            let sums = &mut self.families[place].errors;
            for ((sum, count), states) in sums.iter_mut().zip(forecasts) {
                if let Some(states) = states.filter(|s| s.iter().all(|v| v.is_finite())) {
                    *sum += &errors(states.view(), labels.view());
                    *count += 1;
                }
            }
        }
    }

    /// Draws the pictures into a folder.
    ///
    /// # Errors
    /// [`Failure`] naming the picture.
    pub fn draw(&self, folder: &Path) -> Result<(), Failure> {
        let panels = |panel: fn(&Self, &Family) -> Panel| {
            self.families
                .iter()
                .map(|family| panel(self, family))
                .collect()
        };
        let figure = |names: [&str; 4], panels: Vec<Panel>| Figure {
            names: names.map(str::to_owned).to_vec(),
            columns: panels.len().clamp(1, 3),
            panels,
        };
        let truth = ["truth", NAMES[1], "given, with noise", NAMES[3]];
        let errors = figure(NAMES, panels(Self::errors_over_time));
        let series = figure(truth, panels(Self::first_series));
        let files = FILES.iter().zip([&errors, &errors, &series, &series]);
        for (name, figure) in files {
            figure.draw(&folder.join(name))?;
        }
        Ok(())
    }

    fn errors_over_time(&self, family: &Family) -> Panel {
        let known = family
            .errors
            .iter()
            .enumerate()
            .filter(|(_, (_, count))| *count > 0);
        let curve = |(set, (sum, count)): (usize, &(Array1<f64>, usize))| {
            let means = sum.iter().map(|sum| sum / *count as f64);
            Curve::line(set, self.times.iter().copied().zip(means).collect())
        };
        Panel {
            x: FigureAxis::linear("time"),
            y: FigureAxis::linear(format!("relative error, {}", family.name)).within(0.0, LARGEST),
            curves: known.map(curve).collect(),
        }
    }

    fn first_series(&self, family: &Family) -> Panel {
        let first = |states: &Array2<f64>| {
            let values = states.column(0);
            self.times
                .iter()
                .copied()
                .zip(values.iter().copied())
                .collect::<Vec<_>>()
        };
        let truth = first(&family.labels);
        let values = family.input.iter().chain(&truth).map(|(_, value)| *value);
        let y = FigureAxis::linear(format!("u_0, {}", family.name)).around(values, 0.25);
        let mut curves = vec![
            Curve::line(0, truth),
            Curve::line(1, first(&family.network)),
            Curve::scatter(2, family.input.clone()),
        ];
        curves.extend(
            family
                .equation
                .as_ref()
                .map(|states| Curve::line(3, first(states))),
        );
        Panel {
            x: FigureAxis::linear("time"),
            y,
            curves,
        }
    }
}

/// The size of the error at each time, relative to the root mean square of the states.
fn errors(found: ArrayView2<f64>, expected: ArrayView2<f64>) -> Array1<f64> {
    let squares = |states: &Array2<f64>| states.mapv(|value| value * value).sum_axis(Axis(1));
    let typical = squares(&expected.to_owned()).mean().unwrap_or(0.0).sqrt();
    let typical = typical.max(f64::MIN_POSITIVE);
    squares(&(&found - &expected)).mapv(|square| square.sqrt() / typical)
}
