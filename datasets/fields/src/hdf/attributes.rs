//! Attributes and strings, however the writing library stored them.

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Container, Dataset, Location};

use super::is_number;
use crate::field::Attribute;

/// The longest fixed-length string that is read; longer ones are left out.
const LONGEST_FIXED: usize = 1024;

/// Text as HDF5 stores it; NUL ends a text there.
fn stored(text: &str) -> hdf5::Result<VarLenUnicode> {
    let text = text.split('\0').next().unwrap_or_default();
    text.parse()
        .map_err(|_| hdf5::Error::from("text that HDF5 cannot hold"))
}

/// Gives an object a text attribute.
///
/// # Errors
/// The library's error.
pub fn write_text(object: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    object
        .new_attr::<VarLenUnicode>()
        .create(name)?
        .write_scalar(&stored(text)?)
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
    let values = strings
        .iter()
        .map(|s| stored(s))
        .collect::<hdf5::Result<Vec<_>>>()?;
    let dataset = group
        .new_dataset::<VarLenUnicode>()
        .obj_track_times(false)
        .shape(strings.len())
        .create(name)?;
    dataset.write_raw(&values)?;
    Ok(dataset)
}

/// An attribute that is one number or one text; none for any other, or one that cannot be read.
pub fn read(object: &Location, name: &str) -> Option<Attribute> {
    let attribute = object.attr(name).ok()?;
    if attribute.size() != 1 {
        return None;
    }
    let kind = attribute.dtype().and_then(|t| t.to_descriptor()).ok()?;
    if is_number(&kind) {
        return attribute
            .read_raw::<f64>()
            .ok()?
            .first()
            .map(|v| Attribute::Number(*v));
    }
    read_strings(&attribute, 1)?.pop().map(Attribute::Text)
}

/// `count` strings of fixed or variable length; none if these are no strings, or not that many.
pub fn read_strings(container: &Container, count: usize) -> Option<Vec<String>> {
    if container.size() != count {
        return None;
    }
    // Bytes that are no UTF-8 become the replacement character.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match container.dtype().and_then(|t| t.to_descriptor()).ok()? {
        TypeDescriptor::VarLenUnicode => {
            let values = container.read_raw::<VarLenUnicode>().ok()?;
            Some(values.iter().map(|s| text(s.as_bytes())).collect())
        }
        TypeDescriptor::VarLenAscii => {
            let values = container.read_raw::<VarLenAscii>().ok()?;
            Some(values.iter().map(|s| text(s.as_bytes())).collect())
        }
        TypeDescriptor::FixedAscii(length) if length <= LONGEST_FIXED => {
            let values = container.read_raw::<FixedAscii<LONGEST_FIXED>>().ok()?;
            Some(values.iter().map(|s| text(s.as_bytes())).collect())
        }
        TypeDescriptor::FixedUnicode(length) if length <= LONGEST_FIXED => {
            let values = container.read_raw::<FixedUnicode<LONGEST_FIXED>>().ok()?;
            Some(values.iter().map(|s| text(s.as_bytes())).collect())
        }
        _ => None,
    }
}
