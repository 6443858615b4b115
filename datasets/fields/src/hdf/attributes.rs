//! Attributes and strings of field files.

use hdf5::{Dataset, Location};
use rheome_hdf::{number, text};

use crate::field::Attribute;

/// NUL ends a text in HDF5.
fn before_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// Gives an object a text attribute.
///
/// # Errors
/// The library's error.
pub fn write_text(object: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    text::write_attribute(object, name, before_nul(text))
}

/// Gives an object a number.
///
/// # Errors
/// The library's error.
pub fn write_number<T: hdf5::H5Type>(object: &Location, name: &str, value: T) -> hdf5::Result<()> {
    object.new_attr::<T>().create(name)?.write_scalar(&value)
}

/// Writes a one-dimensional dataset of strings.
///
/// # Errors
/// The library's error.
pub fn write_strings(group: &hdf5::Group, name: &str, strings: &[String]) -> hdf5::Result<Dataset> {
    let strings: Vec<&str> = strings.iter().map(|s| before_nul(s)).collect();
    text::write_dataset(group, name, &strings)
}

/// An attribute that is one number or one text; none for any other, or one that cannot be read.
pub fn read(object: &Location, name: &str) -> Option<Attribute> {
    let number = number::attribute(object, name).map(Attribute::Number);
    number.or_else(|| text::attribute(object, name).map(Attribute::Text))
}

/// `count` strings of fixed or variable length; none if these are no strings, or not that many.
pub fn read_strings(dataset: &Dataset, count: usize) -> Option<Vec<String>> {
    if dataset.size() != count {
        return None;
    }
    text::read(dataset).ok()
}
