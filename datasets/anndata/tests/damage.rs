//! Files cut short, damaged or hostile: an error that names the place, never a panic or endless memory.

mod made;

use std::path::Path;

use hdf5::file::LibraryVersion;
use hdf5::{File, Group};
use made::{CELLS, GENES, write};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rheome_anndata::{AnnData, AnnDataError, Annotation, Axis, Compression, Storage};

/// Reads all that a file gives.
fn read_all(path: &Path) -> Result<(), AnnDataError> {
    let cells = AnnData::open(path)?;
    let mut matrices = vec![cells.x()?];
    for name in cells.layers()? {
        matrices.push(cells.layer(&name)?);
    }
    for axis in [Axis::Obs, Axis::Var] {
        cells.frame(axis)?;
        for name in cells.annotations(axis)? {
            match cells.annotation(axis, &name)? {
                Annotation::Matrix(matrix) => matrices.push(matrix),
                Annotation::Frame(frame) => {
                    frame.read()?;
                }
            }
        }
        for name in cells.pairwise_keys(axis)? {
            matrices.push(cells.pairwise(axis, &name)?);
        }
    }
    cells.uns()?;
    if let Some(raw) = cells.raw()? {
        raw.var.read()?;
        matrices.push(raw.x);
    }
    for matrix in matrices {
        for block in matrix.blocks::<f32>(1 << 16) {
            block?;
        }
    }
    Ok(())
}

fn sound(storage: Storage, compression: Compression) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    write(&path, storage, compression);
    std::fs::read(path).unwrap()
}

const KINDS: [(Storage, Compression); 4] = [
    (Storage::Dense, Compression::None),
    (Storage::Dense, Compression::Lzf),
    (Storage::Csr, Compression::None),
    (Storage::Csr, Compression::Gzip(4)),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn files_cut_short_are_an_error(part in 0.0f64..0.99, kind in prop::sample::select(KINDS.to_vec())) {
        let whole = sound(kind.0, kind.1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.h5ad");
        std::fs::write(&path, &whole[..(whole.len() as f64 * part) as usize]).unwrap();
        let error = read_all(&path).expect_err("a part of a file is no file").to_string();
        prop_assert!(error.contains("cut.h5ad") && !error.contains('\n'), "{}", error);
    }

    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..12),
        kind in prop::sample::select(KINDS.to_vec()),
        old in any::<bool>(),
    ) {
        let mut bytes = match old {
            true => include_bytes!("data/anndata-0.6.22.h5ad").to_vec(),
            false => sound(kind.0, kind.1),
        };
        for (part, value) in changes {
            let place = (bytes.len() as f64 * part) as usize;
            bytes[place] = value;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.h5ad");
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = read_all(&path) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_cells(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5ad");
        let start: &[u8] = if magic { b"\x89HDF\r\n\x1a\n" } else { b"" };
        std::fs::write(&path, [start, &bytes].concat()).unwrap();
        prop_assert!(AnnData::open(&path).is_err());
    }
}

/// The error after a change to a sound file (sparse, uncompressed).
fn error_after(change: impl FnOnce(&File) -> hdf5::Result<()>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    write(&path, Storage::Csr, Compression::None);
    let file = File::open_rw(&path).unwrap();
    change(&file).unwrap();
    file.close().unwrap();
    let error = read_all(&path).expect_err("hostile").to_string();
    assert!(!error.contains('\n'), "{error}");
    error.replace(&folder.path().join("a.h5ad").display().to_string(), "FILE")
}

fn replace<T: hdf5::H5Type>(group: &Group, name: &str, values: &[T]) -> hdf5::Result<()> {
    group.unlink(name)?;
    group.new_dataset_builder().with_data(values).create(name)?;
    Ok(())
}

#[test]
fn sparse_matrices_that_make_no_sense_name_the_place() {
    let x = |name: &'static str, values: Vec<i32>| {
        error_after(move |file| replace(&file.group("X")?, name, &values))
    };
    let falling = x("indptr", vec![0, 2, 1, 4, 5, 6, 7]);
    assert_eq!(
        falling,
        "FILE: X/indptr: falls from 2 to 1 at 1, expected numbers that rise"
    );
    assert_eq!(
        x("indptr", vec![0, 2, 3]),
        "FILE: X/indptr: found shape [3], expected [7]"
    );
    assert_eq!(
        x("indptr", vec![-1, 2, 3, 4, 5, 6, 7]),
        "FILE: X/indptr: starts with Some(-1), expected 0"
    );
    assert_eq!(
        x("indptr", vec![0, 1, 2, 3, 4, 4, 1000]),
        "FILE: X/indptr: ends with 1000, but there are 7 values"
    );
    assert_eq!(
        x("indptr", vec![0, 7, 7, 7, 7, 7, 7]),
        "FILE: X/indptr: tells of 7 values at 0, expected at most 4"
    );
    assert_eq!(
        x("indices", vec![0, 3, 1, -2, 0, 3, 1]),
        "FILE: X/indices: index -2 at 3, expected one of 0 to 3"
    );
    assert_eq!(
        x("indices", vec![0, 3, 1, 2, 4, 3, 1]),
        "FILE: X/indices: index 4 at 4, expected one of 0 to 3"
    );
    assert_eq!(
        x("indices", vec![0, 3]),
        "FILE: X/indices: found shape [2], expected [7]"
    );
    let large =
        error_after(|file| replace(&file.group("X")?, "indices", &[0, 3, 1, i64::MAX, 0, 3, 1]));
    assert!(
        large.contains("X/indices: index 2147483647 at 3"),
        "{large}"
    );
    let fraction = error_after(|file| replace(&file.group("X")?, "indices", &[0.5f32; 7]));
    assert!(
        fraction.contains("X/indices: holds F32, expected integers"),
        "{fraction}"
    );
    let gone = error_after(|file| file.group("X")?.unlink("data"));
    assert!(
        gone.contains("X: no \"data\" in it; it holds indices, indptr"),
        "{gone}"
    );
}

#[test]
fn tables_that_make_no_sense_name_the_place() {
    let codes = error_after(|file| {
        replace(
            &file.group("obs/condition")?,
            "codes",
            &[0i8, 1, 2, 3, 0, 0],
        )
    });
    assert_eq!(
        codes,
        "FILE: obs/condition/codes: row 3 has code 3, expected -1 (none) to 2 for 3 categories"
    );
    let short = error_after(|file| replace(&file.group("obs")?, "n_counts", &[1.0f32]));
    assert_eq!(short, "FILE: obs/n_counts: found shape [1], expected [6]");
    let gone = error_after(|file| file.group("obs")?.unlink("n_counts"));
    assert!(
        gone.contains("obs: its column-order names \"n_counts\", which is not there"),
        "{gone}"
    );
    let mask = error_after(|file| replace(&file.group("obs/passage")?, "mask", &[0.0f32; CELLS]));
    assert!(
        mask.contains("obs/passage/mask: holds F32, expected truth values"),
        "{mask}"
    );
    let obs = error_after(|file| file.unlink("obs"));
    assert!(
        obs.contains("no obs in it, expected an AnnData file; it holds X, layers"),
        "{obs}"
    );
    let shape = error_after(|file| replace(&file.group("var")?, "_index", &[1i32; GENES + 1]));
    assert_eq!(shape, "FILE: X: found shape [6, 4], expected 5 columns");
}

#[test]
fn claims_of_terabytes_are_not_believed() {
    let claim = |group: &'static str, name: &'static str| {
        error_after(move |file| {
            let group = file.group(group)?;
            group.unlink(name)?;
            let dataset = group.new_dataset::<i8>().chunk(64).shape(1usize << 42);
            dataset.create(name).map(|_| ())
        })
    };
    for (group, name) in [
        ("obs", "_index"),
        ("X", "indptr"),
        ("X", "data"),
        ("obs/condition", "codes"),
    ] {
        let error = claim(group, name);
        assert!(
            error.contains(&format!(
                "{group}/{name}: found shape [4398046511104] in a file of"
            )),
            "{error}"
        );
    }
    let rows = error_after(|file| {
        file.group("X")?.delete_attr("shape")?;
        file.group("X")?
            .new_attr::<i64>()
            .shape(2)
            .create("shape")?
            .write_raw(&[i64::MAX - 1, 4])
    });
    assert!(
        rows.starts_with("FILE: X/indptr: found shape [7], expected [9223372036854775807]"),
        "{rows}"
    );
    let negative = error_after(|file| {
        file.group("X")?.delete_attr("shape")?;
        file.group("X")?
            .new_attr::<i64>()
            .shape(2)
            .create("shape")?
            .write_raw(&[-6i64, 4])
    });
    assert!(
        negative.contains("its attribute shape is [-6, 4]"),
        "{negative}"
    );
}

#[test]
fn circles_of_groups_end() {
    let circle = error_after(|file| file.group("uns")?.link_hard("/uns", "again"));
    assert!(
        circle.contains("more than 32 groups inside one another"),
        "{circle}"
    );
}

#[test]
fn filters_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    write(&path, Storage::Csr, Compression::None);
    let file = File::with_options()
        .with_fapl(|p| p.libver_bounds(LibraryVersion::Earliest, LibraryVersion::V110))
        .open_rw(&path)
        .unwrap();
    let x = file.group("X").unwrap();
    let values = x.dataset("data").unwrap().read_raw::<f32>().unwrap();
    x.unlink("data").unwrap();
    x.new_dataset::<f32>()
        .lzf()
        .chunk(4)
        .shape(values.len())
        .create("data")
        .unwrap()
        .write_raw(&values)
        .unwrap();
    drop(x);
    file.close().unwrap();
    // LZF has the number 32000 (0x7d00), Blosc the next; an object header of this version has no checksum.
    let mut bytes = std::fs::read(&path).unwrap();
    let name = bytes.windows(4).position(|w| w == b"lzf\0").unwrap();
    assert_eq!(bytes[name - 8..name - 6], [0x00, 0x7d]);
    bytes[name - 8] = 0x01;
    std::fs::write(&path, bytes).unwrap();
    let error = AnnData::open(&path).unwrap_err().to_string();
    let expected = "X/data: compressed with the filter blosc (number 32001), which is not built in; write the file with gzip";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn other_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let told = |expected: &str| {
        let error = AnnData::open(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    told("a.h5: cannot open: No such file or directory");
    std::fs::write(&path, "cells,genes\n").unwrap();
    told("a.h5: /: no HDF5 file, or a damaged one");
    File::create(&path).unwrap().create_group("matrix").unwrap();
    told("it looks like 10x Genomics' format");
    File::create(&path).unwrap().create_group("mod").unwrap();
    told("it looks like MuData");
}
