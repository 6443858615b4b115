//! Compressed sparse storage: CSR, and CSC with the axes exchanged.

use std::ops::Range;

use hdf5::{Dataset, Group};

use super::block::Number;
use crate::error::AnnDataError;
use crate::place::{Node, Place};
use crate::values::{self, ElementType, Values};

/// The group of a sparse matrix. The major axis is the one that `indptr` goes along: rows of CSR, columns of CSC.
#[derive(Debug, Clone)]
pub(super) struct Compressed {
    data: Dataset,
    indices: Dataset,
    place: Place,
    indptr: Vec<usize>,
    minor: usize,
    element: ElementType,
}

impl Compressed {
    /// Opens the group and checks that its parts fit each other. `indptr` is held in memory, 8 bytes a row (or column).
    pub(super) fn open(
        group: &Group,
        place: &Place,
        major: usize,
        minor: usize,
    ) -> Result<Self, AnnDataError> {
        let part = |name: &str| Node::open(group, place, name)?.dataset();
        let (data, data_place) = part("data")?;
        let (indices, indices_place) = part("indices")?;
        let (indptr, indptr_place) = part("indptr")?;
        // The library converts indices to 32 bits and turns those that are too large into the largest, which is out of range.
        if minor >= i32::MAX as usize {
            return Err(place.shape(format!("indices up to {minor}"), "fewer than 2^31"));
        }
        let element = numbers(&data, &data_place)?;
        values::expect_length(&indices, &indices_place, data.size())?;
        values::expect_length(&data, &data_place, data.size())?;
        for (dataset, place) in [(&indices, &indices_place), (&indptr, &indptr_place)] {
            expect_integers(dataset, place)?;
        }
        values::expect_length(&indptr, &indptr_place, major + 1)?;
        let indptr = indptr.read_raw::<i64>().map_err(indptr_place.fault())?;
        Ok(Self {
            indptr: check_indptr(&indptr, data.size(), minor, &indptr_place)?,
            data,
            indices,
            place: place.clone(),
            minor,
            element,
        })
    }

    pub(super) fn element(&self) -> ElementType {
        self.element
    }

    /// How many values are stored.
    pub(super) fn stored(&self) -> usize {
        self.indptr.last().copied().unwrap_or(0)
    }

    pub(super) fn indptr(&self) -> &[usize] {
        &self.indptr
    }

    /// Indices along the minor axis of the stored values of a range, all checked.
    pub(super) fn indices(&self, range: Range<usize>) -> Result<Vec<u32>, AnnDataError> {
        let first = range.start;
        let found = values::read_range::<i32>(&self.indices, &self.place.at("indices"), range)?;
        let minor = self.minor as i32;
        if let Some(place) = found.iter().position(|i| !(0..minor).contains(i)) {
            return Err(self.place.at("indices").format(format!(
                "index {} at {}, expected one of 0 to {}",
                found[place],
                first + place,
                minor - 1
            )));
        }
        Ok(found.into_iter().map(|i| i as u32).collect())
    }

    /// All stored values in the type that they have in the file.
    pub(super) fn values_as_stored(&self) -> Result<Values, AnnDataError> {
        values::read_all(&self.data, &self.place.at("data"))
    }

    /// The stored values of a range.
    pub(super) fn values<T: Number>(&self, range: Range<usize>) -> Result<Vec<T>, AnnDataError> {
        match self.element {
            // The library converts between numbers, but not from truth values to fractions.
            ElementType::Bool => {
                let truth = values::read_range::<i8>(&self.data, &self.place.at("data"), range)?;
                Ok(truth
                    .into_iter()
                    .map(|t| T::from_f64(f64::from(u8::from(t != 0))))
                    .collect())
            }
            _ => values::read_range::<T>(&self.data, &self.place.at("data"), range),
        }
    }
}

/// The element type of a matrix.
pub(super) fn numbers(dataset: &Dataset, place: &Place) -> Result<ElementType, AnnDataError> {
    match values::element_type(&dataset.dtype().map_err(place.fault())?, place)? {
        ElementType::Text => Err(place.format("holds strings, expected numbers")),
        numbers => Ok(numbers),
    }
}

fn expect_integers(dataset: &Dataset, place: &Place) -> Result<(), AnnDataError> {
    match numbers(dataset, place)? {
        found @ (ElementType::F32 | ElementType::F64 | ElementType::Bool) => {
            Err(place.format(format!("holds {found:?}, expected integers")))
        }
        _ => Ok(()),
    }
}

/// `indptr` as it may index: rising from 0 to the number of values at most, no more values a row than there are columns.
fn check_indptr(
    indptr: &[i64],
    stored: usize,
    minor: usize,
    place: &Place,
) -> Result<Vec<usize>, AnnDataError> {
    if indptr.first() != Some(&0) {
        return Err(place.format(format!("starts with {:?}, expected 0", indptr.first())));
    }
    if let Some(row) = indptr.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(place.format(format!(
            "falls from {} to {} at {row}, expected numbers that rise",
            indptr[row],
            indptr[row + 1]
        )));
    }
    let last = indptr.last().copied().unwrap_or(0);
    if last as usize > stored {
        return Err(place.format(format!("ends with {last}, but there are {stored} values")));
    }
    if let Some(row) = indptr
        .windows(2)
        .position(|pair| (pair[1] - pair[0]) as usize > minor)
    {
        return Err(place.format(format!(
            "tells of {} values at {row}, expected at most {minor}",
            indptr[row + 1] - indptr[row]
        )));
    }
    Ok(indptr.iter().map(|p| *p as usize).collect())
}
