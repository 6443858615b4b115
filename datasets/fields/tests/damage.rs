//! Files cut short, damaged, or of arbitrary bytes: errors, never a panic or endless memory.

mod made;

use std::path::Path;

use made::{shape, write};
use proptest::prelude::*;
use rheome_fields::{FieldFormat, WriteOptions, open};

/// Reads whatever a file that may be damaged gives; only panics and endless memory are faults.
fn read_all(path: &Path) {
    let Ok(reader) = open(path.to_str().unwrap()) else {
        return;
    };
    let mut values = vec![0.0; reader.shape().snapshot_len()];
    for trajectory in 0..reader.shape().trajectories.min(4) {
        for index in 0..reader.shape().snapshots.min(8) {
            let _ = reader.read_unchecked(trajectory, index, &mut values);
        }
    }
}

/// The endings of all formats, and the NetCDF that is only read.
fn kinds() -> Vec<&'static str> {
    let formats = FieldFormat::ALL.map(|format| format.endings()[0]);
    formats.into_iter().chain(["classic.nc"]).collect()
}

fn sound(format: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("a.{format}"));
    if format == "classic.nc" {
        return include_bytes!("data/classic.nc").to_vec();
    }
    write(&path, &shape(Some(2), 2), WriteOptions::default());
    std::fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_cut_short_are_an_error(part in 0.0f64..0.97, format in prop::sample::select(kinds())) {
        let whole = sound(format);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("cut.{format}"));
        std::fs::write(&path, &whole[..(whole.len() as f64 * part) as usize]).unwrap();
        match open(path.to_str().unwrap()) {
            Err(error) => prop_assert!(!error.to_string().contains('\n'), "{}", error),
            Ok(reader) => {
                let mut values = vec![0.0; reader.shape().snapshot_len()];
                let mut every = (0..4).map(|i| reader.read(i / 2, i % 2, &mut values));
                prop_assert!(every.any(|read| read.is_err()), "{} at {}", format, part);
            }
        }
    }

    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..12),
        near in prop::sample::select(vec![0.02, 0.2, 1.0]),
        format in prop::sample::select(kinds()),
    ) {
        let mut bytes = sound(format);
        for (part, value) in changes {
            let place = (bytes.len() as f64 * part * near) as usize;
            bytes[place] = value;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("damaged.{format}"));
        std::fs::write(&path, bytes).unwrap();
        read_all(&path);
    }

    #[test]
    fn arbitrary_bytes_are_no_field(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0usize..3) {
        let folder = tempfile::tempdir().unwrap();
        let start: &[u8] = [&b""[..], b"\x93NUMPY\x01\x00", b"CDF\x01"][magic];
        for format in FieldFormat::ALL.map(|format| format.endings()[0]) {
            let path = folder.path().join(format!("a.{format}"));
            std::fs::write(&path, [start, &bytes].concat()).unwrap();
            prop_assert!(open(path.to_str().unwrap()).is_err());
        }
    }
}
