//! Raw files made ready for training from the command line: `prepare` and `split`.

mod command;

use std::fs;

use command::{fails, folder, python, with};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_anndata::{
    AnnData, AnnDataWriter, Column, ElementType, Frame, RowBlock, Storage, Values, WriteOptions,
};
use tempfile::TempDir;

/// A small screen as it is measured.
fn raw(folder: &TempDir) -> String {
    let path = folder.path().join("raw.h5ad").display().to_string();
    let config = "configs/perturb/small-screen.toml";
    let few = [
        "--set",
        "cells.control=60",
        "--set",
        "cells.per_single=10",
        "--set",
        "cells.per_pair=8",
    ];
    with(
        &[
            &["generate", "--config", config, "--output", &path, "-q"][..],
            &few,
        ]
        .concat(),
    )
    .assert()
    .success();
    path
}

/// Cells of these labels and 4 genes with other names than one might expect.
fn foreign(path: &str, labels: &[&str], values: [f32; 4]) {
    let genes = Values::Text(["FOXA1", "KLF1", "CEBPA", "ACTB"].map(String::from).into());
    let mut var = Frame::new(Values::Text((0..4).map(|i| format!("ENSG{i}")).collect()));
    var.set("symbol", genes).unwrap();
    let mut writer = AnnDataWriter::create(path, &var, WriteOptions::default()).unwrap();
    let x = writer.add_x(Storage::Dense, ElementType::F32).unwrap();
    for cell in 0..labels.len() {
        let row = values
            .iter()
            .map(|value| value * (1 + cell % 3) as f32)
            .collect();
        writer
            .append(x, &RowBlock::dense(1, 4, row).unwrap())
            .unwrap();
    }
    let names = (0..labels.len()).map(|i| format!("AAAC-{i}")).collect();
    let mut obs = Frame::new(Values::Text(names));
    obs.set("guide_identity", Column::from(labels.to_vec()))
        .unwrap();
    writer.finish(&obs).unwrap();
}

#[test]
fn a_raw_file_is_prepared_and_split_in_one_go() {
    let folder = folder();
    let raw = raw(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, log) = (path("data.h5ad"), path("log.jsonl"));
    let more = [
        "--genes",
        "50",
        "--evaluated-genes",
        "20",
        "--split-method",
        "additive",
    ];
    with(
        &[
            &["prepare", &raw, "--output", &data, "--log-json", &log][..],
            &more,
        ]
        .concat(),
    )
    .assert()
    .success()
    .stdout(
        contains("292 cells, ")
            .and(contains(" of 200 genes"))
            .and(contains(
                "12 perturbations alone, 14 combinations, 60 control cells",
            ))
            .and(contains(
                "split additive, fold 0: 4 conditions held out, 32 cells",
            )),
    );
    let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(&log).unwrap()).unwrap();
    let genes = line["genes"].as_u64().unwrap();
    assert!(
        (50..=62).contains(&genes),
        "50 and the perturbed ones: {genes}"
    );
    with(&["info", &data]).assert().success().stdout(
        contains("protocol: strict")
            .and(contains("method: additive"))
            .and(contains("perturbation, split")),
    );
    // The same command gives the same file.
    let again = path("again.h5ad");
    with(&[&["prepare", &raw, "--output", &again, "-q"][..], &more].concat())
        .assert()
        .success()
        .stdout("");
    assert_eq!(fs::read(&data).unwrap(), fs::read(&again).unwrap());
    python("check_data.py", &["prepared", &raw, &data]);
}

#[test]
fn a_prepared_file_is_not_prepared_again() {
    let folder = folder();
    let raw = raw(&folder);
    let data = folder.path().join("data.h5ad").display().to_string();
    let prepare = |input: &str, output: &str, more: &[&str]| {
        let mut command = with(&["prepare", input, "--output", output, "-q"]);
        command.args(more);
        command
    };
    prepare(&raw, &data, &[]).assert().success();
    let before = fs::read(&data).unwrap();
    let twice = folder.path().join("twice.h5ad").display().to_string();
    fails(
        prepare(&data, &twice, &[]),
        1,
        &["data.h5ad: was prepared already", "perturb split"],
    );
    fails(
        prepare(&raw, &data, &[]),
        1,
        &["data.h5ad: exists already", "--overwrite"],
    );
    fails(
        prepare(&raw, &raw, &["--overwrite"]),
        1,
        &["--output", "the raw file itself"],
    );
    assert_eq!(fs::read(&data).unwrap(), before);
    prepare(&raw, &data, &["--overwrite"]).assert().success();
    assert_eq!(
        fs::read(&data).unwrap(),
        before,
        "the same file, in the end"
    );
    fails(
        prepare(&raw, &twice, &["--input", "logarithms"]),
        1,
        &["raw.h5ad:X", "--input counts"],
    );
}

#[test]
fn files_with_other_names_are_asked_for_them_one_by_one() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, data) = (path("raw.h5ad"), path("data.h5ad"));
    let labels = [
        "NT_1",
        "NT_1",
        "FOXA1",
        "KLF1",
        "FOXA1+KLF1",
        "CEPBA",
        "KLF1",
    ];
    foreign(&raw, &labels, [1.0, 2.0, 0.0, 9.0]);
    let prepare = |more: &[&str]| {
        let mut command = with(&["prepare", &raw, "--output", &data]);
        command.args(more);
        command
    };
    fails(
        prepare(&[]),
        1,
        &[
            "raw.h5ad: no column \"condition\" in obs; the only one is \"guide_identity\"; name another with --pert-col",
        ],
    );
    let col = ["--pert-col", "guide_identity"];
    fails(
        prepare(&col),
        1,
        &["no label is ctrl or control", "\"NT_1\"", "--control"],
    );
    let col = [&col[..], &["--control", "nt_1"]].concat();
    fails(
        prepare(&[&col[..], &["--layer", "counts"]].concat()),
        1,
        &["no layer \"counts\"", "--layer"],
    );
    fails(
        prepare(&[&col[..], &["--raw"]].concat()),
        1,
        &["raw.h5ad: there is no raw in it"],
    );
    fails(
        prepare(&[&col[..], &["--gene-col", "symbols"]].concat()),
        1,
        &["no column \"symbols\" in var; the only one is \"symbol\"; name another with --gene-col"],
    );
    fails(
        prepare(&[&col[..], &["--genes", "0"]].concat()),
        1,
        &["--genes: found 0, expected 1 or more"],
    );
    fails(
        prepare(&[&col[..], &["--split-method", "additive", "--share", "1.5"]].concat()),
        1,
        &["--share: found 1.5, expected a number between 0 and 1"],
    );
    fails(
        prepare(
            &[
                &col[..],
                &["--split-method", "given", "--conditions", "KLF1+FOXA2"],
            ]
            .concat(),
        ),
        1,
        &["--conditions: found \"KLF1+FOXA2\"", "FOXA1+KLF1"],
    );
    fails(
        prepare(&[&col[..], &["--conditions", "KLF1"]].concat()),
        1,
        &["add --split-method"],
    );
    // Without the symbols no perturbed gene is found; with them only the misspelt one is not.
    prepare(&col).assert().success().stderr(
        contains("none of the 3 names in the conditions is a measured gene")
            .and(contains("--gene-col")),
    );
    let symbols = [&col[..], &["--gene-col", "symbol", "--overwrite"]].concat();
    prepare(&symbols).assert().success().stderr(contains(
        "1 of the 3 perturbed genes were not measured: CEPBA (did you mean CEBPA?)",
    ));
    let genes = AnnData::open(&data).unwrap().var().names().unwrap();
    assert!(genes.contains(&"FOXA1".to_owned()) && genes.contains(&"KLF1".to_owned()));
}

#[test]
fn values_that_are_no_counts_are_named() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, data) = (path("raw.h5ad"), path("data.h5ad"));
    let told = |values: [f32; 4], input: &str, words: &[&str]| {
        foreign(&raw, &["ctrl", "KLF1"], values);
        let common = [
            "prepare",
            &raw,
            "--output",
            &data,
            "--pert-col",
            "guide_identity",
        ];
        fails(with(&[&common[..], &["--input", input]].concat()), 1, words);
        fs::remove_file(&raw).unwrap();
    };
    told(
        [1.0, 0.5, 0.0, 2.0],
        "counts",
        &[
            "0.5 for gene \"ENSG1\" of cell \"AAAC-0\"",
            "--layer",
            "--input logarithms",
        ],
    );
    told(
        [1.0, -2.0, 0.0, 2.0],
        "logarithms",
        &["-2 for gene \"ENSG1\"", "centred or scaled", "--raw"],
    );
    told(
        [f32::NAN, 1.0, 1.0, 1.0],
        "counts",
        &["NaN for gene \"ENSG0\""],
    );
    assert!(!folder.path().join("data.h5ad").exists());
}

#[test]
fn a_prepared_file_is_split_by_every_method() {
    let folder = folder();
    let raw = raw(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, other) = (path("data.h5ad"), path("other.h5ad"));
    with(&["prepare", &raw, "--output", &data, "-q"])
        .assert()
        .success();
    let before = fs::read(&data).unwrap();
    let split = |more: &[&str]| {
        let mut command = with(&["split", &data]);
        command.args(more);
        command
    };
    split(&["--method", "unseen", "--fold", "3", "--output", &other])
        .assert()
        .success()
        .stdout(contains("split unseen, fold 3:").and(contains("held out: REG")))
        .stderr(contains("perturb prepare --split-method unseen").and(contains("other.h5ad")));
    assert_eq!(
        fs::read(&data).unwrap(),
        before,
        "the output is another file"
    );
    fails(
        split(&["--output", &other]),
        1,
        &["other.h5ad: exists already"],
    );
    // Without an output the file itself is replaced.
    for (method, expected) in [
        ("combinations", "split combinations"),
        ("additive", "split additive"),
    ] {
        split(&["--method", method])
            .assert()
            .success()
            .stdout(contains(expected));
        with(&["info", &data])
            .assert()
            .success()
            .stdout(contains(format!("method: {method}")));
    }
    split(&["--method", "given", "--conditions", "REG001,control+REG002"])
        .assert()
        .success()
        .stdout(
            contains("2 conditions held out, 20 cells").and(contains("held out: REG001, REG002")),
        );
    let now = fs::read(&data).unwrap();
    fails(
        split(&["--method", "given", "--conditions", "REG01"]),
        1,
        &["--conditions: found \"REG01\"", "REG001"],
    );
    fails(split(&["--method", "combosciplex"]), 1, &["Panobinostat"]);
    fails(split(&["--share", "0"]), 1, &["--share: found 0"]);
    fails(
        with(&["split", &raw]),
        1,
        &["raw.h5ad: was not prepared", "perturb prepare"],
    );
    assert_eq!(fs::read(&data).unwrap(), now, "what fails changes nothing");
    python("check_data.py", &["split", &data]);
}

/// 700 real cells that scanpy ships, whose X is scaled and whose raw holds logarithms.
#[test]
fn real_cells_are_prepared() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, data) = (path("pbmc68k.h5ad"), path("data.h5ad"));
    if !python("check_data.py", &["ship", &raw]) {
        return;
    }
    let common = [
        "prepare",
        &raw,
        "--output",
        &data,
        "--genes",
        "120",
        "--weak-separator",
        "",
    ];
    let labels = ["--pert-col", "louvain", "--control", "0"];
    let common = [&common[..], &labels].concat();
    fails(with(&common), 1, &["expected counts", "--raw"]);
    let logarithms = [&common[..], &["--input", "logarithms"]].concat();
    fails(with(&logarithms), 1, &["centred or scaled", "--raw"]);
    with(&[&logarithms[..], &["--raw"]].concat())
        .assert()
        .success()
        .stdout(contains("700 cells, 120 of 765 genes").and(contains("10 perturbations alone")));
    python("check_data.py", &["shipped", &data]);
}
