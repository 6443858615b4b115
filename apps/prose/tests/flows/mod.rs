//! The commands about flows, with settings that are computed in no time, and what their files hold.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use rheome_fields::{FieldReader, open};
use tempfile::TempDir;

use crate::command::with;

/// Points along each side.
pub const POINTS: usize = 16;

pub fn generate(output: &Path, more: &[&str]) -> Command {
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

pub fn generated(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("flows.h5");
    generate(&path, &[])
        .assert()
        .success()
        .stdout("")
        .stderr("");
    path
}

/// A network so small that it learns in seconds.
pub fn train(data: &Path, output: &Path, more: &[&str]) -> Command {
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

pub fn trained(folder: &TempDir, data: &Path) -> PathBuf {
    let run = folder.path().join("run");
    train(data, &run, &[]).assert().success();
    run
}

pub fn predict(run: &Path, data: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["fluids", "predict", "-q", "--device", "flex", "--model"]);
    command.arg(run).arg("--input").arg(data).arg("--output");
    command.arg(output).args(more);
    command
}

pub fn evaluate(run: &Path, data: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["fluids", "evaluate", "--device", "flex", "--model"]);
    command.arg(run).arg("--data").arg(data).arg("--output");
    command.arg(output).args(more);
    command
}

pub fn read(path: &Path) -> Box<dyn FieldReader> {
    open(path.to_str().unwrap()).unwrap()
}

pub fn snapshot(reader: &dyn FieldReader, trajectory: usize, index: usize) -> Vec<f32> {
    let mut values = vec![0.0; reader.shape().snapshot_len()];
    reader.read(trajectory, index, &mut values).unwrap();
    values
}
