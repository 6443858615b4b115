//! Files that anndata writes and few people have, prepared and opened with anndata again.

mod command;

use std::path::Path;

use command::{fails, folder, python, with};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

#[test]
fn what_anndata_writes_is_prepared() {
    let folder = folder();
    let place = folder.path().display().to_string();
    if !python("make_odd_files.py", &[&place]) {
        return;
    }
    let prepare = |name: &str, more: &str| {
        let [raw, output] = ["", "-prepared"].map(|end| format!("{place}/{name}{end}.h5ad"));
        let mut command = with(&["prepare", &raw, "--output", &output]);
        command.args(more.split_whitespace());
        command
    };
    for name in ["plain", "strings", "slash", "repeated_csr", "repeated_csc"] {
        prepare(name, "")
            .assert()
            .success()
            .stderr(contains("note: ").not());
    }
    prepare("names", "").assert().success().stderr(contains(
        "kept under another name: obs/pct/ as obs/pct, obs/a//b as obs/a/b, obs/./x as obs/x\n",
    ));
    prepare(
        "indices",
        "--gene-col gene_symbol --split-method given --conditions A+B",
    )
    .assert()
    .success()
    .stderr(contains(
        "kept under another name: obs/split as obs/source_split",
    ));
    prepare("raw", "--raw")
        .assert()
        .success()
        .stderr(contains("note: not taken over: X, var/mine\n"));
    let no_x = ["nox.h5ad: there is no X in it; take a layer, counts, with --layer"];
    fails(prepare("nox", ""), 1, &no_x);
    prepare("nox", "--layer counts").assert().success();
    // A number that is missing is no label.
    let missing = "--pert-col dose --control 0";
    let words = [
        "of cell \"c2\" is missing, as those of 2 of 6 cells are",
        "--drop-unlabelled",
    ];
    fails(prepare("numbers", missing), 1, &words);
    prepare("numbers", &format!("{missing} --drop-unlabelled"))
        .assert()
        .success()
        .stderr(contains("note: left out 2 cells without a label\n"));
    let labels = ["obs/split: no control cells: no label is ctrl or control; of its 6 labels"];
    fails(
        prepare("indices", "--pert-col split --overwrite"),
        1,
        &labels,
    );
    for (name, words) in [
        ("nocells", "nocells.h5ad: obs: there are no cells in it"),
        ("nogenes", "nogenes.h5ad: var: there are no genes in it"),
    ] {
        fails(prepare(name, ""), 1, &[words]);
        assert!(!Path::new(&format!("{place}/{name}-prepared.h5ad")).exists());
    }
    python("make_odd_files.py", &[&place, "check"]);
}
