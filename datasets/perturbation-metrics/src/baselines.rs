//! Predictions that need no model, scored as predictions are.
//!
//! - **control**: nothing changes; its cells are the control cells.
//! - **additive**: the changes of the single perturbations add up (Norman et al. 2019); its cells are control cells moved by the
//!   sum, clamped at 0.
//! - **average**: the mean of those changes, what a saturating pair looks like; its cells are control cells moved by it.
//! - **nearest single**: the cells of that one of its single perturbations which, with hindsight, is nearest to the truth.

use rayon::prelude::*;

use crate::cells::Cells;
use crate::comparison::Comparison;
use crate::correlation::pearson;
use crate::expression_metrics::mean;
use crate::mmd::mmd_squared;

/// Cells of a sample that a discrepancy is computed from, at most.
const CELLS: usize = 500;

/// Which prediction is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The predicted cells.
    Prediction,
    /// Nothing changes.
    Control,
    /// The changes of the single perturbations add up.
    Additive,
    /// The mean of the changes of the single perturbations.
    Average,
    /// The single perturbation nearest to the truth.
    NearestSingle,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Prediction,
        Self::Control,
        Self::Additive,
        Self::Average,
        Self::NearestSingle,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Control => "control",
            Self::Additive => "additive",
            Self::Average => "average",
            Self::NearestSingle => "nearest_single",
        }
    }
}

/// How good one method is for one perturbation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Correlation of the mean changes of expression.
    pub pearson_delta: f64,
    /// Mean squared error of the mean change of expression.
    pub mse_delta: f64,
    /// Mean absolute error of the mean change of expression.
    pub mae_delta: f64,
    /// Squared maximum mean discrepancy to the measured cells.
    pub mmd: f64,
}

/// The scores of all methods for one perturbation; none where a single perturbation of it was not measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Its name.
    pub perturbation: String,
    /// One a method, in the order of [`Method::ALL`].
    pub methods: [Option<Score>; 5],
}

/// Scores predictions and baselines. `singles` are measured cells, those of single perturbations and of control among them
/// (under the name `control`), of the same genes; the parts of a combination's name are joined by `+`.
///
/// # Panics
/// If the genes differ.
pub fn score(comparison: &Comparison, singles: &Cells, control: &str) -> Vec<Scores> {
    assert_eq!(comparison.real.genes(), singles.genes(), "the same genes");
    let of_singles = singles.group(control).map(|group| singles.means(group));
    (0..comparison.perturbations.len())
        .into_par_iter()
        .map(|p| Judge::new(comparison, p).scores(singles, of_singles.as_deref()))
        .collect()
}

/// One perturbation under judgement.
struct Judge<'a> {
    comparison: &'a Comparison,
    perturbation: usize,
    truth: &'a [f64],
    measured: Vec<f64>,
    control: Vec<f64>,
}

impl<'a> Judge<'a> {
    fn new(comparison: &'a Comparison, perturbation: usize) -> Self {
        let [group, _] = comparison.groups(perturbation);
        Self {
            truth: &comparison.changes[perturbation].real,
            measured: comparison.real.dense(group, CELLS),
            control: comparison.real.dense(comparison.control()[0], CELLS),
            comparison,
            perturbation,
        }
    }

    fn scores(&self, singles: &Cells, of_control: Option<&[f64]>) -> Scores {
        let name = &self.comparison.perturbations[self.perturbation];
        let parts: Option<Vec<usize>> = name.split('+').map(|part| singles.group(part)).collect();
        // A single perturbation is no baseline of itself.
        let parts = parts.filter(|parts| parts.len() > 1).zip(of_control);
        let changes = parts.map(|(parts, control)| {
            let change = |group: &usize| {
                let means = singles.means(*group);
                let change: Vec<f64> = means.iter().zip(control).map(|(a, b)| a - b).collect();
                (*group, change)
            };
            parts.iter().map(change).collect::<Vec<_>>()
        });
        let [_, predicted] = self.comparison.groups(self.perturbation);
        let predicted = self.comparison.predicted.dense(predicted, CELLS);
        let change = &self.comparison.changes[self.perturbation].predicted;
        Scores {
            perturbation: name.clone(),
            methods: [
                Some(self.score(change, &predicted)),
                Some(self.score(&vec![0.0; self.truth.len()], &self.control)),
                changes.as_ref().map(|changes| self.moved(changes, 1.0)),
                changes
                    .as_ref()
                    .map(|changes| self.moved(changes, 1.0 / changes.len() as f64)),
                changes
                    .as_ref()
                    .and_then(|changes| self.nearest(changes, singles)),
            ],
        }
    }

    fn score(&self, change: &[f64], cells: &[f64]) -> Score {
        Score {
            pearson_delta: pearson(change, self.truth),
            mse_delta: mean(change, self.truth, |d| d * d),
            mae_delta: mean(change, self.truth, f64::abs),
            mmd: mmd_squared(cells, &self.measured, self.truth.len()),
        }
    }

    /// Control cells moved by the sum of the changes times a factor.
    fn moved(&self, changes: &[(usize, Vec<f64>)], factor: f64) -> Score {
        let mut sum = vec![0.0; self.truth.len()];
        for (_, change) in changes {
            sum.iter_mut()
                .zip(change)
                .for_each(|(sum, change)| *sum += factor * change);
        }
        let moved = |cell: &[f64]| {
            cell.iter()
                .zip(&sum)
                .map(|(v, d)| (v + d).max(0.0))
                .collect::<Vec<_>>()
        };
        let cells: Vec<f64> = self
            .control
            .chunks_exact(sum.len())
            .flat_map(moved)
            .collect();
        self.score(&sum, &cells)
    }

    fn nearest(&self, changes: &[(usize, Vec<f64>)], singles: &Cells) -> Option<Score> {
        let error = |change: &[f64]| mean(change, self.truth, |d| d * d);
        let (group, change) = changes
            .iter()
            .min_by(|a, b| error(&a.1).total_cmp(&error(&b.1)))?;
        Some(self.score(change, &singles.dense(*group, CELLS)))
    }
}
