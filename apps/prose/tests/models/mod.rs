//! Models for the tests: the published code's small network, and a folder as a training leaves it.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::with;

/// Weights from the authors' code, drawn at random, as PyTorch wrote them.
pub const CHECKPOINT: &str = "tests/fixtures/prose_ode_tiny/checkpoint.pt";

/// Settings of these weights.
pub fn checkpoint_settings(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("tiny.toml");
    let text = "[model]\nwidth = 32\nheads = 4\ndata_encoder = 1\ntext_encoder = 1\nfusion = 2\ndata_decoder = 2\ntext_decoder = 2\n";
    std::fs::write(&path, text).unwrap();
    path
}

/// Data of three families and two equations of each.
pub fn data(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("data.h5");
    let mut generate = with(&["generate", "--config", "configs/prose/small.toml", "-q"]);
    for setting in ["data.equations=4", "data.trajectories=2", "data.points=24"] {
        generate.args(["--set", setting]);
    }
    generate.arg("--output").arg(&path).assert().success();
    path
}

/// A model folder behind a few steps of training on these data.
pub fn trained(folder: &TempDir, data: &Path) -> PathBuf {
    let path = folder.path().join("run");
    let mut train = with(&["train", "--config", "configs/prose/small-train.toml", "-q"]);
    for setting in [
        "model.width=16",
        "model.heads=2",
        "data.batch.size=8",
        "data.batch.input_points=8",
        "training.epochs=1",
        "training.steps_per_epoch=4",
        "training.validation_equations=0",
    ] {
        train.args(["--set", setting]);
    }
    train.args(["--device", "flex", "--threads", "1", "--data"]);
    train.arg(data).arg("--output").arg(&path);
    train.assert().success();
    path
}
