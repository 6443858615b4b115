//! Matrices in files, read by rows in bounded memory.

mod block;
mod compressed;
mod dense;
mod repeated;
mod transposition;

use std::ops::Range;
use std::sync::Arc;

use hdf5::Group;
use rheome_hdf::text;

use crate::error::AnnDataError;
use crate::place::{Node, Place};
use crate::value::SparseMatrix;
use crate::values::ElementType;

use block::ColumnSelection;
pub use block::{Number, RowBlock};
use compressed::Compressed;
use dense::Dense;
use transposition::ByColumns;

/// How a matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Every value.
    Dense,
    /// Values that are not zero, by rows.
    Csr,
    /// Values that are not zero, by columns.
    Csc,
}

/// A matrix in a file; its values are read as they are asked for.
///
/// Rows of dense and CSR matrices are read directly. A matrix by columns (CSC) is turned round when its first row is read: two
/// passes over it, and a temporary file of 16 bytes a stored value; after that its rows are as quick as those of CSR.
#[derive(Debug, Clone)]
pub struct MatrixReader {
    place: Place,
    n_rows: usize,
    n_cols: usize,
    store: Store,
    selection: Option<Arc<ColumnSelection>>,
}

#[derive(Debug, Clone)]
enum Store {
    Dense(Dense),
    Csr(Arc<Compressed>),
    Csc(ByColumns),
    /// What files older than anndata 0.7 hold as a field of records.
    Memory(Arc<Vec<f64>>),
}

impl MatrixReader {
    /// Opens a matrix of any encoding.
    pub(crate) fn open(node: Node) -> Result<Self, AnnDataError> {
        match node {
            Node::Dataset(dataset, place) => {
                let dense = Dense::open(dataset, place.clone())?;
                let [n_rows, n_cols] = dense.shape();
                Ok(Self::new(place, [n_rows, n_cols], Store::Dense(dense)))
            }
            Node::Group(group, place) => Self::open_sparse(&group, place),
        }
    }

    fn open_sparse(group: &Group, place: Place) -> Result<Self, AnnDataError> {
        let by_rows = is_by_rows(group, &place)?;
        let [n_rows, n_cols] = sparse_shape(group, &place)?;
        let (major, minor) = if by_rows {
            (n_rows, n_cols)
        } else {
            (n_cols, n_rows)
        };
        let compressed = Compressed::open(group, &place, major, minor)?;
        let store = match by_rows {
            true => Store::Csr(Arc::new(compressed)),
            false => Store::Csc(ByColumns::new(compressed, n_rows, place.clone())),
        };
        Ok(Self::new(place, [n_rows, n_cols], store))
    }

    /// A matrix that is in memory, by rows.
    pub(crate) fn in_memory(place: Place, values: Vec<f64>, n_cols: usize) -> Self {
        let n_rows = values.len().checked_div(n_cols).unwrap_or(0);
        Self::new(place, [n_rows, n_cols], Store::Memory(Arc::new(values)))
    }

    fn new(place: Place, [n_rows, n_cols]: [usize; 2], store: Store) -> Self {
        Self {
            place,
            n_rows,
            n_cols,
            store,
            selection: None,
        }
    }

    /// Checks the number of rows (or, with `axis` 1, of columns).
    pub(crate) fn expect(self, axis: usize, expected: usize) -> Result<Self, AnnDataError> {
        let shape = self.shape();
        if shape[axis] == expected {
            return Ok(self);
        }
        let what = ["rows", "columns"][axis];
        Err(self
            .place
            .shape(format!("shape {shape:?}"), format!("{expected} {what}")))
    }

    /// Rows and columns (of a selection, those selected).
    pub fn shape(&self) -> [usize; 2] {
        [self.n_rows, self.n_cols()]
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        let selected = self.selection.as_ref().map(|s| s.columns().len());
        selected.unwrap_or(self.n_cols)
    }

    /// How it is stored.
    pub fn storage(&self) -> Storage {
        match &self.store {
            Store::Dense(_) | Store::Memory(_) => Storage::Dense,
            Store::Csr(_) => Storage::Csr,
            Store::Csc(_) => Storage::Csc,
        }
    }

    /// The type of its values in the file.
    pub fn element(&self) -> ElementType {
        match &self.store {
            Store::Dense(dense) => dense.element(),
            Store::Csr(compressed) => compressed.element(),
            Store::Csc(matrix) => matrix.columns.element(),
            Store::Memory(_) => ElementType::F64,
        }
    }

    /// Number of values that are stored: all of a dense matrix.
    pub fn stored(&self) -> usize {
        match &self.store {
            Store::Csr(compressed) => compressed.stored(),
            Store::Csc(matrix) => matrix.columns.stored(),
            Store::Dense(_) | Store::Memory(_) => self.n_rows * self.n_cols,
        }
    }

    /// File and name in it, for messages.
    pub fn label(&self) -> String {
        format!("{}:{}", self.place.path().display(), self.place.name())
    }

    /// The same matrix with only these columns, in this order.
    ///
    /// # Errors
    /// [`AnnDataError::OutOfRange`] for a column that is not there, [`AnnDataError::Format`] for one that is named twice.
    pub fn columns(&self, columns: &[usize]) -> Result<Self, AnnDataError> {
        let of_file: Vec<usize> = match &self.selection {
            Some(old) => columns
                .iter()
                .map(|c| old.columns().get(*c).copied().unwrap_or(usize::MAX))
                .collect(),
            None => columns.to_vec(),
        };
        if let Some(outside) = columns.iter().find(|c| **c >= self.n_cols()) {
            return Err(self.place.out_of_range("column", *outside, self.n_cols()));
        }
        let selection = ColumnSelection::new(&of_file, self.n_cols)
            .map_err(|twice| self.place.format(format!("column {twice} asked for twice")))?;
        Ok(Self {
            selection: Some(Arc::new(selection)),
            ..self.clone()
        })
    }

    /// Reads a range of rows. Memory: what these rows take; see [`MatrixReader::blocks`] for all of them.
    ///
    /// # Errors
    /// [`AnnDataError::OutOfRange`] beyond the last row, [`AnnDataError::Format`] if the matrix is damaged.
    pub fn rows<T: Number>(&self, rows: Range<usize>) -> Result<RowBlock<T>, AnnDataError> {
        if rows.end > self.n_rows || rows.start > rows.end {
            return Err(self
                .place
                .out_of_range("row", rows.end.saturating_sub(1), self.n_rows));
        }
        let block = match &self.store {
            Store::Dense(dense) => dense.rows(rows)?,
            Store::Csr(compressed) => csr_rows(compressed, rows, self.n_cols)?,
            Store::Csc(matrix) => matrix.by_rows()?.rows(rows)?,
            Store::Memory(values) => {
                let values = &values[rows.start * self.n_cols..rows.end * self.n_cols];
                let values = values.iter().map(|v| T::from_f64(*v)).collect();
                RowBlock::dense_unchecked(rows.len(), self.n_cols, values)
            }
        };
        Ok(match &self.selection {
            Some(selection) => block.select(selection),
            None => block,
        })
    }

    /// Reads these rows, in this order; the same row may be asked for twice.
    ///
    /// # Errors
    /// As [`MatrixReader::rows`].
    pub fn rows_at<T: Number>(&self, rows: &[usize]) -> Result<RowBlock<T>, AnnDataError> {
        let mut wanted = rows.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        // Neighbours are read together.
        let runs = wanted.chunk_by(|a, b| a + 1 == *b);
        let mut blocks = Vec::new();
        for run in runs {
            blocks.push(self.rows::<T>(run[0]..run[run.len() - 1] + 1)?);
        }
        let all = self.join(blocks);
        let place = |row: &usize| wanted.binary_search(row).unwrap_or_default();
        Ok(all.at(&rows.iter().map(place).collect::<Vec<_>>()))
    }

    fn join<T: Number>(&self, blocks: Vec<RowBlock<T>>) -> RowBlock<T> {
        let n_cols = self.n_cols();
        if self.storage() == Storage::Dense {
            let n_rows = blocks.iter().map(RowBlock::n_rows).sum();
            let all = blocks.iter().flat_map(RowBlock::to_dense).collect();
            return RowBlock::dense_unchecked(n_rows, n_cols, all);
        }
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for block in blocks {
            let (starts, columns, found) = block.into_sparse();
            let before = values.len();
            indptr.extend(starts[1..].iter().map(|s| s + before));
            indices.extend(columns);
            values.extend(found);
        }
        RowBlock::sparse_unchecked(n_cols, indptr, indices, values)
    }

    /// Reads all rows, block by block, each of at most about `bytes` (and at least one row).
    pub fn blocks<T: Number>(&self, bytes: usize) -> Blocks<'_, T> {
        Blocks {
            matrix: self,
            bytes,
            next: 0,
            number: std::marker::PhantomData,
        }
    }

    /// The end of a block that starts with the row `first`.
    fn block_end(&self, first: usize, bytes: usize, value: usize) -> Result<usize, AnnDataError> {
        let by_starts = |starts: &[usize]| {
            let most = starts[first] + bytes / (value + 4);
            starts.partition_point(|s| *s <= most) - 1
        };
        // The beginning of every row costs as well, and rows may be empty.
        let most = first + (bytes / 8).max(1);
        let end = match &self.store {
            Store::Csr(compressed) => by_starts(compressed.indptr()).min(most),
            Store::Csc(matrix) => by_starts(matrix.by_rows()?.starts()).min(most),
            Store::Dense(dense) => {
                let rows = first + bytes / (value * self.n_cols).max(1);
                let together = dense.rows_together();
                // To the end of a chunk, so that each chunk is decompressed once, if that is not the block's very beginning.
                match rows - rows % together {
                    aligned if aligned > first => aligned,
                    _ => rows,
                }
            }
            Store::Memory(_) => first + bytes / (value * self.n_cols).max(1),
        };
        Ok(end.clamp(first + 1, self.n_rows))
    }
}

/// Rows in blocks, in order; made by [`MatrixReader::blocks`].
#[derive(Debug)]
pub struct Blocks<'a, T> {
    matrix: &'a MatrixReader,
    bytes: usize,
    next: usize,
    number: std::marker::PhantomData<T>,
}

impl<T: Number> Iterator for Blocks<'_, T> {
    /// Which rows, and the rows.
    type Item = Result<(Range<usize>, RowBlock<T>), AnnDataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.next;
        if first >= self.matrix.n_rows {
            return None;
        }
        let read = || {
            let rows = first..self.matrix.block_end(first, self.bytes, size_of::<T>())?;
            Ok((rows.clone(), self.matrix.rows(rows)?))
        };
        let block = read();
        // Nothing comes after an error.
        self.next = block.as_ref().map_or(usize::MAX, |(rows, _)| rows.end);
        Some(block)
    }
}

fn csr_rows<T: Number>(
    compressed: &Compressed,
    rows: Range<usize>,
    n_cols: usize,
) -> Result<RowBlock<T>, AnnDataError> {
    let starts = &compressed.indptr()[rows.start..=rows.end];
    let range = starts[0]..starts[starts.len() - 1];
    let indptr = starts.iter().map(|s| s - range.start).collect();
    let indices = compressed.indices(range.clone())?;
    let values = compressed.values(range)?;
    Ok(RowBlock::sparse_summed(n_cols, indptr, indices, values))
}

/// Whether a sparse matrix is stored by rows, not by columns.
fn is_by_rows(group: &Group, place: &Place) -> Result<bool, AnnDataError> {
    // Files older than anndata 0.7 have the second name.
    let format = ["encoding-type", "h5sparse_format"]
        .into_iter()
        .find_map(|name| text::attribute(group, name));
    match format.as_deref() {
        Some("csr_matrix" | "csr") => Ok(true),
        Some("csc_matrix" | "csc") => Ok(false),
        found => Err(place.format(format!(
            "a matrix of the encoding {:?}, expected array, csr_matrix or csc_matrix",
            found.unwrap_or("none")
        ))),
    }
}

/// Rows and columns of a sparse matrix.
fn sparse_shape(group: &Group, place: &Place) -> Result<[usize; 2], AnnDataError> {
    let attribute = ["shape", "h5sparse_shape"]
        .into_iter()
        .find_map(|name| group.attr(name).ok());
    let Some(attribute) = attribute else {
        return Err(place.format("no attribute shape, expected rows and columns"));
    };
    if attribute.size() != 2 {
        let found = format!("{} numbers in its attribute shape", attribute.size());
        return Err(place.shape(found, "2, rows and columns"));
    }
    let found = attribute.read_raw::<i64>().map_err(place.fault())?;
    match found[..] {
        [rows, cols] if rows >= 0 && cols >= 0 => Ok([rows as usize, cols as usize]),
        _ => Err(place.format(format!("its attribute shape is {found:?}"))),
    }
}

/// Reads a sparse matrix as it is stored.
pub(crate) fn read_sparse(group: &Group, place: &Place) -> Result<SparseMatrix, AnnDataError> {
    let by_rows = is_by_rows(group, place)?;
    let shape = sparse_shape(group, place)?;
    let [major, minor] = if by_rows { shape } else { [shape[1], shape[0]] };
    let compressed = Compressed::open(group, place, major, minor)?;
    Ok(SparseMatrix {
        shape,
        by_rows,
        indptr: compressed.indptr().to_vec(),
        indices: compressed.indices(0..compressed.stored())?,
        values: compressed.values_as_stored()?,
    })
}
