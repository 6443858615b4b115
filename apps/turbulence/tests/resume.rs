//! A simulation and a training that are killed continue as if nothing had been.

mod command;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use command::{HELD_OUT, fails, folder, root, with};

#[test]
fn a_simulation_continues_bit_for_bit_after_a_stop() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let simulate = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "simulate",
            "--config",
            "configs/turbulence/minimal-channel.toml",
            "--output",
            output,
        ]);
        let small = [
            "channel.points=[8,17,8]",
            "output.grid=[4,5,4]",
            "output.trajectories=2",
            "output.warm_up=0.2",
            "output.interval=0.02",
            "output.snapshots=6",
            "output.checkpoint_interval=0.05",
        ];
        for setting in small {
            command.args(["--set", setting]);
        }
        command.args(more);
        command
    };
    let (whole, parts) = (path("whole.npy"), path("parts.npy"));
    let (a, b) = (path("a.h5"), path("b.h5"));
    simulate(&a, &["-q"]).assert().success();
    // Killed at some moment; how far it came does not matter.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child
        .current_dir(root())
        .args(simulate(&b, &["-q"]).get_args());
    let mut child = child.spawn().unwrap();
    while !Path::new(&b).exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(60));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "it was stopped on its way");
    // Unless it was through already, the name is taken and the run can be resumed.
    simulate(&b, &["--resume", "-q"]).assert().success();
    for (from, to) in [(&a, &whole), (&b, &parts)] {
        with(&["convert", from, to, "-q"]).assert().success();
    }
    assert_eq!(fs::read(whole).unwrap(), fs::read(parts).unwrap());
}

/// A checkpoint that belongs to a longer file would leave a gap in this one.
#[test]
fn a_checkpoint_ahead_of_its_output_is_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (output, early) = (path("a.h5"), path("early.h5"));
    let simulate = |more: &[&str]| {
        let mut command = with(&[
            "simulate",
            "--config",
            "configs/turbulence/laminar.toml",
            "--set",
            "output.checkpoint_interval=0.02",
            "--set",
            "output.snapshots=4000",
            "--output",
            &output,
            "-q",
        ]);
        command.args(more);
        command
    };
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child.current_dir(root()).args(simulate(&[]).get_args());
    let mut child = child.spawn().unwrap();
    while !Path::new(&output).exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    fs::copy(&output, &early).unwrap();
    let checkpoint = folder
        .path()
        .join("a.h5.checkpoints/trajectory-0000.channel");
    while !checkpoint.exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    child.kill().unwrap();
    assert_eq!(
        child.wait().unwrap().signal(),
        Some(9),
        "it was stopped on its way"
    );
    fs::copy(&early, &output).unwrap();
    fails(
        simulate(&["--resume"]),
        1,
        &["trajectory-0000.channel", "more snapshots"],
    );
}

#[test]
fn a_training_without_a_checkpoint_is_resumed_from_its_start() {
    let folder = folder();
    let run = folder.path().join("run");
    let train = |more: &[&str]| {
        let mut command = with(&[
            "train",
            "--config",
            "configs/turbulence/smoke.toml",
            "--data",
            HELD_OUT,
            "--device",
            "flex",
            "-q",
        ]);
        command
            .args([
                "--output",
                &run.display().to_string(),
                "--set",
                "training.epochs=1",
            ])
            .args(more);
        command
    };
    train(&[]).assert().success();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let weights = fs::read(run.join("weights.safetensors")).unwrap();
    train(&["--resume"]).assert().success();
    let again = fs::read(run.join("weights.safetensors")).unwrap();
    assert_eq!(safetensors_body(&weights), safetensors_body(&again));
}

/// A loss that leaves the numbers stops the training, names the batch and keeps the weights before it.
#[test]
fn a_diverging_training_stops_and_keeps_its_weights() {
    let folder = folder();
    let run = folder.path().join("run");
    let command = |more: &[&str]| {
        let mut command = with(&[
            "train",
            "--config",
            "configs/turbulence/smoke.toml",
            "--data",
            HELD_OUT,
            "--device",
            "flex",
            "-q",
        ]);
        command
            .args([
                "--output",
                &run.display().to_string(),
                "--set",
                "training.optimizer.learning_rate=1e30",
            ])
            .args(more);
        command
    };
    fails(command(&[]), 1, &["epoch 1, batch 2", "kept"]);
    assert!(run.join("last.safetensors").exists());
    assert_eq!(fs::read_dir(run.join("checkpoints")).unwrap().count(), 1);
}

#[test]
fn training_continues_with_the_losses_of_an_uninterrupted_run() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let train = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "train",
            "--config",
            "configs/turbulence/smoke.toml",
            "--data",
            HELD_OUT,
            "--output",
            output,
            "--device",
            "flex",
            "--threads",
            "1",
            "-q",
            "--set",
            "training.checkpoint_every=3",
            "--set",
            "training.log_every=1",
        ]);
        command.args(more);
        command
    };
    let (a, b) = (path("a"), path("b"));
    train(&a, &[]).assert().success();
    let losses = |run: &str| -> Vec<String> {
        let text = fs::read_to_string(Path::new(run).join("metrics.jsonl")).unwrap();
        let lines = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        // Wall-clock time is the one thing that may differ.
        lines
            .map(|mut l| {
                l.as_object_mut().unwrap().remove("seconds");
                l.to_string()
            })
            .collect()
    };
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child.current_dir(root()).args(train(&b, &[]).get_args());
    let mut child = child.spawn().unwrap();
    let checkpoints = Path::new(&b).join("checkpoints");
    let has_one = || {
        fs::read_dir(&checkpoints).is_ok_and(|mut d| {
            d.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("step-")))
        })
    };
    while !has_one() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "it was stopped on its way");
    train(&b, &["--resume"]).assert().success();
    assert_eq!(losses(&a), losses(&b));
    for file in ["weights.safetensors", "last.safetensors"] {
        let read = |run: &str| safetensors_body(&fs::read(Path::new(run).join(file)).unwrap());
        assert_eq!(read(&a), read(&b), "{file}");
    }
    // A second run does not replace the first, and other settings do not continue it.
    fails(train(&a, &[]), 1, &[&a, "--resume"]);
    fails(
        train(&a, &["--resume", "--set", "training.batch_size=2"]),
        1,
        &["other settings"],
    );
}

/// The numbers behind the header, which names the command line.
fn safetensors_body(bytes: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + length..].to_vec()
}
