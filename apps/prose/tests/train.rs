//! Training from the command line: what it leaves, that it continues after a kill, and how it fails.

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use command::{fails, folder, with};
use predicates::prelude::predicate;
use rheome_testing::{has_checkpoint, kill_at, metrics, weights};
use serde_json::Value;
use tempfile::TempDir;

/// Three families of ten equations each, of a seed.
fn generated(folder: &TempDir, name: &str, more: &[&str]) -> PathBuf {
    let data = folder.path().join(name);
    let config = "configs/prose/small.toml";
    let mut generate = with(&["generate", "--config", config, "-q", "--output"]);
    generate.arg(&data);
    for setting in ["data.equations=10", "data.trajectories=3", "data.points=24"] {
        generate.args(["--set", setting]);
    }
    generate.args(more).assert().success();
    data
}

fn train(data: &Path, output: &Path, more: &[&str]) -> Command {
    let config = "configs/prose/smoke-train.toml";
    let mut command = with(&["train", "--config", config, "--device", "flex", "-q"]);
    command.args(["--threads", "1"]);
    command.arg("--data").arg(data).arg("--output").arg(output);
    command.args(more);
    command
}

#[test]
fn a_killed_training_continues_with_the_losses_of_an_uninterrupted_one() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    train(&data, &a, &[]).assert().success();
    let expected = metrics(&a);
    assert_eq!(expected.len(), 12 + 2, "a line a step and a validation");

    kill_at(&train(&data, &b, &[]), || has_checkpoint(&b));
    assert!(metrics(&b).len() < expected.len());
    train(&data, &b, &["--resume"]).assert().success();
    assert_eq!(metrics(&b), expected);
    for file in ["last.safetensors", "weights.safetensors"] {
        assert_eq!(weights(&b.join(file)), weights(&a.join(file)), "{file}");
    }
}

#[test]
fn a_training_leaves_a_model_folder_with_its_metrics() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    train(&data, &run, &["--seed", "5"]).assert().success();
    for name in [
        "config.toml",
        "weights.safetensors",
        "metrics.jsonl",
        "data.json",
    ] {
        assert!(run.join(name).is_file(), "{name}");
    }
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    assert!(
        config.contains("seed = 5") && config.contains("level = 0.02"),
        "{config}"
    );
    // Eight of 24 points on [0, 6].
    assert!(config.contains("input_duration = 1.826"), "{config}");
    let words = fs::read_to_string(run.join("vocabulary.json")).unwrap();
    let words: Value = serde_json::from_str(&words).unwrap();
    assert_eq!(words["dimension"], 3);
    assert_eq!(words["words"][41], "u_0");

    let lines = metrics(&run);
    let steps = lines.iter().filter(|line| line["event"] == "step");
    for line in steps {
        let number = |name: &str| line[name].as_f64().unwrap();
        let sum = 6.0 * number("data") + number("symbols");
        assert!((number("loss") - sum).abs() < 1e-4 * sum, "{line}");
    }
    let validations: Vec<&Value> = lines.iter().filter(|l| l["event"] == "epoch").collect();
    let forecasts = ["relative_l2_of_persistence", "relative_l2_of_straight_line"];
    for name in forecasts {
        assert!(validations[0][name].as_f64().unwrap() > 0.0);
        // The same series, and the same noise on them, judge every epoch.
        assert_eq!(validations[0][name], validations[1][name]);
    }
    for line in validations {
        let number = |name: &str| line[name].as_f64().unwrap();
        let (first, second) = ("relative_l2_first_half", "relative_l2_second_half");
        let halves = [number(first), number(second)];
        let within = |share: f64| (0.0..=1.0).contains(&share);
        assert!(halves[0].min(halves[1]) < number("relative_l2") + 1e-6);
        assert!(within(number("valid_equations")) && within(number("word_accuracy")));
        assert!(number("right_skeletons") <= number("valid_equations"));
    }
}

#[test]
fn a_training_of_series_alone_has_no_equations() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    let alone = [
        "--set",
        "model.modalities=1-to-1",
        "--set",
        "training.epochs=1",
    ];
    train(&data, &run, &alone).assert().success();
    let last = metrics(&run).pop().unwrap();
    assert!(last["relative_l2"].is_number());
    assert!(last.get("cross_entropy").is_none() && last.get("valid_equations").is_none());
}

#[test]
fn without_validation_the_newest_weights_count() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    train(&data, &run, &["--set", "data.split.validation=0.0"])
        .assert()
        .success();
    let newest = weights(&run.join("last.safetensors"));
    assert_eq!(weights(&run.join("weights.safetensors")), newest);
}

#[test]
fn a_training_starts_from_given_weights() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    train(&data, &first, &[]).assert().success();
    let file = first.join("weights.safetensors").display().to_string();
    // Steps of no length leave the weights where they were.
    let still = [
        "--weights",
        &file,
        "--set",
        "training.optimizer.learning_rate=1e-30",
    ];
    train(&data, &second, &still).assert().success();
    let [a, b] = [&first, &second].map(|run| weights(&run.join("weights.safetensors")));
    assert_eq!(a, b);
    let wider = folder.path().join("wider");
    let other = ["--weights", &file, "--set", "model.width=32"];
    fails(train(&data, &wider, &other), 1, &["weights.safetensors"]);
    assert!(!wider.exists());
}

#[test]
fn a_training_is_not_continued_with_other_equations() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    // The same equations and trajectories, though written by another command into another file.
    let same = generated(&folder, "same.h5", &["--threads", "1"]);
    train(&same, &run, &["--resume"]).assert().success();
    let other = generated(&folder, "other.h5", &["--seed", "7"]);
    let words = [
        "run/data.json",
        "begun with other data (equations: found",
        "--data",
    ];
    fails(train(&other, &run, &["--resume"]), 1, &words);
    let settings = ["--resume", "--set", "objective.data=1.0"];
    fails(
        train(&data, &run, &settings),
        1,
        &["begun with other settings"],
    );
    fails(
        train(&data, &run, &[]),
        1,
        &["holds a model already", "--resume"],
    );
}

#[test]
fn what_cannot_be_learnt_is_said_and_leaves_no_folder() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    let with_setting = |set: &str| train(&data, &run, &["--set", set]);
    for (setting, words) in [
        (
            "model.dimension=2",
            &["model.dimension: found 2, expected 3", "data.h5"][..],
        ),
        ("model.heads=3", &["model.heads", "width = 16"]),
        (
            "data.batch.input_points=23",
            &["data.batch.input_points: found 23, expected 2 to 22"],
        ),
        ("data.batch.noise.level=-1.0", &["-1"]),
        (
            "data.split.test=0.95",
            &["data.h5", "data.split leaves no equation"],
        ),
        ("objective.symbols=-1.0", &["objective.symbols"]),
        (
            "training.optimizer.schedule.warmup=0.0",
            &["schedule.warmup"],
        ),
        (
            "training.epoch=3",
            &["unknown key training.epoch", "epochs"],
        ),
        (
            "data.batch.sise=3",
            &["unknown key data.batch.sise", "size"],
        ),
    ] {
        fails(with_setting(setting), 1, words);
    }
    fails(
        train(Path::new("nowhere.h5"), &run, &[]),
        1,
        &["nowhere.h5", "cannot read"],
    );
    let flow = Path::new("tests/fixtures/turbulence/held-out.h5");
    fails(
        train(flow, &run, &[]),
        1,
        &["held-out.h5", "prose generate"],
    );
    let text = folder.path().join("text.h5");
    fs::write(&text, "no HDF5").unwrap();
    fails(train(&text, &run, &[]), 1, &["text.h5"]);
    with(&["train", "--data", "a.h5"]).assert().code(2);
    assert!(!run.exists());
    fails(train(&data, &run, &["--resume"]), 1, &["run/config.toml"]);
}

/// A loss that leaves the numbers stops the training, names the batch and keeps the weights before it.
#[test]
fn a_diverging_training_stops_and_keeps_its_weights() {
    let folder = folder();
    let data = generated(&folder, "data.h5", &[]);
    let run = folder.path().join("run");
    let wild = train(
        &data,
        &run,
        &["--set", "training.optimizer.learning_rate=1e36"],
    );
    fails(wild, 1, &["epoch 1, batch", "kept"]);
    assert!(run.join("last.safetensors").exists());
    assert!(has_checkpoint(&run));
}

/// Families of one's own are in the data, in the model folder, and tried where a prediction is told nothing.
#[test]
fn a_prediction_tries_the_families_that_the_model_learnt() {
    let folder = folder();
    let own = folder.path().join("own.toml");
    let text = "[[family]]\nname = \"pendulum\"\nparameters = { k = 2.0 }\nequations = \"y | -k sin(x)\"\n";
    std::fs::write(&own, text).unwrap();
    let file = format!("families.file={}", own.display());
    let sets = ["--set", &file, "--set", "families.names=[]"];
    let data = generated(&folder, "own.h5", &sets);
    let run = folder.path().join("run");
    train(&data, &run, &["--set", "training.epochs=1"])
        .assert()
        .success();
    let output = folder.path().join("a.h5");
    let predict = |run: &Path| {
        let mut predict = with(&["predict", "--sample", "1", "--times", "1:2:4", "--greedy"]);
        predict.args([
            "--device",
            "flex",
            "--threads",
            "1",
            "--overwrite",
            "--model",
        ]);
        predict.arg(run).arg("--input").arg(&data);
        predict.arg("--output").arg(&output);
        predict
    };
    predict(&run)
        .assert()
        .success()
        .stderr(predicate::str::contains("trying the family pendulum"));
    with(&["info", run.to_str().unwrap()])
        .assert()
        .success()
        .stdout(predicate::str::contains("pendulum"));
    // Folders of before tell none: then the published ones count, none of which has two components.
    std::fs::remove_file(run.join("families.toml")).unwrap();
    fails(predict(&run), 1, &["no published one, has 2 component(s)"]);
}
