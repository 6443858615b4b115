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
use crate::mmd::Reference;

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
    let singles = Singles::new(singles, control);
    let of_control = comparison.real.dense(comparison.control()[0], CELLS);
    (0..comparison.perturbations.len())
        .into_par_iter()
        .map(|p| {
            let [group, _] = comparison.groups(p);
            let measured = comparison.real.dense(group, CELLS);
            let truth = &comparison.changes[p].real;
            let judge = Judge {
                truth,
                measured: Reference::new(&measured, truth.len()),
                control: &of_control,
            };
            judge.scores(comparison, p, &singles)
        })
        .collect()
}

/// Measured single perturbations.
struct Singles<'a> {
    cells: &'a Cells,
    /// The change of each group against control; nothing without control cells.
    changes: Option<Vec<Vec<f64>>>,
}

impl<'a> Singles<'a> {
    fn new(cells: &'a Cells, control: &str) -> Self {
        let of_control = cells.group(control).map(|group| cells.means(group));
        let changes = of_control.map(|control| {
            let less = |group| {
                cells
                    .means(group)
                    .iter()
                    .zip(&control)
                    .map(|(a, b)| a - b)
                    .collect()
            };
            (0..cells.names().len()).map(less).collect()
        });
        Self { cells, changes }
    }

    /// Groups and changes of the parts of a combination; nothing for what is none, or was not measured.
    fn parts(&self, name: &str) -> Option<Vec<(usize, &[f64])>> {
        let changes = self.changes.as_ref()?;
        let part = |part| {
            let group = self.cells.group(part)?;
            Some((group, changes[group].as_slice()))
        };
        let parts: Vec<(usize, &[f64])> = name.split('+').map(part).collect::<Option<_>>()?;
        // A single perturbation is no baseline of itself.
        (parts.len() > 1).then_some(parts)
    }
}

/// One perturbation under judgement.
struct Judge<'a> {
    truth: &'a [f64],
    measured: Reference<'a>,
    control: &'a [f64],
}

impl Judge<'_> {
    fn scores(&self, comparison: &Comparison, perturbation: usize, singles: &Singles) -> Scores {
        let name = &comparison.perturbations[perturbation];
        let [_, predicted] = comparison.groups(perturbation);
        let predicted = comparison.predicted.dense(predicted, CELLS);
        let change = &comparison.changes[perturbation].predicted;
        let parts = singles.parts(name);
        let parts = parts.as_deref();
        let moved = |factor: fn(usize) -> f64| parts.map(|p| self.moved(p, factor(p.len())));
        Scores {
            perturbation: name.clone(),
            methods: [
                Some(self.score(change, &predicted)),
                Some(self.score(&vec![0.0; self.truth.len()], self.control)),
                moved(|_| 1.0),
                moved(|count| 1.0 / count as f64),
                parts.and_then(|parts| self.nearest(parts, singles.cells)),
            ],
        }
    }

    fn score(&self, change: &[f64], cells: &[f64]) -> Score {
        Score {
            pearson_delta: pearson(change, self.truth),
            mse_delta: mean(change, self.truth, |d| d * d),
            mae_delta: mean(change, self.truth, f64::abs),
            mmd: self.measured.mmd_squared(cells),
        }
    }

    /// Control cells moved by the sum of the changes times a factor.
    fn moved(&self, changes: &[(usize, &[f64])], factor: f64) -> Score {
        let mut sum = vec![0.0; self.truth.len()];
        for (_, change) in changes {
            sum.iter_mut()
                .zip(*change)
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

    fn nearest(&self, changes: &[(usize, &[f64])], singles: &Cells) -> Option<Score> {
        let error = |change: &[f64]| mean(change, self.truth, |d| d * d);
        let (group, change) = changes
            .iter()
            .min_by(|a, b| error(a.1).total_cmp(&error(b.1)))?;
        Some(self.score(change, &singles.dense(*group, CELLS)))
    }
}
