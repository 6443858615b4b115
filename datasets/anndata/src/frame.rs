//! Data frames: an index of names and columns of any type.

mod column;
mod reader;
mod records;

use crate::error::AnnDataError;
use crate::values::{Values, each};

pub(crate) use column::wrong_code;
pub use column::{Categorical, Column};
pub use reader::FrameReader;
pub(crate) use reader::{LEGACY_CATEGORIES, NO_NAME, read_column};
pub(crate) use records::Records;

/// A data frame in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    index_name: Option<String>,
    index: Values,
    columns: Vec<(String, Column)>,
}

impl Frame {
    /// A frame without columns; its rows have these names.
    pub fn new(index: impl Into<Values>) -> Self {
        Self {
            index_name: None,
            index: index.into(),
            columns: Vec::new(),
        }
    }

    /// Gives the index a name.
    pub fn with_index_name(mut self, name: impl Into<String>) -> Self {
        self.index_name = Some(name.into());
        self
    }

    /// Adds a column, or replaces the one of that name.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] for another number of rows than the index has.
    pub fn set(
        &mut self,
        name: impl Into<String>,
        column: impl Into<Column>,
    ) -> Result<(), AnnDataError> {
        let (name, column) = (name.into(), column.into());
        let mut lengths = vec![column.len()];
        if let Column::Nullable { missing, .. } = &column {
            lengths.push(missing.len());
        }
        if let Some(length) = lengths.into_iter().find(|n| *n != self.len()) {
            return Err(AnnDataError::content(
                format!("column {name:?}"),
                format!("{length} rows, expected {}, as the index has", self.len()),
            ));
        }
        match self.columns.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = column,
            None => self.columns.push((name, column)),
        }
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Name of the index, where it has one.
    pub fn index_name(&self) -> Option<&str> {
        self.index_name.as_deref()
    }

    /// The index: strings, save in a few frames of `uns`.
    pub fn index(&self) -> &Values {
        &self.index
    }

    /// Names of the rows.
    pub fn names(&self) -> Vec<String> {
        each!(&self.index, v => v.iter().map(ToString::to_string).collect())
    }

    /// Names and columns, in order.
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find_map(|(n, column)| (n == name).then_some(column))
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Panics
    /// If a row is not below [`Frame::len`].
    pub fn at(&self, rows: &[usize]) -> Self {
        Self {
            index_name: self.index_name.clone(),
            index: self.index.at(rows),
            columns: self
                .columns
                .iter()
                .map(|(name, column)| (name.clone(), column.at(rows)))
                .collect(),
        }
    }
}
