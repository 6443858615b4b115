//! How far up its own measurement is among all, seen from a prediction.

use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::results::{Metric, Results};

/// A distance of changes of expression.
type Distance = fn(&[f64], &[f64], Option<usize>) -> f64;

/// Adds the discrimination scores: 1 less the share of measured perturbations whose changes are nearer to the predicted change
/// than those of the perturbation itself. A perturbed gene does not count for its own perturbation.
pub fn add(results: &mut Results, comparison: &Comparison) {
    let metrics: [(Metric, Distance); 3] = [
        (Metric::DiscriminationL1, |a, b, without| {
            sum(a, b, without, |x, y| (x - y).abs())
        }),
        (Metric::DiscriminationL2, |a, b, without| {
            sum(a, b, without, |x, y| (x - y).powi(2)).sqrt()
        }),
        (Metric::DiscriminationCosine, cosine),
    ];
    for (metric, distance) in metrics {
        let count = comparison.perturbations.len();
        let score = |p: usize| {
            let name = &comparison.perturbations[p];
            let without = comparison.real.genes().iter().position(|gene| gene == name);
            let to = |other: usize| {
                distance(
                    &comparison.changes[other].real,
                    &comparison.changes[p].predicted,
                    without,
                )
            };
            let own = to(p);
            // Of equal distances the one that comes first is the nearer.
            let nearer = (0..count).filter(|q| {
                let distance = to(*q);
                distance < own || (distance == own && *q < p)
            });
            1.0 - nearer.count() as f64 / count as f64
        };
        results.set(metric, (0..count).into_par_iter().map(score).collect());
    }
}

fn sum(a: &[f64], b: &[f64], without: Option<usize>, of: fn(f64, f64) -> f64) -> f64 {
    match without {
        // Summed anew: to subtract would leave round-off.
        Some(gene) => {
            let parts = [(&a[..gene], &b[..gene]), (&a[gene + 1..], &b[gene + 1..])];
            parts.into_iter().map(|(a, b)| sum(a, b, None, of)).sum()
        }
        None => a.iter().zip(b).map(|(x, y)| of(*x, *y)).sum(),
    }
}

fn cosine(a: &[f64], b: &[f64], without: Option<usize>) -> f64 {
    let product = |x: &[f64], y: &[f64]| sum(x, y, without, |x, y| x * y);
    let length = |x: &[f64]| {
        let length = product(x, x).sqrt();
        // A change of nothing points nowhere.
        if length == 0.0 { 1.0 } else { length }
    };
    1.0 - product(a, b) / (length(a) * length(b))
}
