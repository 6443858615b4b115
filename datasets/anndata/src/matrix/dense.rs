//! Dense matrices.

use std::ops::Range;

use hdf5::{Dataset, Hyperslab, SliceOrIndex};

use super::block::{Number, RowBlock};
use super::compressed::numbers;
use crate::error::AnnDataError;
use crate::place::Place;
use crate::values::ElementType;

/// A dataset of two dimensions.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    dataset: Dataset,
    place: Place,
    element: ElementType,
    n_rows: usize,
    n_cols: usize,
}

impl Dense {
    pub(super) fn open(dataset: Dataset, place: Place) -> Result<Self, AnnDataError> {
        let element = numbers(&dataset, &place)?;
        let shape = dataset.shape();
        let [n_rows, n_cols] = shape[..] else {
            return Err(place.shape(format!("shape {shape:?}"), "rows and columns"));
        };
        Ok(Self {
            dataset,
            place,
            element,
            n_rows,
            n_cols,
        })
    }

    pub(super) fn element(&self) -> ElementType {
        self.element
    }

    pub(super) fn shape(&self) -> [usize; 2] {
        [self.n_rows, self.n_cols]
    }

    /// Rows that are stored together: reading a part of them costs as much as reading all.
    pub(super) fn rows_together(&self) -> usize {
        self.dataset.chunk().map_or(1, |chunk| chunk[0].max(1))
    }

    pub(super) fn rows<T: Number>(&self, rows: Range<usize>) -> Result<RowBlock<T>, AnnDataError> {
        let n_rows = rows.len();
        if n_rows == 0 || self.n_cols == 0 {
            return Ok(RowBlock::dense_unchecked(n_rows, self.n_cols, Vec::new()));
        }
        let values = match self.element {
            ElementType::Bool => {
                let truth = self.read::<i8>(rows)?;
                truth
                    .into_iter()
                    .map(|t| T::from_f64(f64::from(u8::from(t != 0))))
                    .collect()
            }
            _ => self.read::<T>(rows)?,
        };
        Ok(RowBlock::dense_unchecked(n_rows, self.n_cols, values))
    }

    fn read<T: hdf5::H5Type>(&self, rows: Range<usize>) -> Result<Vec<T>, AnnDataError> {
        let slab = [SliceOrIndex::from(rows), SliceOrIndex::from(0..self.n_cols)];
        let values = self
            .dataset
            .read_slice_2d::<T, _>(Hyperslab::from(slab.to_vec()))
            .map_err(self.place.fault())?;
        Ok(values.into_raw_vec_and_offset().0)
    }
}
