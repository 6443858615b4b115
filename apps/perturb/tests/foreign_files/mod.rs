//! Small files with names of their own.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::path::Path;

use assert_cmd::Command;
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Column, ElementType, Frame, Part, RowBlock, Storage, Values,
    WriteOptions,
};
use tempfile::TempDir;

use crate::command::with;

/// Columns of a table, each with a text a row.
pub type Columns<'a> = [(&'a str, &'a str)];

/// A file of the genes `names` (words, as all tables here), and a cell for every word of the first column of `obs`.
pub fn write(path: &str, names: &str, var: &Columns, obs: &Columns) {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let table = |names: Vec<String>, columns: &Columns| {
        let mut table = Frame::new(Values::Text(names));
        for (name, values) in columns {
            table.set(*name, Column::from(words(values))).unwrap();
        }
        table
    };
    let genes = words(names);
    let count = genes.len();
    let mut writer =
        AnnDataWriter::create(path, &table(genes, var), WriteOptions::default()).unwrap();
    let x = writer.add_x(Storage::Dense, ElementType::F32).unwrap();
    let cells = words(obs[0].1).len();
    for cell in 0..cells {
        let row = (0..count).map(|gene| (1 + (cell * 7 + gene * 3) % 5) as f32);
        let row = RowBlock::dense(1, count, row.collect()).unwrap();
        writer.append(x, &row).unwrap();
    }
    let names = (0..cells).map(|cell| format!("AAAC-{cell}")).collect();
    writer.finish(&table(names, obs)).unwrap();
}

/// Such a file, and `prepare` of it with more options.
pub fn foreign(
    folder: &TempDir,
    names: &str,
    var: &Columns,
    obs: &Columns,
) -> (String, impl Fn(&str) -> Command + use<>) {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, data) = (path("raw.h5ad"), path("data.h5ad"));
    write(&raw, names, var, obs);
    let output = data.clone();
    let prepare = move |more: &str| {
        let mut command = with(&["prepare", &raw, "--output", &output, "--overwrite"]);
        command.args(more.split_whitespace());
        command
    };
    (data, prepare)
}

/// A copy of a prepared file whose cells are called otherwise, as is done in Python: all else is kept, of the genes those at `genes`.
pub fn relabelled(data: &str, to: &Path, labels: &str, genes: &[usize]) {
    let source = AnnData::open(data).unwrap();
    let var = source.frame(Axis::Var).unwrap().at(genes);
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let mut writer = AnnDataWriter::create(to, &var, options).unwrap();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    let values = source.x().unwrap().columns(genes).unwrap();
    let rows: Vec<usize> = (0..source.n_obs()).collect();
    writer
        .append(x, &values.rows_at::<f32>(&rows).unwrap())
        .unwrap();
    for name in source.uns_keys().unwrap() {
        writer.copy(&source, Part::UnsMember(&name)).unwrap();
    }
    let mut obs = source.frame(Axis::Obs).unwrap();
    let labels: Vec<&str> = labels.split(' ').collect();
    obs.set("perturbation", Column::from(labels)).unwrap();
    writer.finish(&obs).unwrap();
}

/// The texts of a column.
pub fn texts(cells: &AnnData, column: &str) -> Vec<String> {
    let column = cells.obs().column(column).unwrap();
    (0..column.len())
        .map(|row| column.text(row).unwrap())
        .collect()
}
