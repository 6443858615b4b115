//! Counts made comparable between cells: scaled to the same total, then log(1 + x).

use rheome_anndata::{MatrixReader, Number, RowBlock};

use crate::error::CellsError;

/// Bytes of rows held at a time.
pub(crate) const BLOCK: usize = 32 << 20;

/// Scales cells to the total `target` and takes log(1 + x), as scanpy's `normalize_total` and `log1p`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalization {
    /// What every cell's counts sum to before the logarithm.
    pub target: f64,
}

impl Normalization {
    /// What the counts of a cell are multiplied by; a cell without counts stays so.
    pub fn factor(self, total: f64) -> f64 {
        if total > 0.0 {
            self.target / total
        } else {
            1.0
        }
    }

    /// Normalises rows; `totals` are theirs.
    ///
    /// # Panics
    /// If there are not as many totals as rows.
    pub fn apply<T: Number>(self, rows: &mut RowBlock<T>, totals: &[f64]) {
        assert_eq!(rows.n_rows(), totals.len(), "a total for every cell");
        for (row, total) in totals.iter().enumerate() {
            let factor = self.factor(*total);
            for value in rows.stored_mut(row) {
                *value = T::from_f64((value.to_f64() * factor).ln_1p());
            }
        }
    }
}

/// Sum of the counts of every cell, and a check that these are counts: whole numbers, none below zero.
///
/// # Errors
/// [`CellsError::Value`] for the first value that is no count, with the cell and gene, named by `cells` and `genes`;
/// [`CellsError::AnnData`] if the matrix cannot be read.
pub fn totals(
    matrix: &MatrixReader,
    cells: &[String],
    genes: &[String],
) -> Result<Vec<f64>, CellsError> {
    let mut totals = Vec::with_capacity(matrix.n_rows());
    for block in matrix.blocks::<f64>(BLOCK) {
        let (rows, block) = block?;
        for (i, cell) in rows.enumerate() {
            let mut total = 0.0;
            for (gene, value) in block.row(i) {
                if value < 0.0 || value.fract() != 0.0 {
                    return Err(CellsError::Value {
                        matrix: matrix.label(),
                        value,
                        gene: genes.get(gene).cloned().unwrap_or_default(),
                        cell: cells.get(cell).cloned().unwrap_or_default(),
                        reason: "expected counts, whole numbers from 0 on; name a layer that holds them, or say that the values \
                                 are normalised already"
                            .into(),
                    });
                }
                total += value;
            }
            totals.push(total);
        }
    }
    Ok(totals)
}

/// The median total of the cells that have any counts; 1 if none has.
pub fn median_total(totals: &[f64]) -> f64 {
    let mut counted: Vec<f64> = totals.iter().copied().filter(|t| *t > 0.0).collect();
    if counted.is_empty() {
        return 1.0;
    }
    counted.sort_by(f64::total_cmp);
    let half = counted.len() / 2;
    match counted.len() % 2 {
        1 => counted[half],
        _ => (counted[half - 1] + counted[half]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_leaves_empty_cells_out() {
        assert_eq!(median_total(&[0.0, 4.0, 2.0, 9.0]), 4.0);
        assert_eq!(median_total(&[4.0, 2.0]), 3.0);
        assert_eq!(median_total(&[0.0]), 1.0);
    }

    #[test]
    fn cells_of_any_total_come_to_the_target() {
        let mut rows = RowBlock::dense(2, 2, vec![1.0f64, 3.0, 0.0, 0.0]).unwrap();
        Normalization { target: 8.0 }.apply(&mut rows, &[4.0, 0.0]);
        let values = rows.to_dense();
        assert!((values[0] - 3.0f64.ln()).abs() < 1e-15 && (values[1] - 7.0f64.ln()).abs() < 1e-15);
        assert_eq!(values[2..], [0.0, 0.0]);
    }
}
