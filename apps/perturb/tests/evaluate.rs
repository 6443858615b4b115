//! `perturb evaluate` on cells whose scores are known.

mod command;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, with};
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Categorical, Frame, Part, Values, WriteOptions,
};

const FIXTURE: &str = "tests/fixtures/cell_eval";

fn evaluate(output: &Path, more: &[&str]) -> Command {
    let (pred, real) = (
        format!("{FIXTURE}/pred.h5ad"),
        format!("{FIXTURE}/real.h5ad"),
    );
    let mut command = with(&[
        "evaluate", "--pred", &pred, "--real", &real, "-q", "--output",
    ]);
    command.arg(output).args(more);
    command
}

#[test]
fn tables_and_pictures_are_written_once_unless_told_otherwise() {
    let folder = folder();
    let output = folder.path().join("scores");
    let said = evaluate(&output, &["--plots", "--baselines"])
        .assert()
        .success();
    let text = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    assert!(
        text.contains("6 perturbations") && text.contains("pearson_delta"),
        "{text}"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(FIXTURE);
    for table in [
        "results.csv",
        "agg_results.csv",
        "real_de.csv",
        "pred_de.csv",
    ] {
        let lines = |path: &Path| {
            fs::read_to_string(path)
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (found, expected) = (lines(&output.join(table)), lines(&root.join(table)));
        assert_eq!(found[0], expected[0], "{table}: the columns of cell-eval");
        assert_eq!(found.len(), expected.len(), "{table}");
    }
    for picture in ["changes", "cells", "distributions"] {
        let png = fs::read(output.join(format!("{picture}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 5000, "{picture}");
        let svg = fs::read_to_string(output.join(format!("{picture}.svg"))).unwrap();
        assert!(svg.contains("</svg>"), "{picture}");
    }
    fails(
        evaluate(&output, &[]),
        1,
        &["results.csv: exists already", "--overwrite"],
    );
    is_refused_beside(&output.join(".lock"), evaluate(&output, &["--overwrite"]));
    evaluate(&output, &["--overwrite"]).assert().success();
    // What this evaluation did not make would be taken for its own.
    for left in ["baselines.csv", "changes.png", "cells.svg"] {
        assert!(!output.join(left).exists(), "{left}");
    }
}

/// Of two genes of one name nobody can tell which was meant: the file that has them is named.
#[test]
fn genes_of_one_name_are_refused_where_they_are() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let fixture = |name: &str| format!("{FIXTURE}/{name}.h5ad");
    for name in ["pred", "real"] {
        let source = AnnData::open(command::root().join(fixture(name))).unwrap();
        let mut names = source.var().names().unwrap();
        names[1] = names[0].clone();
        let options = WriteOptions::default();
        let var = Frame::new(Values::Text(names));
        let mut writer = AnnDataWriter::create(file(name), &var, options).unwrap();
        writer.copy(&source, Part::X).unwrap();
        writer.finish(&source.frame(Axis::Obs).unwrap()).unwrap();
    }
    for (pred, real, at_fault) in [
        (
            file("pred"),
            fixture("real"),
            "pred: var: 2 genes are called \"",
        ),
        (
            file("pred"),
            file("real"),
            "pred: var: 2 genes are called \"",
        ),
        (
            fixture("pred"),
            file("real"),
            "real: var: 2 genes are called \"",
        ),
    ] {
        let mut command = with(&[
            "evaluate", "--pred", &pred, "--real", &real, "-q", "--output",
        ]);
        command.arg(folder.path().join("scores"));
        fails(command, 1, &[at_fault]);
    }
    assert!(!folder.path().join("scores/results.csv").exists());
}

#[test]
fn likely_controls_are_told() {
    let folder = folder();
    let real = folder.path().join("real.h5ad");
    let source = AnnData::open(command::root().join(format!("{FIXTURE}/real.h5ad"))).unwrap();
    let var = source.frame(Axis::Var).unwrap();
    let mut writer = AnnDataWriter::create(&real, &var, WriteOptions::default()).unwrap();
    writer.copy(&source, Part::X).unwrap();
    let mut obs = source.frame(Axis::Obs).unwrap();
    let labels = obs.column("perturbation").unwrap().clone();
    let label = |row| match labels.text(row).unwrap().as_str() {
        "control" => "non-targeting".to_owned(),
        other => other.to_owned(),
    };
    obs.set(
        "perturbation",
        Values::Text((0..labels.len()).map(label).collect()),
    )
    .unwrap();
    writer.finish(&obs).unwrap();
    let (pred, real) = (format!("{FIXTURE}/pred.h5ad"), real.display().to_string());
    let mut command = with(&[
        "evaluate", "--pred", &pred, "--real", &real, "-q", "--output",
    ]);
    command.arg(folder.path().join("scores"));
    fails(
        command,
        1,
        &[
            "no cell has the label \"control\"; \"non-targeting\" (",
            "may be control; name",
        ],
    );
}

#[test]
fn what_is_missing_is_named_with_what_there_is() {
    let folder = folder();
    let output = folder.path().join("scores");
    let other_column = evaluate(&output, &["--pert-col", "condition"]);
    fails(
        other_column,
        1,
        &[
            "pred.h5ad: obs/condition is missing",
            "--pert-col",
            "perturbation",
        ],
    );
    let other_label = evaluate(&output, &["--control", "untreated"]);
    fails(
        other_label,
        1,
        &["real.h5ad: obs/perturbation", "\"untreated\"", "--control"],
    );
    let screen = folder.path().join("screen.h5ad");
    let config = "configs/perturb/small-screen.toml";
    let mut generate = with(&["generate", "--config", config, "-q", "--output"]);
    generate.arg(&screen).assert().success();
    let screen = screen.display().to_string();
    let of_condition = ["--pert-col", "condition", "--control", "control", "-q"];
    let mut counts = with(&["evaluate", "--real", &screen, "--pred", &screen, "--output"]);
    counts.arg(&output).args(of_condition);
    fails(
        counts,
        1,
        &["screen.h5ad: X", "whole numbers", "perturb prepare"],
    );
    let mut strangers = with(&[
        "evaluate",
        "--real",
        &screen,
        "--pert-col",
        "perturbation",
        "-q",
    ]);
    strangers
        .args(["--pred", &format!("{FIXTURE}/pred.h5ad"), "--output"])
        .arg(&output);
    fails(
        strangers,
        1,
        &["screen.h5ad", "obs/perturbation is missing", "condition"],
    );
    assert!(!output.join("results.csv").exists());
}

/// What a measured cell without a label was given is not known, and not needed; of a predicted one it is.
#[test]
fn cells_without_a_label_are_passed_over_or_named() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut firsts = Vec::new();
    for name in ["pred", "real"] {
        let fixture = command::root().join(format!("{FIXTURE}/{name}.h5ad"));
        let source = AnnData::open(fixture).unwrap();
        let var = source.frame(Axis::Var).unwrap();
        let mut writer = AnnDataWriter::create(file(name), &var, WriteOptions::default()).unwrap();
        writer.copy(&source, Part::X).unwrap();
        let labels = source
            .obs()
            .column("perturbation")
            .unwrap()
            .to_categorical();
        let mut codes = labels.codes().to_vec();
        codes[1] = -1;
        firsts.push(source.obs().names().unwrap()[1].clone());
        let names = Values::Text(labels.names());
        let mut obs = Frame::new(source.obs().names().unwrap());
        obs.set(
            "perturbation",
            Categorical::new(codes, names, false).unwrap(),
        )
        .unwrap();
        writer.finish(&obs).unwrap();
    }
    let [pred, real] = ["pred", "real"].map(|name| format!("{FIXTURE}/{name}.h5ad"));
    let ask = |pred: &str, real: &str| {
        let mut command = with(&["evaluate", "--pred", pred, "--real", real, "--output"]);
        command.arg(folder.path().join("scores"));
        command
    };
    let words = format!(
        "1 predicted cells have no label, the first is {:?}",
        firsts[0]
    );
    fails(ask(&file("pred"), &real), 1, &[&words, "--pert-col"]);
    let note = format!(
        "1 cells of {} without a label, the first is {:?}",
        file("real"),
        firsts[1]
    );
    let told = ask(&pred, &file("real")).assert().success();
    let said = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(said.contains(&note), "{said}");
}
