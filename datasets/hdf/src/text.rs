//! Text in attributes and datasets: of fixed or variable length, ASCII or UTF-8, however the writing library stored it.

use std::ops::Range;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Container, Dataset, H5Type, Location};

/// The longest string of fixed length that is read.
pub const LONGEST_FIXED: usize = 65_536;
/// Bytes that strings of fixed length may take while they are read.
const FIXED_BYTES: usize = 4 << 20;

/// Text as HDF5 stores it.
///
/// # Errors
/// If there is a NUL in it, which ends a text there.
pub fn stored(text: &str) -> hdf5::Result<VarLenUnicode> {
    text.parse().map_err(|_| {
        format!("the text {text:?} holds NUL, which HDF5 cannot store")
            .as_str()
            .into()
    })
}

/// Gives an object a text attribute.
///
/// # Errors
/// The library's error, or a NUL in the text.
pub fn write_attribute(object: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    object
        .new_attr::<VarLenUnicode>()
        .create(name)?
        .write_scalar(&stored(text)?)
}

/// Writes a one-dimensional dataset of strings.
///
/// # Errors
/// The library's error, or a NUL in a string.
pub fn write_dataset<S: AsRef<str>>(
    group: &hdf5::Group,
    name: &str,
    strings: &[S],
) -> hdf5::Result<Dataset> {
    let values = strings
        .iter()
        .map(|s| stored(s.as_ref()))
        .collect::<hdf5::Result<Vec<_>>>()?;
    let dataset = group
        .new_dataset::<VarLenUnicode>()
        .obj_track_times(false)
        .shape(strings.len())
        .create(name)?;
    dataset.write_raw(&values)?;
    Ok(dataset)
}

/// The text of an attribute that is one text; none for any other, or where there is no such attribute.
pub fn attribute(object: &Location, name: &str) -> Option<String> {
    let attribute = object.attr(name).ok()?;
    if attribute.size() != 1 {
        return None;
    }
    read(&attribute).ok()?.pop()
}

/// Whether values of a type can be read as text.
pub fn is_text(kind: &TypeDescriptor) -> bool {
    match kind {
        TypeDescriptor::VarLenUnicode | TypeDescriptor::VarLenAscii => true,
        TypeDescriptor::FixedAscii(length) | TypeDescriptor::FixedUnicode(length) => {
            *length <= LONGEST_FIXED
        }
        _ => false,
    }
}

/// All strings of an attribute or dataset, in row-major order. Bytes that are no UTF-8 become the replacement character.
///
/// # Errors
/// The library's error, or if these are no strings.
pub fn read(container: &Container) -> hdf5::Result<Vec<String>> {
    read_with(container, &Whole(container))
}

/// A range of the strings of a one-dimensional dataset.
///
/// # Errors
/// The library's error, if these are no strings, or the range is not inside.
pub fn read_range(dataset: &Dataset, range: Range<usize>) -> hdf5::Result<Vec<String>> {
    // Strings of fixed length are read through buffers of the longest that they could be: not too many at once.
    let kind = dataset.dtype()?.to_descriptor()?;
    let at_once = match kind {
        TypeDescriptor::FixedAscii(length) | TypeDescriptor::FixedUnicode(length) => {
            FIXED_BYTES / buffer_length(length)
        }
        _ => range.len().max(1),
    };
    let mut all = Vec::with_capacity(range.len());
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + at_once);
        all.extend(read_with(dataset, &Rows(dataset, start..end))?);
        start = end;
    }
    Ok(all)
}

/// Where values come from.
trait Source {
    fn values<T: H5Type>(&self) -> hdf5::Result<Vec<T>>;
}

struct Whole<'a>(&'a Container);

impl Source for Whole<'_> {
    fn values<T: H5Type>(&self) -> hdf5::Result<Vec<T>> {
        self.0.read_raw()
    }
}

struct Rows<'a>(&'a Dataset, Range<usize>);

impl Source for Rows<'_> {
    fn values<T: H5Type>(&self) -> hdf5::Result<Vec<T>> {
        let rows = self.0.read_slice_1d::<T, _>(self.1.clone())?;
        Ok(rows.into_raw_vec_and_offset().0)
    }
}

/// Length of the buffer that holds a string of fixed length.
fn buffer_length(length: usize) -> usize {
    match length {
        0..=64 => 64,
        65..=1024 => 1024,
        _ => LONGEST_FIXED,
    }
}

fn read_with(container: &Container, source: &impl Source) -> hdf5::Result<Vec<String>> {
    fn owned<T: AsRef<[u8]>>(values: Vec<T>) -> Vec<String> {
        let text = |value: &T| String::from_utf8_lossy(value.as_ref()).into_owned();
        values.iter().map(text).collect()
    }
    let kind = container.dtype()?.to_descriptor()?;
    Ok(match kind {
        TypeDescriptor::VarLenUnicode => owned(source.values::<VarLenUnicode>()?),
        TypeDescriptor::VarLenAscii => owned(source.values::<VarLenAscii>()?),
        TypeDescriptor::FixedAscii(length) if length <= LONGEST_FIXED => {
            match buffer_length(length) {
                64 => owned(source.values::<FixedAscii<64>>()?),
                1024 => owned(source.values::<FixedAscii<1024>>()?),
                _ => owned(source.values::<FixedAscii<LONGEST_FIXED>>()?),
            }
        }
        TypeDescriptor::FixedUnicode(length) if length <= LONGEST_FIXED => {
            match buffer_length(length) {
                64 => owned(source.values::<FixedUnicode<64>>()?),
                1024 => owned(source.values::<FixedUnicode<1024>>()?),
                _ => owned(source.values::<FixedUnicode<LONGEST_FIXED>>()?),
            }
        }
        other => return Err(format!("holds {other}, expected strings").as_str().into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir) -> hdf5::File {
        hdf5::File::create(folder.path().join("a.h5")).unwrap()
    }

    #[test]
    fn text_of_every_kind_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        let words = ["", "ACTB", "a cell", "GAPDH"];
        write_dataset(&file, "variable", &words).unwrap();
        let ascii: Vec<FixedAscii<7>> = words.map(|w| FixedAscii::from_ascii(w).unwrap()).to_vec();
        file.new_dataset_builder()
            .with_data(&ascii)
            .create("ascii")
            .unwrap();
        let long: Vec<FixedUnicode<70>> = words.map(|w| w.parse().unwrap()).to_vec();
        file.new_dataset_builder()
            .with_data(&long)
            .create("long")
            .unwrap();
        for name in ["variable", "ascii", "long"] {
            let dataset = file.dataset(name).unwrap();
            assert_eq!(read(&dataset).unwrap(), words, "{name}");
            assert_eq!(read_range(&dataset, 1..3).unwrap(), words[1..3], "{name}");
            assert!(read_range(&dataset, 3..5).is_err(), "{name}");
        }
    }

    #[test]
    fn strings_never_written_are_empty() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = file(&folder)
            .new_dataset::<VarLenUnicode>()
            .shape(3)
            .create("a")
            .unwrap();
        assert_eq!(read(&dataset).unwrap(), ["", "", ""]);
    }

    #[test]
    fn numbers_are_no_text_and_nul_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        let numbers = file
            .new_dataset_builder()
            .with_data(&[1, 2])
            .create("n")
            .unwrap();
        assert!(read(&numbers).is_err());
        assert!(write_attribute(&numbers, "a", "x\0y").is_err());
        write_attribute(&numbers, "b", "Größe").unwrap();
        assert_eq!(attribute(&numbers, "b").as_deref(), Some("Größe"));
        assert_eq!(attribute(&numbers, "c"), None);
    }
}
