//! `perturb evaluate` on cells whose scores are known.

mod command;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, with};
use predicates::str::contains;
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Categorical, ElementType, Frame, Part, Storage, Values,
    WriteOptions,
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

/// A copy of a file of the fixture with the cells at `rows`, whose labels are what `label` makes of them; none is a missing one.
fn relabelled(
    name: &str,
    to: &Path,
    rows: &[usize],
    label: impl Fn(usize, String) -> Option<String>,
) {
    let source = AnnData::open(command::root().join(format!("{FIXTURE}/{name}.h5ad"))).unwrap();
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let var = source.frame(Axis::Var).unwrap();
    let mut writer = AnnDataWriter::create(to, &var, options).unwrap();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    let values = source.x().unwrap().rows_at::<f32>(rows).unwrap();
    writer.append(x, &values).unwrap();
    let mut obs = source.frame(Axis::Obs).unwrap().at(rows);
    let old = source.obs().column("perturbation").unwrap();
    let labels = rows.iter().map(|row| label(*row, old.text(*row).unwrap()));
    let labels: Vec<Option<String>> = labels.collect();
    let mut names: Vec<String> = labels.iter().flatten().cloned().collect();
    names.sort();
    names.dedup();
    let code = |label: &Option<String>| match label {
        Some(label) => names.binary_search(label).unwrap() as i32,
        None => -1,
    };
    let codes = labels.iter().map(code).collect();
    let labels = Categorical::new(codes, Values::Text(names.clone()), false).unwrap();
    obs.set("perturbation", labels).unwrap();
    writer.finish(&obs).unwrap();
}

/// What a measured cell without a label was given is not known, and not needed: all is as if it were not there. Of a predicted one it
/// is needed.
#[test]
fn cells_without_a_label_are_passed_over_or_named() {
    let folder = folder();
    let file = |name: &str| folder.path().join(format!("{name}.h5ad"));
    let count = |name: &str| {
        let cells = AnnData::open(command::root().join(format!("{FIXTURE}/{name}.h5ad"))).unwrap();
        (cells.n_obs(), cells.obs().names().unwrap()[1].clone())
    };
    let [pred, real] = ["pred", "real"].map(|name| format!("{FIXTURE}/{name}.h5ad"));
    let ask = |pred: &str, real: &str, output: &str| {
        let mut command = with(&["evaluate", "--pred", pred, "--real", real, "--overwrite"]);
        command.arg("--output").arg(folder.path().join(output));
        command
    };
    let tables = |output: &str| {
        ["results.csv", "agg_results.csv", "real_de.csv"]
            .map(|table| fs::read_to_string(folder.path().join(output).join(table)).unwrap())
    };
    let ((of_pred, first_of_pred), (of_real, first_of_real)) = (count("pred"), count("real"));
    let without: Vec<usize> = (0..of_real).filter(|row| *row != 1).collect();
    let removed = file("removed");
    relabelled("real", &removed, &without, |_, label| Some(label));
    let removed = removed.display().to_string();
    ask(&pred, &removed, "removed").assert().success();
    ask(&pred, &real, "whole").assert().success();
    let expected = tables("removed");
    assert_ne!(
        expected,
        tables("whole"),
        "the cell has a say in what is compared"
    );
    for missing in [None, Some(""), Some(" ")] {
        let missing = missing.map(str::to_owned);
        let label = |row, label| {
            if row == 1 {
                missing.clone()
            } else {
                Some(label)
            }
        };
        let [bad_pred, bad_real] = ["pred", "real"].map(file);
        relabelled("pred", &bad_pred, &(0..of_pred).collect::<Vec<_>>(), label);
        relabelled("real", &bad_real, &(0..of_real).collect::<Vec<_>>(), label);
        let [bad_pred, bad_real] = [bad_pred, bad_real].map(|path| path.display().to_string());
        let words = format!(
            "pred.h5ad: obs/perturbation: 1 predicted cells have no label, the first is {first_of_pred:?}"
        );
        let words = [words.as_str(), "--pert-col"];
        fails(ask(&bad_pred, &real, "failed"), 1, &words);
        let note = format!(
            "note: passing over 1 cells of {bad_real} without a label, the first is {first_of_real:?}\n"
        );
        ask(&pred, &bad_real, "scores")
            .assert()
            .success()
            .stderr(contains(note));
        assert_eq!(tables("scores"), expected, "{missing:?}");
    }
}

/// What was predicted and not measured is a fault of neither file alone: that of the label is named first.
#[test]
fn perturbations_that_were_not_measured_are_named_where_they_are() {
    let folder = folder();
    let strange = folder.path().join("strange.h5ad");
    let cells = AnnData::open(command::root().join(format!("{FIXTURE}/pred.h5ad"))).unwrap();
    let all: Vec<usize> = (0..cells.n_obs()).collect();
    relabelled("pred", &strange, &all, |row, label| {
        Some(if row == 1 { "Strange".into() } else { label })
    });
    let (strange, real) = (
        strange.display().to_string(),
        format!("{FIXTURE}/real.h5ad"),
    );
    let mut command = with(&["evaluate", "--pred", &strange, "--real", &real, "--output"]);
    command.arg(folder.path().join("scores"));
    let words = [
        "perturb: ",
        "strange.h5ad: obs/perturbation: 1 predicted perturbation(s) were not measured, the first is \"Strange\", which no cell of ",
        "real.h5ad has",
    ];
    fails(command, 1, &words);
}
