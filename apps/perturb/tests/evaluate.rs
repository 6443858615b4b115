//! `perturb evaluate` on cells whose scores are known.

mod command;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, python, with};
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Categorical, ElementType, Frame, Storage, Values, WriteOptions,
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

/// Of the fixture's predictions three, with every other gene, the last first, and without control: less than what was measured.
fn part_of_prediction(path: &Path) {
    let all = AnnData::open(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../{FIXTURE}/pred.h5ad")),
    )
    .unwrap();
    let genes: Vec<usize> = (0..all.n_vars()).rev().step_by(2).collect();
    let mut var = all.frame(Axis::Var).unwrap().at(&genes);
    let ids = genes.iter().map(|gene| format!("ENSG{gene}")).collect();
    var.set("id", Values::Text(ids)).unwrap();
    let labels = all.obs().column("perturbation").unwrap();
    let mut names = labels.to_categorical().names();
    names.retain(|name| name != "control");
    names.truncate(3);
    let mut codes = Vec::new();
    let mut rows = Vec::new();
    for row in 0..labels.len() {
        let label = labels.text(row).unwrap();
        if let Some(code) = names.iter().position(|name| *name == label) {
            codes.push(code as i32);
            rows.push(row);
        }
    }
    let mut writer = AnnDataWriter::create(path, &var, WriteOptions::default()).unwrap();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    let values = all.x().unwrap().columns(&genes).unwrap();
    writer
        .append(x, &values.rows_at::<f32>(&rows).unwrap())
        .unwrap();
    let mut obs = Frame::new(Values::Text(
        rows.iter().map(|row| format!("c{row}")).collect(),
    ));
    let labels = Categorical::new(codes, Values::Text(names), false).unwrap();
    obs.set("perturbation", labels).unwrap();
    writer.finish(&obs).unwrap();
}

/// cell-eval refuses files of different genes or perturbations: it is given two that match, and called as is printed.
#[test]
fn cell_eval_itself_scores_what_was_matched() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (pred, scores, matched) = (path("pred.h5ad"), path("scores"), path("scores/cell-eval"));
    part_of_prediction(Path::new(&pred));
    let real = format!("{FIXTURE}/real.h5ad");
    let evaluate = |more: &[&str]| {
        let files = [
            "evaluate", "--pred", &pred, "--real", &real, "--output", &scores,
        ];
        with(&[&files[..], more].concat())
    };
    let done = evaluate(&["--cell-eval", &matched]).assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    let (_, command) = said.split_once("; cell-eval run").unwrap();
    let command = format!("cell-eval run{}", command.lines().next().unwrap());
    let [pred_cells, real_cells] =
        ["pred", "real"].map(|name| AnnData::open(format!("{matched}/{name}.h5ad")).unwrap());
    assert_eq!(
        pred_cells.var().names().unwrap(),
        real_cells.var().names().unwrap()
    );
    assert_eq!(pred_cells.n_vars(), 40);
    assert!(pred_cells.var().has("id"), "what is told of genes is kept");
    python(
        "run_cell_eval.py",
        &[&command, &format!("{matched}/scores"), &scores],
    );
    // Files that are there are not replaced unasked, nor are those that are compared, nor the tables mixed with them.
    fs::remove_file(format!("{scores}/results.csv")).unwrap();
    let again = evaluate(&["--cell-eval", &matched]);
    fails(
        again,
        1,
        &[
            "cell-eval/pred.h5ad: exists already",
            "--cell-eval",
            "--overwrite",
        ],
    );
    let own = folder.path().display().to_string();
    let onto_itself = evaluate(&["--cell-eval", &own, "--overwrite"]);
    fails(
        onto_itself,
        1,
        &["--cell-eval", "is the predicted file itself"],
    );
    let mixed = evaluate(&["--cell-eval", &scores, "--overwrite"]);
    fails(mixed, 1, &["--cell-eval", "is --output itself"]);
    let replaced = evaluate(&["--cell-eval", &matched, "--overwrite"]);
    let mut replaced = replaced;
    replaced.assert().success();
}
