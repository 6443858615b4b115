//! The step of an operator and the snapshots of its input need not be the same: a rollout keeps them apart, whatever tells them.

mod command;
mod numbers;

use std::path::Path;

use command::{HELD_OUT, fails, folder, root, with};
use numbers::numbers;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// The demo's operator, whose step is four snapshots of [`HELD_OUT`].
const MODEL: &str = "apps/turbulence/demo/model";

fn rollout(input: &str, output: &str, more: &[&str]) -> assert_cmd::Command {
    let mut command = with(&["rollout", "--input", input, "--output", output]);
    command.args(["--device", "flex", "--threads", "1"]);
    command.args(more);
    command
}

/// The held-out flow as a bare array, which tells no times.
fn as_array(path: &str) {
    with(&["convert", HELD_OUT, path, "-q"]).assert().success();
}

#[test]
fn snapshots_that_tell_no_times_are_counted_in_steps_of_the_model() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (array, by_number, by_time) = (path("flow.npy"), path("n.h5"), path("t.h5"));
    as_array(&array);
    let options = ["--model", MODEL, "--index", "10", "--steps", "4", "--stats"];
    rollout(&array, &by_number, &options).assert().success();
    rollout(HELD_OUT, &by_time, &options).assert().success();
    let [counted, timed] = ["n.stats.h5", "t.stats.h5"].map(|name| numbers(&path(name)));
    let mut compared = 0;
    for (name, values) in &timed {
        if name.contains("/lead_time/") {
            assert_eq!(values, &counted[name], "{name}");
            compared += 1;
        }
    }
    assert!(compared > 4);
    assert_eq!(counted["/rollout/lead_time/pairs"], [1.0; 4]);
    // Ten snapshots of 0.05 before the first step of 0.2.
    assert_eq!(numbers(&by_number)["/time"], [0.7, 0.9, 1.1, 1.3]);
    assert_eq!(numbers(&by_time)["/time"], [8.7, 8.9, 9.1, 9.3]);
}

#[test]
fn a_model_in_single_files_steps_as_its_settings_say() {
    let folder = folder();
    let output = folder.path().join("a.h5").display().to_string();
    // These settings leave the time of a step to the data.
    let config = "configs/turbulence/minimal-channel-m.toml";
    let [weights, normalization] =
        ["weights.safetensors", "normalization.json"].map(|file| format!("{MODEL}/{file}"));
    let files = [
        "--config",
        config,
        "--weights",
        &weights,
        "--normalization",
        &normalization,
    ];
    rollout(HELD_OUT, &output, &files)
        .args(["--steps", "3"])
        .assert()
        .success();
    assert_eq!(numbers(&output)["/time"], [8.2, 8.4, 8.6]);
}

#[test]
fn a_window_of_several_snapshots_has_the_steps_of_the_training() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model = path("model");
    let mut train = with(&[
        "train",
        "--config",
        "configs/turbulence/smoke.toml",
        "--data",
        HELD_OUT,
    ]);
    train.args(["--output", &model, "--device", "flex", "-q"]);
    for setting in ["model.time_window=2", "data.stride=3", "training.epochs=1"] {
        train.args(["--set", setting]);
    }
    train.assert().success();
    let steps = ["--model", &model, "--steps", "2", "--energy-limit", "0"];
    let (whole, strided, file) = (path("whole.h5"), path("strided.h5"), path("third.h5"));
    rollout(HELD_OUT, &whole, &steps)
        .args(["--index", "9"])
        .assert()
        .success();
    // Here snapshots are a step apart.
    every_third(Path::new(&file), 0.15);
    rollout(&file, &strided, &steps)
        .args(["--index", "3"])
        .assert()
        .success();
    let [whole, strided] = [whole, strided].map(|path| numbers(&path).remove("/velocity").unwrap());
    assert_eq!(whole, strided);
    // The first index that has a window before it.
    let refused = |input: &str, index: &str| {
        let mut command = rollout(input, &path("b.h5"), &steps);
        command.args(["--index", index, "-q"]);
        command
    };
    fails(
        refused(HELD_OUT, "2"),
        1,
        &["--index 2", "2 snapshot(s)", "3 apart", "at least 3"],
    );
    every_third(Path::new(&file), 0.1);
    fails(
        refused(&file, "3"),
        1,
        &["third.h5", "0.1 apart", "step of 0.15"],
    );
}

/// Every third snapshot of the held-out flow, with times that are so far apart.
fn every_third(path: &Path, spacing: f64) {
    let all = hdf5::File::open(root().join(HELD_OUT)).unwrap();
    let velocity = all.dataset("velocity").unwrap();
    let shape = velocity.shape();
    let length: usize = shape[1..].iter().product();
    let values = velocity.read_raw::<f32>().unwrap();
    let kept: Vec<f32> = values
        .chunks(length)
        .step_by(3)
        .flatten()
        .copied()
        .collect();
    let count = kept.len() / length;
    let file = hdf5::File::create(path).unwrap();
    let extents = [count, shape[1], shape[2], shape[3], shape[4]];
    let dataset = file
        .new_dataset::<f32>()
        .shape(extents)
        .create("velocity")
        .unwrap();
    dataset.write_raw(&kept).unwrap();
    let times: Vec<f64> = (0..count).map(|i| spacing * i as f64).collect();
    file.new_dataset_builder()
        .with_data(&times)
        .create("time")
        .unwrap();
}

#[test]
fn a_flow_in_other_units_or_of_other_points_is_doubted_aloud() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (input, output) = (path("lab.h5"), path("a.h5"));
    with(&["convert", HELD_OUT, &input, "-q"])
        .assert()
        .success();
    {
        let file = hdf5::File::open_rw(&input).unwrap();
        for axis in ["x", "y", "z"] {
            let dataset = file.dataset(axis).unwrap();
            let metres: Vec<f64> = dataset
                .read_raw::<f64>()
                .unwrap()
                .iter()
                .map(|x| 0.01 * x)
                .collect();
            dataset.write_raw(&metres).unwrap();
            rewrite_units(&dataset, "m");
        }
        rewrite_units(&file.dataset("time").unwrap(), "s");
        rewrite_units(&file.dataset("velocity").unwrap(), "m/s");
        for name in file.attr_names().unwrap() {
            if name != "Conventions" && name != "rheome_field_version" {
                file.delete_attr(&name).unwrap();
            }
        }
    }
    let options = ["--model", MODEL, "--index", "10", "--steps", "3", "--stats"];
    let doubts = contains("the velocity in \"m/s\", expected \"u_tau\"")
        .and(contains("the time in \"s\", expected \"h/u_tau\""))
        .and(contains("the coordinate in \"m\", expected \"h\""))
        .and(contains("12 points along x from 0 to 0.02879"));
    rollout(&input, &output, &options)
        .assert()
        .success()
        .stderr(doubts);
    // The times are the model's, and so is their unit.
    let written = hdf5::File::open(&output).unwrap();
    let unit = written.dataset("time").unwrap().attr("units").unwrap();
    let unit: hdf5::types::VarLenUnicode = unit.read_scalar().unwrap();
    assert_eq!(unit.as_str(), "h/u_tau");
    // Afterwards the times of both are no more comparable.
    with(&[
        "stats",
        &output,
        "--reference",
        &input,
        "--output",
        &path("b.h5"),
    ])
    .assert()
    .success()
    .stderr(contains("no errors by lead time").and(contains("the time in \"s\"")));
    let stats = numbers(&path("a.stats.h5"));
    // The viscosity is the model's, in the model's units: nothing of this flow is told in wall units.
    assert!(!stats.contains_key("/rollout/y_plus"));
    // Compared with every fourth snapshot all the same.
    assert_eq!(stats["/rollout/lead_time/pairs"], [1.0; 3]);
    assert!(stats["/rollout/lead_time/relative_error"][0] < 0.09);
}

fn rewrite_units(dataset: &hdf5::Dataset, units: &str) {
    if dataset.attr("units").is_ok() {
        dataset.delete_attr("units").unwrap();
    }
    let text: hdf5::types::VarLenUnicode = units.parse().unwrap();
    let attribute = dataset.new_attr::<hdf5::types::VarLenUnicode>();
    attribute
        .create("units")
        .unwrap()
        .write_scalar(&text)
        .unwrap();
}

/// One snapshot tells no spacing, but its time.
#[test]
fn a_single_snapshot_starts_at_its_time() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (input, output) = (path("one.h5"), path("a.h5"));
    with(&["convert", HELD_OUT, &input, "--snapshots", "20:21", "-q"])
        .assert()
        .success();
    let options = [
        "--model",
        MODEL,
        "--steps",
        "3",
        "--stats",
        "--reference",
        HELD_OUT,
    ];
    rollout(&input, &output, &options).assert().success();
    assert_eq!(numbers(&output)["/time"], [9.2, 9.4, 9.6]);
    let stats = numbers(&path("a.stats.h5"));
    assert_eq!(stats["/rollout/lead_time/lead_time"], [0.2, 0.4, 0.6]);
    assert!(stats["/rollout/lead_time/relative_error"][0] < 0.09);
}

/// Numbers of snapshots and times tell nothing of each other.
#[test]
fn times_are_not_compared_with_numbers() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (array, output, stats) = (path("flow.npy"), path("a.h5"), path("b.h5"));
    as_array(&array);
    let options = ["--model", MODEL, "--steps", "2"];
    rollout(HELD_OUT, &output, &options).assert().success();
    with(&["stats", &output, "--reference", &array, "--output", &stats])
        .assert()
        .success()
        .stderr(contains("no errors by lead time").and(contains("flow.npy: tells no times")))
        .stdout(contains("decorrelated").not());
}

#[test]
fn a_step_that_cannot_pass_is_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for name in ["config.toml", "weights.safetensors", "normalization.json"] {
        std::fs::copy(root().join(MODEL).join(name), model.join(name)).unwrap();
    }
    let config = model.join("config.toml");
    let settings = std::fs::read_to_string(&config).unwrap();
    let told = settings.lines().find(|l| l.starts_with("time_step = "));
    let told = told.expect("the demo's operator tells its step");
    let model = model.display().to_string();
    let output = path("a.h5");
    for (step, words) in [
        (
            "0",
            "data.time_step: found 0, expected a number greater than 0",
        ),
        (
            "-0.2",
            "data.time_step: found -0.2, expected a number greater than 0",
        ),
        (
            "nan",
            "data.time_step: found NaN, expected a number greater than 0",
        ),
    ] {
        let other = settings.replace(told, &format!("time_step = {step}"));
        std::fs::write(&config, other).unwrap();
        let options = ["--model", &model, "--steps", "2"];
        fails(
            rollout(HELD_OUT, &output, &options),
            1,
            &["config.toml: ", words],
        );
    }
    let far = settings.replace(told, "time_step = 1e300");
    std::fs::write(&config, far).unwrap();
    // A single snapshot is enough to begin with, whatever the step is.
    let options = ["--model", &model, "--steps", "1"];
    rollout(HELD_OUT, &output, &options).assert().success();
}
