//! The co-expression graph: Pearson correlations of the training cells, the strongest of each gene (scDFM, arXiv 2602.07103).

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::GeneGraph;
use crate::PerturbationError;

/// Rows of the correlation matrix that are on the host at once.
const ROWS: usize = 256;

/// A variance below this fraction of the mean square is round-off: the gene is constant.
const CONSTANT: f64 = 1e-12;

/// How correlations become edges. The defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphConfig {
    /// Edges that each gene chooses; it keeps those that others choose to it. Published: 30.
    pub neighbours: usize,
    /// Whether strong negative correlations are edges too. Published: yes.
    pub negative: bool,
    /// Whether log(1 + x) is taken of the values first; the published code does so on values that are logarithms already.
    pub log1p: bool,
}

impl Default for GraphConfig {
    fn default() -> Self {
        Self {
            neighbours: 30,
            negative: true,
            log1p: true,
        }
    }
}

/// Pearson correlations of genes over cells, collected a few cells at a time.
///
/// Sums and products are in double precision on the device: one matrix `[genes, genes]` (200 MB for 5000 genes), however
/// many cells there are.
pub struct Coexpression {
    config: GraphConfig,
    genes: usize,
    cells: usize,
    sum: Tensor<1>,
    squares: Tensor<1>,
    /// Sum over the cells of the outer product.
    products: Tensor<2>,
}

impl Coexpression {
    /// No cells yet.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] if no neighbours are asked for.
    pub fn new(
        genes: usize,
        config: &GraphConfig,
        device: &Device,
    ) -> Result<Self, PerturbationError> {
        if config.neighbours == 0 {
            let error = PerturbationError::config("graph", "neighbours", 0, "1 or more");
            return Err(error);
        }
        let options = (device, DType::F64);
        Ok(Self {
            config: config.clone(),
            genes,
            cells: 0,
            sum: Tensor::zeros([genes], options),
            squares: Tensor::zeros([genes], options),
            products: Tensor::zeros([genes, genes], options),
        })
    }

    /// Adds cells: their values gene by gene, one cell after the other.
    ///
    /// # Errors
    /// [`PerturbationError::Shape`] if these are not whole cells; [`PerturbationError::Graph`] for a value that is not
    /// finite.
    pub fn add<T: Copy + Into<f64>>(&mut self, values: &[T]) -> Result<(), PerturbationError> {
        if self.genes == 0 || !values.len().is_multiple_of(self.genes) {
            return Err(PerturbationError::Shape {
                what: "values for the gene graph",
                found: vec![values.len()],
                expected: vec![values.len() / self.genes.max(1), self.genes],
            });
        }
        let values: Vec<f64> = values.iter().map(|x| (*x).into()).collect();
        if let Some(i) = values.iter().position(|x| !x.is_finite()) {
            let (cell, gene) = (self.cells + i / self.genes, i % self.genes);
            let reason = format!("cell {cell} holds {} for gene {gene}", values[i]);
            return Err(PerturbationError::Graph { reason });
        }
        let cells = values.len() / self.genes;
        let data = TensorData::new(values, [cells, self.genes]);
        let options = (&self.products.device(), DType::F64);
        let mut chunk = Tensor::<2>::from_data(data, options);
        if self.config.log1p {
            chunk = chunk.log1p();
        }
        self.cells += cells;
        let over_cells = |numbers: Tensor<2>| numbers.sum_dim(0).squeeze_dim::<1>(0);
        self.sum = self.sum.clone() + over_cells(chunk.clone());
        self.squares = self.squares.clone() + over_cells(chunk.clone().square());
        self.products = self.products.clone() + chunk.clone().transpose().matmul(chunk);
        Ok(())
    }

    /// The graph of the cells added: each gene's strongest correlations, and those of others with it.
    ///
    /// A gene that never varies has no edges.
    ///
    /// # Errors
    /// [`PerturbationError::Graph`] for fewer than two cells.
    pub fn finish(self) -> Result<GeneGraph, PerturbationError> {
        if self.cells < 2 {
            let reason = format!("correlations need two cells or more, found {}", self.cells);
            return Err(PerturbationError::Graph { reason });
        }
        let count = self.cells as f64;
        let mean = doubles(self.sum.div_scalar(count));
        let squares = doubles(self.squares);
        // The reciprocal of sqrt(sum of squared deviations), zero for a constant gene.
        let scale: Vec<f64> = squares
            .iter()
            .zip(&mean)
            .map(|(square, mean)| {
                let deviation = square - count * mean * mean;
                let varies = deviation > CONSTANT * square.max(f64::MIN_POSITIVE);
                if varies {
                    deviation.sqrt().recip()
                } else {
                    0.0
                }
            })
            .collect();
        let mut edges = Vec::new();
        for start in (0..self.genes).step_by(ROWS) {
            let rows = ROWS.min(self.genes - start);
            let products = doubles(self.products.clone().narrow(0, start, rows));
            for (i, row) in (start..).zip(products.chunks_exact(self.genes)) {
                let correlation =
                    |j: usize| (row[j] - count * mean[i] * mean[j]) * scale[i] * scale[j];
                let strongest = strongest(i, self.genes, &self.config, correlation);
                edges.extend(strongest.into_iter().map(|j| (i, j)));
            }
        }
        GeneGraph::from_edges(self.genes, edges)
    }
}

fn doubles<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The genes most strongly correlated with gene `i`.
fn strongest(
    i: usize,
    genes: usize,
    config: &GraphConfig,
    correlation: impl Fn(usize) -> f64,
) -> Vec<usize> {
    let strength = |j: usize| {
        let r = correlation(j);
        if config.negative { r.abs() } else { r }
    };
    let mut candidates: Vec<(f64, usize)> = (0..genes)
        .filter(|j| *j != i)
        .map(|j| (strength(j), j))
        .filter(|(r, _)| *r > 0.0)
        .collect();
    if candidates.len() > config.neighbours {
        candidates.select_nth_unstable_by(config.neighbours, |a, b| {
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
        });
        candidates.truncate(config.neighbours);
    }
    candidates.into_iter().map(|(_, j)| j).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(config: &GraphConfig, genes: usize, chunks: &[&[f64]]) -> GeneGraph {
        let mut cells = Coexpression::new(genes, config, &Device::flex()).unwrap();
        for chunk in chunks {
            cells.add(chunk).unwrap();
        }
        cells.finish().unwrap()
    }

    /// Gene 1 follows gene 0, gene 2 opposes both, gene 3 is constant, gene 4 goes its own way.
    const VALUES: [f64; 20] = [
        1.0, 2.1, 9.0, 5.0, 3.0, //
        2.0, 3.9, 8.0, 5.0, 0.5, //
        3.0, 6.2, 7.1, 5.0, 0.4, //
        4.0, 7.9, 6.0, 5.0, 2.9,
    ];

    #[test]
    fn strong_correlations_of_either_sign_are_edges_and_constant_genes_have_none() {
        let config = GraphConfig {
            neighbours: 1,
            negative: true,
            log1p: false,
        };
        let found = graph(&config, 5, &[&VALUES]);
        assert!(found.is_edge(0, 1) || found.is_edge(0, 2));
        assert!(found.neighbours(3).is_empty());
        assert_eq!(
            found.neighbours(4).len(),
            1,
            "it chooses its strongest, however weak"
        );
        let positive = GraphConfig {
            negative: false,
            ..config
        };
        let found = graph(&positive, 5, &[&VALUES]);
        assert!(found.is_edge(0, 1) && !found.is_edge(2, 0) && !found.is_edge(2, 1));
    }

    #[test]
    fn cells_may_come_in_any_portions() {
        let config = GraphConfig {
            neighbours: 2,
            ..GraphConfig::default()
        };
        let whole = graph(&config, 5, &[&VALUES]);
        let parts = graph(&config, 5, &[&VALUES[..5], &VALUES[5..]]);
        assert_eq!(whole, parts);
    }

    #[test]
    fn unusable_cells_are_errors() {
        let config = GraphConfig::default();
        let new = || Coexpression::new(2, &config, &Device::flex()).unwrap();
        assert!(new().add(&[1.0, 2.0, 3.0]).is_err());
        let error = new()
            .add(&[1.0, 2.0, f64::NAN, 1.0])
            .unwrap_err()
            .to_string();
        assert_eq!(error, "gene graph: cell 1 holds NaN for gene 0");
        let mut one = new();
        one.add(&[1.0_f32, 2.0]).unwrap();
        assert!(one.finish().is_err());
    }
}
