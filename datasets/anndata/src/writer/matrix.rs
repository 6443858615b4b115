//! Writing a matrix row by row.

use std::path::Path;

use hdf5::{Dataset, Group, H5Type, Hyperslab, SliceOrIndex};
use ndarray::{ArrayView1, ArrayView2};
use rheome_hdf::message;

use super::Compression;
use super::elements::{Element, encode, indptr_values, write_shape};
use crate::error::AnnDataError;
use crate::matrix::{MatrixReader, Number, RowBlock, Storage};
use crate::values::ElementType;

/// A matrix of which rows are being written.
#[derive(Debug)]
pub(super) struct MatrixWriter {
    name: String,
    n_rows: usize,
    n_cols: usize,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Dense(Dataset),
    Csr {
        group: Group,
        data: Dataset,
        indices: Dataset,
        indptr: Vec<usize>,
        compression: Compression,
    },
}

impl MatrixWriter {
    pub(super) fn create(
        parent: &Element,
        name: &str,
        full: String,
        storage: Storage,
        element: ElementType,
        n_cols: usize,
    ) -> Result<Self, AnnDataError> {
        parent.check_name(name)?;
        let store = match storage {
            Storage::Dense => {
                let dataset = create(parent, name, &[0, n_cols], element)?;
                encode(&dataset, "array", "0.2.0").map_err(parent.fault(name))?;
                Store::Dense(dataset)
            }
            Storage::Csr => {
                let group = parent.start(name, "csr_matrix", "0.1.0")?;
                let inside = parent.inside(&group);
                Store::Csr {
                    data: create(&inside, "data", &[0], element)?,
                    indices: create(&inside, "indices", &[0], ElementType::I32)?,
                    indptr: vec![0],
                    compression: parent.compression,
                    group,
                }
            }
            Storage::Csc => {
                let reason = "rows cannot be added to a matrix by columns, expected dense or CSR";
                return Err(parent.fail(name, reason));
            }
        };
        Ok(Self {
            name: full,
            n_rows: 0,
            n_cols,
            store,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn append<T: Number>(
        &mut self,
        rows: &RowBlock<T>,
        path: &Path,
    ) -> Result<(), AnnDataError> {
        if rows.n_cols() != self.n_cols {
            let reason = format!(
                "rows of {} columns, expected {}",
                rows.n_cols(),
                self.n_cols
            );
            return Err(self.fail(path, reason));
        }
        let written = match &mut self.store {
            Store::Dense(dataset) => append_dense(dataset, self.n_rows, rows),
            Store::Csr {
                data,
                indices,
                indptr,
                ..
            } => append_sparse(data, indices, indptr, rows),
        };
        written.map_err(|e| self.fail(path, message(&e)))?;
        self.n_rows += rows.n_rows();
        Ok(())
    }

    /// Writes what is known only at the end.
    pub(super) fn finish(self, path: &Path) -> Result<(), AnnDataError> {
        if let Store::Csr {
            group,
            indptr,
            compression,
            ..
        } = &self.store
        {
            write_shape(group, [self.n_rows, self.n_cols])
                .map_err(|e| self.fail(path, message(&e)))?;
            Element::new(group, path, *compression).values(
                "indptr",
                &[indptr.len()],
                &indptr_values(indptr),
            )?;
        }
        Ok(())
    }

    fn fail(&self, path: &Path, reason: String) -> AnnDataError {
        AnnDataError::content(format!("{}: {}", path.display(), self.name), reason)
    }
}

impl Element<'_> {
    /// Writes a matrix of another file, in blocks of rows of about `bytes`.
    pub(super) fn matrix(
        &self,
        name: &str,
        matrix: &MatrixReader,
        bytes: usize,
    ) -> Result<(), AnnDataError> {
        let storage = match matrix.storage() {
            Storage::Dense => Storage::Dense,
            Storage::Csr | Storage::Csc => Storage::Csr,
        };
        let (full, n_cols) = (name.to_owned(), matrix.n_cols());
        let mut writer = MatrixWriter::create(self, name, full, storage, matrix.element(), n_cols)?;
        for block in matrix.blocks::<f64>(bytes) {
            writer.append(&block?.1, self.path)?;
        }
        writer.finish(self.path)
    }
}

fn append_dense<T: Number>(
    dataset: &Dataset,
    first: usize,
    rows: &RowBlock<T>,
) -> hdf5::Result<()> {
    let shape = [rows.n_rows(), rows.n_cols()];
    dataset.resize((first + shape[0], shape[1]))?;
    if shape.contains(&0) {
        return Ok(());
    }
    let values = rows.to_dense();
    let view = ArrayView2::from_shape((shape[0], shape[1]), &values).map_err(hdf5::Error::from)?;
    let slab = [
        SliceOrIndex::from(first..first + shape[0]),
        SliceOrIndex::from(0..shape[1]),
    ];
    dataset.write_slice(view, Hyperslab::from(slab.to_vec()))
}

fn append_sparse<T: Number>(
    data: &Dataset,
    indices: &Dataset,
    indptr: &mut Vec<usize>,
    rows: &RowBlock<T>,
) -> hdf5::Result<()> {
    let (starts, columns, values) = rows.clone().into_sparse();
    let before = indptr.last().copied().unwrap_or(0);
    let columns: Vec<i32> = columns.into_iter().map(|c| c as i32).collect();
    append(data, before, &values)?;
    append(indices, before, &columns)?;
    indptr.extend(starts[1..].iter().map(|s| s + before));
    Ok(())
}

fn append<T: H5Type>(dataset: &Dataset, first: usize, values: &[T]) -> hdf5::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let end = first + values.len();
    dataset.resize(end)?;
    dataset.write_slice(ArrayView1::from(values), first..end)
}

/// An empty dataset of numbers that grows.
fn create(
    parent: &Element,
    name: &str,
    shape: &[usize],
    element: ElementType,
) -> Result<Dataset, AnnDataError> {
    let made = match element {
        ElementType::I8 => parent.dataset::<i8>(name, shape, true),
        ElementType::I16 => parent.dataset::<i16>(name, shape, true),
        ElementType::I32 => parent.dataset::<i32>(name, shape, true),
        ElementType::I64 => parent.dataset::<i64>(name, shape, true),
        ElementType::U8 => parent.dataset::<u8>(name, shape, true),
        ElementType::U16 => parent.dataset::<u16>(name, shape, true),
        ElementType::U32 => parent.dataset::<u32>(name, shape, true),
        ElementType::U64 => parent.dataset::<u64>(name, shape, true),
        ElementType::F32 => parent.dataset::<f32>(name, shape, true),
        ElementType::F64 => parent.dataset::<f64>(name, shape, true),
        ElementType::Bool | ElementType::Text => {
            return Err(parent.fail(name, format!("a matrix of {element:?}, expected numbers")));
        }
    };
    made.map_err(parent.fault(name))
}
