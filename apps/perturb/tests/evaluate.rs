//! `perturb evaluate` on cells whose scores are known.

mod command;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, with};

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
