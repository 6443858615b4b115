//! Vectors of one element type: what columns, categories and arrays are made of.

use std::ops::Range;

use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, Datatype};
use rheome_hdf::text;

use crate::error::AnnDataError;
use crate::place::Place;

/// Type of the elements of an array. Numbers of half precision are read as `F32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ElementType {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    /// Truth values.
    Bool,
    /// Strings.
    Text,
}

/// A vector of one element type.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Values {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// Does the same with the vector inside, whatever its type.
macro_rules! each {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            Values::I8($v) => $body,
            Values::I16($v) => $body,
            Values::I32($v) => $body,
            Values::I64($v) => $body,
            Values::U8($v) => $body,
            Values::U16($v) => $body,
            Values::U32($v) => $body,
            Values::U64($v) => $body,
            Values::F32($v) => $body,
            Values::F64($v) => $body,
            Values::Bool($v) => $body,
            Values::Text($v) => $body,
        }
    };
}
pub(crate) use each;

macro_rules! conversions {
    ($($from:ty => $variant:ident),*) => {$(
        impl From<Vec<$from>> for Values {
            fn from(values: Vec<$from>) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}
conversions!(
    i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f32 => F32, f64 => F64, bool => Bool, String => Text
);

impl From<Vec<&str>> for Values {
    fn from(values: Vec<&str>) -> Self {
        Self::Text(values.into_iter().map(String::from).collect())
    }
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        each!(self, v => v.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn element(&self) -> ElementType {
        match self {
            Self::I8(_) => ElementType::I8,
            Self::I16(_) => ElementType::I16,
            Self::I32(_) => ElementType::I32,
            Self::I64(_) => ElementType::I64,
            Self::U8(_) => ElementType::U8,
            Self::U16(_) => ElementType::U16,
            Self::U32(_) => ElementType::U32,
            Self::U64(_) => ElementType::U64,
            Self::F32(_) => ElementType::F32,
            Self::F64(_) => ElementType::F64,
            Self::Bool(_) => ElementType::Bool,
            Self::Text(_) => ElementType::Text,
        }
    }

    /// All of them as numbers, truth as 0 and 1; none for text.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::I8(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::I16(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::I32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::I64(v) => v.iter().map(|x| *x as f64).collect(),
            Self::U8(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::U16(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::U32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::U64(v) => v.iter().map(|x| *x as f64).collect(),
            Self::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::F64(v) => v.clone(),
            Self::Bool(v) => v.iter().map(|x| f64::from(u8::from(*x))).collect(),
            Self::Text(_) => return None,
        })
    }

    /// One of them as text: a string as it is, anything else as it prints.
    ///
    /// # Panics
    /// If there are not that many.
    pub fn text(&self, index: usize) -> String {
        each!(self, v => v[index].to_string())
    }

    /// Whether one of them is a fraction that is no number.
    pub(crate) fn is_nan(&self, index: usize) -> bool {
        match self {
            Self::F32(v) => v[index].is_nan(),
            Self::F64(v) => v[index].is_nan(),
            _ => false,
        }
    }

    /// Those at `indices`, in that order.
    ///
    /// # Panics
    /// If an index is not below [`Values::len`].
    pub fn at(&self, indices: &[usize]) -> Self {
        each!(self, v => pick(v, indices).into())
    }
}

fn pick<T: Clone>(values: &[T], indices: &[usize]) -> Vec<T> {
    indices.iter().map(|i| values[*i].clone()).collect()
}

/// The element type of a dataset, and an error for one that AnnData does not have.
pub(crate) fn element_type(kind: &Datatype, place: &Place) -> Result<ElementType, AnnDataError> {
    let descriptor = match kind.to_descriptor() {
        Ok(descriptor) => descriptor,
        // Half precision, which the library converts but the crate does not describe.
        Err(_) if kind.size() == 2 && kind.conv_to::<f32>().is_some() => {
            return Ok(ElementType::F32);
        }
        Err(error) => return Err(place.format(rheome_hdf::message(&error))),
    };
    describe(&descriptor).ok_or_else(|| {
        place.format(format!(
            "holds {descriptor}, expected numbers, truth values or strings"
        ))
    })
}

/// The element type that a type of the library stands for.
pub(crate) fn describe(descriptor: &TypeDescriptor) -> Option<ElementType> {
    Some(match descriptor {
        TypeDescriptor::Integer(IntSize::U1) => ElementType::I8,
        TypeDescriptor::Integer(IntSize::U2) => ElementType::I16,
        TypeDescriptor::Integer(IntSize::U4) => ElementType::I32,
        TypeDescriptor::Integer(IntSize::U8) => ElementType::I64,
        TypeDescriptor::Unsigned(IntSize::U1) => ElementType::U8,
        TypeDescriptor::Unsigned(IntSize::U2) => ElementType::U16,
        TypeDescriptor::Unsigned(IntSize::U4) => ElementType::U32,
        TypeDescriptor::Unsigned(IntSize::U8) => ElementType::U64,
        TypeDescriptor::Float(FloatSize::U4) => ElementType::F32,
        TypeDescriptor::Float(FloatSize::U8) => ElementType::F64,
        TypeDescriptor::Boolean => ElementType::Bool,
        text if text::is_text(text) => ElementType::Text,
        _ => return None,
    })
}

/// Reads a whole dataset of any rank, in row-major order.
pub(crate) fn read_all(dataset: &Dataset, place: &Place) -> Result<Values, AnnDataError> {
    let element = element_type(&dataset.dtype().map_err(place.fault())?, place)?;
    let read = || -> hdf5::Result<Values> {
        Ok(match element {
            ElementType::I8 => dataset.read_raw::<i8>()?.into(),
            ElementType::I16 => dataset.read_raw::<i16>()?.into(),
            ElementType::I32 => dataset.read_raw::<i32>()?.into(),
            ElementType::I64 => dataset.read_raw::<i64>()?.into(),
            ElementType::U8 => dataset.read_raw::<u8>()?.into(),
            ElementType::U16 => dataset.read_raw::<u16>()?.into(),
            ElementType::U32 => dataset.read_raw::<u32>()?.into(),
            ElementType::U64 => dataset.read_raw::<u64>()?.into(),
            ElementType::F32 => dataset.read_raw::<f32>()?.into(),
            ElementType::F64 => dataset.read_raw::<f64>()?.into(),
            ElementType::Bool => read_truth(dataset)?.into(),
            ElementType::Text => text::read(dataset)?.into(),
        })
    };
    read().map_err(place.fault())
}

/// Truth values, read as bytes: a damaged file may hold other ones than 0 and 1, which no `bool` may be.
fn read_truth(dataset: &Dataset) -> hdf5::Result<Vec<bool>> {
    Ok(dataset.read_raw::<i8>()?.iter().map(|t| *t != 0).collect())
}

/// Reads a dataset of one dimension and `length` elements.
pub(crate) fn read_vector(
    dataset: &Dataset,
    place: &Place,
    length: usize,
) -> Result<Values, AnnDataError> {
    expect_length(dataset, place, length)?;
    read_all(dataset, place)
}

pub(crate) fn expect_length(
    dataset: &Dataset,
    place: &Place,
    length: usize,
) -> Result<(), AnnDataError> {
    let shape = dataset.shape();
    if shape == [length] {
        return Ok(());
    }
    Err(place.shape(format!("shape {shape:?}"), format!("[{length}]")))
}

/// Reads a range of a one-dimensional dataset of numbers as `T`; the library converts.
pub(crate) fn read_range<T: hdf5::H5Type>(
    dataset: &Dataset,
    place: &Place,
    range: Range<usize>,
) -> Result<Vec<T>, AnnDataError> {
    let values = dataset
        .read_slice_1d::<T, _>(range)
        .map_err(place.fault())?;
    Ok(values.into_raw_vec_and_offset().0)
}
