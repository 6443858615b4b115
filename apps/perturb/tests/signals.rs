//! SIGINT and SIGTERM: a prediction finishes its perturbation and goes on later; a file that only appears as a whole does not appear.

mod command;
mod screen;

use std::fs;

use command::{folder, interrupted, with};
use rheome_anndata::AnnData;
use screen::{predict, prepared, train};

#[test]
fn a_prediction_stops_behind_a_perturbation_and_continues() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    let path = |name: &str| folder.path().join(name);
    let (whole, output) = (path("whole.h5ad"), path("stopped.h5ad"));
    let parts = path("stopped.h5ad.parts");
    let asked = |output: &std::path::Path, more: &[&str]| {
        let mut command = predict(&run, &data, &["--all-pairs", "--cells", "200"]);
        command.args(["--threads", "1", "--output"]).arg(output);
        command.args(more);
        command
    };
    asked(&whole, &[]).assert().success();
    let has_one = || parts.join("000000.part").exists();
    let words = ["stopped.h5ad.parts: ", "of 10 perturbations", "--resume"];
    interrupted(&asked(&output, &[]), "INT", has_one, &words);
    assert!(!output.exists() && !path("stopped.h5ad.partial").exists());
    asked(&output, &["--resume"]).assert().success();
    let values = |path| {
        let cells = AnnData::open(path).unwrap();
        let x = cells.x().unwrap().rows::<f32>(0..cells.n_obs()).unwrap();
        x.to_dense()
    };
    assert_eq!(values(&whole), values(&output));
    assert!(!parts.exists());
}

#[test]
fn a_screen_and_its_preparation_leave_the_old_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, output) = (path("raw.h5ad"), path("out.h5ad"));
    let generate = |output: &str, more: &[&str]| {
        let config = "configs/perturb/small-screen.toml";
        let mut command = with(&["generate", "--config", config, "--output", output, "-q"]);
        command.args(["--threads", "1", "--overwrite"]).args(more);
        command
    };
    generate(&raw, &["--set", "cells.control=20000"])
        .assert()
        .success();
    fs::write(&output, "mine").unwrap();
    let partial = path("out.h5ad.partial");
    let begun = || fs::metadata(&partial).is_ok();
    let words = ["nothing is written", "--output", "still there"];
    let many = ["--set", "cells.control=200000"];
    interrupted(&generate(&output, &many), "TERM", begun, &words);
    let prepare = ["prepare", &raw, "--overwrite", "-q", "--output", &output];
    let lock = path("out.h5ad.lock");
    let begun = || fs::metadata(&lock).is_ok();
    interrupted(&with(&prepare), "INT", begun, &words);
    assert_eq!(fs::read(&output).unwrap(), b"mine");
    for name in [partial, lock] {
        assert!(fs::metadata(&name).is_err(), "{name}");
    }
}

#[test]
fn an_evaluation_that_is_stopped_leaves_the_tables_of_before() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (raw, data) = (path("raw.h5ad"), path("data.h5ad"));
    let config = "configs/perturb/small-screen.toml";
    let many = ["--set", "cells.control=20000", "-q", "--output"];
    let mut generate = with(&[&["generate", "--config", config], &many[..]].concat());
    generate.arg(&raw).assert().success();
    let mut prepare = with(&["prepare", "-q", "--output"]);
    prepare.arg(&data).arg(&raw).assert().success();
    let scores = path("scores");
    fs::create_dir(&scores).unwrap();
    fs::write(scores.join("results.csv"), "mine").unwrap();
    let mut evaluate = with(&["evaluate", "--overwrite", "-q", "--output"]);
    evaluate.arg(&scores).arg("--pred").arg(&data);
    evaluate.arg("--real").arg(&data);
    let lock = scores.join(".lock");
    interrupted(&evaluate, "INT", || lock.exists(), &["nothing is written"]);
    assert_eq!(fs::read(scores.join("results.csv")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(&scores).unwrap().count(), 1);
}
