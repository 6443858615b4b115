//! Some rows of a matrix in memory.

use super::repeated::sum_repeated;
use crate::error::AnnDataError;
use crate::values::ElementType;

/// A number that matrices are read as and written from: `f32` or `f64`.
pub trait Number:
    hdf5::H5Type + Copy + Default + PartialEq + std::ops::AddAssign + Send + Sync + sealed::Sealed
{
    /// Its type in a file.
    const ELEMENT: ElementType;
    /// The nearest such number.
    fn from_f64(value: f64) -> Self;
    /// As the longer type.
    fn to_f64(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Number for f32 {
    const ELEMENT: ElementType = ElementType::F32;
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    const ELEMENT: ElementType = ElementType::F64;
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// Rows of a matrix, dense or sparse as the matrix is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBlock<T> {
    n_rows: usize,
    n_cols: usize,
    store: Store<T>,
}

#[derive(Debug, Clone, PartialEq)]
enum Store<T> {
    /// Row by row.
    Dense(Vec<T>),
    /// Row `i` has the columns `indices[indptr[i]..indptr[i + 1]]`, each once, in any order.
    Sparse {
        indptr: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<T>,
    },
}

impl<T: Number> RowBlock<T> {
    /// Dense rows, one after the other.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if `values` are not as many as rows times columns.
    pub fn dense(n_rows: usize, n_cols: usize, values: Vec<T>) -> Result<Self, AnnDataError> {
        if n_rows.checked_mul(n_cols) != Some(values.len()) {
            return Err(AnnDataError::content(
                "dense rows",
                format!("{} values, expected {n_rows} x {n_cols}", values.len()),
            ));
        }
        Ok(Self::dense_unchecked(n_rows, n_cols, values))
    }

    /// Sparse rows: row `i` has `values[indptr[i]..indptr[i + 1]]` in the columns `indices[indptr[i]..indptr[i + 1]]`. A column that
    /// a row names several times has the sum of its values, as in scipy.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if `indptr` does not rise from 0 to the number of values, or an index is no column.
    pub fn sparse(
        n_cols: usize,
        indptr: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<T>,
    ) -> Result<Self, AnnDataError> {
        let fail = |reason: String| Err(AnnDataError::content("sparse rows", reason));
        if indices.len() != values.len() {
            return fail(format!(
                "{} indices for {} values",
                indices.len(),
                values.len()
            ));
        }
        let rises = indptr.windows(2).all(|pair| pair[0] <= pair[1]);
        if indptr.first() != Some(&0) || indptr.last() != Some(&values.len()) || !rises {
            return fail(format!("indptr does not rise from 0 to {}", values.len()));
        }
        if let Some(index) = indices.iter().find(|i| **i as usize >= n_cols) {
            return fail(format!(
                "column {index}, but there are {n_cols} (counted from 0)"
            ));
        }
        Ok(Self::sparse_summed(n_cols, indptr, indices, values))
    }

    /// Sparse rows that are checked, but may name a column several times.
    pub(crate) fn sparse_summed(
        n_cols: usize,
        mut indptr: Vec<usize>,
        mut indices: Vec<u32>,
        mut values: Vec<T>,
    ) -> Self {
        sum_repeated(n_cols, &mut indptr, &mut indices, &mut values);
        Self::sparse_unchecked(n_cols, indptr, indices, values)
    }

    pub(crate) fn dense_unchecked(n_rows: usize, n_cols: usize, values: Vec<T>) -> Self {
        Self {
            n_rows,
            n_cols,
            store: Store::Dense(values),
        }
    }

    pub(crate) fn sparse_unchecked(
        n_cols: usize,
        indptr: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<T>,
    ) -> Self {
        Self {
            n_rows: indptr.len() - 1,
            n_cols,
            store: Store::Sparse {
                indptr,
                indices,
                values,
            },
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Whether only values that are not zero are held.
    pub fn is_sparse(&self) -> bool {
        matches!(self.store, Store::Sparse { .. })
    }

    /// Columns and values of a row, each column once; of a dense row all that are not zero. Those of a sparse row may be in any order.
    ///
    /// # Panics
    /// If there are not that many rows.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, T)> + '_ {
        let (indices, values) = match &self.store {
            Store::Dense(values) => (None, &values[row * self.n_cols..(row + 1) * self.n_cols]),
            Store::Sparse {
                indptr,
                indices,
                values,
            } => {
                let range = indptr[row]..indptr[row + 1];
                (Some(&indices[range.clone()]), &values[range])
            }
        };
        values
            .iter()
            .enumerate()
            .filter_map(move |(place, value)| match indices {
                Some(indices) => Some((indices[place] as usize, *value)),
                None => (*value != T::default()).then_some((place, *value)),
            })
    }

    /// Writes a row with all its zeros.
    ///
    /// # Panics
    /// If there are not that many rows, or `into` is not [`RowBlock::n_cols`] long.
    pub fn write_row(&self, row: usize, into: &mut [T]) {
        assert_eq!(into.len(), self.n_cols, "a row has {} columns", self.n_cols);
        match &self.store {
            Store::Dense(values) => {
                into.copy_from_slice(&values[row * self.n_cols..(row + 1) * self.n_cols]);
            }
            Store::Sparse { .. } => {
                into.fill(T::default());
                for (column, value) in self.row(row) {
                    into[column] = value;
                }
            }
        }
    }

    /// All rows with all their zeros, one after the other.
    pub fn to_dense(&self) -> Vec<T> {
        match &self.store {
            Store::Dense(values) => values.clone(),
            Store::Sparse { .. } => {
                let mut all = vec![T::default(); self.n_rows() * self.n_cols];
                for (row, into) in all.chunks_exact_mut(self.n_cols.max(1)).enumerate() {
                    self.write_row(row, into);
                }
                all
            }
        }
    }

    /// The stored values of a row, to be changed in place; of a dense row that is all of them.
    ///
    /// # Panics
    /// If there are not that many rows.
    pub fn stored_mut(&mut self, row: usize) -> &mut [T] {
        match &mut self.store {
            Store::Dense(values) => &mut values[row * self.n_cols..(row + 1) * self.n_cols],
            Store::Sparse { indptr, values, .. } => &mut values[indptr[row]..indptr[row + 1]],
        }
    }

    /// `(indptr, indices, values)` of sparse rows; dense rows become sparse.
    pub fn into_sparse(self) -> (Vec<usize>, Vec<u32>, Vec<T>) {
        match self.store {
            Store::Sparse {
                indptr,
                indices,
                values,
            } => (indptr, indices, values),
            Store::Dense(_) => {
                let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
                for row in 0..self.n_rows() {
                    for (column, value) in self.row(row) {
                        indices.push(column as u32);
                        values.push(value);
                    }
                    indptr.push(values.len());
                }
                (indptr, indices, values)
            }
        }
    }

    /// Only some columns, in the order that the selection has them.
    pub(crate) fn select(self, selection: &ColumnSelection) -> Self {
        let n_cols = selection.columns.len();
        match self.store {
            Store::Dense(values) => {
                let rows = values.chunks_exact(self.n_cols.max(1));
                let taken = rows.flat_map(|row| selection.columns.iter().map(|c| row[*c]));
                Self::dense_unchecked(self.n_rows, n_cols, taken.collect())
            }
            Store::Sparse {
                indptr,
                mut indices,
                mut values,
            } => {
                let (mut kept, mut starts) = (0, Vec::with_capacity(indptr.len()));
                starts.push(0);
                for range in indptr.windows(2) {
                    for place in range[0]..range[1] {
                        let to = selection.places[indices[place] as usize];
                        if to != ColumnSelection::LEFT_OUT {
                            (indices[kept], values[kept]) = (to, values[place]);
                            kept += 1;
                        }
                    }
                    starts.push(kept);
                }
                indices.truncate(kept);
                values.truncate(kept);
                Self::sparse_unchecked(n_cols, starts, indices, values)
            }
        }
    }

    /// The rows at `rows`, in that order, of which there may be several of the same.
    ///
    /// # Panics
    /// If a row is not below [`RowBlock::n_rows`].
    pub fn at(&self, rows: &[usize]) -> Self {
        match &self.store {
            Store::Dense(values) => {
                let row = |row: &usize| &values[row * self.n_cols..(row + 1) * self.n_cols];
                let taken = rows.iter().flat_map(row).copied().collect();
                Self::dense_unchecked(rows.len(), self.n_cols, taken)
            }
            Store::Sparse {
                indptr,
                indices,
                values,
            } => {
                let (mut starts, mut columns, mut taken) = (vec![0], Vec::new(), Vec::new());
                for row in rows {
                    let range = indptr[*row]..indptr[row + 1];
                    columns.extend_from_slice(&indices[range.clone()]);
                    taken.extend_from_slice(&values[range]);
                    starts.push(taken.len());
                }
                Self::sparse_unchecked(self.n_cols, starts, columns, taken)
            }
        }
    }
}

/// Columns of a matrix that are read, in an order of their own.
#[derive(Debug, Clone)]
pub(crate) struct ColumnSelection {
    columns: Vec<usize>,
    /// The new place of every column.
    places: Vec<u32>,
}

impl ColumnSelection {
    const LEFT_OUT: u32 = u32::MAX;

    /// Selects of `n_cols` columns; gives back the first that is not there or that is named twice.
    pub(crate) fn new(columns: &[usize], n_cols: usize) -> Result<Self, usize> {
        let mut places = vec![Self::LEFT_OUT; n_cols];
        for (to, from) in columns.iter().enumerate() {
            match places.get_mut(*from) {
                Some(place) if *place == Self::LEFT_OUT => *place = to as u32,
                _ => return Err(*from),
            }
        }
        Ok(Self {
            columns: columns.to_vec(),
            places,
        })
    }

    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse() -> RowBlock<f32> {
        // A column named twice, columns out of order, an empty row.
        RowBlock::sparse(
            4,
            vec![0, 3, 3, 4],
            vec![2, 0, 2, 3],
            vec![1.0, 5.0, 0.5, 7.0],
        )
        .unwrap()
    }

    #[test]
    fn sparse_rows_are_the_dense_ones() {
        let dense = [5.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0];
        assert_eq!(sparse().to_dense(), dense);
        let block = RowBlock::dense(3, 4, dense.to_vec()).unwrap();
        let (indptr, indices, values) = block.into_sparse();
        assert_eq!((indptr, indices), (vec![0, 2, 2, 3], vec![0, 2, 3]));
        assert_eq!(values, [5.0, 1.5, 7.0]);
    }

    #[test]
    fn columns_and_rows_are_taken_in_the_order_asked_for() {
        let selection = ColumnSelection::new(&[3, 2], 4).unwrap();
        let dense = RowBlock::dense(3, 4, sparse().to_dense()).unwrap();
        let expected = [0.0, 7.0, 1.5, 0.0];
        for block in [sparse(), dense] {
            let taken = block.select(&selection).at(&[2, 0]);
            assert_eq!(taken.to_dense(), [7.0, 0.0, 0.0, 1.5]);
            assert_eq!(
                taken.at(&[1, 0]).to_dense(),
                [expected[0], expected[2], 7.0, 0.0]
            );
        }
        assert_eq!(ColumnSelection::new(&[1, 4], 4).unwrap_err(), 4);
        assert_eq!(ColumnSelection::new(&[1, 1], 4).unwrap_err(), 1);
    }

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        let wrong = [
            RowBlock::sparse(2, vec![0, 2], vec![0, 2], vec![1.0f32; 2]),
            RowBlock::sparse(2, vec![0, 2, 1], vec![0], vec![1.0]),
            RowBlock::sparse(2, vec![], vec![], vec![]),
            RowBlock::sparse(2, vec![0, 1], vec![0], vec![]),
            RowBlock::dense(2, 2, vec![1.0; 3]),
        ];
        assert!(wrong.iter().all(Result::is_err));
    }
}
