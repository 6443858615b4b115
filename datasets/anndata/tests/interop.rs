//! The files of anndata are read, whatever its version, and anndata and scanpy read ours.
//!
//! The fixtures in `data` were made by six versions of anndata (`python/make_files.py`), each with what its version read in it
//! (`python/describe.py`). The rest needs a Python with anndata and scanpy, named by `RHEOME_PYTHON`.

mod description;

use std::path::{Path, PathBuf};

use description::{assert_same, describe, described_by_anndata, python};
use rheome_anndata::{
    AnnData, AnnDataError, AnnDataWriter, Annotation, Array, Axis, Column, Compression,
    MatrixReader, Part, SparseMatrix, Storage, Value, Values, WriteOptions,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn check_version(version: &str) {
    let theirs = std::fs::read(data(&format!("anndata-{version}.json"))).unwrap();
    let theirs = serde_json::from_slice(&theirs).unwrap();
    let ours = describe(&data(&format!("anndata-{version}.h5ad")));
    assert_same(&ours, &theirs, version);
}

#[test]
fn version_0_7_is_read() {
    check_version("0.7.8");
}

#[test]
fn version_0_8_is_read() {
    check_version("0.8.0");
}

#[test]
fn version_0_9_is_read() {
    check_version("0.9.2");
}

#[test]
fn version_0_10_is_read() {
    check_version("0.10.9");
}

#[test]
fn version_0_11_is_read() {
    check_version("0.11.4");
}

/// One dataset of records a table, categories in `uns`; described by 0.12, which reads all of it but the categories of `raw`.
#[test]
fn version_0_6_is_read() {
    let path = data("anndata-0.6.22.h5ad");
    let theirs = std::fs::read(data("anndata-0.6.22.json")).unwrap();
    let mut theirs: serde_json::Value = serde_json::from_slice(&theirs).unwrap();
    let mut ours = describe(&path);
    let raw = AnnData::open(&path).unwrap().raw().unwrap().unwrap();
    let Column::Categorical(kind) = raw.var.column("kind").unwrap() else {
        panic!("the categories of raw are lost");
    };
    assert_eq!(kind.names(), ["a", "b"]);
    assert_eq!(kind.codes(), [0, 1, 0, 1, 0, 1, 0]);
    for description in [&mut ours, &mut theirs] {
        description["raw"]["var"]["columns"][1] = "compared above".into();
    }
    assert_same(&ours, &theirs, "0.6.22");
}

/// Files of the installed anndata, in a folder; none where no Python is named.
fn made_by_anndata(folder: &Path) -> Option<Vec<PathBuf>> {
    python("make_files.py", &[folder])?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    Some(files)
}

fn by_name(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

#[test]
fn files_of_the_installed_anndata_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = made_by_anndata(folder.path()) else {
        return;
    };
    let described = described_by_anndata(&by_name(&files)).unwrap();
    for (path, theirs) in files.iter().zip(described) {
        assert_same(&describe(path), &theirs, &path.display().to_string());
    }
}

/// Takes a file over part by part, as it is stored.
fn copy(source: &AnnData, to: &Path) -> Result<(), AnnDataError> {
    let mut writer = AnnDataWriter::create(to, &source.frame(Axis::Var)?, WriteOptions::default())?;
    for part in [Part::X, Part::Raw, Part::Uns] {
        writer.copy(source, part)?;
    }
    for name in source.layers()? {
        writer.copy(source, Part::Layer(&name))?;
    }
    for axis in [Axis::Obs, Axis::Var] {
        for name in source.annotations(axis)? {
            writer.copy(source, Part::Annotation(axis, &name))?;
        }
        for name in source.pairwise_keys(axis)? {
            writer.copy(source, Part::Pairwise(axis, &name))?;
        }
    }
    writer.finish(&source.frame(Axis::Obs)?)
}

#[test]
fn copies_are_the_same_to_anndata() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut files) = made_by_anndata(folder.path()) else {
        return;
    };
    for version in ["0.6.22", "0.7.8", "0.8.0", "0.11.4"] {
        files.push(data(&format!("anndata-{version}.h5ad")));
    }
    let to = tempfile::tempdir().unwrap();
    let copied: Vec<PathBuf> = files
        .iter()
        .map(|path| to.path().join(path.file_name().unwrap()))
        .collect();
    for (from, to) in files.iter().zip(&copied) {
        copy(&AnnData::open(from).unwrap(), to).unwrap_or_else(|e| panic!("{e}"));
    }
    let sources = described_by_anndata(&by_name(&files)).unwrap();
    let copies = described_by_anndata(&by_name(&copied)).unwrap();
    for ((path, mut source), copy) in files.iter().zip(sources).zip(copies) {
        if path.ends_with("anndata-0.6.22.h5ad") {
            // Repaired in the copy: anndata itself reads codes there.
            source["raw"]["var"]["columns"][1] = copy["raw"]["var"]["columns"][1].clone();
            // The matrix comes out of a dataset of records, as this crate reads them.
            source["varm"]["PCs"] = copy["varm"]["PCs"].clone();
        }
        assert_same(&copy, &source, &path.display().to_string());
    }
}

/// A matrix as it is in memory once it was read by rows.
fn sparse(matrix: &MatrixReader) -> SparseMatrix {
    let rows = matrix.rows::<f64>(0..matrix.n_rows()).unwrap();
    let (indptr, indices, values) = rows.into_sparse();
    SparseMatrix {
        shape: matrix.shape(),
        by_rows: true,
        indptr,
        indices,
        values: Values::F64(values),
    }
}

/// Reads all of a file and writes all that was read, matrices in blocks of a few rows.
fn rewrite(source: &AnnData, to: &Path, compression: Compression) -> Result<(), AnnDataError> {
    let options = WriteOptions {
        compression,
        overwrite: false,
    };
    let mut writer = AnnDataWriter::create(to, &source.frame(Axis::Var)?, options)?;
    let layers = source.layers()?.into_iter().map(Some);
    for name in layers.chain(source.has_x().then_some(None)) {
        let matrix = match &name {
            Some(layer) => source.layer(layer)?,
            None => source.x()?,
        };
        let storage = match matrix.storage() {
            Storage::Csc => Storage::Csr,
            other => other,
        };
        let id = match &name {
            Some(layer) => writer.add_layer(layer, storage, matrix.element())?,
            None => writer.add_x(storage, matrix.element())?,
        };
        for block in matrix.blocks::<f64>(200) {
            writer.append(id, &block?.1)?;
        }
    }
    for axis in [Axis::Obs, Axis::Var] {
        for name in source.annotations(axis)? {
            if let Annotation::Matrix(matrix) = source.annotation(axis, &name)? {
                let values = matrix.rows::<f64>(0..matrix.n_rows())?.to_dense();
                let (shape, values) = (matrix.shape().to_vec(), values.into());
                writer.write_annotation(axis, &name, &Array { shape, values })?;
            }
        }
        for name in source.pairwise_keys(axis)? {
            writer.write_pairwise(axis, &name, &sparse(&source.pairwise(axis, &name)?))?;
        }
    }
    if let Value::Dict(members) = source.uns()? {
        for (name, value) in members
            .iter()
            .filter(|(_, v)| !matches!(v, Value::Records(_)))
        {
            writer.write_uns(name, value)?;
        }
    }
    writer.finish(&source.frame(Axis::Obs)?)
}

/// What [`rewrite`] changes: CSC becomes CSR, pairs sparse, numbers of annotations float64; records and frames are left out.
fn as_rewritten(description: &mut serde_json::Value) {
    let all = description.as_object_mut().unwrap();
    let csc = |matrix: &mut serde_json::Value| {
        if matrix["storage"] == "csc" {
            matrix["storage"] = "csr".into();
        }
    };
    csc(&mut all["X"]);
    all["layers"]
        .as_object_mut()
        .unwrap()
        .values_mut()
        .for_each(csc);
    for (group, storage) in [
        ("obsm", "dense"),
        ("varm", "dense"),
        ("obsp", "csr"),
        ("varp", "csr"),
    ] {
        let members = all[group].as_object_mut().unwrap();
        members.retain(|_, value| value.get("columns").is_none());
        for member in members.values_mut() {
            member["dtype"] = "float64".into();
            member["storage"] = storage.into();
        }
    }
    let uns = all["uns"]["dict"].as_object_mut().unwrap();
    uns.retain(|_, value| value.get("records").is_none());
    all.remove("raw");
}

#[test]
fn what_we_write_is_what_anndata_reads() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = made_by_anndata(folder.path()) else {
        return;
    };
    let to = tempfile::tempdir().unwrap();
    let compressions = [Compression::None, Compression::Gzip(4), Compression::Lzf];
    let mut written = Vec::new();
    // Matrices of truth values are read, not written.
    let files: Vec<PathBuf> = files
        .into_iter()
        .filter(|path| !path.ends_with("truth.h5ad"))
        .collect();
    for (path, compression) in files.iter().zip(compressions.iter().cycle()) {
        let place = to.path().join(path.file_name().unwrap());
        rewrite(&AnnData::open(path).unwrap(), &place, *compression)
            .unwrap_or_else(|e| panic!("{e}"));
        written.push(place);
    }
    let sources = described_by_anndata(&by_name(&files)).unwrap();
    let ours = described_by_anndata(&by_name(&written)).unwrap();
    for ((path, mut source), mut ours) in written.iter().zip(sources).zip(ours) {
        as_rewritten(&mut source);
        as_rewritten(&mut ours);
        assert_same(&ours, &source, &path.display().to_string());
    }
}

/// Real cells: 700 of 68 thousand blood cells, which scanpy ships in the layout from before anndata 0.7.
#[test]
fn real_cells_go_through_scanpy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pbmc68k_reduced.h5ad");
    if python("real_cells.py", &[Path::new("ship"), &path]).is_none() {
        return;
    }
    let source = AnnData::open(&path).unwrap();
    assert_eq!((source.n_obs(), source.n_vars()), (700, 765));
    let mut ours = describe(&path);
    let mut theirs = described_by_anndata(&[&path]).unwrap().remove(0);
    // What anndata itself changes when it reads such a file: graphs move out of `uns`, arrays of one element become scalars.
    for description in [&mut ours, &mut theirs] {
        description["obsp"].take();
        description["uns"]["dict"]["neighbors"].take();
    }
    // A dataset of records has its numbers read as float64.
    for (group, name) in [("obsm", "X_pca"), ("obsm", "X_umap"), ("varm", "PCs")] {
        theirs[group][name]["dtype"] = "float64".into();
    }
    assert_same(&ours, &theirs, "pbmc68k_reduced");

    let copied = folder.path().join("copied.h5ad");
    copy(&source, &copied).unwrap_or_else(|e| panic!("{e}"));
    python("real_cells.py", &[Path::new("check"), &copied]);
}
