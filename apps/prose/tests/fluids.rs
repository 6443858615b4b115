//! `prose fluids` from the command line: the physics of what is generated, a training that survives a kill, predictions, scores.

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use command::{fails, folder, with};
use predicates::prelude::*;
use rheome_fields::{FieldReader, open};
use rheome_periodic::{FlowAnalysis, SnapshotStatistics};
use rheome_testing::{has_checkpoint, kill_at, weights};
use serde_json::Value;
use tempfile::TempDir;

const POINTS: usize = 16;

fn generate(output: &Path, more: &[&str]) -> Command {
    let config = "configs/prose/fluids-small.toml";
    let mut command = with(&["fluids", "generate", "--config", config, "-q", "--output"]);
    command.arg(output);
    for setting in [
        "flow.points=16",
        "flow.viscosity=[0.01, 0.05]",
        "data.trajectories=4",
        "data.frames=8",
        "flow.peak=1.5",
    ] {
        command.args(["--set", setting]);
    }
    command.args(more);
    command
}

fn generated(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("flows.h5");
    generate(&path, &[])
        .assert()
        .success()
        .stdout("")
        .stderr("");
    path
}

/// A network so small that it learns in seconds.
fn train(data: &Path, output: &Path, more: &[&str]) -> Command {
    let config = "configs/prose/fluids-small-train.toml";
    let mut command = with(&["fluids", "train", "--config", config, "-q", "--device"]);
    command.args(["flex", "--threads", "1", "--data"]).arg(data);
    command.arg("--output").arg(output);
    for setting in [
        "model.grid=[16, 16]",
        "model.patch=4",
        "model.input_frames=2",
        "model.output_frames=3",
        "model.width=16",
        "model.heads=2",
        "model.feed_forward=16",
        "model.fusion=1",
        "model.data_decoder=1",
        "model.point_features=4",
        "data.split.validation=1",
        "data.split.held_out=1",
        "training.epochs=2",
        "training.steps_per_epoch=15",
        "training.batch_size=2",
        "training.log_every=1",
        "training.checkpoint_every=4",
        "training.optimizer.learning_rate=3e-3",
    ] {
        command.args(["--set", setting]);
    }
    command.args(more);
    command
}

fn trained(folder: &TempDir, data: &Path) -> PathBuf {
    let run = folder.path().join("run");
    train(data, &run, &[]).assert().success();
    run
}

fn predict(run: &Path, data: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["fluids", "predict", "-q", "--device", "flex", "--model"]);
    command.arg(run).arg("--input").arg(data).arg("--output");
    command.arg(output).args(more);
    command
}

fn evaluate(run: &Path, data: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["fluids", "evaluate", "--device", "flex", "--model"]);
    command.arg(run).arg("--data").arg(data).arg("--output");
    command.arg(output).args(more);
    command
}

fn read(path: &Path) -> Box<dyn FieldReader> {
    open(path.to_str().unwrap()).unwrap()
}

fn snapshot(reader: &dyn FieldReader, trajectory: usize, index: usize) -> Vec<f32> {
    let mut values = vec![0.0; reader.shape().snapshot_len()];
    reader.read(trajectory, index, &mut values).unwrap();
    values
}

fn statistics(reader: &dyn FieldReader, trajectory: usize, index: usize) -> SnapshotStatistics {
    let values = snapshot(reader, trajectory, index);
    let of = |c: usize| -> Vec<f64> {
        values
            .iter()
            .skip(c)
            .step_by(2)
            .map(|v| (*v).into())
            .collect()
    };
    let mut analysis = FlowAnalysis::new(POINTS, std::f64::consts::TAU).unwrap();
    analysis.of([&of(0), &of(1)]).unwrap()
}

fn metrics(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|mut line| {
            line.as_object_mut().unwrap().remove("training_seconds");
            line
        })
        .collect()
}

/// Energy and enstrophy of a flow that nothing drives fall from frame to frame, energy at the rate of the enstrophy; nothing is
/// compressed.
#[test]
fn generated_flows_obey_their_equations() {
    let folder = folder();
    let flows = folder.path().join("flows.h5");
    let close = ["--set", "data.spacing=0.02"];
    generate(&flows, &close).assert().success();
    let reader = read(&flows);
    assert_eq!(reader.shape().extents(), [4, 8, POINTS, POINTS, 1, 2]);
    let viscosities = &reader.header().per_trajectory["viscosity"];
    assert!(viscosities.iter().all(|v| (0.01..=0.05).contains(v)));
    assert!(viscosities.windows(2).all(|pair| pair[0] != pair[1]));
    for (trajectory, viscosity) in viscosities.iter().enumerate() {
        let all: Vec<SnapshotStatistics> = (0..8)
            .map(|index| statistics(reader.as_ref(), trajectory, index))
            .collect();
        for found in &all {
            assert!(found.divergence < 1e-5, "{}", found.divergence);
        }
        for three in all.windows(3) {
            assert!(three[1].energy < three[0].energy);
            assert!(three[1].enstrophy < three[0].enstrophy);
            let slope = (three[2].energy - three[0].energy) / 0.04;
            let expected = -2.0 * viscosity * three[1].enstrophy;
            assert!((slope / expected - 1.0).abs() < 2e-2, "{slope} {expected}");
        }
    }
}

#[test]
fn the_seed_decides_and_threads_do_not_and_a_file_is_not_replaced_by_chance() {
    let folder = folder();
    let flows = |name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        generate(&path, more).assert().success();
        let reader = read(&path);
        let numbers: Vec<f32> = (0..4)
            .flat_map(|t| snapshot(reader.as_ref(), t, 7))
            .collect();
        (numbers, reader.header().per_trajectory.clone())
    };
    let one = flows("a.h5", &["--threads", "1"]);
    assert_eq!(one, flows("b.h5", &["--threads", "3"]));
    let other = flows("c.h5", &["--seed", "7"]);
    assert!(one.0 != other.0 && one.1 != other.1);
    let path = folder.path().join("a.h5");
    fails(
        generate(&path, &[]),
        1,
        &["a.h5: exists already", "--overwrite"],
    );
    generate(&path, &["--overwrite"]).assert().success();
}

#[test]
fn a_killed_generation_leaves_the_frames_that_are_complete() {
    let folder = folder();
    let path = folder.path().join("flows.h5");
    let many = ["--set", "data.trajectories=1000", "--threads", "1"];
    let completed = || open(path.to_str().unwrap()).map_or(0, |reader| reader.completed(1));
    kill_at(&generate(&path, &many), || completed() > 0);
    let reader = read(&path);
    assert_eq!(reader.completed(0), 8);
    assert_eq!(reader.completed(999), 0);
    assert!(statistics(reader.as_ref(), 0, 7).energy > 0.0);
}

#[test]
fn a_killed_training_continues_with_the_losses_of_an_uninterrupted_one() {
    let folder = folder();
    let data = generated(&folder);
    let (a, b) = (trained(&folder, &data), folder.path().join("b"));
    let expected = metrics(&a);
    assert_eq!(expected.len(), 30 + 2, "a line a step and a validation");
    kill_at(&train(&data, &b, &[]), || has_checkpoint(&b));
    assert!(metrics(&b).len() < expected.len());
    train(&data, &b, &["--resume"]).assert().success();
    assert_eq!(metrics(&b), expected);
    for file in ["last.safetensors", "weights.safetensors"] {
        assert_eq!(weights(&b.join(file)), weights(&a.join(file)), "{file}");
    }
    // It is learning: the same flow by heart is what the loss of many steps comes to.
    let losses: Vec<f64> = expected
        .iter()
        .filter_map(|line| line["loss"].as_f64())
        .collect();
    assert!(losses[29] < losses[0], "{losses:?}");
    let validations = expected.iter().filter(|line| line["event"] == "epoch");
    let persistence: Vec<&Value> = validations
        .map(|l| &l["relative_l2_of_persistence"])
        .collect();
    assert!(persistence[0] == persistence[1] && persistence[0].as_f64().unwrap() > 0.0);
    fails(
        train(&data, &b, &[]),
        1,
        &["holds a model already", "--resume"],
    );
    let other = folder.path().join("other.h5");
    generate(&other, &["--seed", "5"]).assert().success();
    let words = ["data.json", "other data (equations: found"];
    fails(train(&other, &b, &["--resume"]), 1, &words);
}

#[test]
fn predictions_are_fields_that_go_on_where_the_input_ends() {
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let output = folder.path().join("out.h5");
    predict(&run, &data, &output, &["--first", "1"])
        .assert()
        .success();
    let (input, found) = (read(&data), read(&output));
    assert_eq!(found.shape().extents(), [4, 3, POINTS, POINTS, 1, 2]);
    assert_eq!(found.header().per_trajectory, input.header().per_trajectory);
    assert_eq!(found.header().coordinates, input.header().coordinates);
    // Frames 1 and 2 are given.
    let pairs = found
        .times()
        .unwrap()
        .iter()
        .zip(&input.times().unwrap()[3..6]);
    assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-12);
    // Longer ones begin with the same frames, and go on from these.
    let longer = folder.path().join("longer.h5");
    predict(&run, &data, &longer, &["--first", "1", "--frames", "5"])
        .assert()
        .success();
    let longer = read(&longer);
    for index in 0..3 {
        let pair = (
            snapshot(found.as_ref(), 2, index),
            snapshot(longer.as_ref(), 2, index),
        );
        assert_eq!(pair.0, pair.1);
    }
    assert_ne!(
        snapshot(longer.as_ref(), 2, 4),
        snapshot(longer.as_ref(), 2, 3)
    );
    // Times from 7 on cannot be given twice.
    let beyond = predict(&run, &data, &folder.path().join("no.h5"), &["--first", "7"]);
    fails(
        beyond,
        1,
        &["--first 7", "8 complete snapshots", "expected 9"],
    );
    fails(
        predict(&run, &data, &output, &[]),
        1,
        &["out.h5: exists already"],
    );
    let nowhere = folder.path().join("nowhere");
    fails(
        predict(&nowhere, &data, &output, &[]),
        1,
        &["not a model folder"],
    );
    predict(&run, &data, &output, &["--frames", "0"])
        .assert()
        .code(2);
}

#[test]
fn scores_are_tables_and_pictures_and_the_coarse_solver_is_near_the_truth() {
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let (scores, log) = (
        folder.path().join("scores"),
        folder.path().join("log.jsonl"),
    );
    let log_option = ["--log-json", log.to_str().unwrap(), "--coarse", "12"];
    evaluate(&run, &data, &scores, &log_option)
        .assert()
        .success()
        .stdout(
            predicate::str::contains("4 flows, 3 frames").and(predicate::str::contains("PROSE-FD")),
        );
    for name in ["statistics.png", "turbulence.png", "vorticity.png"] {
        assert_eq!(
            &fs::read(scores.join(name)).unwrap()[1..4],
            b"PNG",
            "{name}"
        );
    }
    let rows = |name: &str| fs::read_to_string(scores.join(name)).unwrap();
    let errors = rows("errors.csv");
    assert!(
        errors.starts_with("contestant,frame,time,relative_l2\nPROSE-FD,1,0.08"),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1 + 3 * 3);
    assert_eq!(rows("statistics.csv").lines().count(), 1 + 4 * 3);
    assert_eq!(rows("spectrum.csv").lines().count(), 1 + 4 * 3 * POINTS / 2);
    let told: Value = serde_json::from_str(fs::read_to_string(&log).unwrap().trim()).unwrap();
    let error = |place: usize| {
        let contestant = &told["contestants"][place];
        contestant["relative_l2_at_the_end"].as_f64().unwrap()
    };
    assert_eq!(told["contestants"][3]["name"], "solver, 12 x 12 points");
    assert_eq!(error(0), 0.0);
    // Viscosity has left little that 12 points a side do not resolve.
    assert!(error(3) < 0.5 * error(2), "{told}");
    assert!(error(1) > 0.0 && error(2) > 0.0);
    fails(
        evaluate(&run, &data, &scores, &[]),
        1,
        &["errors.csv: exists already"],
    );
    evaluate(
        &run,
        &data,
        &scores,
        &["--overwrite", "--trajectories", "all", "-q"],
    )
    .assert()
    .success()
    .stdout("");
    let more = ["--overwrite", "--coarse", "7"];
    fails(
        evaluate(&run, &data, &scores, &more),
        1,
        &["--coarse 7", "flow.points"],
    );
}

#[test]
fn what_cannot_be_generated_is_said_and_leaves_no_file() {
    let folder = folder();
    let path = folder.path().join("flows.h5");
    for (setting, words) in [
        (
            "flow.points=15",
            &["fluids-small.toml: key flow.points", "15"][..],
        ),
        (
            "flow.viscosity=[0.05, 0.01]",
            &["key flow.viscosity", "smaller one first"],
        ),
        ("flow.viscosity=[0.0, 0.01]", &["key flow.viscosity"]),
        ("flow.peak=20.0", &["key flow.peak"]),
        ("data.trajectories=0", &["key data.trajectories: found 0"]),
        ("data.spacing=0.0", &["key data.spacing"]),
        ("data.start=-1.0", &["key data.start"]),
        ("data.frame=3", &["unknown key data.frame", "frames"]),
    ] {
        fails(generate(&path, &["--set", setting]), 1, words);
    }
    fails(
        generate(&path, &["--device", "libtorch"]),
        1,
        &["--device libtorch", "CPU"],
    );
    let nowhere = folder.path().join("no/flows.h5");
    fails(generate(&nowhere, &[]), 1, &["no: cannot write"]);
    fails(
        generate(&folder.path().join("flows.txt"), &[]),
        1,
        &["flows.txt", ".h5"],
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    with(&["fluids", "generate"]).assert().code(2);
}

#[test]
fn what_cannot_be_learnt_is_said_and_leaves_no_folder() {
    let folder = folder();
    let data = generated(&folder);
    let run = folder.path().join("run");
    for (setting, words) in [
        ("model.grid=[16, 8]", &["training.symmetries", "16, 8"][..]),
        (
            "model.grid=[8, 8]",
            &["flows.h5", "16 x 16 x 1 points, expected 8 x 8 x 1"],
        ),
        ("model.patch=5", &["model key patch"]),
        (
            "model.channels=[\"u\", \"p\"]",
            &["flows.h5", "\"v\"", "u, p"],
        ),
        ("model.dimension=2", &["flows.h5", "equations", "u_2"]),
        (
            "data.split.held_out=3",
            &["data.split.validation", "flows.h5"],
        ),
        (
            "model.output_frames=7",
            &["data.split", "8 complete snapshots"],
        ),
        ("training.batch_size=0", &["training.batch_size: found 0"]),
        ("training.optimizer.learning_rate=-1.0", &["learning_rate"]),
        (
            "training.epoch=1",
            &["unknown key training.epoch", "epochs"],
        ),
    ] {
        fails(train(&data, &run, &["--set", setting]), 1, words);
    }
    let channel = Path::new("tests/fixtures/turbulence/held-out.h5");
    let grid = "model.grid=[16, 16]";
    fails(train(channel, &run, &["--set", grid]), 1, &["held-out.h5"]);
    fails(
        train(Path::new("nowhere.h5"), &run, &[]),
        1,
        &["nowhere.h5"],
    );
    assert!(!run.exists());
}

#[test]
fn fields_without_equations_are_refused_and_so_is_a_judge_without_flows() {
    let folder = folder();
    let data = generated(&folder);
    let (run, scores) = (trained(&folder, &data), folder.path().join("scores"));
    let bare = folder.path().join("bare.h5");
    let reader = read(&data);
    let header = rheome_fields::FieldHeader {
        components: Some(vec!["u".to_owned(), "v".to_owned()]),
        ..Default::default()
    };
    let mut writer =
        rheome_fields::create(&bare, &reader.shape(), &header, Default::default()).unwrap();
    for (trajectory, index) in (0..4).flat_map(|t| (0..8).map(move |i| (t, i))) {
        let values = snapshot(reader.as_ref(), trajectory, index);
        writer.append(trajectory, index as f64, &values).unwrap();
    }
    writer.finish().unwrap();
    let words = [
        "bare.h5",
        "no attribute \"equations\"",
        "prose fluids generate",
    ];
    fails(
        predict(&run, &bare, &folder.path().join("a.h5"), &[]),
        1,
        &words,
    );
    fails(evaluate(&run, &bare, &scores, &[]), 1, &words);
    // A training that held nothing out has nobody to judge it.
    let greedy = folder.path().join("greedy");
    let none = [
        "--set",
        "data.split.held_out=0",
        "--set",
        "training.epochs=1",
    ];
    train(&data, &greedy, &none).assert().success();
    fails(
        evaluate(&greedy, &data, &scores, &[]),
        1,
        &["--trajectories", "flows.h5"],
    );
    assert!(!scores.exists());
}
