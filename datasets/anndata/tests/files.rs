//! What was written is read again, rows and columns are those asked for, and what is missing is said in the user's words.

mod made;

use std::path::{Path, PathBuf};

use made::{CELLS, GENES, graph, names, obs, rows, write};
use proptest::prelude::*;
use rheome_anndata::{
    AnnData, AnnDataError, AnnDataWriter, Axis, Categorical, Column, Compression, ElementType,
    Frame, MatrixReader, RowBlock, SparseMatrix, Storage, Value, Values, WriteOptions,
};
use rheome_hdf::NewFileError;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/h5ad")
        .join(name)
}

/// Made by anndata 0.12.19: the same 300 cells, sparse with categories and dense with strings.
#[test]
fn the_published_files_hold_the_labels_that_they_should() {
    let meta: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixture("meta.json")).unwrap()).unwrap();
    let labels: Vec<&str> = meta["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap())
        .collect();
    let files = ["csr_categorical.h5ad", "dense_strings.h5ad"]
        .map(|name| AnnData::open(fixture(name)).unwrap());
    for cells in &files {
        assert_eq!((cells.n_obs(), cells.n_vars()), (300, 80));
        let condition = cells.obs().column("condition").unwrap();
        assert!((0..300).all(|row| condition.text(row).as_deref() == Some(labels[row])));
        assert_eq!(cells.obs().names().unwrap()[..2], ["CELL0-1", "CELL1-1"]);
    }
    let [sparse, dense] = &files;
    let whole = |matrix: MatrixReader| matrix.rows::<f32>(0..300).unwrap().to_dense();
    let x = whole(sparse.x().unwrap());
    assert_eq!(x, whole(dense.x().unwrap()));
    assert_eq!(x, whole(dense.layer("csc").unwrap()), "by columns");
    assert_eq!(sparse.uns_at("nested/k").unwrap(), vec![0i64, 1, 2].into());
}

#[test]
fn everything_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for storage in [Storage::Dense, Storage::Csr] {
        for compression in [Compression::None, Compression::Gzip(9), Compression::Lzf] {
            let path = folder.path().join("a.h5ad");
            write(&path, storage, compression);
            let cells = AnnData::open(&path).unwrap();
            assert_eq!(cells.frame(Axis::Obs).unwrap(), obs());
            assert_eq!(cells.var().names().unwrap().len(), GENES);
            let (x, counts) = (cells.x().unwrap(), cells.layer("counts").unwrap());
            assert_eq!((x.storage(), x.element()), (storage, ElementType::F32));
            assert_eq!(counts.element(), ElementType::I64);
            for matrix in [x, counts] {
                assert_eq!(
                    matrix.rows::<f32>(0..CELLS).unwrap().to_dense(),
                    rows().to_dense()
                );
            }
            let [by_rows, by_columns] = ["by_rows", "by_columns"].map(|name| {
                let matrix = cells.pairwise(Axis::Obs, name).unwrap();
                matrix.rows::<f64>(0..CELLS).unwrap().to_dense()
            });
            let transposed: Vec<f64> = (0..CELLS * CELLS)
                .map(|i| by_rows[i % CELLS * CELLS + i / CELLS])
                .collect();
            assert_eq!(
                by_columns, transposed,
                "the same arrays by rows and by columns"
            );
            let method = cells.uns_at("neighbors/params/method").unwrap();
            assert_eq!(method.as_text(), Some("umap"));
            assert_eq!(
                cells
                    .uns()
                    .unwrap()
                    .get("neighbors/params/k")
                    .and_then(Value::as_f64),
                Some(15.0)
            );
        }
    }
}

#[test]
fn the_same_cells_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.h5ad", "b.h5ad"].map(|name| {
        let path = folder.path().join(name);
        write(&path, Storage::Csr, Compression::Gzip(4));
        path
    });
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    // Written within the same second, they would be the same with times in them too.
    let file = hdf5::File::open(&a).unwrap();
    for name in [
        "uns",
        "uns/neighbors",
        "X",
        "X/data",
        "obs/condition",
        "obs/_index",
        "layers",
    ] {
        assert_eq!(file.loc_info_by_name(name).unwrap().ctime, 0, "{name}");
    }
}

#[test]
fn what_is_missing_is_told_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.h5ad");
    write(&path, Storage::Csr, Compression::None);
    let cells = AnnData::open(&path).unwrap();
    let told = |error: AnnDataError, expected: &str| {
        let text = error
            .to_string()
            .replace(&path.display().to_string(), "FILE");
        assert_eq!(text, expected);
    };
    told(
        cells
            .obs()
            .column("conditions")
            .unwrap_err()
            .named_by("--pert-col"),
        "FILE: no column \"conditions\" in obs; the nearest of its columns is \"condition\", the others are \"n_counts\", \
         \"passage\"; name another with --pert-col",
    );
    told(
        cells.layer("count").unwrap_err(),
        "FILE: no layer \"count\" in layers; the only one is \"counts\"",
    );
    told(
        cells
            .require(&["n_counts"], &["gene_name"], &[])
            .unwrap_err(),
        "FILE: no column \"gene_name\" in var; there are no columns",
    );
    told(
        cells.annotation(Axis::Var, "PCs").unwrap_err(),
        "FILE: no key \"PCs\" in varm; there are no keys",
    );
    told(
        cells.uns_at("neighbors/param").unwrap_err(),
        "FILE: no key \"param\" in uns/neighbors; the only one is \"params\"",
    );
    told(
        cells.x().unwrap().rows::<f32>(3..9).unwrap_err(),
        "FILE: X: row 8 asked for, but there are 6 (counted from 0)",
    );
    told(
        cells.x().unwrap().columns(&[1, 4]).unwrap_err(),
        "FILE: X: column 4 asked for, but there are 4 (counted from 0)",
    );
    assert!(cells.x().unwrap().columns(&[1, 1]).is_err());
    cells
        .require(&["condition", "passage"], &[], &["counts"])
        .unwrap();
}

#[test]
fn a_file_appears_only_when_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    std::fs::write(&path, "old").unwrap();
    let genes = Frame::new(names("GENE", GENES));
    let exists = AnnDataWriter::create(&path, &genes, WriteOptions::default()).unwrap_err();
    assert!(matches!(
        exists,
        AnnDataError::NewFile(NewFileError::Exists { .. })
    ));
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };

    let mut abandoned = AnnDataWriter::create(&path, &genes, options).unwrap();
    let x = abandoned.add_x(Storage::Csr, ElementType::F32).unwrap();
    abandoned.append(x, &rows()).unwrap();
    drop(abandoned);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");

    let mut short = AnnDataWriter::create(&path, &genes, options).unwrap();
    let x = short.add_x(Storage::Dense, ElementType::F32).unwrap();
    short.append(x, &rows().at(&[0, 1])).unwrap();
    let error = short.finish(&obs()).unwrap_err().to_string();
    assert!(error.contains("a.h5ad: X: 2 rows, expected 6"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);

    write(&path, Storage::Csr, Compression::None);
    assert_eq!(AnnData::open(&path).unwrap().n_obs(), CELLS);
    let nowhere = AnnDataWriter::create(folder.path().join("none/a.h5ad"), &genes, options);
    assert!(matches!(
        nowhere.unwrap_err(),
        AnnDataError::NewFile(NewFileError::Folder { .. })
    ));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    let create = || {
        AnnDataWriter::create(
            &path,
            &Frame::new(names("GENE", GENES)),
            WriteOptions::default(),
        )
        .unwrap()
    };
    let mut writer = create();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    let narrow = RowBlock::dense(1, 2, vec![0.0f32; 2]).unwrap();
    let refused = [
        writer.append(x, &narrow).unwrap_err(),
        writer.add_x(Storage::Csr, ElementType::F32).unwrap_err(),
        writer
            .add_layer("a/b", Storage::Csr, ElementType::F32)
            .unwrap_err(),
        writer
            .add_layer("csc", Storage::Csc, ElementType::F32)
            .unwrap_err(),
        writer
            .add_layer("text", Storage::Dense, ElementType::Text)
            .unwrap_err(),
        writer.write_uns("nul", &"a\0b".into()).unwrap_err(),
        writer.write_uns("", &1i64.into()).unwrap_err(),
        writer
            .write_pairwise(Axis::Var, "too_large", &graph(true))
            .unwrap_err(),
    ];
    for error in refused {
        let text = error.to_string();
        assert!(text.contains("a.h5ad") && !text.contains('\n'), "{text}");
    }
    drop(writer);
    let mut frame = Frame::new(names("cell", CELLS)).with_index_name("barcode");
    assert!(frame.set("short", vec![1.0f32]).is_err());
    frame.set("barcode", names("x", CELLS)).unwrap();
    assert!(
        create()
            .finish(&frame)
            .unwrap_err()
            .to_string()
            .contains("obs/barcode")
    );
}

/// More values than one bucket of the transposition holds.
#[test]
fn a_large_matrix_by_columns_is_turned_round() {
    const N: usize = 1300;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5ad");
    let value = |row: usize, column: usize| (row * N + column) as f64;
    let graph = SparseMatrix {
        shape: [N, N],
        by_rows: false,
        indptr: (0..=N).map(|i| i * N).collect(),
        indices: (0..N * N).map(|i| (i % N) as u32).collect(),
        values: Values::F64((0..N * N).map(|i| value(i % N, i / N)).collect()),
    };
    let mut writer =
        AnnDataWriter::create(&path, &Frame::new(names("G", 1)), WriteOptions::default()).unwrap();
    writer.write_pairwise(Axis::Obs, "graph", &graph).unwrap();
    writer.finish(&Frame::new(names("C", N))).unwrap();
    let matrix = AnnData::open(&path)
        .unwrap()
        .pairwise(Axis::Obs, "graph")
        .unwrap();
    assert_eq!((matrix.storage(), matrix.stored()), (Storage::Csc, N * N));
    let mut next = 0;
    for block in matrix.blocks::<f64>(1 << 20) {
        let (range, rows) = block.unwrap();
        assert_eq!(range.start, next);
        assert!(range.len() * N * 12 <= 1 << 20);
        next = range.end;
        let expected = range.flat_map(|row| (0..N).map(move |column| value(row, column)));
        assert!(rows.to_dense().into_iter().eq(expected));
    }
    assert_eq!(next, N);
}

fn any_column(rows: usize) -> impl Strategy<Value = Column> {
    let text = prop::collection::vec("[a-zA-Zäß +_-]{0,9}", rows);
    let codes = prop::collection::vec(-1i32..3, rows);
    prop_oneof![
        prop::collection::vec(any::<i8>(), rows).prop_map(Column::from),
        prop::collection::vec(any::<u16>(), rows).prop_map(Column::from),
        prop::collection::vec(any::<i64>(), rows).prop_map(Column::from),
        prop::collection::vec(-1e30f32..1e30, rows).prop_map(Column::from),
        prop::collection::vec(any::<bool>(), rows).prop_map(Column::from),
        text.prop_map(|v| Values::Text(v).into()),
        (codes, any::<bool>()).prop_map(|(codes, ordered)| {
            Categorical::new(codes, vec!["x", "y z", ""].into(), ordered)
                .unwrap()
                .into()
        }),
        (
            prop::collection::vec(any::<bool>(), rows),
            prop::collection::vec(any::<u8>(), rows)
        )
            .prop_map(|(missing, values)| Column::Nullable {
                values: values.into(),
                missing
            }),
    ]
}

#[derive(Debug, Clone)]
struct Made {
    columns: Vec<Column>,
    n_rows: usize,
    n_cols: usize,
    values: Vec<f32>,
}

fn any_cells() -> impl Strategy<Value = Made> {
    (0usize..9, 0usize..6).prop_flat_map(|(n_rows, n_cols)| {
        let value = prop_oneof![3 => Just(0.0f32), 1 => -9.0f32..9.0];
        let values = prop::collection::vec(value, n_rows * n_cols);
        (prop::collection::vec(any_column(n_rows), 0..4), values).prop_map(
            move |(columns, values)| Made {
                columns,
                n_rows,
                n_cols,
                values,
            },
        )
    })
}

fn write_made(made: &Made, path: &Path, storage: Storage, compression: Compression) -> Frame {
    let genes = Frame::new(names("GENE", made.n_cols)).with_index_name("gene");
    let mut writer = AnnDataWriter::create(
        path,
        &genes,
        WriteOptions {
            compression,
            overwrite: true,
        },
    )
    .unwrap();
    let x = writer.add_x(storage, ElementType::F32).unwrap();
    // Row by row, and one append of nothing.
    for row in 0..made.n_rows {
        let row = &made.values[row * made.n_cols..(row + 1) * made.n_cols];
        writer
            .append(x, &RowBlock::dense(1, made.n_cols, row.to_vec()).unwrap())
            .unwrap();
    }
    writer
        .append(
            x,
            &RowBlock::<f32>::dense(0, made.n_cols, Vec::new()).unwrap(),
        )
        .unwrap();
    let mut cells = Frame::new(names("cell", made.n_rows));
    for (i, column) in made.columns.iter().enumerate() {
        cells.set(format!("column {i}"), column.clone()).unwrap();
    }
    writer.finish(&cells).unwrap();
    cells
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_cells_come_back(
        made in any_cells(),
        storage in prop::sample::select(vec![Storage::Dense, Storage::Csr]),
        compression in prop::sample::select(vec![Compression::None, Compression::Gzip(1), Compression::Lzf]),
        picks in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0), 0..6),
        bytes in 1usize..400,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5ad");
        let cells = write_made(&made, &path, storage, compression);
        let read = AnnData::open(&path).unwrap();
        prop_assert_eq!(read.frame(Axis::Obs).unwrap(), cells);
        prop_assert_eq!(read.var().index_name(), Some("gene"));
        let x = read.x().unwrap();
        prop_assert_eq!(x.shape(), [made.n_rows, made.n_cols]);

        let mut blocks = Vec::new();
        let mut next = 0;
        for block in x.blocks::<f32>(bytes) {
            let (range, rows) = block.unwrap();
            prop_assert_eq!(range.start, next);
            next = range.end;
            blocks.extend(rows.to_dense());
        }
        prop_assert_eq!(next, made.n_rows);
        prop_assert_eq!(&blocks, &made.values);

        if made.n_rows > 0 && made.n_cols > 0 {
            let rows: Vec<usize> = picks.iter().map(|p| (p.0 * made.n_rows as f64) as usize).collect();
            let mut columns: Vec<usize> = picks.iter().map(|p| (p.1 * made.n_cols as f64) as usize).collect();
            let mut seen = std::collections::HashSet::new();
            columns.retain(|c| seen.insert(*c));
            let taken = x.columns(&columns).unwrap().rows_at::<f64>(&rows).unwrap();
            let expected: Vec<f64> = rows
                .iter()
                .flat_map(|r| columns.iter().map(move |c| (r, c)))
                .map(|(r, c)| f64::from(made.values[r * made.n_cols + c]))
                .collect();
            prop_assert_eq!(taken.to_dense(), expected);
        }
    }
}
