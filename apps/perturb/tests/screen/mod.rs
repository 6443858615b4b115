//! A screen, and commands on it that take seconds.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::command::with;

/// A screen of 40 genes, generated and prepared.
pub fn prepared(folder: &TempDir) -> PathBuf {
    prepared_from(folder, "1234")
}

/// The screen of a seed.
pub fn prepared_from(folder: &TempDir, seed: &str) -> PathBuf {
    let (raw, data) = (
        folder.path().join("raw.h5ad"),
        folder.path().join("data.h5ad"),
    );
    let config = "configs/perturb/small-screen.toml";
    let mut generate = with(&["generate", "--config", config, "-q", "--output"]);
    generate.arg(&raw).args(["--seed", seed]);
    for setting in [
        "cells.control=60",
        "cells.per_single=12",
        "cells.per_pair=12",
        "network.regulators=5",
        "network.mediators=5",
        "network.targets=30",
        "perturbations.singles=5",
        "perturbations.pairs=6",
    ] {
        generate.args(["--set", setting]);
    }
    generate.assert().success();
    let mut prepare = with(&["prepare", "--split-method", "additive", "-q", "--output"]);
    prepare.arg(&data).arg(&raw).assert().success();
    data
}

pub fn train(data: &Path, output: &Path, more: &[&str]) -> Command {
    let config = "configs/perturb/smoke-train.toml";
    let mut command = with(&["train", "--config", config, "--device", "flex", "-q"]);
    command.args(["--threads", "1"]);
    command.arg("--data").arg(data).arg("--output").arg(output);
    command.args(more);
    command
}

pub fn predict(model: &Path, data: &Path, more: &[&str]) -> Command {
    let mut command = with(&["predict", "--device", "flex", "-q"]);
    command.arg("--model").arg(model).arg("--data").arg(data);
    command.args(more);
    command
}

/// What a model folder tells of its training.
pub fn trained_on(run: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(run.join("trained_on.json")).unwrap()).unwrap()
}

/// Settings of a training that is over at once.
pub const SHORT: &str = "training.steps=1 training.validate_every=1 training.validation_perturbations=0 \
                     objective.batch=2 objective.genes=2 graph.neighbours=1";

/// Such a training.
pub fn briefly(data: &Path, run: &Path, more: &[&str]) -> assert_cmd::Command {
    let settings = SHORT.split_whitespace().flat_map(|one| ["--set", one]);
    train(
        data,
        run,
        &settings.chain(more.iter().copied()).collect::<Vec<_>>(),
    )
}
