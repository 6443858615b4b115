//! What a model has seen does not test it.

mod command;
mod foreign_files;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, with};
use foreign_files::foreign;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use screen::{SHORT, briefly, predict, prepared, train, trained_on};

/// The list that a model was trained with is its own: that of other data may name what it has learnt.
#[test]
fn a_model_is_not_tested_with_what_it_has_seen() {
    let folder = folder();
    let data = prepared(&folder);
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).display().to_string();
    train(&data, &path("run"), &[]).assert().success();
    let told = trained_on(&path("run"));
    let seen = told["seen"][0].as_str().unwrap();
    assert_eq!(told["held_out"].as_array().unwrap().len(), 2);
    with(&["info", &text("run")])
        .assert()
        .success()
        .stdout(contains("held_out: REG0").and(contains("target_total: ")));
    let ask = |data: &Path, more: &[&str]| {
        let common = ["--cells", "2", "--overwrite", "--summary"];
        let mut command = predict(&path("run"), data, &common);
        command.arg(path("out.csv")).args(more);
        command
    };
    ask(&data, &["--split", "test"]).assert().success();
    let other = text("other.h5ad");
    let split = ["split", &text("data.h5ad"), "--split-method", "given"];
    with(&[&split[..], &["--conditions", seen, "--output", &other]].concat())
        .assert()
        .success();
    let words = [
        "other.h5ad: uns/split: holds out what the model has seen in its training, ",
        seen,
        "its own data held out REG0",
        "--perturbations",
    ];
    fails(ask(Path::new(&other), &["--split", "test"]), 1, &words);
    ask(Path::new(&other), &["--perturbations", seen])
        .assert()
        .success();
    // Cells whose counts were scaled otherwise are told of.
    let scaled = text("scaled.h5ad");
    let prepare = ["prepare", &text("raw.h5ad"), "--output", &scaled, "-q"];
    with(&[&prepare[..], &["--target-total", "77"]].concat())
        .assert()
        .success();
    let common = [
        "predict",
        "--device",
        "flex",
        "--model",
        &text("run"),
        "--cells",
        "2",
    ];
    let note = "scaled.h5ad are scaled to 77 a cell, those that the model learnt from to ";
    for (data, says) in [(&scaled, true), (&text("data.h5ad"), false)] {
        let mut command = with(&common);
        command.args([
            "--data",
            data,
            "--perturbations",
            seen,
            "--overwrite",
            "--summary",
        ]);
        let said = command.arg(path("out.csv")).output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.contains(note), says, "{said}");
    }
    // A list names the line of what is not known.
    let list = text("list.csv");
    fs::write(&list, format!("\u{feff}Gene,n\r\n{seen},1\r\nREGOOO,2\r\n")).unwrap();
    let words = ["list.csv: line 3: the gene \"REGOOO\" is not among"];
    fails(ask(&data, &["--perturbations-file", &list]), 1, &words);
    fs::write(&list, "\u{feff}").unwrap();
    let words = ["list.csv: names no perturbation"];
    fails(ask(&data, &["--perturbations-file", &list]), 1, &words);
}

/// Weights that a training begins with have been trained before, and so has a model that is given by its weights alone.
#[test]
fn what_first_weights_have_seen_is_not_forgotten() {
    let folder = folder();
    let obs = [("condition", "ctrl A B C A+B A+C ctrl")];
    let (data, prepare) = foreign(&folder, "A B C", &[], &obs);
    let path = |name: &str| folder.path().join(name);
    let hold_out = |names: &str| {
        prepare(&format!("--split-method given --conditions {names}"))
            .assert()
            .success();
    };
    let data = Path::new(&data);
    let weights = |run: &str| path(run).join("weights.safetensors").display().to_string();
    let asked = [
        "--cells",
        "2",
        "--split",
        "test",
        "--overwrite",
        "--summary",
    ];
    let ask = |more: [&str; 4]| {
        let mut command = with(&["predict", "--device", "flex", "--data"]);
        command.arg(data).args(more).args(asked).arg(path("s.csv"));
        command
    };
    hold_out("A+C");
    briefly(data, &path("first"), &[]).assert().success();
    // The second training holds out what the first has learnt, and is stopped and continued.
    hold_out("A+B");
    let from_first = ["--weights", &weights("first")];
    let mut second = briefly(data, &path("second"), &from_first);
    second.assert().success();
    briefly(data, &path("second"), &["--resume"])
        .assert()
        .success();
    let told = trained_on(&path("second"));
    let all = serde_json::json!(["A", "A+B", "A+C", "B", "C"]);
    assert_eq!((&told["seen"], &told["is_complete"]), (&all, &true.into()));
    let words = ["holds out what the model has seen in its training, A+B, which tests nothing"];
    for run in ["first", "second"] {
        let config = path(run).join("config.toml").display().to_string();
        fails(
            ask(["--config", &config, "--weights", &weights(run)]),
            1,
            &words,
        );
    }
    // Weights without their folder tell nothing, nor do those that began with them.
    fs::create_dir(path("elsewhere")).unwrap();
    fs::copy(weights("first"), weights("elsewhere")).unwrap();
    let unknown = "elsewhere/weights.safetensors have seen is not known";
    let mut third = with(&["train", "--config", "configs/perturb/smoke-train.toml"]);
    third.args([
        "--device",
        "flex",
        "--weights",
        &weights("elsewhere"),
        "--data",
    ]);
    third.arg(data).arg("--output").arg(path("third"));
    third.args(SHORT.split_whitespace().flat_map(|one| ["--set", one]));
    third.assert().success().stderr(contains(unknown));
    let told = trained_on(&path("third"));
    assert_eq!(told["is_complete"], false);
    let config = path("third").join("config.toml").display().to_string();
    for (run, note) in [
        ("elsewhere", unknown),
        ("third", "third/weights.safetensors have seen is not known"),
    ] {
        ask(["--config", &config, "--weights", &weights(run)])
            .assert()
            .success()
            .stderr(contains(note));
    }
}
