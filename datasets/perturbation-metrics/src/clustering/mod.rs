//! Whether perturbations that belong together in truth are predicted to: agreement of clusters of their means.

mod agreement;
mod leiden;
mod neighbours;

use crate::comparison::{Change, Comparison};
use crate::results::{Metric, Results};
use agreement::adjusted_mutual_information;
use leiden::leiden;
use neighbours::neighbour_graph;

/// Neighbours of a perturbation, itself among them.
const NEIGHBOURS: usize = 15;
const REAL_RESOLUTION: f64 = 1.0;
const PREDICTED_RESOLUTIONS: [f64; 7] = [0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0];

/// Fewer perturbations have no neighbours to speak of.
pub const FEWEST: usize = 3;

/// Adds the adjusted mutual information of the clusters of measured and predicted means, the best over the resolutions of the
/// predicted ones, or 0 if all are below: one number for all perturbations, none for fewer than three of them.
///
/// The graph of nearest neighbours is that of UMAP (McInnes et al. 2018), its clusters are Leiden's (Traag et al. 2019). cell-eval
/// draws at random while it refines clusters; here the best is taken, so that the value is decided by the data, and may differ
/// where several partitions are about as good.
pub fn add(results: &mut Results, comparison: &Comparison) {
    let count = comparison.perturbations.len();
    if count < FEWEST {
        return;
    }
    let means = |of: fn(&Change) -> &Vec<f64>| -> Vec<Vec<f64>> {
        comparison
            .changes
            .iter()
            .map(|change| of(change).clone())
            .collect()
    };
    let neighbours = NEIGHBOURS.min(count - 1);
    let real = neighbour_graph(&means(|change| &change.real_mean), neighbours);
    let predicted = neighbour_graph(&means(|change| &change.predicted_mean), neighbours);
    let clusters = leiden(&real, REAL_RESOLUTION);
    let scores = PREDICTED_RESOLUTIONS
        .map(|r| adjusted_mutual_information(&clusters, &leiden(&predicted, r)));
    let best = scores.into_iter().fold(0.0, f64::max);
    results.set(Metric::ClusteringAgreement, vec![best; count]);
}
