//! Datasets of a file, read as what they should be.

use std::path::Path;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Group, H5Type};
use rheome_hdf::{check_readable, message, number, text};

use crate::error::EquationError;

/// Datasets of one group, read after a look at what they claim, with messages that name them.
#[derive(Debug)]
pub struct Table<'a> {
    pub(crate) path: &'a Path,
    pub(crate) group: &'a Group,
    /// Bytes of the file: no dataset can hold more.
    pub(crate) bytes: u64,
}

impl<'a> Table<'a> {
    /// Those of a group of the file at `path`.
    ///
    /// # Errors
    /// [`EquationError::File`] if the file cannot be looked at.
    pub fn new(path: &'a Path, group: &'a Group) -> Result<Self, EquationError> {
        let metadata = std::fs::metadata(path).map_err(|error| EquationError::File {
            path: path.to_owned(),
            reason: format!("cannot read: {error}"),
        })?;
        Ok(Self {
            path,
            group,
            bytes: metadata.len(),
        })
    }

    /// The dataset of this name, whose axes are `axes`; its shape must be as it says, where it says so.
    pub(crate) fn dataset(
        &self,
        name: &str,
        shape: &[Option<usize>],
    ) -> Result<Dataset, EquationError> {
        let expected = || match shape.iter().any(Option::is_some) {
            true => {
                let axis =
                    |axis: &Option<usize>| axis.map_or("any number".to_owned(), |n| n.to_string());
                let axes: Vec<String> = shape.iter().map(axis).collect();
                format!("a dataset of shape [{}]", axes.join(", "))
            }
            false if shape.len() == 1 => "a dataset with one axis".to_owned(),
            false => format!("a dataset with {} axes", shape.len()),
        };
        let dataset = self.group.dataset(name);
        let dataset = dataset.map_err(|_| self.wrong(name, "no dataset", &expected()))?;
        let found = dataset.shape();
        let fits =
            |(found, expected): (&usize, &Option<usize>)| expected.is_none_or(|n| n == *found);
        if found.len() != shape.len() || !found.iter().zip(shape).all(fits) {
            return Err(self.wrong(name, &format!("shape {found:?}"), &expected()));
        }
        check_readable(&dataset, self.bytes)
            .map_err(|reason| self.wrong(name, &reason.to_string(), reason.expected()))?;
        Ok(dataset)
    }

    /// A dataset of numbers; integers where `T` is one. Its axes are `shape`, with their lengths where these are known.
    ///
    /// # Errors
    /// [`EquationError::Data`] naming the dataset, if there is none of that kind, or it claims more than the file can hold.
    pub fn numbers<T: H5Type + Copy>(
        &self,
        name: &str,
        shape: &[Option<usize>],
    ) -> Result<Vec<T>, EquationError> {
        let dataset = self.dataset(name, shape)?;
        self.numeric::<T>(&dataset, name)?;
        let values = dataset.read_raw();
        values.map_err(|error| self.wrong(name, &message(&error), "readable numbers"))
    }

    /// Fails where a dataset has no numbers of the kind that `T` is.
    pub(crate) fn numeric<T: H5Type>(
        &self,
        dataset: &Dataset,
        name: &str,
    ) -> Result<(), EquationError> {
        let kind = dataset.dtype().and_then(|kind| kind.to_descriptor());
        let kind = kind.map_err(|error| self.wrong(name, &message(&error), "numbers"))?;
        let is_float = |kind: &TypeDescriptor| matches!(kind, TypeDescriptor::Float(_));
        let wanted = T::type_descriptor();
        if number::is_number(&kind) && (is_float(&wanted) || !is_float(&kind)) {
            return Ok(());
        }
        Err(self.wrong(name, &format!("{kind}"), &format!("{wanted}")))
    }

    /// A column of texts.
    ///
    /// # Errors
    /// Those of [`Self::numbers`].
    pub fn texts(&self, name: &str, rows: Option<usize>) -> Result<Vec<String>, EquationError> {
        let dataset = self.dataset(name, &[rows])?;
        let texts = text::read(&dataset);
        texts.map_err(|error| self.wrong(name, &message(&error), "texts"))
    }

    /// The error of a dataset that is not as it should be.
    pub(crate) fn wrong(&self, name: &str, found: &str, expected: &str) -> EquationError {
        let group = self.group.name();
        EquationError::Data {
            path: self.path.to_owned(),
            place: format!("{}/{name}", group.trim_end_matches('/')),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}
