//! Metrics of differential expression: which genes are significant, in which direction, how strongly.

use std::collections::HashSet;

use crate::correlation::spearman;
use crate::differential_expression::{DifferentialExpression, GeneTest};
use crate::results::{Metric, Results};

/// A gene below this false discovery rate is significant.
const SIGNIFICANT: f32 = 0.05;
/// Numbers of genes of the overlaps; none: all significant ones.
const TOPS: [Option<usize>; 5] = [None, Some(50), Some(100), Some(200), Some(500)];

/// What cell-eval keeps of a test: single precision.
#[derive(Debug, Clone, Copy)]
struct Kept {
    change: f32,
    rate: f32,
}

impl Kept {
    fn of(test: &GeneTest) -> Self {
        Self {
            change: test.log2_fold_change as f32,
            rate: test.fdr as f32,
        }
    }

    fn is_significant(&self) -> bool {
        self.rate < SIGNIFICANT
    }
}

/// Both tables of a perturbation.
struct Pair {
    real: Vec<Kept>,
    predicted: Vec<Kept>,
}

impl Pair {
    /// Measured significant genes.
    fn significant(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.real.len()).filter(|gene| self.real[*gene].is_significant())
    }
}

/// Adds the metrics of differential expression.
pub fn add(
    results: &mut Results,
    real: &DifferentialExpression,
    predicted: &DifferentialExpression,
) {
    let kept = |tests: &[GeneTest]| tests.iter().map(Kept::of).collect();
    let pairs: Vec<Pair> = real
        .perturbations
        .iter()
        .zip(&predicted.perturbations)
        .map(|(real, predicted)| Pair {
            real: kept(&real.genes),
            predicted: kept(&predicted.genes),
        })
        .collect();
    add_overlaps(results, &pairs);
    let counts: Vec<[usize; 2]> = pairs
        .iter()
        .map(|p| [&p.real, &p.predicted].map(|t| count(t)))
        .collect();
    let all = |value: f64| vec![value; pairs.len()];
    results.set(Metric::DeSpearmanSig, all(correlation_of_counts(&counts)));
    let each = |of: fn(&Pair) -> Option<f64>| pairs.iter().map(of).collect();
    results.set_some(Metric::DeDirectionMatch, each(direction_match));
    results.set_some(Metric::DeSpearmanLfcSig, each(correlation_of_changes));
    results.set_some(Metric::DeSigGenesRecall, each(recall));
    results.set(
        Metric::DeNsigCountsReal,
        counts.iter().map(|c| c[0] as f64).collect(),
    );
    results.set(
        Metric::DeNsigCountsPred,
        counts.iter().map(|c| c[1] as f64).collect(),
    );
    let curves: Vec<Option<[f64; 2]>> = pairs.iter().map(areas).collect();
    let area = |i: usize| {
        curves
            .iter()
            .map(|c| c.map_or(f64::NAN, |c| c[i]))
            .collect()
    };
    results.set(Metric::PrAuc, area(0));
    results.set(Metric::RocAuc, area(1));
}

fn count(tests: &[Kept]) -> usize {
    tests.iter().filter(|test| test.is_significant()).count()
}

/// Significant genes, those of the largest changes first.
fn top(tests: &[Kept]) -> Vec<usize> {
    let mut genes: Vec<usize> = (0..tests.len())
        .filter(|g| tests[*g].is_significant())
        .collect();
    genes.sort_by(|a, b| tests[*b].change.abs().total_cmp(&tests[*a].change.abs()));
    genes
}

fn add_overlaps(results: &mut Results, pairs: &[Pair]) {
    let tops: Vec<[Vec<usize>; 2]> = pairs
        .iter()
        .map(|p| [top(&p.real), top(&p.predicted)])
        .collect();
    for (place, wanted) in TOPS.into_iter().enumerate() {
        let share = |[real, predicted]: &[Vec<usize>; 2], of: usize| {
            let most = [real, predicted][of].len();
            let count = wanted.map_or(most, |wanted| wanted.min(most));
            if count == 0 {
                return 0.0;
            }
            let set: HashSet<&usize> = real.iter().take(count).collect();
            let common = predicted
                .iter()
                .take(count)
                .filter(|gene| set.contains(gene));
            common.count() as f64 / count as f64
        };
        results.set(
            Metric::Overlap(place),
            tops.iter().map(|t| share(t, 0)).collect(),
        );
        results.set(
            Metric::Precision(place),
            tops.iter().map(|t| share(t, 1)).collect(),
        );
    }
}

/// Whether perturbations with many significant genes are predicted to have many.
fn correlation_of_counts(counts: &[[usize; 2]]) -> f64 {
    let with_any = || counts.iter().filter(|c| c[0] > 0);
    let of = |i: usize| with_any().map(|c| c[i] as f64).collect::<Vec<_>>();
    match with_any().next() {
        None => 1.0,
        Some(_) => spearman(&of(0), &of(1)),
    }
}

fn direction_match(pair: &Pair) -> Option<f64> {
    let sign = |change: f32| {
        if change > 0.0 {
            1
        } else if change < 0.0 {
            -1
        } else {
            0
        }
    };
    let same = |gene: &usize| sign(pair.real[*gene].change) == sign(pair.predicted[*gene].change);
    let genes: Vec<usize> = pair.significant().collect();
    let matching = genes.iter().filter(|gene| same(gene)).count();
    (!genes.is_empty()).then(|| matching as f64 / genes.len() as f64)
}

fn correlation_of_changes(pair: &Pair) -> Option<f64> {
    let changes = |tests: &[Kept]| {
        pair.significant()
            .map(|g| f64::from(tests[g].change))
            .collect::<Vec<_>>()
    };
    let real = changes(&pair.real);
    (!real.is_empty()).then(|| spearman(&real, &changes(&pair.predicted)))
}

fn recall(pair: &Pair) -> Option<f64> {
    let genes: Vec<usize> = pair.significant().collect();
    let found = genes
        .iter()
        .filter(|gene| pair.predicted[**gene].is_significant())
        .count();
    (!genes.is_empty()).then(|| found as f64 / genes.len() as f64)
}

/// Areas under the curves of precision against recall (average precision) and of true against false positives, for finding the
/// measured significant genes by their predicted rates; none if all or no genes are significant.
fn areas(pair: &Pair) -> Option<[f64; 2]> {
    let scores: Vec<f32> = pair
        .predicted
        .iter()
        .map(|t| -t.rate.clamp(1e-10, 1.0).log10())
        .collect();
    let positives = pair.significant().count() as f64;
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut hits, mut misses) = (0.0, 0.0);
    let (mut precision, mut roc) = (0.0, 0.0);
    let mut start = 0;
    while start < order.len() {
        let score = scores[order[start]];
        let end = start
            + order[start..]
                .iter()
                .take_while(|g| scores[**g] == score)
                .count();
        let (hits_before, misses_before) = (hits, misses);
        for gene in &order[start..end] {
            match pair.real[*gene].is_significant() {
                true => hits += 1.0,
                false => misses += 1.0,
            }
        }
        precision += (hits - hits_before) / positives * hits / (hits + misses);
        roc += (misses - misses_before) / negatives * 0.5 * (hits + hits_before) / positives;
        start = end;
    }
    Some([precision, roc])
}
