//! Counts made comparable between cells: scaled to the same total, then log(1 + x).

use rheome_anndata::{MatrixReader, Number, RowBlock};

use crate::error::CellsError;
use crate::read_ahead::each_block;

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

/// Sum of the counts of every cell at the rows `kept` (ascending), and a check that these are counts: whole numbers, none below
/// zero. `progress` is told how many cells more were read.
///
/// # Errors
/// [`CellsError::Value`] for the first value that is no count, with the cell and gene, named by `cells` (those kept) and `genes`;
/// [`CellsError::AnnData`] if the matrix cannot be read.
pub fn totals(
    matrix: &MatrixReader,
    kept: &[usize],
    [cells, genes]: [&[String]; 2],
    progress: &mut dyn FnMut(usize) -> Result<(), CellsError>,
) -> Result<Vec<f64>, CellsError> {
    let mut totals = Vec::with_capacity(kept.len());
    each_block::<f64>(matrix, kept, |rows, block| {
        progress(rows.len())?;
        for (i, cell) in rows.enumerate() {
            let mut total = 0.0;
            for (gene, value) in block.row(i) {
                if value < 0.0 || value.fract() != 0.0 {
                    let reason = "expected counts, whole numbers from 0 on; name what holds them with --layer or --raw, or \
                                  take values that are log(1 + x) already as they are with --input logarithms";
                    let found = (value, [cells, genes], [cell, gene]);
                    return Err(wrong_value(matrix.label(), found, reason));
                }
                total += value;
            }
            totals.push(total);
        }
        Ok(())
    })?;
    Ok(totals)
}

/// No count of a cell is larger than e to this.
const LARGEST_LOGARITHM: f64 = 30.0;

/// Checks that values can be log(1 + x) of counts that were scaled: no counts, and nothing that was centred.
#[derive(Debug, Default)]
pub struct LogarithmCheck {
    some: bool,
    fractions: bool,
}

impl LogarithmCheck {
    /// Looks at one more cell: row `row` of a block of the matrix that `label` names. `names` are those of cells and genes.
    ///
    /// # Errors
    /// [`CellsError::Value`] for a value that is no such logarithm.
    pub fn add<T: Number>(
        &mut self,
        label: &str,
        block: &RowBlock<T>,
        [row, cell]: [usize; 2],
        names: [&[String]; 2],
    ) -> Result<(), CellsError> {
        for (gene, value) in block.row(row) {
            let value = value.to_f64();
            let reason = if value < 0.0 {
                "expected log(1 + x), never below 0; these values may have been centred or scaled: name those from before with \
                 --layer or --raw"
            } else if value > LARGEST_LOGARITHM || value.is_nan() {
                "expected log(1 + x), which is below 30 for any count; counts are normalised with --input counts, the default"
            } else {
                self.some |= value > 0.0;
                self.fractions |= value.fract() != 0.0;
                continue;
            };
            let found = (value, names, [cell, gene]);
            return Err(wrong_value(label.into(), found, reason));
        }
        Ok(())
    }

    /// Judges all cells together.
    ///
    /// # Errors
    /// [`CellsError::Cells`] if there was nothing but whole numbers.
    pub fn finish(self, label: &str) -> Result<(), CellsError> {
        if !self.some || self.fractions {
            return Ok(());
        }
        let reason = "nothing but whole numbers, expected log(1 + x); counts are normalised with --input counts, the default";
        Err(CellsError::cells(label, reason))
    }
}

/// A value, with the names of cells and genes and its place.
type Found<'a> = (f64, [&'a [String]; 2], [usize; 2]);

fn wrong_value(
    matrix: String,
    (value, [cells, genes], [cell, gene]): Found,
    reason: &str,
) -> CellsError {
    CellsError::Value {
        matrix,
        value,
        gene: genes.get(gene).cloned().unwrap_or_default(),
        cell: cells.get(cell).cloned().unwrap_or_default(),
        reason: reason.into(),
    }
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
