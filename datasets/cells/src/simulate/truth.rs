//! What each condition really does.

use super::network::Network;
use super::screen::Screen;

/// Molecules that shares are of, before the logarithm.
const TOTAL: f64 = 10_000.0;

/// What each condition does to cells, without noise of genes and of measurement; conditions in the order of
/// [`Screen::perturbations`].
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// `[condition][gene]`: share in the molecules of a cell, of 10,000.
    pub shares: Vec<Vec<f64>>,
    /// `[condition][gene]`: log(1 + share) less the same of control.
    pub deltas: Vec<Vec<f64>>,
    /// `[condition]`: how wrong the sum of the deltas of both genes alone is for a pair, |delta - sum| / |delta| over all genes;
    /// NaN for what is no pair.
    pub additivity_error: Vec<f64>,
}

impl Truth {
    pub(super) fn new(network: &Network, screen: &Screen) -> Self {
        let shares = |genes: &[usize]| {
            let levels = network.steady_state(&screen.factors(genes));
            let total: f64 = levels.iter().sum();
            let share = |level: &f64| TOTAL * level / total;
            levels.iter().map(share).collect::<Vec<f64>>()
        };
        let control = shares(&[]);
        let delta = |shares: &[f64]| {
            let pairs = shares.iter().zip(&control);
            pairs
                .map(|(x, c)| x.ln_1p() - c.ln_1p())
                .collect::<Vec<f64>>()
        };
        let alone = |gene: usize| delta(&shares(&[gene]));
        let perturbations = screen.perturbations();
        let shares: Vec<Vec<f64>> = perturbations.iter().map(|p| shares(&p.genes)).collect();
        let deltas: Vec<Vec<f64>> = shares.iter().map(|shares| delta(shares)).collect();
        let error = |(perturbation, delta): (&super::Perturbation, &Vec<f64>)| {
            let [a, b] = perturbation.genes[..] else {
                return f64::NAN;
            };
            let (a, b) = (alone(a), alone(b));
            let excess = (0..delta.len()).map(|gene| delta[gene] - a[gene] - b[gene]);
            norm(excess) / norm(delta.iter().copied())
        };
        let additivity_error = perturbations.iter().zip(&deltas).map(error).collect();
        Self {
            shares,
            deltas,
            additivity_error,
        }
    }
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}
