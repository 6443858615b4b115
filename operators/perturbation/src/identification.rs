//! Which perturbation, or pair of perturbations, explains cells.
//!
//! The perturbation head reads an embedding off the cells ([`read_embedding`]); candidates are ranked by how well their
//! own embeddings make it up ([`rank_singles`], [`rank_pairs`]).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use burn::tensor::Tensor;

use crate::{GeneQuery, PadTransformer, PerturbationError};

/// Below this fraction of the larger square two embeddings count as parallel.
const PARALLEL: f64 = 1e-9;

/// The embedding of the perturbation that cells show, their mean direction: `[width]` numbers.
///
/// The cells are taken as the end of the flow (t = 1) and the perturbation as unknown.
///
/// # Shapes
/// - control, observed: `[batch, n]`, the genes being those of `genes`
///
/// # Errors
/// [`PerturbationError::Shape`] if the two differ in shape or do not have these genes.
pub fn read_embedding(
    model: &PadTransformer,
    genes: &GeneQuery,
    control: Tensor<2>,
    observed: Tensor<2>,
) -> Result<Vec<f32>, PerturbationError> {
    let expected = [control.dims()[0].max(1), genes.ids().len()];
    for (what, found) in [
        ("control cells", control.dims()),
        ("observed cells", observed.dims()),
    ] {
        if found != expected {
            return Err(PerturbationError::Shape {
                what,
                found: found.to_vec(),
                expected: expected.to_vec(),
            });
        }
    }
    let conditions = model.prepare(
        model.gene_encoder.forward(genes),
        model.embed_unknown_perturbation(),
    );
    let control = model.prepare_cells(control, &conditions);
    let end = Tensor::ones([1], &observed.device());
    let each = model.predict_perturbation(observed, end, &conditions, &control);
    let length = each.clone().square().sum_dim(1).sqrt().clamp_min(1e-8);
    Ok((each / length)
        .mean_dim(0)
        .into_data()
        .iter::<f32>()
        .collect())
}

/// A candidate and how well it explains an embedding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Single {
    /// The candidate, counted in the list given.
    pub candidate: usize,
    /// Cosine of the angle between its embedding and the one to be explained: 1 at best.
    pub cosine: f64,
}

/// Two candidates and how well they explain an embedding together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The candidates, counted in the list given, the lower one first.
    pub candidates: [usize; 2],
    /// How much of each makes the embedding up.
    pub coefficients: [f64; 2],
    /// What is left of the embedding, relative to its length: 0 at best.
    pub residual: f64,
}

/// The `count` candidates whose embeddings point most nearly as `embedding` does, best first.
///
/// # Panics
/// If a candidate's embedding has another length.
pub fn rank_singles(embedding: &[f32], candidates: &[Vec<f32>], count: usize) -> Vec<Single> {
    let length = dot(embedding, embedding).sqrt();
    let cosine = |candidate: &Vec<f32>| {
        let lengths = length * dot(candidate, candidate).sqrt();
        dot(embedding, candidate) / lengths.max(f64::MIN_POSITIVE)
    };
    let mut all: Vec<Single> = candidates
        .iter()
        .enumerate()
        .map(|(i, vector)| Single {
            candidate: i,
            cosine: cosine(vector),
        })
        .collect();
    all.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    all.truncate(count);
    all
}

/// The `count` pairs of candidates of whose embeddings least squares makes most of `embedding`, best first.
///
/// All pairs are tried: two thousand candidates take a second.
///
/// # Panics
/// If a candidate's embedding has another length.
pub fn rank_pairs(embedding: &[f32], candidates: &[Vec<f32>], count: usize) -> Vec<Pair> {
    let length = dot(embedding, embedding);
    let right: Vec<f64> = candidates.iter().map(|c| dot(c, embedding)).collect();
    let square: Vec<f64> = candidates.iter().map(|c| dot(c, c)).collect();
    // The worst of the best so far is on top.
    let mut best: BinaryHeap<ByResidual> = BinaryHeap::new();
    for (i, first) in candidates.iter().enumerate() {
        for (j, second) in candidates.iter().enumerate().skip(i + 1) {
            let product = dot(first, second);
            let determinant = square[i] * square[j] - product * product;
            if determinant <= PARALLEL * square[i].max(square[j]).powi(2) {
                continue;
            }
            let a = (right[i] * square[j] - right[j] * product) / determinant;
            let b = (right[j] * square[i] - right[i] * product) / determinant;
            let left = (length - a * right[i] - b * right[j]).max(0.0);
            best.push(ByResidual(Pair {
                candidates: [i, j],
                coefficients: [a, b],
                residual: (left / length.max(f64::MIN_POSITIVE)).sqrt(),
            }));
            if best.len() > count {
                best.pop();
            }
        }
    }
    best.into_sorted_vec()
        .into_iter()
        .map(|pair| pair.0)
        .collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "embeddings of different lengths");
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// Orders pairs by residual, then by candidates.
struct ByResidual(Pair);

impl Ord for ByResidual {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_residual = self.0.residual.total_cmp(&other.0.residual);
        by_residual.then(self.0.candidates.cmp(&other.0.candidates))
    }
}

impl PartialOrd for ByResidual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByResidual {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByResidual {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_candidate_explains_itself_best_whatever_its_length() {
        let candidates = [
            vec![1.0, 0.0, 0.0],
            vec![0.0, 2.0, 0.0],
            vec![1.0, 1.0, 1.0],
        ];
        let found = rank_singles(&[0.0, 0.1, 0.0], &candidates, 2);
        assert_eq!(found[0].candidate, 1);
        assert!((found[0].cosine - 1.0).abs() < 1e-6);
        assert_eq!((found.len(), found[1].candidate), (2, 2));
    }

    proptest! {
        #[test]
        fn a_mixture_of_two_candidates_is_found(
            numbers in prop::collection::vec(-1.0_f32..1.0, 8 * 12),
            (i, j) in (0..8_usize, 0..8_usize),
            (a, b) in (0.3_f32..1.0, 0.3_f32..1.0),
        ) {
            prop_assume!(i < j);
            let candidates: Vec<Vec<f32>> = numbers.chunks(12).map(<[f32]>::to_vec).collect();
            let mixture: Vec<f32> = candidates[i]
                .iter()
                .zip(&candidates[j])
                .map(|(x, y)| a * x + b * y)
                .collect();
            let found = rank_pairs(&mixture, &candidates, 3);
            prop_assert_eq!(found[0].candidates, [i, j]);
            prop_assert!(found[0].residual < 1e-3);
            prop_assert!((found[0].coefficients[0] - f64::from(a)).abs() < 1e-3);
            prop_assert!(found.windows(2).all(|w| w[0].residual <= w[1].residual));
        }
    }

    #[test]
    fn parallel_candidates_are_no_pair() {
        let candidates = [vec![1.0, 0.0], vec![2.0, 0.0], vec![0.0, 1.0]];
        let found = rank_pairs(&[1.0, 1.0], &candidates, 10);
        let pairs: Vec<[usize; 2]> = found.iter().map(|p| p.candidates).collect();
        assert_eq!(pairs, [[0, 2], [1, 2]]);
    }
}
