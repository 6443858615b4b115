//! The rows of a matrix that is stored by columns (CSC), in bounded memory.
//!
//! Two passes over the matrix: one counts the values of every row, one hands every value to the bucket of its row. A bucket is
//! as many consecutive rows as fit into a few megabytes; buckets lie in a temporary file that has no name (in the system's
//! folder for such, `TMPDIR`), 16 bytes a value. Each bucket is then put in order in memory. From there on a range of rows is one
//! read. Memory: the buckets' buffers, one bucket, and 8 bytes a row, whatever the size of the matrix.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use super::block::{Number, RowBlock};
use super::compressed::Compressed;
use crate::error::AnnDataError;
use crate::place::Place;

/// Bytes of a value in the temporary file: row, column, value.
const RECORD: usize = 16;
/// Values of a bucket.
const BUCKET: usize = 1 << 20;
/// Values read at once.
const SLAB: usize = 1 << 20;
/// Values gathered before they are written to their bucket.
const BUFFER: usize = 1024;

/// A value and where it belongs.
#[derive(Clone, Copy)]
struct Record {
    row: u32,
    column: u32,
    value: f64,
}

impl Record {
    fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..4].copy_from_slice(&self.row.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.column.to_le_bytes());
        bytes[8..].copy_from_slice(&self.value.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let [a, b, c, d] = four(8);
        let [e, f, g, h] = four(12);
        Self {
            row: u32::from_le_bytes(four(0)),
            column: u32::from_le_bytes(four(4)),
            value: f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        }
    }
}

/// A matrix that is stored by columns, and its rows once they were asked for.
#[derive(Debug, Clone)]
pub(super) struct ByColumns {
    pub(super) columns: Arc<Compressed>,
    n_rows: usize,
    place: Place,
    transposed: Arc<Mutex<Option<Arc<Transposed>>>>,
}

impl ByColumns {
    pub(super) fn new(columns: Compressed, n_rows: usize, place: Place) -> Self {
        Self {
            columns: Arc::new(columns),
            n_rows,
            place,
            transposed: Arc::default(),
        }
    }

    /// The matrix by rows, made when it is first asked for.
    pub(super) fn by_rows(&self) -> Result<Arc<Transposed>, AnnDataError> {
        let mut made = self
            .transposed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made {
            return Ok(made.clone());
        }
        let new = Arc::new(Transposed::make(&self.columns, self.n_rows, &self.place)?);
        *made = Some(new.clone());
        Ok(new)
    }
}

/// A matrix by rows, made of one by columns.
#[derive(Debug)]
pub(super) struct Transposed {
    file: File,
    place: Place,
    /// Where the values of each row start, in values.
    starts: Vec<usize>,
    n_cols: usize,
}

impl Transposed {
    fn make(columns: &Compressed, n_rows: usize, place: &Place) -> Result<Self, AnnDataError> {
        let io = |e| AnnDataError::file(&std::env::temp_dir(), "write a temporary file in", e);
        let transposed = Self {
            file: tempfile::tempfile().map_err(io)?,
            place: place.clone(),
            starts: count_rows(columns, n_rows)?,
            n_cols: columns.indptr().len() - 1,
        };
        let buckets = transposed.buckets();
        transposed.distribute(columns, &buckets)?;
        for bucket in &buckets {
            transposed.sort(bucket.clone()).map_err(io)?;
        }
        Ok(transposed)
    }

    /// Where the values of each row start.
    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Consecutive rows that have about [`BUCKET`] values together.
    fn buckets(&self) -> Vec<Range<usize>> {
        let n_rows = self.starts.len() - 1;
        let mut buckets = Vec::new();
        let mut first = 0;
        while first < n_rows {
            let end = self
                .starts
                .partition_point(|s| *s <= self.starts[first] + BUCKET);
            // At least one row, however many values it has.
            let end = (end - 1).clamp(first + 1, n_rows);
            buckets.push(first..end);
            first = end;
        }
        buckets
    }

    /// Hands every value to the bucket of its row.
    fn distribute(
        &self,
        columns: &Compressed,
        buckets: &[Range<usize>],
    ) -> Result<(), AnnDataError> {
        let io = |e| AnnDataError::file(&std::env::temp_dir(), "write a temporary file in", e);
        let mut buffers: Vec<Vec<u8>> = vec![Vec::new(); buckets.len()];
        let mut ends: Vec<usize> = buckets.iter().map(|b| self.starts[b.start]).collect();
        let mut column = 0;
        for start in (0..columns.stored()).step_by(SLAB) {
            let range = start..columns.stored().min(start + SLAB);
            let rows = columns.indices(range.clone())?;
            let values = columns.values::<f64>(range.clone())?;
            for ((at, row), value) in range.zip(rows).zip(values) {
                while columns.indptr()[column + 1] <= at {
                    column += 1;
                }
                let bucket = buckets.partition_point(|b| b.end <= row as usize);
                let record = Record {
                    row,
                    column: column as u32,
                    value,
                };
                buffers[bucket].extend(record.to_bytes());
                if buffers[bucket].len() >= BUFFER * RECORD {
                    self.flush(&mut buffers[bucket], &mut ends[bucket])
                        .map_err(io)?;
                }
            }
        }
        for (buffer, end) in buffers.iter_mut().zip(&mut ends) {
            self.flush(buffer, end).map_err(io)?;
        }
        Ok(())
    }

    fn flush(&self, buffer: &mut Vec<u8>, end: &mut usize) -> std::io::Result<()> {
        self.file.write_all_at(buffer, (*end * RECORD) as u64)?;
        *end += buffer.len() / RECORD;
        buffer.clear();
        Ok(())
    }

    fn read(&self, values: Range<usize>) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; values.len() * RECORD];
        self.file
            .read_exact_at(&mut bytes, (values.start * RECORD) as u64)?;
        Ok(bytes)
    }

    /// Puts the values of a bucket in the order of their rows, which keeps that of the columns.
    fn sort(&self, rows: Range<usize>) -> std::io::Result<()> {
        let values = self.starts[rows.start]..self.starts[rows.end];
        let bytes = self.read(values.clone())?;
        let mut sorted = vec![0; bytes.len()];
        let mut next: Vec<usize> = self.starts[rows.clone()]
            .iter()
            .map(|s| s - values.start)
            .collect();
        for record in bytes.chunks_exact(RECORD) {
            let place = &mut next[Record::from_bytes(record).row as usize - rows.start];
            sorted[*place * RECORD..][..RECORD].copy_from_slice(record);
            *place += 1;
        }
        self.file
            .write_all_at(&sorted, (values.start * RECORD) as u64)
    }

    pub(super) fn rows<T: Number>(&self, rows: Range<usize>) -> Result<RowBlock<T>, AnnDataError> {
        let starts = &self.starts[rows.start..=rows.end];
        let range = starts[0]..starts[starts.len() - 1];
        let bytes = self.read(range.clone()).map_err(|e| {
            self.place
                .format(format!("its rows in a temporary file: {e}"))
        })?;
        let records = bytes.chunks_exact(RECORD).map(Record::from_bytes);
        let (indices, values) = records.map(|r| (r.column, T::from_f64(r.value))).unzip();
        let indptr = starts.iter().map(|s| s - range.start).collect();
        Ok(RowBlock::sparse_summed(
            self.n_cols,
            indptr,
            indices,
            values,
        ))
    }
}

/// Where the values of each row will start.
fn count_rows(columns: &Compressed, n_rows: usize) -> Result<Vec<usize>, AnnDataError> {
    let mut starts = vec![0; n_rows + 1];
    for start in (0..columns.stored()).step_by(SLAB) {
        for row in columns.indices(start..columns.stored().min(start + SLAB))? {
            starts[row as usize + 1] += 1;
        }
    }
    for row in 0..n_rows {
        starts[row + 1] += starts[row];
    }
    Ok(starts)
}
