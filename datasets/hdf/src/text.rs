//! Text in attributes and datasets: of fixed or variable length, ASCII or UTF-8, however the writing library stored it.

use std::ops::Range;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Attribute, Container, Dataset, H5Type, Hyperslab, Location, SliceOrIndex};
use ndarray::IxDyn;

/// The longest string of fixed length that is read.
pub const LONGEST_FIXED: usize = 65_536;
/// Bytes that strings of fixed length may take while they are read.
const FIXED_BYTES: usize = 4 << 20;
/// Bytes that strings of variable length should take while they are read, were each as long as their file; but some are read
/// together from any file.
const VARIABLE_BYTES: u64 = 256 << 20;
const VARIABLE_AT_ONCE: Range<u64> = 64..4096;

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
    read_attribute(&attribute).ok()?.pop()
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

/// All strings of a dataset, in row-major order. Bytes that are no UTF-8 become the replacement character.
///
/// # Errors
/// The library's error, if these are no strings, or more text than the file can hold.
pub fn read(dataset: &Dataset) -> hdf5::Result<Vec<String>> {
    match dataset.ndim() {
        0 => read_with(dataset, &Whole(dataset)),
        _ => read_within(dataset, &dataset.shape(), 0),
    }
}

/// All strings of an attribute, which the library reads in one go.
///
/// # Errors
/// The library's error, or if these are no strings.
pub fn read_attribute(attribute: &Attribute) -> hdf5::Result<Vec<String>> {
    read_with(attribute, &Whole(attribute))
}

/// A range of the strings of a one-dimensional dataset.
///
/// # Errors
/// Those of [`read`], or if the range is not inside.
pub fn read_range(dataset: &Dataset, range: Range<usize>) -> hdf5::Result<Vec<String>> {
    read_within(dataset, &[range.len()], range.start)
}

/// The strings of so many rows, columns and so on of a dataset, beginning with a row; block by block.
fn read_within(dataset: &Dataset, extents: &[usize], first: usize) -> hdf5::Result<Vec<String>> {
    let file = dataset.file()?.size();
    // Strings of fixed length are read through buffers of the longest that they could be, and any number of variable ones may
    // be the same long one: not too many at once.
    let fixed = match dataset.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedAscii(length) | TypeDescriptor::FixedUnicode(length) => Some(length),
        _ => None,
    };
    let at_once = match fixed {
        Some(length) => FIXED_BYTES / buffer_length(length),
        None => {
            let Range { start, end } = VARIABLE_AT_ONCE;
            (VARIABLE_BYTES / file.max(1)).clamp(start, end) as usize
        }
    };
    let mut all = Vec::new();
    let mut bytes = 0;
    for mut block in blocks(extents, at_once) {
        block[0] = block[0].start + first..block[0].end + first;
        let texts = read_with(dataset, &Block(dataset, block))?;
        // The library shares no text of variable length between two places.
        bytes += texts.iter().map(|text| text.len() as u64).sum::<u64>();
        if fixed.is_none() && bytes > file {
            return Err("holds more text than its file can".into());
        }
        all.extend(texts);
    }
    Ok(all)
}

/// Cuts extents into blocks of at most so many elements, in row-major order.
fn blocks(extents: &[usize], at_once: usize) -> Vec<Vec<Range<usize>>> {
    let behind = |axis: usize| extents[axis + 1..].iter().product::<usize>();
    // The axis that is cut: those before it are taken one by one, those behind it whole.
    let cut = (0..extents.len()).find(|axis| behind(*axis) <= at_once);
    let Some(cut) = cut.filter(|_| !extents.contains(&0)) else {
        return Vec::new();
    };
    let step = (at_once / behind(cut)).max(1);
    let mut found = vec![Vec::new()];
    for (axis, extent) in extents.iter().enumerate() {
        let step = match axis.cmp(&cut) {
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal => step,
            std::cmp::Ordering::Greater => *extent,
        };
        let parts = |before: Vec<Range<usize>>| {
            let starts = (0..*extent).step_by(step);
            starts.map(move |start| {
                let part = start..(start + step).min(*extent);
                before.iter().cloned().chain([part]).collect()
            })
        };
        found = found.into_iter().flat_map(parts).collect();
    }
    found
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

/// A block of a dataset, an entry an axis.
struct Block<'a>(&'a Dataset, Vec<Range<usize>>);

impl Source for Block<'_> {
    fn values<T: H5Type>(&self) -> hdf5::Result<Vec<T>> {
        let axes: Vec<SliceOrIndex> = self.1.iter().cloned().map(SliceOrIndex::from).collect();
        let block = self.0.read_slice::<T, _, IxDyn>(Hyperslab::from(axes))?;
        Ok(block.into_raw_vec_and_offset().0)
    }
}

/// Length of the buffer that holds a string of fixed length.
fn buffer_length(length: usize) -> usize {
    let lengths = [64, 1024, 4096, 16_384];
    let fitting = lengths.into_iter().find(|buffer| length <= *buffer);
    fitting.unwrap_or(LONGEST_FIXED)
}

fn read_with(container: &Container, source: &impl Source) -> hdf5::Result<Vec<String>> {
    fn owned<T: AsRef<[u8]>>(values: Vec<T>) -> Vec<String> {
        let text = |value: &T| String::from_utf8_lossy(value.as_ref()).into_owned();
        values.iter().map(text).collect()
    }
    macro_rules! fixed {
        ($kind:ident, $length:expr) => {
            match buffer_length($length) {
                64 => owned(source.values::<$kind<64>>()?),
                1024 => owned(source.values::<$kind<1024>>()?),
                4096 => owned(source.values::<$kind<4096>>()?),
                16_384 => owned(source.values::<$kind<16_384>>()?),
                _ => owned(source.values::<$kind<LONGEST_FIXED>>()?),
            }
        };
    }
    Ok(match container.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode => owned(source.values::<VarLenUnicode>()?),
        TypeDescriptor::VarLenAscii => owned(source.values::<VarLenAscii>()?),
        TypeDescriptor::FixedAscii(length) if length <= LONGEST_FIXED => fixed!(FixedAscii, length),
        TypeDescriptor::FixedUnicode(length) if length <= LONGEST_FIXED => {
            fixed!(FixedUnicode, length)
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
    fn text_of_any_shape_is_read_block_by_block() {
        assert_eq!(blocks(&[2, 3], 7), [[0..2, 0..3]]);
        assert_eq!(blocks(&[3, 2], 5), [[0..2, 0..2], [2..3, 0..2]]);
        let small = blocks(&[2, 3], 2);
        assert_eq!(small[..2], [[0..1, 0..2], [0..1, 2..3]]);
        assert_eq!(small.len(), 4);
        assert!(blocks(&[2, 0, 3], 2).is_empty());
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        // Longer than half a buffer of 64 KiB: 64 of them are read at once.
        let words = (0..3 * 50).map(|i| i.to_string());
        let words: Vec<FixedAscii<2000>> = words
            .map(|word| FixedAscii::from_ascii(&word).unwrap())
            .collect();
        let array = ndarray::Array2::from_shape_vec((3, 50), words).unwrap();
        let dataset = file.new_dataset_builder().with_data(&array);
        let dataset = dataset.create("table").unwrap();
        let expected: Vec<String> = (0..3 * 50).map(|i| i.to_string()).collect();
        assert_eq!(read(&dataset).unwrap(), expected);
        let one = file.new_dataset::<VarLenUnicode>().create("one").unwrap();
        one.write_scalar(&stored("alone").unwrap()).unwrap();
        assert_eq!(read(&one).unwrap(), ["alone"]);
    }

    /// The library writes each text of its own, but a file can be made to name one many times.
    #[test]
    fn one_long_text_in_many_places_is_refused() {
        use std::os::unix::fs::FileExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let count = 2000;
        let file = file(&folder);
        let mut texts = vec![stored("").unwrap(); count];
        texts[0] = stored(&"x".repeat(100_000)).unwrap();
        let dataset = file.new_dataset_builder().with_data(&texts);
        let dataset = dataset.create("names").unwrap();
        assert_eq!(read(&dataset).unwrap()[0].len(), 100_000);
        let place = dataset.offset().unwrap();
        drop(dataset);
        file.close().unwrap();
        let mut options = std::fs::OpenOptions::new();
        let raw = options.read(true).write(true).open(&path).unwrap();
        // Length, place of the heap, index in it.
        let mut reference = [0; 16];
        raw.read_exact_at(&mut reference, place).unwrap();
        for i in 1..count as u64 {
            raw.write_all_at(&reference, place + 16 * i).unwrap();
        }
        let file = hdf5::File::open(&path).unwrap();
        let dataset = file.dataset("names").unwrap();
        let error = read(&dataset).unwrap_err().to_string();
        assert!(error.contains("more text"), "{error}");
        assert!(read_range(&dataset, 100..2000).is_err());
        assert_eq!(read_range(&dataset, 7..8).unwrap()[0].len(), 100_000);
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
