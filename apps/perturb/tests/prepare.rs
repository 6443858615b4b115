//! Raw files made ready for training from the command line: `prepare` and `split`.

mod command;

use std::fs;

use assert_cmd::Command;
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

/// What a prepared file has no place for is told.
#[test]
fn what_is_not_taken_over_is_listed() {
    let folder = folder();
    let raw = raw(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let log = path("log.jsonl");
    with(&["prepare", &raw, "--output", &path("a.h5ad")])
        .args(["--log-json", &log])
        .assert()
        .success()
        .stderr(contains(
            "note: not taken over: varm/delta, varm/steady_state, varp/regulation, uns/",
        ));
    let told: serde_json::Value =
        serde_json::from_str(fs::read_to_string(&log).unwrap().lines().last().unwrap()).unwrap();
    let left_out: Vec<&str> = told["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let prepared = AnnData::open(path("a.h5ad")).unwrap();
    assert!(left_out.contains(&"uns/truth"), "{left_out:?}");
    assert!(prepared.uns_at("truth").is_err());
    // Cells as they were measured, with nothing besides, lose nothing.
    let foreign_path = path("foreign.h5ad");
    foreign(
        &foreign_path,
        &["KLF1", "ctrl", "ctrl"],
        [1.0, 2.0, 3.0, 4.0],
    );
    with(&["prepare", &foreign_path, "--output", &path("b.h5ad")])
        .args(["--pert-col", "guide_identity", "--gene-col", "symbol"])
        .assert()
        .success()
        .stderr(contains("not taken over").not());
}

/// What the help says of the seed is one thing, and true.
#[test]
fn the_help_names_one_default_of_the_seed() {
    for verb in ["prepare", "split"] {
        with(&[verb, "--help"])
            .assert()
            .success()
            .stdout(contains("1234").not())
            .stdout(contains("Default: 42"));
    }
    assert_eq!(rheome_cells::SplitSettings::default().seed, 42);
}

#[test]
fn a_raw_file_is_prepared_and_split_in_one_go() {
    let folder = folder();
    let raw = raw(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, log) = (path("data.h5ad"), path("log.jsonl"));
    let prepare = |output: &str| {
        let mut command = with(&["prepare", &raw, "--output", output]);
        let genes = "--genes 50 --evaluated-genes 20 --split-method additive";
        command.args(genes.split(' '));
        command
    };
    let conditions = "12 perturbations alone, 14 combinations, 60 control cells";
    let split = "split additive, fold 0: 4 conditions held out, 32 cells";
    prepare(&data)
        .args(["--log-json", &log])
        .assert()
        .success()
        .stdout(
            contains("292 cells, ")
                .and(contains(" of 200 genes"))
                .and(contains(conditions))
                .and(contains(split)),
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
    prepare(&again).arg("-q").assert().success().stdout("");
    assert_eq!(fs::read(&data).unwrap(), fs::read(&again).unwrap());
    python("check_data.py", &["prepared", &raw, &data]);
}

#[test]
fn the_genes_of_seurat_v3_are_those_of_scanpy() {
    let folder = folder();
    let raw = raw(&folder);
    let data = folder.path().join("data.h5ad").display().to_string();
    let prepare = |more: &str| {
        let mut command = with(&["prepare", &raw, "--output", &data, "-q"]);
        command.args(more.split(' '));
        command
    };
    let logarithms = "--flavor seurat_v3 --input logarithms";
    fails(
        prepare(logarithms),
        1,
        &["--flavor: found seurat_v3", "counts"],
    );
    prepare("--flavor seurat_v3 --genes 50 --split-method additive")
        .assert()
        .success();
    with(&["info", &data])
        .assert()
        .success()
        .stdout(contains("flavor: seurat_v3"));
    python("check_data.py", &["trend", &raw, &data]);
}

/// As scDFM was published, all cells choose the genes: another split is no leak there, and a leak for the strict protocol.
#[test]
fn the_protocol_is_kept_with_the_cells() {
    let folder = folder();
    let raw = raw(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (protocol, leaks) in [("strict", true), ("paper", false)] {
        let data = path(protocol);
        let mut prepare = with(&["prepare", &raw, "--output", &data, "-q"]);
        prepare.args(["--protocol", protocol]).assert().success();
        let split = with(&["split", &data, "--fold", "1", "--overwrite"])
            .output()
            .unwrap();
        let told = String::from_utf8(split.stderr).unwrap();
        assert_eq!(
            told.contains("cells that are held out now"),
            leaks,
            "{told}"
        );
        let told = format!("protocol: {protocol}");
        with(&["info", &data])
            .assert()
            .success()
            .stdout(contains(told));
    }
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

/// A screen whose labels, genes and columns are called otherwise, and what `prepare` does with it and more options.
fn prepare_foreign(folder: &TempDir) -> impl Fn(&str) -> Command {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, data) = (path("raw.h5ad"), path("data.h5ad"));
    let labels = "NT_1 NT_1 FOXA1 KLF1 FOXA1+KLF1 CEPBA KLF1";
    let labels: Vec<&str> = labels.split(' ').collect();
    foreign(&raw, &labels, [1.0, 2.0, 0.0, 9.0]);
    move |more: &str| {
        let mut command = with(&["prepare", &raw, "--output", &data]);
        command.args(more.split_whitespace());
        command
    }
}

#[test]
fn files_with_other_names_are_asked_for_them_one_by_one() {
    let folder = folder();
    let prepare = prepare_foreign(&folder);
    let refused = |more: &str, words: &[&str]| fails(prepare(more), 1, words);
    let column = "no column \"condition\" in obs; the only one is \"guide_identity\"; name another with --pert-col";
    refused("", &["raw.h5ad: ", column]);
    let control = ["no label is ctrl or control", "\"NT_1\"", "--control"];
    refused("--pert-col guide_identity", &control);
    let named = "--pert-col guide_identity --control nt_1";
    let more = |options: &str| format!("{named} {options}");
    refused(&more("--layer counts"), &["no layer \"counts\"", "--layer"]);
    refused(&more("--raw"), &["raw.h5ad: there is no raw in it"]);
    let symbol =
        "no column \"symbols\" in var; the only one is \"symbol\"; name another with --gene-col";
    refused(&more("--gene-col symbols"), &[symbol]);
    // Without the symbols no perturbed gene is found; with them only the misspelt one is not.
    let none = "none of the 3 names in the conditions is a measured gene";
    prepare(named)
        .assert()
        .success()
        .stderr(contains(none).and(contains("--gene-col")));
    let one = "1 of the 3 perturbed genes were not measured: CEPBA (did you mean CEBPA?)";
    prepare(&more("--gene-col symbol --overwrite"))
        .assert()
        .success()
        .stderr(contains(one));
    let data = AnnData::open(folder.path().join("data.h5ad")).unwrap();
    let genes = data.var().names().unwrap();
    assert!(genes.contains(&"FOXA1".to_owned()) && genes.contains(&"KLF1".to_owned()));
}

#[test]
fn options_that_cannot_be_are_named() {
    let folder = folder();
    let prepare = prepare_foreign(&folder);
    let refused = |more: &str, words: &[&str]| {
        let named = "--pert-col guide_identity --control nt_1";
        fails(prepare(&format!("{named} {more}")), 1, words);
    };
    refused("--genes 0", &["--genes: found 0, expected 1 or more"]);
    refused("--target-total=-1", &["--target-total: found -1"]);
    let share = "--share: found 1.5, expected a number between 0 and 1";
    refused("--split-method additive --share 1.5", &[share]);
    let conditions = ["--conditions: found \"KLF1+FOXA2\"", "FOXA1+KLF1"];
    refused("--split-method given --conditions KLF1+FOXA2", &conditions);
    refused("--split-method given", &["--conditions: found none"]);
    refused(
        "--conditions KLF1",
        &["--conditions: found no split", "--split-method"],
    );
    refused(
        "--share 0.4",
        &["--share: found no split", "--split-method"],
    );
    for (options, words) in [
        (
            "additive --conditions KLF1",
            "--conditions: is not used by --split-method additive, expected --split-method given",
        ),
        (
            "given --conditions KLF1 --fold 1",
            "--fold: is not used by --split-method given, expected --split-method additive or unseen or combinations",
        ),
        (
            "combosciplex --share 0.4",
            "--share: is not used by --split-method combosciplex",
        ),
        (
            "unseen --combinations 3",
            "--combinations: is not used by --split-method unseen, expected --split-method combinations",
        ),
    ] {
        refused(&format!("--split-method {options}"), &[words]);
    }
    refused("--device cuda", &["--device cuda", "CPU only"]);
    assert!(!folder.path().join("data.h5ad").exists());
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

/// A prepared file, and `split` of it with more options.
fn prepared(folder: &TempDir) -> (String, impl Fn(&str) -> Command) {
    let data = folder.path().join("data.h5ad").display().to_string();
    with(&["prepare", &raw(folder), "--output", &data, "-q"])
        .assert()
        .success();
    let file = data.clone();
    let split = move |more: &str| {
        let mut command = with(&["split", &file]);
        command.args(more.split_whitespace());
        command
    };
    (data, split)
}

#[test]
fn a_prepared_file_is_split_by_every_method() {
    let folder = folder();
    let (data, split) = prepared(&folder);
    let before = fs::read(&data).unwrap();
    let other = folder.path().join("other.h5ad").display().to_string();
    split(&format!("--split-method unseen --fold 3 --output {other}"))
        .assert()
        .success()
        .stdout(contains("split unseen, fold 3:").and(contains("held out: REG")))
        .stderr(contains("perturb prepare --split-method unseen").and(contains("other.h5ad")));
    assert!(fs::read(&data).unwrap() == before, "the output is another");
    // Without an output the file itself is replaced, where that is asked for. The option's older name is understood.
    let unasked = ["data.h5ad: ", "--output", "--overwrite to replace it"];
    fails(split("--split-method additive"), 1, &unasked);
    assert!(fs::read(&data).unwrap() == before);
    for (option, method) in [("--method", "combinations"), ("--split-method", "additive")] {
        split(&format!("{option} {method} --overwrite"))
            .assert()
            .success()
            .stdout(contains(format!("split {method}")));
        let told = format!("method: {method}");
        with(&["info", &data])
            .assert()
            .success()
            .stdout(contains(told));
    }
    let held_out = "held out: REG001, REG002";
    split("--split-method given --conditions REG001,control+REG002 --overwrite")
        .assert()
        .success()
        .stdout(contains("2 conditions held out, 20 cells").and(contains(held_out)));
    python("check_data.py", &["split", &data]);
}

#[test]
fn a_split_that_fails_changes_nothing() {
    let folder = folder();
    let (data, split) = prepared(&folder);
    let before = fs::read(&data).unwrap();
    let refused = |more: &str, words: &[&str]| {
        fails(split(&format!("{more} --overwrite")), 1, words);
    };
    let unknown = ["--conditions: found \"REG01\"", "REG001"];
    refused("--split-method given --conditions REG01", &unknown);
    refused("--split-method combosciplex", &["Panobinostat"]);
    refused("--share 0", &["--share: found 0"]);
    let raw = folder.path().join("raw.h5ad").display().to_string();
    refused(
        "--conditions REG001",
        &["--conditions: is not used by --split-method additive"],
    );
    let taken = split(&format!("--output {raw}"));
    fails(taken, 1, &["raw.h5ad: exists already"]);
    let words = ["raw.h5ad: was not prepared", "perturb prepare"];
    fails(with(&["split", &raw, "--overwrite"]), 1, &words);
    assert!(fs::read(&data).unwrap() == before);
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
