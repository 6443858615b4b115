//! Metrics of mean expression.

use crate::comparison::{Change, Comparison};
use crate::correlation::pearson;
use crate::results::{Metric, Results};

/// Adds the metrics of every perturbation's means.
pub fn add(results: &mut Results, comparison: &Comparison) {
    let each = |of: fn(&Change) -> f64| comparison.changes.iter().map(of).collect();
    results.set(
        Metric::PearsonDelta,
        each(|c| pearson(&c.predicted, &c.real)),
    );
    results.set(
        Metric::Mse,
        each(|c| mean(&c.predicted_mean, &c.real_mean, |d| d * d)),
    );
    results.set(
        Metric::Mae,
        each(|c| mean(&c.predicted_mean, &c.real_mean, f64::abs)),
    );
    results.set(
        Metric::MseDelta,
        each(|c| mean(&c.predicted, &c.real, |d| d * d)),
    );
    results.set(
        Metric::MaeDelta,
        each(|c| mean(&c.predicted, &c.real, f64::abs)),
    );
}

/// Mean of a function of the differences.
pub fn mean(a: &[f64], b: &[f64], of: fn(f64) -> f64) -> f64 {
    a.iter().zip(b).map(|(a, b)| of(a - b)).sum::<f64>() / a.len() as f64
}
