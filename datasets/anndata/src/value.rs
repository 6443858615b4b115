//! Unstructured values: what `uns` holds.

mod reader;

use crate::frame::{Column, Frame};
use crate::values::Values;

pub(crate) use reader::{DEEPEST, read_value};

/// A value of `uns`, or a dictionary of such values.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Python's `None`.
    Null,
    /// One number, truth value or text: a vector of one element.
    Scalar(Values),
    /// An array.
    Array(Array),
    /// Categories or values of which some are missing.
    Column(Column),
    /// A data frame.
    Frame(Frame),
    /// A sparse matrix.
    Sparse(SparseMatrix),
    /// Records: names and values of the fields.
    Records(Vec<(String, Values)>),
    /// Names and values, in the order of the file.
    Dict(Vec<(String, Value)>),
    /// Something that is not read, e.g. an awkward array: its encoding. A copy of `uns` keeps it as it is.
    Unread(String),
}

/// An array of any rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub values: Values,
}

/// A sparse matrix as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Whether it is stored by rows (CSR), not by columns (CSC).
    pub by_rows: bool,
    /// Where each row (or column) starts in the two others, and the end.
    pub indptr: Vec<usize>,
    /// The column (or row) of each value.
    pub indices: Vec<u32>,
    /// Values that are not zero.
    pub values: Values,
}

impl Value {
    /// The value at a path of names, `neighbors/params/method`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        path.split('/').try_fold(self, |value, name| match value {
            Self::Dict(members) => members.iter().find_map(|(n, v)| (n == name).then_some(v)),
            _ => None,
        })
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Values::Text(text)) => text.first().map(String::as_str),
            _ => None,
        }
    }

    /// The number, if it is one; truth is 0 or 1.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Scalar(values) => values.to_f64()?.first().copied(),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Scalar(vec![text].into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Scalar(vec![text].into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Scalar(vec![number].into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Scalar(vec![number].into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Scalar(vec![truth].into())
    }
}

impl<T> From<Vec<T>> for Value
where
    Values: From<Vec<T>>,
{
    fn from(values: Vec<T>) -> Self {
        Self::Array(Array {
            shape: vec![values.len()],
            values: values.into(),
        })
    }
}
