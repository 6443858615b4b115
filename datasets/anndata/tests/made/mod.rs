//! A small file with something of everything.

use std::path::Path;

use rheome_anndata::{
    AnnDataWriter, Array, Axis, Categorical, Column, Compression, ElementType, Frame, RowBlock,
    SparseMatrix, Storage, Value, Values, WriteOptions,
};

pub const CELLS: usize = 6;
pub const GENES: usize = 4;

pub fn names(prefix: &str, count: usize) -> Values {
    Values::Text((0..count).map(|i| format!("{prefix}{i}")).collect())
}

pub fn obs() -> Frame {
    let mut obs = Frame::new(names("cell", CELLS));
    let condition = Categorical::new(
        vec![0, 1, -1, 2, 1, 0],
        vec!["ctrl", "A", "A+B"].into(),
        false,
    );
    obs.set("condition", condition.unwrap()).unwrap();
    obs.set("n_counts", (0..CELLS).map(|i| i as f32).collect::<Vec<_>>())
        .unwrap();
    let nullable = Column::Nullable {
        values: vec![1i64, 2, 3, 4, 5, 6].into(),
        missing: vec![false, true, false, false, false, false],
    };
    obs.set("passage", nullable).unwrap();
    obs
}

/// Rows that are mostly zero.
pub fn rows() -> RowBlock<f32> {
    let values = (0..CELLS * GENES).map(|i| if i % 3 == 0 { i as f32 } else { 0.0 });
    RowBlock::dense(CELLS, GENES, values.collect()).unwrap()
}

pub fn graph(by_rows: bool) -> SparseMatrix {
    SparseMatrix {
        shape: [CELLS, CELLS],
        by_rows,
        indptr: vec![0, 2, 2, 3, 3, 3, 5],
        indices: vec![1, 5, 0, 2, 3],
        values: vec![1.0f32, 2.0, 3.0, 4.0, 5.0].into(),
    }
}

pub fn write(path: &Path, storage: Storage, compression: Compression) {
    let options = WriteOptions {
        compression,
        overwrite: true,
    };
    let genes = Frame::new(names("GENE", GENES));
    let mut writer = AnnDataWriter::create(path, &genes, options).unwrap();
    let x = writer.add_x(storage, ElementType::F32).unwrap();
    writer.append(x, &rows()).unwrap();
    let counts = writer
        .add_layer("counts", storage, ElementType::I64)
        .unwrap();
    writer.append(counts, &rows()).unwrap();
    let pca = Array {
        shape: vec![CELLS, 2],
        values: vec![0.5f64; 2 * CELLS].into(),
    };
    writer.write_annotation(Axis::Obs, "X_pca", &pca).unwrap();
    writer
        .write_pairwise(Axis::Obs, "by_rows", &graph(true))
        .unwrap();
    writer
        .write_pairwise(Axis::Obs, "by_columns", &graph(false))
        .unwrap();
    let params = Value::Dict(vec![
        ("method".into(), "umap".into()),
        ("k".into(), 15i64.into()),
    ]);
    writer
        .write_uns("neighbors", &Value::Dict(vec![("params".into(), params)]))
        .unwrap();
    writer.finish(&obs()).unwrap();
}
