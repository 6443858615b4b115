//! Variable genes by their dispersion.

use super::VariableGenes;
use crate::moments::GeneMoments;

/// Bins of the mean.
const BINS: usize = 20;

/// Selects the `count` most variable genes by dispersion, as Seurat does (Satija et al., Nature Biotechnology 33, 495, 2015) and
/// scanpy's `highly_variable_genes` with its flavour `seurat`. Genes of the very same dispersion as the last are selected, too.
///
/// The columns are `means`, log(1 + mean), `dispersions`, log(variance / mean), and `dispersions_norm`, those less the mean of
/// their bin, over its standard deviation; the latter two are NaN for a gene that is constant.
///
/// `moments` are those of the normalised values, not of their logarithms. Genes are put into 20 bins of equal width by their
/// mean; a gene alone in its bin has the normalised dispersion 1.
pub fn seurat(moments: &GeneMoments, count: usize) -> VariableGenes {
    // A gene without counts has no dispersion, rather than an infinite one.
    let raw: Vec<f64> = moments
        .means()
        .iter()
        .map(|m| if *m == 0.0 { 1e-12 } else { *m })
        .collect();
    let dispersion = |(variance, mean): (f64, &f64)| match variance / mean {
        0.0 => f64::NAN,
        ratio => ratio.ln(),
    };
    let dispersions: Vec<f64> = moments
        .variances()
        .into_iter()
        .zip(&raw)
        .map(dispersion)
        .collect();
    let means: Vec<f64> = raw.iter().map(|m| m.ln_1p()).collect();
    let bins = bins(&means);
    let statistics: Vec<(f64, f64)> = (0..BINS)
        .map(|bin| {
            let in_bin = bins
                .iter()
                .zip(&dispersions)
                .filter(|(b, d)| **b == bin && !d.is_nan());
            statistics(&in_bin.map(|(_, d)| *d).collect::<Vec<_>>())
        })
        .collect();
    let normalize = |(bin, dispersion): (&usize, &f64)| {
        let (center, scale) = statistics[*bin];
        (dispersion - center) / scale
    };
    let normalized: Vec<f64> = bins.iter().zip(&dispersions).map(normalize).collect();
    let selected = highest(&normalized, count);
    VariableGenes {
        columns: vec![
            ("means", means),
            ("dispersions", dispersions),
            ("dispersions_norm", normalized),
        ],
        selected,
    }
}

/// The bin of every mean: `BINS` of equal width, open to the left, the first reaching a thousandth of the range further down.
fn bins(means: &[f64]) -> Vec<usize> {
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if least == largest {
        // All the same: a range around it.
        let around = if least == 0.0 {
            0.001
        } else {
            0.001 * least.abs()
        };
        (least - around, largest + around)
    } else {
        (least, largest)
    };
    let step = (high - low) / BINS as f64;
    let edges: Vec<f64> = (1..BINS).map(|i| low + i as f64 * step).collect();
    means
        .iter()
        .map(|mean| edges.partition_point(|edge| edge < mean))
        .collect()
}

/// What dispersions of a bin are compared with: mean and standard deviation, or, for one alone, zero and itself.
fn statistics(dispersions: &[f64]) -> (f64, f64) {
    let count = dispersions.len() as f64;
    let mean = dispersions.iter().sum::<f64>() / count;
    if dispersions.len() == 1 {
        return (0.0, mean);
    }
    let squares: f64 = dispersions.iter().map(|d| (d - mean) * (d - mean)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

/// Whether each value is among the `count` highest, or as high as the last of them.
fn highest(values: &[f64], count: usize) -> Vec<bool> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let last = count
        .min(sorted.len())
        .checked_sub(1)
        .map(|last| sorted[last]);
    values
        .iter()
        .map(|v| last.is_some_and(|last| *v >= last))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rheome_anndata::RowBlock;

    fn moments(columns: &[&[f32]]) -> GeneMoments {
        let cells = columns[0].len();
        let values = (0..cells).flat_map(|cell| columns.iter().map(move |column| column[cell]));
        let block = RowBlock::dense(cells, columns.len(), values.collect()).unwrap();
        let mut moments = GeneMoments::new(columns.len());
        (0..cells).for_each(|cell| moments.add(&block, cell, |_, v| v));
        moments
    }

    #[test]
    fn constant_and_empty_genes_are_never_selected() {
        let genes = seurat(
            &moments(&[&[1.0, 2.0, 5.0], &[3.0, 3.0, 3.0], &[0.0, 0.0, 0.0]]),
            3,
        );
        assert_eq!(genes.selected, [true, false, false]);
        let (name, normalized) = &genes.columns[2];
        assert_eq!(*name, "dispersions_norm");
        assert!(normalized[1].is_nan() && normalized[2].is_nan());
        assert_eq!(normalized[0], 1.0, "alone in its bin");
    }

    #[test]
    fn of_genes_with_one_mean_the_more_variable_is_selected() {
        let genes = moments(&[
            &[4.0, 4.0, 4.0, 5.0, 3.0],
            &[0.0, 9.0, 1.0, 8.0, 2.0],
            &[3.0, 5.0, 4.0, 4.0, 4.0],
        ]);
        assert_eq!(seurat(&genes, 1).selected, [false, true, false]);
        assert_eq!(seurat(&genes, 0).selected, [false; 3]);
        assert_eq!(seurat(&genes, 9).selected, [true; 3]);
    }

    #[test]
    fn genes_as_variable_as_the_last_are_selected_too() {
        assert_eq!(
            highest(&[1.0, 2.0, 2.0, f64::NAN, 0.5], 1),
            [false, true, true, false, false]
        );
    }
}
