//! `prose fluids` from the command line: a training that survives a kill, predictions, scores, and how they fail.

mod command;
mod flows;

use std::fs;
use std::path::Path;

use command::{fails, folder, is_refused_beside, with};
use flows::{POINTS, evaluate, generate, generated, predict, read, snapshot, train, trained};
use predicates::prelude::*;
use rheome_fields::{FieldReader, open};
use rheome_testing::{has_checkpoint, kill_at, metrics, weights};
use serde_json::Value;

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
    let before = fs::read(&data).unwrap();
    let itself = predict(&run, &data, &data, &["--overwrite"]);
    fails(itself, 1, &["is the input file itself"]);
    assert!(fs::read(&data).unwrap() == before);
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
        predict(&nowhere, &data, &folder.path().join("no.h5"), &[]),
        1,
        &["not a model folder"],
    );
    predict(&run, &data, &output, &["--frames", "0"])
        .assert()
        .code(2);
}

/// Frames that are no numbers cost nothing of what was there.
#[test]
fn a_prediction_whose_first_frames_fail_leaves_the_old_file() {
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let weights = run.join("weights.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for value in bytes[header..].chunks_exact_mut(4) {
        value.copy_from_slice(&3e38_f32.to_le_bytes());
    }
    fs::write(&weights, bytes).unwrap();
    let output = folder.path().join("out.h5");
    fs::write(&output, "mine").unwrap();
    let words = ["trajectory 0: frame 0", "are the weights finite?"];
    fails(predict(&run, &data, &output, &["--overwrite"]), 1, &words);
    assert_eq!(fs::read(&output).unwrap(), b"mine");
    assert!(!folder.path().join("out.h5.partial").exists());
}

#[test]
fn longer_predictions_begin_with_the_same_frames_and_go_on_from_these() {
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let path = |name: &str| folder.path().join(name);
    predict(&run, &data, &path("short.h5"), &[])
        .assert()
        .success();
    predict(&run, &data, &path("long.h5"), &["--frames", "5"])
        .assert()
        .success();
    let (short, long) = (read(&path("short.h5")), read(&path("long.h5")));
    assert_eq!((short.shape().snapshots, long.shape().snapshots), (3, 5));
    let of = |reader: &dyn FieldReader, index| snapshot(reader, 2, index);
    for index in 0..3 {
        assert_eq!(of(short.as_ref(), index), of(long.as_ref(), index));
    }
    assert_ne!(of(long.as_ref(), 4), of(long.as_ref(), 3));
    // Frames 4 and 5 come from frames 2 and 3, which are given here.
    predict(&run, &path("long.h5"), &path("again.h5"), &["--first", "1"])
        .assert()
        .success();
    assert_eq!(
        of(read(&path("again.h5")).as_ref(), 0),
        of(long.as_ref(), 3)
    );
    // A NetCDF file holds the same.
    let other = path("long.nc");
    predict(&run, &data, &other, &["--frames", "5"])
        .assert()
        .success();
    for index in 0..5 {
        assert_eq!(of(read(&other).as_ref(), index), of(long.as_ref(), index));
    }
    // An array of NumPy takes one flow after the other; networks compute one by one and side by side alike but for rounding.
    let other = path("long.npy");
    predict(&run, &data, &other, &["--frames", "5"])
        .assert()
        .success();
    let pairs = of(read(&other).as_ref(), 4);
    let pairs = pairs.iter().zip(of(long.as_ref(), 4));
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 1e-4, "{largest}");
}

#[test]
fn flows_are_written_as_they_are_continued() {
    // So many frames that a kill comes before the last: what is there then is complete.
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let path = |name: &str| folder.path().join(name);
    let frames = ["--frames", "3000"];
    let begun = || {
        let file = path("killed.h5");
        file.exists() && open(file.to_str().unwrap()).is_ok_and(|file| file.completed(3) > 3)
    };
    kill_at(&predict(&run, &data, &path("killed.h5"), &frames), begun);
    let killed = read(&path("killed.h5"));
    let completed = killed.completed(0);
    assert!((4..3000).contains(&completed), "{completed}");
    predict(&run, &data, &path("short.h5"), &["--frames", "4"])
        .assert()
        .success();
    let short = read(&path("short.h5"));
    for (trajectory, index) in [(0, 0), (3, 0), (0, 3), (3, 3)] {
        assert_eq!(
            snapshot(killed.as_ref(), trajectory, index),
            snapshot(short.as_ref(), trajectory, index)
        );
    }
}

#[test]
fn the_model_folder_of_flows_is_described() {
    let folder = folder();
    let data = generated(&folder);
    let run = trained(&folder, &data);
    let told = with(&["info", "--json", run.to_str().unwrap()])
        .assert()
        .success();
    let told: Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    assert_eq!(told["network"], "PROSE-FD");
    assert_eq!(told["settings"]["model"]["patch"], 4);
    assert!(told["parameters"].as_u64().unwrap() > 1000 && told["words"].as_u64().unwrap() > 10);
    assert!(told["training_seconds"].as_f64().unwrap() > 0.0);
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
            predicate::str::contains("4 stretch(es) of 1 flow(s), 3 frames")
                .and(predicate::str::contains("PROSE-FD")),
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
    let again = evaluate(&run, &data, &scores, &["--overwrite"]);
    is_refused_beside(&scores.join(".lock"), again);
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
        ("model.patch=5", &["model.patch"]),
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
            &[
                "model.output_frames: found 7",
                "9 snapshots, expected 8 at most",
                "flows.h5",
            ],
        ),
        ("training.batch_size=0", &["training.batch_size: found 0"]),
        (
            "training.batch_size=4294967296",
            &["training.batch_size: found 4294967296", "at most"],
        ),
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
    // Flows that end before what the model predicts.
    let short = folder.path().join("short.h5");
    generate(&short, &["--set", "data.frames=4"])
        .assert()
        .success();
    let told = "short.h5:velocity: the longest flow has 4 snapshots, expected at least 5, which the model is given and predicts";
    for which in ["held-out", "all"] {
        let judge = evaluate(&run, &short, &scores, &["--trajectories", which]);
        fails(judge, 1, &[told]);
    }
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
