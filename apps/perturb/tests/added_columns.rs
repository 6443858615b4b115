//! Columns that people add to prepared cells with anndata, under names that are ours or that only HDF5 understands: they are kept, and
//! told where they are called otherwise.

mod command;
mod foreign_files;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, python, with};
use foreign_files::foreign;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_testing::with_short_files;
use screen::briefly;
use tempfile::TempDir;

const FIXTURE: &str = "tests/fixtures/cell_eval";

/// A prepared file of four cells and three genes in a folder, and `change`, which writes a copy of it as anndata makes it.
struct Prepared {
    folder: TempDir,
    data: String,
}

impl Prepared {
    fn new() -> Self {
        let folder = folder();
        let obs = [("condition", "ctrl A B A+B")];
        let (data, prepare) = foreign(&folder, "A B G", &[], &obs);
        prepare("").assert().success();
        Self { folder, data }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The path of a changed copy; none where there is no Python.
    fn change(&self, name: &str, code: &str) -> Option<String> {
        let path = self.path(name);
        python("change_cells.py", &[&self.data, &path, code]).then_some(path)
    }
}

fn look(path: &str, code: &str) {
    python("change_cells.py", &[path, "-", code]);
}

fn split(data: &str, output: &str) -> assert_cmd::Command {
    let given = ["--split-method", "given", "--conditions", "A+B"];
    with(
        &[
            &["split", data, "--output", output, "--overwrite"],
            &given[..],
        ]
        .concat(),
    )
}

#[test]
fn a_split_keeps_what_was_added() {
    let prepared = Prepared::new();
    let output = prepared.path("split.h5ad");
    let parts = "assert list(data.obs['split']) == ['train'] * 3 + ['test'], data.obs; ";
    for (name, added, told, kept) in [
        (
            "within",
            "data.obs['split/a'] = list('wxyz'); data.var['pct/'], data.var['a//b'] = 1.5, 2.5",
            "obs/split/a as obs/source_split_a, var/pct/ as var/pct, var/a//b as var/a/b\n",
            "assert list(data.obs['source_split_a']) == list('wxyz'); assert data.var['pct'].iloc[0] == 1.5; \
             assert data.var['a/b'].iloc[0] == 2.5",
        ),
        (
            "dotted",
            "data.obs['./split'] = list('wxyz')",
            "obs/./split as obs/source_split\n",
            "assert list(data.obs['source_split']) == list('wxyz')",
        ),
        (
            "other",
            "data.obs['split'] = list('wxyz')",
            "obs/split as obs/source_split\n",
            "assert list(data.obs['source_split']) == list('wxyz')",
        ),
        (
            "index",
            "data.obs.index.name = 'split'",
            "obs/split as obs/source_split\n",
            "assert data.obs.index.name == 'source_split'",
        ),
    ] {
        let Some(data) = prepared.change(&format!("{name}.h5ad"), added) else {
            return;
        };
        let words = format!("note: kept under another name: {told}");
        split(&data, &output)
            .assert()
            .success()
            .stderr(contains(words));
        look(&output, &format!("{parts}{kept}"));
        // What is a split gives way to the next one; what was kept stays as it is.
        let again = prepared.path("again.h5ad");
        let none = contains("another name").not();
        split(&output, &again).assert().success().stderr(none);
        look(&again, &format!("{parts}{kept}"));
        briefly(Path::new(&again), Path::new(&prepared.path(name)), &[])
            .assert()
            .success();
    }
}

/// A column that is renamed twice is told once.
#[test]
fn a_preparation_tells_the_names_that_the_file_has() {
    let prepared = Prepared::new();
    let [raw, changed] = ["raw.h5ad", "changed.h5ad"].map(|name| prepared.path(name));
    let code = "data.obs['split/'], data.obs['pct/'] = list('wxyz'), 1.5";
    if !python("change_cells.py", &[&raw, &changed, code]) {
        return;
    }
    let output = prepared.path("prepared.h5ad");
    with(&["prepare", &changed, "--output", &output])
        .assert()
        .success()
        .stderr(contains(
            "note: kept under another name: obs/split/ as obs/source_split, obs/pct/ as obs/pct\n",
        ));
    look(
        &output,
        "assert list(data.obs['source_split']) == list('wxyz')",
    );
}

#[test]
fn a_prediction_has_what_was_added() {
    let prepared = Prepared::new();
    let Some(data) = prepared.change("added.h5ad", "data.var['pct/'] = [1.5, 2.5, 3.5]") else {
        return;
    };
    let [run, output] = ["run", "out.h5ad"].map(|name| prepared.path(name));
    briefly(Path::new(&data), Path::new(&run), &[])
        .assert()
        .success();
    let mut predict = with(&[
        "predict", "--device", "flex", "--model", &run, "--data", &data,
    ]);
    predict.args([
        "--perturbations",
        "A+B",
        "--cells",
        "2",
        "--all-genes",
        "--output",
        &output,
    ]);
    predict.assert().success().stderr(contains(
        "note: kept under another name: var/pct/ as var/pct\n",
    ));
    look(&output, "assert list(data.var['pct']) == [1.5, 2.5, 3.5]");
}

/// Both files of the pair are there, or those that were there before.
#[test]
fn the_pair_for_cell_eval_has_what_was_added() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [scores, pair, real] = ["scores", "pair", "real.h5ad"].map(path);
    let fixture = |name: &str| format!("{FIXTURE}/{name}.h5ad");
    let measured = command::root().join(fixture("real")).display().to_string();
    let code = "data.var['pct/'] = 1.5";
    if !python("change_cells.py", &[&measured, &real, code]) {
        return;
    }
    let pred = fixture("pred");
    let evaluate = |real: &str| {
        let mut command = with(&["evaluate", "--pred", &pred, "--real", real, "--overwrite"]);
        command.args(["--output", &scores, "--cell-eval", &pair]);
        command
    };
    let told = "note: kept under another name: var/pct/ as var/pct\n";
    evaluate(&real).assert().success().stderr(contains(told));
    let file = |name: &str| Path::new(&pair).join(name);
    let [pred_file, real_file] = ["pred.h5ad", "real.h5ad"].map(file);
    look(
        &real_file.display().to_string(),
        "assert (data.var['pct'] == 1.5).all()",
    );
    // What cannot be written whole replaces nothing.
    let before = [&pred_file, &real_file].map(|path| fs::read(path).unwrap());
    let table = fs::read(Path::new(&scores).join("results.csv")).unwrap();
    let whole = before[1].len() as u64 / 1024;
    for kib in [4, whole / 2, whole * 3 / 4] {
        let mut command = evaluate(&fixture("real"));
        command.arg("-q");
        fails(with_short_files(&command, kib), 1, &["pair/", ".h5ad"]);
        for (path, before) in [&pred_file, &real_file].into_iter().zip(&before) {
            assert!(fs::read(path).unwrap() == *before, "{}", path.display());
        }
    }
    assert!(fs::read(Path::new(&scores).join("results.csv")).unwrap() == table);
}
