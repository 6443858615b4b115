//! Runs that take seconds, for the tests that stop them.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::path::Path;

use assert_cmd::Command;

use crate::command::{HELD_OUT, with};

/// A small simulation of two trajectories that takes seconds.
pub fn simulation(output: &str, more: &[&str]) -> Command {
    let config = "configs/turbulence/minimal-channel.toml";
    let mut command = with(&["simulate", "--config", config, "--output", output, "-q"]);
    let small = [
        "channel.points=[16,17,16]",
        "output.grid=[4,5,4]",
        "output.trajectories=2",
        "output.warm_up=0.1",
        "output.interval=0.02",
        "output.snapshots=40",
        "output.checkpoint_interval=0.05",
    ];
    for setting in small {
        command.args(["--set", setting]);
    }
    command.args(more);
    command
}

/// A small training that takes seconds.
pub fn training(output: &Path, more: &[&str]) -> Command {
    let config = "configs/turbulence/smoke.toml";
    let mut command = with(&[
        "train", "--config", config, "--data", HELD_OUT, "--device", "flex", "-q",
    ]);
    command.arg("--output").arg(output).args(more);
    command
}

/// A rollout of the demo's operator, on one thread.
pub fn rollout(input: &str, index: usize, steps: usize, output: &str) -> Command {
    let model = "apps/turbulence/demo/model";
    let mut command = with(&["rollout", "--model", model, "--device", "flex", "-q"]);
    let (index, steps) = (index.to_string(), steps.to_string());
    command.args(["--threads", "1", "--input", input, "--index", &index]);
    command.args(["--steps", &steps, "--output", output]);
    command
}
