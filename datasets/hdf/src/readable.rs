//! What a file may claim to hold, and the filters that can be undone.

use hdf5::Dataset;
use hdf5::filters::Filter;
use hdf5::plist::dataset_create::{FillTime, FillValue};

/// The most that a filter can compress: deflate reaches 1032 to 1, LZF 88 to 1. None of the other filters is common.
fn compression_limit(filter: &Filter) -> u64 {
    match filter {
        Filter::Shuffle | Filter::Fletcher32 => 1,
        Filter::LZF => 90,
        _ => 1100,
    }
}

/// Claims up to this many bytes need no proof.
const SMALL: u64 = 1 << 20;

/// Whether the bytes that a dataset and each of its chunks claim can be in a file of `file_bytes`.
///
/// Whoever allocates as much as a dataset's shape tells has to ask this first: a shape is a few bytes that a damaged or hostile
/// file can set to terabytes.
pub fn holds_claim(dataset: &Dataset, file_bytes: u64) -> bool {
    let Ok(element) = dataset.dtype().map(|kind| kind.size() as u64) else {
        return false;
    };
    let bytes = |extents: &[usize]| {
        extents
            .iter()
            .fold(element, |product, n| product.saturating_mul(*n as u64))
    };
    let stored = dataset.storage_size().min(file_bytes);
    let chunk = dataset.chunk().unwrap_or_default();
    let limit: u64 = dataset.filters().iter().map(compression_limit).product();
    let largest = stored.saturating_mul(limit).max(SMALL);
    bytes(&dataset.shape()) <= largest && (chunk.is_empty() || bytes(&chunk) <= largest)
}

/// How many chunks of a dataset were never written and are not filled by the library either: reading them leaves the memory
/// that is read into as it was. A dataset in one piece counts as one chunk.
///
/// Whoever reads a dataset has to ask this first: what the library leaves alone is memory that was never set.
pub fn undefined_chunks(dataset: &Dataset) -> usize {
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
pub fn unreadable_filter(dataset: &Dataset) -> Option<String> {
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
        assert!(!holds_claim(&claimed, bytes));
        assert!(holds_claim(&zeros, bytes), "deflated zeros are plausible");
        let plain = file
            .new_dataset::<f64>()
            .shape(1 << 20)
            .create("plain")
            .unwrap();
        plain.write_raw(&vec![0.0f64; 1 << 20]).unwrap();
        file.flush().unwrap();
        assert!(holds_claim(&plain, std::fs::metadata(&path).unwrap().len()));
        assert!(!holds_claim(&huge_chunk, bytes));
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
        assert_eq!(undefined_chunks(&never), 3);
        never.write_slice(&[1.0_f64], 9..10).unwrap();
        assert_eq!(undefined_chunks(&never), 2);
        never.write_raw(&[1.0_f64; 10]).unwrap();
        assert_eq!(undefined_chunks(&never), 0);
        assert_eq!(
            undefined_chunks(&dataset("filled", FillTime::IfSet, true)),
            0
        );
        let piece = dataset("piece", FillTime::Never, false);
        assert_eq!(undefined_chunks(&piece), 1);
        piece.write_raw(&[1.0_f64; 10]).unwrap();
        assert_eq!(undefined_chunks(&piece), 0);
    }
}
