//! Variable genes by the variance of their counts over what the trend of all genes expects.

use loess_rs::prelude::*;

use super::VariableGenes;
use crate::moments::GeneMoments;

/// Share of the genes that a point of the trend is fitted to.
const SPAN: f64 = 0.3;

/// The variance of counts that genes of a mean are expected to have (Stuart et al., Cell 177, 1888, 2019; scanpy's
/// `highly_variable_genes` with its flavour `seurat_v3`): local regression of degree 2 of log10(variance) on log10(mean).
///
/// The interpolation of the fit between the vertices of a tree is Cleveland's, so that the values are those of his `cloess`,
/// which scanpy calls by scikit-misc.
#[derive(Debug, Clone, PartialEq)]
pub struct VarianceTrend {
    cells: f64,
    means: Vec<f64>,
    variances: Vec<f64>,
    /// Expected standard deviation of every gene; 1 for a gene that is constant.
    deviations: Vec<f64>,
}

impl VarianceTrend {
    /// The trend of genes whose counts have these moments.
    ///
    /// # Errors
    /// Why there is no trend: too few genes whose counts vary, or cells.
    pub fn new(moments: &GeneMoments) -> Result<Self, String> {
        let (means, variances) = (moments.means(), moments.variances());
        let varying: Vec<usize> = (0..means.len())
            .filter(|gene| variances[*gene] > 0.0)
            .collect();
        let log10 = |of: &[f64]| -> Vec<f64> { varying.iter().map(|g| of[*g].log10()).collect() };
        let model = Loess::new()
            .fraction(SPAN)
            .iterations(0)
            .degree("quadratic")
            .surface_mode("interpolation")
            .boundary_policy("none")
            .boundary_degree_fallback(false)
            .build();
        let fit = model.and_then(|model| model.fit(&log10(&means), &log10(&variances)));
        let fit = fit.map_err(|error| {
            format!(
                "no trend of the variance of {} genes whose counts vary: {error}; expected hundreds of them, or take the flavor seurat",
                varying.len()
            )
        })?;
        let mut deviations = vec![1.0; means.len()];
        for (gene, variance) in varying.iter().zip(&fit.y) {
            deviations[*gene] = 10f64.powf(*variance).sqrt();
        }
        Ok(Self {
            cells: moments.cells() as f64,
            means,
            variances,
            deviations,
        })
    }

    /// A count of a gene, but no more than the square root of the number of cells in standard deviations above its mean.
    pub fn clip(&self, gene: usize, count: f64) -> f64 {
        count.min(self.deviations[gene] * self.cells.sqrt() + self.means[gene])
    }

    /// Selects the `count` most variable genes; `clipped` are the moments of the [clipped](Self::clip) counts of the same cells.
    ///
    /// The columns are `means` and `variances` of the counts, and `variances_norm`, the mean square of the clipped counts'
    /// distance from the mean in expected standard deviations.
    pub fn select(&self, clipped: &GeneMoments, count: usize) -> VariableGenes {
        let normalized = |gene: usize| {
            let mean = self.means[gene];
            let squares = self.cells * mean * mean + clipped.squares()[gene]
                - 2.0 * clipped.sums()[gene] * mean;
            squares / ((self.cells - 1.0) * self.deviations[gene].powi(2))
        };
        let normalized: Vec<f64> = (0..self.means.len()).map(normalized).collect();
        VariableGenes {
            selected: highest(&normalized, count),
            columns: vec![
                ("means", self.means.clone()),
                ("variances", self.variances.clone()),
                ("variances_norm", normalized),
            ],
        }
    }
}

/// The `count` highest values; of equal ones those that come first.
fn highest(values: &[f64], count: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let mut selected = vec![false; values.len()];
    order
        .into_iter()
        .take(count)
        .for_each(|gene| selected[gene] = true);
    selected
}

#[cfg(test)]
mod tests {
    use super::*;
    use rheome_anndata::RowBlock;

    /// Counts of `genes` genes in 50 cells: a gene's counts go up and down by one around a mean of its own.
    fn counts(genes: usize) -> Vec<f64> {
        let count = |cell: usize, gene: usize| ((cell + gene) % 3 + gene / 2) as f64;
        (0..50)
            .flat_map(|cell| (0..genes).map(move |gene| count(cell, gene)))
            .collect()
    }

    fn moments(values: &[f64], genes: usize, change: impl Fn(usize, f64) -> f64) -> GeneMoments {
        let block = RowBlock::dense(50, genes, values.to_vec()).unwrap();
        let mut moments = GeneMoments::new(genes);
        (0..50).for_each(|cell| moments.add(&block, cell, &change));
        moments
    }

    #[test]
    fn a_gene_beyond_the_trend_is_selected_and_a_single_count_is_not() {
        let mut values = counts(60);
        for cell in 0..50 {
            // One gene varies four times as much, one has a single count that is far off.
            values[cell * 60 + 20] = 10.0 + 4.0 * (cell % 3) as f64;
            values[cell * 60 + 40] = if cell == 7 { 60.0 } else { 20.0 };
        }
        let trend = VarianceTrend::new(&moments(&values, 60, |_, v| v)).unwrap();
        let clipped = moments(&values, 60, |gene, v| trend.clip(gene, v));
        let found = trend.select(&clipped, 1);
        assert!(found.selected[20], "{:?}", found.columns[2].1);
        assert_eq!(found.selected.iter().filter(|s| **s).count(), 1);
        let unclipped = trend.select(&moments(&values, 60, |_, v| v), 1);
        assert!(
            found.columns[2].1[40] < unclipped.columns[2].1[40],
            "the single count is clipped"
        );
    }

    #[test]
    fn without_genes_that_vary_there_is_no_trend() {
        let reason = VarianceTrend::new(&moments(&[3.0; 100], 2, |_, v| v)).unwrap_err();
        assert!(reason.contains("0 genes whose counts vary"), "{reason}");
    }

    #[test]
    fn exactly_so_many_are_selected() {
        assert_eq!(
            highest(&[1.0, 2.0, 2.0, 2.0], 2),
            [false, true, true, false]
        );
        assert_eq!(highest(&[1.0, 2.0], 9), [true; 2]);
    }
}
