//! A simulation and a training that are killed continue as if nothing had been.

mod command;
mod numbers;
mod runs;

use std::fs;
use std::path::Path;

use command::{HELD_OUT, fails, folder, with};
use numbers::numbers;
use rheome_testing::{has_checkpoint, kill_at, weights};
use runs::{simulation, training};

#[test]
fn a_simulation_continues_bit_for_bit_after_a_stop() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (a, b) = (path("a.h5"), path("b.h5"));
    simulation(&a, &[]).assert().success();
    let checkpoint = folder
        .path()
        .join("b.h5.checkpoints/trajectory-0001.channel");
    kill_at(&simulation(&b, &[]), || checkpoint.exists());
    simulation(&b, &["--resume"]).assert().success();
    for name in ["a", "b"] {
        let (from, to) = (path(&format!("{name}.h5")), path(&format!("{name}.npy")));
        with(&["convert", &from, &to, "-q"]).assert().success();
    }
    assert_eq!(
        fs::read(path("a.npy")).unwrap(),
        fs::read(path("b.npy")).unwrap()
    );
}

#[test]
fn statistics_of_a_simulation_continue_bit_for_bit_after_a_stop() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (a, b) = (path("a.h5"), path("b.h5"));
    simulation(&a, &["--stats"]).assert().success();
    let bits = |name: &str| -> Vec<(String, Vec<u64>)> {
        let all = numbers(&path(name)).into_iter();
        all.map(|(name, values)| (name, values.iter().map(|v| v.to_bits()).collect()))
            .collect()
    };
    let expected = bits("a.stats.h5");
    assert!(expected.len() > 30);
    // Killed in the warm-up, among the snapshots, and when one trajectory of two has ended.
    let stop = |more: &[&str], written: usize| {
        let moment = || {
            rheome_fields::open(&b).is_ok_and(|file| {
                let completed = |t| file.completed(t);
                completed(0) + completed(1) >= written
            })
        };
        kill_at(&simulation(&b, &[&["--stats"], more].concat()), moment);
    };
    stop(&["--threads", "1"], 0);
    stop(&["--threads", "2", "--resume"], 9);
    stop(&["--threads", "1", "--resume"], 60);
    simulation(&b, &["--stats", "--resume"]).assert().success();
    assert_eq!(bits("b.stats.h5"), expected);
}

#[test]
fn statistics_cannot_be_begun_in_the_middle_of_a_simulation() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (first, second, words) in [
        (&[][..], &["--stats", "--resume"][..], "without --stats"),
        (&["--stats"][..], &["--resume"][..], "with --stats"),
    ] {
        let output = path("a.h5");
        let moment = || rheome_fields::open(&output).is_ok_and(|f| f.completed(0) > 20);
        kill_at(&simulation(&output, first), moment);
        fails(simulation(&output, second), 1, &["trajectory-000", words]);
        fs::remove_file(&output).unwrap();
    }
}

/// A checkpoint that belongs to a longer file would leave a gap in this one.
#[test]
fn a_checkpoint_ahead_of_its_output_is_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (output, early) = (path("a.h5"), path("early.h5"));
    kill_at(&simulation(&output, &[]), || Path::new(&output).exists());
    fs::copy(&output, &early).unwrap();
    let checkpoint = folder
        .path()
        .join("a.h5.checkpoints/trajectory-0000.channel");
    let first = || fs::read(&checkpoint).unwrap_or_default();
    // Beyond the warm-up there have been snapshots: the third checkpoint is the first behind one.
    let seen = std::cell::RefCell::new(Vec::<Vec<u8>>::new());
    kill_at(&simulation(&output, &["--resume"]), || {
        let (now, mut seen) = (first(), seen.borrow_mut());
        if !now.is_empty() && seen.last() != Some(&now) {
            seen.push(now);
        }
        seen.len() > 4
    });
    fs::copy(&early, &output).unwrap();
    fails(
        simulation(&output, &["--resume"]),
        1,
        &["trajectory-000", ".channel", "more snapshots"],
    );
}

#[test]
fn training_continues_with_the_losses_of_an_uninterrupted_run() {
    let folder = folder();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let train = |output: &Path, more: &[&str]| {
        let often = [
            "--threads",
            "1",
            "--set",
            "training.checkpoint_every=3",
            "--set",
            "training.log_every=1",
        ];
        training(output, &[&often, more].concat())
    };
    train(&a, &[]).assert().success();
    kill_at(&train(&b, &[]), || has_checkpoint(&b));
    train(&b, &["--resume"]).assert().success();
    let losses = |run: &Path| -> Vec<String> {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let lines = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        // Wall-clock time is the one thing that may differ; it runs on through a kill.
        let mut times = Vec::new();
        let timeless = |mut line: serde_json::Value| {
            let time = line.as_object_mut().unwrap().remove("training_seconds");
            times.push(time.unwrap().as_f64().unwrap());
            line.to_string()
        };
        let losses = lines.map(timeless).collect();
        assert!(times.is_sorted(), "{times:?}");
        losses
    };
    assert_eq!(losses(&a), losses(&b));
    for file in ["weights.safetensors", "last.safetensors"] {
        assert_eq!(weights(&a.join(file)), weights(&b.join(file)), "{file}");
    }
    // A second run does not replace the first, and other settings do not continue it.
    fails(train(&a, &[]), 1, &[&a.display().to_string(), "--resume"]);
    fails(
        train(&a, &["--resume", "--set", "training.batch_size=2"]),
        1,
        &["other settings"],
    );
}

#[test]
fn a_training_is_not_continued_with_another_flow() {
    let folder = folder();
    let (run, data) = (folder.path().join("run"), folder.path().join("flow.npy"));
    with(&["convert", HELD_OUT, data.to_str().unwrap(), "-q"])
        .assert()
        .success();
    let train = |more: &[&str]| {
        let config = "configs/turbulence/smoke.toml";
        let mut command = with(&["train", "--config", config, "--device", "flex", "-q"]);
        let short = ["--set", "training.epochs=1", "--set", "data.time_step=0.1"];
        command.arg("--data").arg(&data).arg("--output").arg(&run);
        command.args(short).args(more);
        command
    };
    train(&[]).assert().success();
    train(&["--resume"]).assert().success();
    // One bit of the last number.
    let mut bytes = fs::read(&data).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    fs::write(&data, bytes).unwrap();
    let words = [
        "run/data.json",
        "begun with other data (values: found",
        "--data",
    ];
    fails(train(&["--resume"]), 1, &words);
}

#[test]
fn a_training_without_a_checkpoint_is_resumed_from_its_start() {
    let folder = folder();
    let run = folder.path().join("run");
    let short = ["--set", "training.epochs=1"];
    training(&run, &short).assert().success();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let before = weights(&run.join("weights.safetensors"));
    training(&run, &[&short[..], &["--resume"]].concat())
        .assert()
        .success();
    assert_eq!(before, weights(&run.join("weights.safetensors")));
}

/// Fine-tuning starts where the weights are, not at random.
#[test]
fn a_training_starts_from_given_weights() {
    let folder = folder();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    training(&first, &[]).assert().success();
    let file = first.join("weights.safetensors").display().to_string();
    // Steps of no length leave the weights where they were.
    let still = [
        "--weights",
        &file,
        "--set",
        "training.optimizer.learning_rate=1e-30",
    ];
    training(&second, &still).assert().success();
    let pairs = [&first, &second].map(|run| weights(&run.join("weights.safetensors")));
    assert_eq!(pairs[0], pairs[1]);
    // The time of its training counts on from that of the weights.
    let [before, after] = [(&first, true), (&second, false)].map(|(run, is_last)| {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let seconds = text.lines().filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["training_seconds"].as_f64()
        });
        let seconds: Vec<f64> = seconds.collect();
        if is_last {
            seconds[seconds.len() - 1]
        } else {
            seconds[0]
        }
    });
    assert!(before > 0.0 && after > before, "{before} {after}");
}

/// A run is stopped before its first step is done: what continues it knows the weights that it began with.
#[test]
fn a_stopped_training_from_given_weights_does_not_begin_again_from_others() {
    let folder = folder();
    let run = |name: &str| folder.path().join(name);
    training(&run("first"), &[]).assert().success();
    let file = run("first").join("weights.safetensors");
    let given = ["--weights", file.to_str().unwrap()];
    training(&run("whole"), &given).assert().success();
    let stopped = training(&run("stopped"), &given);
    kill_at(&stopped, || has_checkpoint(&run("stopped")));
    training(&run("stopped"), &["--resume"]).assert().success();
    let last = |name: &str| weights(&run(name).join("last.safetensors"));
    assert_eq!(last("stopped"), last("whole"));
}

/// A loss that leaves the numbers stops the training, names the batch and keeps the weights before it.
#[test]
fn a_diverging_training_stops_and_keeps_its_weights() {
    let folder = folder();
    let run = folder.path().join("run");
    let wild = training(&run, &["--set", "training.optimizer.learning_rate=1e30"]);
    fails(wild, 1, &["epoch 1, batch 2", "kept"]);
    assert!(run.join("last.safetensors").exists());
    assert_eq!(fs::read_dir(run.join("checkpoints")).unwrap().count(), 1);
}

/// A training that never had a finite validation has no weights to use, and says so.
#[test]
fn a_training_without_a_finite_validation_fails() {
    let folder = folder();
    let run = folder.path().join("run");
    let hopeless = [
        "training.epochs=1",
        "training.batch_size=64",
        "training.optimizer.learning_rate=1e20",
        "training.optimizer.clip_norm=0.0",
    ];
    let settings = hopeless.iter().flat_map(|setting| ["--set", setting]);
    let settings: Vec<&str> = settings.collect();
    let words = [
        "weights.safetensors: is not there: no validation gave a finite number",
        "last.safetensors",
    ];
    fails(training(&run, &settings), 1, &words);
    assert!(run.join("last.safetensors").exists());
    // Nor has it any when nothing is left to do.
    fails(
        training(&run, &[&settings[..], &["--resume"]].concat()),
        1,
        &words,
    );
}
