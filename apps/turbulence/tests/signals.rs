//! SIGINT and SIGTERM: the unit at hand is finished, what is complete is kept, and the run goes on later as if nothing had been.

mod command;
mod runs;

use std::fs;
use std::path::Path;

use command::{HELD_OUT, folder, interrupted, with};
use rheome_fields::open;
use rheome_testing::{interrupted_twice, metrics, weights};
use runs::{rollout, simulation, training};

/// Snapshots that are complete in a file, of all trajectories.
fn completed(path: &str) -> usize {
    open(path).map_or(0, |file| {
        let trajectories = 0..file.shape().trajectories;
        trajectories.map(|t| file.completed(t)).sum()
    })
}

/// All values of a file.
fn values(path: &str) -> Vec<f32> {
    let file = open(path).unwrap();
    let mut all = Vec::new();
    let mut snapshot = vec![0.0; file.shape().snapshot_len()];
    for trajectory in 0..file.shape().trajectories {
        for index in 0..file.completed(trajectory) {
            file.read(trajectory, index, &mut snapshot).unwrap();
            all.extend_from_slice(&snapshot);
        }
    }
    all
}

#[test]
fn a_simulation_stops_between_two_steps_and_continues_bit_for_bit() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (a, b) = (path("a.h5"), path("b.h5"));
    let one = ["--threads", "1"];
    simulation(&a, &one).assert().success();
    let words = ["b.h5: ", "of 80 snapshots", "--resume"];
    let resumed = [&one[..], &["--resume"]].concat();
    // In the warm-up, and among the snapshots.
    interrupted(
        &simulation(&b, &one),
        "INT",
        || Path::new(&b).exists(),
        &words,
    );
    let moment = || completed(&b) > 5;
    interrupted(&simulation(&b, &resumed), "TERM", moment, &words);
    assert!(completed(&b) < 80);
    simulation(&b, &resumed).assert().success();
    assert_eq!(values(&a), values(&b));
    assert!(!folder.path().join("b.h5.lock").exists());
}

#[test]
fn a_training_stops_with_a_checkpoint_and_continues_with_the_same_losses() {
    let folder = folder();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let often = ["--threads", "1", "--set", "training.log_every=1"];
    training(&a, &often).assert().success();
    let has_metrics = || fs::metadata(b.join("metrics.jsonl")).is_ok_and(|file| file.len() > 0);
    let words = ["b: ", "steps are in its checkpoint", "--resume"];
    interrupted(&training(&b, &often), "INT", has_metrics, &words);
    assert!(metrics(&b).len() < metrics(&a).len());
    training(&b, &[&often[..], &["--resume"]].concat())
        .assert()
        .success();
    assert_eq!(metrics(&a), metrics(&b));
    for file in ["weights.safetensors", "last.safetensors"] {
        assert_eq!(weights(&a.join(file)), weights(&b.join(file)), "{file}");
    }
}

#[test]
fn a_rollout_keeps_its_steps_and_goes_on_from_the_last_one() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (a, whole) = (path("a.h5"), path("whole.h5"));
    let words = [
        "a.h5: ",
        "of 4000 steps",
        "continue with --input",
        "--index",
    ];
    let moment = || completed(&a) > 2;
    interrupted(&rollout(HELD_OUT, 0, 4000, &a), "TERM", moment, &words);
    let done = completed(&a);
    // The file is cut to what it holds.
    assert_eq!(open(&a).unwrap().shape().snapshots, done);
    let rest = path("rest.h5");
    rollout(&a, done - 1, 3, &rest).assert().success();
    rollout(HELD_OUT, 0, done + 3, &whole).assert().success();
    assert_eq!([values(&a), values(&rest)].concat(), values(&whole));
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let folder = folder();
    let output = folder.path().join("a.h5").display().to_string();
    let moment = || completed(&output) > 0;
    interrupted_twice(&rollout(HELD_OUT, 0, 4000, &output), "INT", moment);
    // As after a kill: what was written is there.
    assert!(completed(&output) > 0);
    assert_eq!(open(&output).unwrap().shape().snapshots, 4000);
}

#[test]
fn what_is_only_written_as_a_whole_is_not_written() {
    let folder = folder();
    let stats = folder.path().join("a.stats.h5").display().to_string();
    fs::write(&stats, "mine").unwrap();
    // Much to read, so that the signal comes before its end.
    let mut command = with(&["stats", "--overwrite", "-q", "--output", &stats]);
    command.args(["--threads", "1"]).args([HELD_OUT; 200]);
    interrupted(&command, "INT", || true, &["nothing is written"]);
    assert_eq!(fs::read(&stats).unwrap(), b"mine");
}
