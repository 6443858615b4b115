//! Mean and variance of every gene, a few cells at a time.

use rheome_anndata::{Number, RowBlock};

/// Sums over cells, gene by gene, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneMoments {
    cells: u64,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl GeneMoments {
    /// No cells yet.
    pub fn new(n_genes: usize) -> Self {
        Self {
            cells: 0,
            sums: vec![0.0; n_genes],
            squares: vec![0.0; n_genes],
        }
    }

    /// Adds one cell of a block; a gene's value is changed by `change` first, which must leave zero a zero.
    ///
    /// # Panics
    /// If the block has another number of genes, or not that many cells.
    pub fn add<T: Number>(
        &mut self,
        block: &RowBlock<T>,
        cell: usize,
        change: impl Fn(usize, f64) -> f64,
    ) {
        assert_eq!(
            block.n_cols(),
            self.sums.len(),
            "a cell has {} genes",
            self.sums.len()
        );
        self.cells += 1;
        for (gene, value) in block.row(cell) {
            let value = change(gene, value.to_f64());
            self.sums[gene] += value;
            self.squares[gene] += value * value;
        }
    }

    /// Number of cells added.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// Sum of every gene's values.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// Sum of the squares of every gene's values.
    pub fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// Mean of every gene; 0 without cells.
    pub fn means(&self) -> Vec<f64> {
        let count = (self.cells as f64).max(1.0);
        self.sums.iter().map(|sum| sum / count).collect()
    }

    /// Variance of every gene, with the divisor n - 1; 0 for fewer than two cells.
    pub fn variances(&self) -> Vec<f64> {
        let count = self.cells as f64;
        if self.cells < 2 {
            return vec![0.0; self.sums.len()];
        }
        let variance = |(sum, square): (&f64, &f64)| {
            let mean = sum / count;
            // Round-off may leave the difference just below zero.
            ((square / count - mean * mean) * count / (count - 1.0)).max(0.0)
        };
        self.sums.iter().zip(&self.squares).map(variance).collect()
    }

    /// The same of some genes only, in this order.
    ///
    /// # Panics
    /// If a gene is not there.
    pub fn at(&self, genes: &[usize]) -> Self {
        let pick = |values: &[f64]| genes.iter().map(|gene| values[*gene]).collect();
        Self {
            cells: self.cells,
            sums: pick(&self.sums),
            squares: pick(&self.squares),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_values() {
        let block = RowBlock::dense(3, 2, vec![1.0f32, 0.0, 3.0, 0.0, 8.0, 6.0]).unwrap();
        let mut moments = GeneMoments::new(2);
        for cell in 0..3 {
            moments.add(&block, cell, |_, v| v);
        }
        assert_eq!(moments.means(), [4.0, 2.0]);
        let variances = moments.variances();
        assert!((variances[0] - 13.0).abs() < 1e-12 && (variances[1] - 12.0).abs() < 1e-12);
        assert_eq!(moments.at(&[1]).means(), [2.0]);
    }
}
