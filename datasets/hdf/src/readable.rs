//! What a reader asks before it reads a dataset: whether the file can hold what the dataset claims, whether all of it was
//! written, and whether its filters can be undone.

use hdf5::Dataset;
use hdf5::filters::Filter;
use hdf5::plist::dataset_create::{FillTime, FillValue};
use thiserror::Error;

/// Why a dataset is not to be read; the message is what was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is compressed in a way that this build cannot undo.
    #[error("compression with the filter {0}, which is not built in")]
    Filter(String),
    /// So many of its chunks were never written and are not filled by the library either.
    #[error("{0} chunk(s) that were never written")]
    Unwritten(usize),
    /// It claims more than the file can hold.
    #[error("shape {shape:?} in a file of {file_bytes} bytes")]
    Claim {
        /// Of the dataset, or of one of its chunks.
        shape: Vec<usize>,
        /// Length of the file.
        file_bytes: u64,
    },
}

impl Unreadable {
    /// What was expected instead.
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Filter(_) => "gzip, lzf or no compression",
            Self::Unwritten(_) => "all values",
            Self::Claim { .. } => "a file that can hold it",
        }
    }
}

/// Checks that the whole dataset can be read and that reading it takes no more memory than a file of `file_bytes` can be worth.
///
/// Every reader of a file from outside asks this: a shape is a few bytes that a damaged or hostile file can set to terabytes,
/// and what was never written is memory that was never set.
///
/// # Errors
/// [`Unreadable`], for its first reason.
pub fn check_readable(dataset: &Dataset, file_bytes: u64) -> Result<(), Unreadable> {
    check_chunks(dataset, file_bytes, 0)?;
    check_claim(dataset, dataset.shape(), file_bytes)
}

/// The same for a reader that takes one piece at a time and knows of `to_come` chunks that are not there yet.
///
/// # Errors
/// Those of [`check_readable`].
pub fn check_chunks(dataset: &Dataset, file_bytes: u64, to_come: usize) -> Result<(), Unreadable> {
    if let Some(filter) = unreadable_filter(dataset) {
        return Err(Unreadable::Filter(filter));
    }
    let unwritten = unwritten_chunks(dataset);
    if unwritten > to_come {
        return Err(Unreadable::Unwritten(unwritten));
    }
    match dataset.chunk() {
        // The library makes room for a chunk only where one is stored.
        Some(chunk) if dataset.storage_size() > 0 => check_claim(dataset, chunk, file_bytes),
        _ => Ok(()),
    }
}

/// The most that filters can compress: deflate reaches 1032 to 1, LZF 88 to 1. None of the other filters is common. Nobody compresses
/// twice: what claims to be compressed again and again is not believed more for it.
fn compression_limit(filters: &[Filter]) -> u64 {
    let limit = |filter: &Filter| match filter {
        Filter::Shuffle | Filter::Fletcher32 => 1,
        Filter::LZF => 90,
        _ => 1100,
    };
    filters.iter().map(limit).max().unwrap_or(1)
}

/// Claims up to this many bytes need no proof.
const SMALL: u64 = 1 << 20;

/// Whether a file of `file_bytes` can hold `shape` elements of the dataset.
fn check_claim(dataset: &Dataset, shape: Vec<usize>, file_bytes: u64) -> Result<(), Unreadable> {
    let stored = dataset.storage_size().min(file_bytes);
    let limit = compression_limit(&dataset.filters());
    let largest = stored.saturating_mul(limit).max(SMALL);
    // An element of a kind that the library does not know is never read.
    let element = dataset.dtype().map_or(1, |kind| kind.size() as u64);
    let claimed = shape
        .iter()
        .fold(element, |product, n| product.saturating_mul(*n as u64));
    if claimed <= largest {
        return Ok(());
    }
    Err(Unreadable::Claim { shape, file_bytes })
}

/// How many chunks of a dataset were never written and are not filled by the library either: reading them leaves the memory
/// that is read into as it was. A dataset in one piece counts as one chunk.
pub(crate) fn unwritten_chunks(dataset: &Dataset) -> usize {
    let Ok(creation) = dataset.dcpl() else {
        return 0;
    };
    let filled = match creation.fill_time() {
        FillTime::Never => false,
        FillTime::IfSet => creation.fill_value_defined() != FillValue::Undefined,
        FillTime::Alloc => true,
    };
    if filled || dataset.size() == 0 {
        return 0;
    }
    match (dataset.chunk(), dataset.num_chunks()) {
        (Some(chunk), Some(stored)) => {
            let axes = dataset.shape().into_iter().zip(chunk);
            let chunks = axes.map(|(length, part)| length.div_ceil(part.max(1)));
            let chunks = chunks.fold(1_usize, usize::saturating_mul);
            chunks.saturating_sub(stored)
        }
        _ => usize::from(dataset.storage_size() == 0),
    }
}

/// The name of a filter of the dataset that this build cannot undo; none if all can be.
fn unreadable_filter(dataset: &Dataset) -> Option<String> {
    dataset
        .filters()
        .into_iter()
        .find_map(|filter| match filter {
            Filter::User(id, _) => Some(known_name(id)),
            Filter::SZip(..) if !hdf5::filters::szip_available() => Some("szip".into()),
            _ => None,
        })
}

/// Names from the register of HDF5 filters.
fn known_name(id: hdf5::filters::H5Z_filter_t) -> String {
    let name = match id {
        307 => "bzip2",
        32001 => "blosc",
        32004 => "lz4",
        32008 => "bitshuffle",
        32013 => "zfp",
        32015 => "zstd",
        32026 => "blosc2",
        _ => return format!("number {id}"),
    };
    format!("{name} (number {id})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terabytes_in_a_small_file_are_no_claim_to_believe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let file = hdf5::File::create(&path).unwrap();
        let claimed = file
            .new_dataset::<f64>()
            .chunk(1024)
            .shape(1 << 40)
            .create("claimed")
            .unwrap();
        let zeros = file
            .new_dataset::<f64>()
            .deflate(9)
            .chunk(1 << 20)
            .shape(1 << 20)
            .create("zeros")
            .unwrap();
        zeros.write_raw(&vec![0.0f64; 1 << 20]).unwrap();
        let huge_chunk = file
            .new_dataset::<f64>()
            .chunk(1 << 28)
            .shape(hdf5::Extents::resizable(8.into()))
            .create("chunk")
            .unwrap();
        file.flush().unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        let claim = check_readable(&claimed, bytes).unwrap_err();
        assert_eq!(
            claim.to_string(),
            format!("shape [1099511627776] in a file of {bytes} bytes")
        );
        check_readable(&zeros, bytes).expect("deflated zeros are plausible");
        let plain = file
            .new_dataset::<f64>()
            .shape(1 << 20)
            .create("plain")
            .unwrap();
        plain.write_raw(&vec![0.0f64; 1 << 20]).unwrap();
        file.flush().unwrap();
        check_readable(&plain, std::fs::metadata(&path).unwrap().len()).unwrap();
        // Nothing of it is stored: the library makes no room for what it only fills in.
        assert_eq!(check_readable(&huge_chunk, bytes), Ok(()));
        huge_chunk.write_slice(&[1.0], 0..1).unwrap();
        let claim = Unreadable::Claim {
            shape: vec![1 << 28],
            file_bytes: bytes,
        };
        assert_eq!(check_chunks(&huge_chunk, bytes, 0), Err(claim));
    }

    #[test]
    fn compressing_again_and_again_proves_no_more() {
        // A limit of 1100 for each of seven is more than a number of 64 bits.
        for times in [1, 5, 7] {
            let mut filters = vec![Filter::deflate(9); times];
            filters.push(Filter::Shuffle);
            assert_eq!(compression_limit(&filters), 1100, "{times} times");
        }
        assert_eq!(compression_limit(&[Filter::Shuffle, Filter::LZF]), 90);
        assert_eq!(compression_limit(&[]), 1);
    }

    #[test]
    fn chunks_that_nobody_wrote_or_fills_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let dataset = |name: &str, fill, chunked: bool| {
            let builder = file.new_dataset::<f64>().fill_time(fill);
            let builder = match chunked {
                true => builder.chunk(4),
                false => builder,
            };
            builder.shape(10).create(name).unwrap()
        };
        let never = dataset("never", FillTime::Never, true);
        assert_eq!(unwritten_chunks(&never), 3);
        assert_eq!(check_readable(&never, 4096), Err(Unreadable::Unwritten(3)));
        assert_eq!(check_chunks(&never, 4096, 2), Err(Unreadable::Unwritten(3)));
        assert_eq!(check_chunks(&never, 4096, 3), Ok(()));
        never.write_slice(&[1.0_f64], 9..10).unwrap();
        assert_eq!(unwritten_chunks(&never), 2);
        never.write_raw(&[1.0_f64; 10]).unwrap();
        assert_eq!(unwritten_chunks(&never), 0);
        assert_eq!(
            unwritten_chunks(&dataset("filled", FillTime::IfSet, true)),
            0
        );
        let piece = dataset("piece", FillTime::Never, false);
        assert_eq!(unwritten_chunks(&piece), 1);
        piece.write_raw(&[1.0_f64; 10]).unwrap();
        assert_eq!(unwritten_chunks(&piece), 0);
    }
}
