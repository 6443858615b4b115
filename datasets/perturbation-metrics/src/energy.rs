//! Distances of distributions of cells.

use matrixmultiply::dgemm;
use rayon::prelude::*;

use crate::cells::Cells;
use crate::comparison::Comparison;
use crate::correlation::pearson;
use crate::results::{Metric, Results};

/// Cells of a block: a block's distances take half a megabyte.
const BLOCK: usize = 256;

/// Adds the correlation of the energy distances from control (Szekely & Rizzo 2013), measured and predicted, over the
/// perturbations: one number for all of them.
pub fn add(results: &mut Results, comparison: &Comparison) {
    let count = comparison.perturbations.len();
    let [real_control, predicted_control] = comparison.control();
    let distances = |cells: &Cells, control: usize, which: usize| -> Vec<f64> {
        let control = Dense::new(cells, control);
        let within = control.mean_distance(&control);
        let each = |p: usize| {
            let perturbed = Dense::new(cells, comparison.groups(p)[which]);
            let across = perturbed.mean_distance(&control);
            2.0 * across - perturbed.mean_distance(&perturbed) - within
        };
        (0..count).map(each).collect()
    };
    let real = distances(&comparison.real, real_control, 0);
    let predicted = distances(&comparison.predicted, predicted_control, 1);
    results.set(
        Metric::PearsonEdistance,
        vec![pearson(&real, &predicted); count],
    );
}

/// Cells with all their zeros and the squares of their lengths.
struct Dense {
    values: Vec<f64>,
    squares: Vec<f64>,
    genes: usize,
}

impl Dense {
    fn new(cells: &Cells, group: usize) -> Self {
        let genes = cells.genes().len();
        let values = cells.dense(group, usize::MAX);
        Self {
            squares: values
                .chunks_exact(genes)
                .map(|row| row.iter().map(|v| v * v).sum())
                .collect(),
            values,
            genes,
        }
    }

    /// Mean Euclidean distance of all pairs of cells of two groups, or of one, a cell and itself among them.
    fn mean_distance(&self, other: &Self) -> f64 {
        let same = std::ptr::eq(self, other);
        let (n, m) = (self.squares.len(), other.squares.len());
        let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
        let sums: Vec<f64> = starts
            .into_par_iter()
            .map(|start| {
                // The distances within a group are symmetric: blocks below the diagonal are those above it.
                let columns = (if same { start } else { 0 }..m).step_by(BLOCK);
                let sum = |column| {
                    let times = if same && column > start { 2.0 } else { 1.0 };
                    times * self.sum_of_block(other, start, column, same)
                };
                columns.map(sum).sum()
            })
            .collect();
        sums.iter().sum::<f64>() / (n * m) as f64
    }

    fn sum_of_block(&self, other: &Self, row: usize, column: usize, same: bool) -> f64 {
        let (rows, columns) = (
            BLOCK.min(self.squares.len() - row),
            BLOCK.min(other.squares.len() - column),
        );
        let genes = self.genes;
        let mut products = vec![0.0; rows * columns];
        let (a, b) = (&self.values[row * genes..], &other.values[column * genes..]);
        product(a, b, [rows, genes, columns], &mut products);
        let mut sum = 0.0;
        for (i, line) in products.chunks_exact(columns).enumerate() {
            for (j, product) in line.iter().enumerate() {
                let (x, y) = (row + i, column + j);
                // Round-off would leave a distance of a cell to itself.
                if !(same && x == y) {
                    let square = self.squares[x] + other.squares[y] - 2.0 * product;
                    sum += square.max(0.0).sqrt();
                }
            }
        }
        sum
    }
}

/// `a b^T` of row-major matrices, `[rows, inner]` and `[columns, inner]`.
#[allow(
    unsafe_code,
    reason = "the product of matrixmultiply takes pointers; the lengths are checked here"
)]
pub(crate) fn product(a: &[f64], b: &[f64], [rows, inner, columns]: [usize; 3], into: &mut [f64]) {
    assert!(a.len() >= rows * inner && b.len() >= columns * inner && into.len() >= rows * columns);
    let (row, column) = (inner as isize, columns as isize);
    // SAFETY: the three matrices with these strides lie within their slices, as asserted.
    unsafe {
        dgemm(
            rows,
            inner,
            columns,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            1,
            row,
            0.0,
            into.as_mut_ptr(),
            column,
            1,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: usize) -> Dense {
        let values: Vec<f64> = (0..cells).map(|cell| cell as f64).collect();
        Dense {
            squares: values.iter().map(|v| v * v).collect(),
            values,
            genes: 1,
        }
    }

    #[test]
    fn the_mean_distance_within_a_group_of_several_blocks_is_that_of_all_pairs() {
        // Of the numbers 0 to n - 1, as pairs with repetition: (n^2 - 1) / 3n.
        let cells = 2 * BLOCK + 70;
        let n = cells as f64;
        let expected = (n * n - 1.0) / (3.0 * n);
        let (group, copy) = (line(cells), line(cells));
        assert!((group.mean_distance(&group) - expected).abs() < 1e-9);
        assert!((group.mean_distance(&copy) - expected).abs() < 1e-9);
    }
}
