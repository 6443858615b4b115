//! What is wrong with a setting is told with its file, its whole key and the option that set it.

mod command;
mod screen;

use std::path::Path;

use command::{fails, folder, root, with};
use screen::{predict, prepared, train};

#[test]
fn every_command_names_file_key_and_option() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    let smoke = "configs/perturb/smoke-train.toml";
    for (set, reason) in [
        ("model.heads=0", "model.heads: found 0"),
        ("objective.batch=1", "objective.batch: found 1"),
        (
            "objective.batch=4294967296",
            "objective.batch: found 4294967296",
        ),
        (
            "training.validation_cells=4294967296",
            "training.validation_cells: found 4294967296",
        ),
        ("sampling.points=1", "sampling.points: found 1"),
        ("graph.neighbours=0", "graph.neighbours: found 0"),
        (
            "training.validate_every=0",
            "training.validate_every: found 0",
        ),
        ("training.validate_every=7", "training.steps: found"),
        (
            "training.optimizer.beta_1=1.0",
            "training.optimizer.beta_1: found 1",
        ),
        (
            "training.optimizer.learning_rate=inf",
            "training.optimizer.learning_rate: found inf",
        ),
        (
            "training.optimizer.learning_rate=fast",
            "training.optimizer.learning_rate: invalid type: string",
        ),
        ("model.vocabulary=20", "model.vocabulary: found 20"),
    ] {
        let line = format!("perturb: {smoke}: (with --set {set}) {reason}");
        fails(train(&data, &run, &["--set", set]), 1, &[&line]);
    }
    assert!(!run.exists());
    let screen = "configs/perturb/small-screen.toml";
    let output = folder.path().join("screen.h5ad");
    for (set, reason) in [
        ("network.basal=0.0", "network.basal: found 0"),
        ("seed=9007199254740993", "seed: found 9007199254740993"),
    ] {
        let mut generate = with(&["generate", "--config", screen, "--set", set, "--output"]);
        generate.arg(&output);
        let line = format!("perturb: {screen}: (with --set {set}) {reason}");
        fails(generate, 1, &[&line]);
    }
    assert!(!output.exists());
}

#[test]
fn a_model_whose_settings_cannot_work_is_named_by_its_file() {
    let folder = folder();
    let data = prepared(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let published = std::fs::read_to_string(root().join("configs/perturb/smoke-train.toml"));
    let text = published.unwrap().replacen("steps = ", "steps = 1 # ", 1);
    std::fs::create_dir(path("run")).unwrap();
    std::fs::write(path("run/config.toml"), text).unwrap();
    let output = path("out.h5ad");
    let ask = ["--perturbations", "REG000", "--output", &output];
    fails(
        predict(Path::new(&path("run")), &data, &ask),
        1,
        &[
            "run/config.toml: training.steps: found 1, expected a multiple of training.validate_every",
        ],
    );
    let set = [&ask[..], &["--set", "model.heads=0"]].concat();
    fails(
        predict(Path::new(&path("run")), &data, &set),
        1,
        &["run/config.toml: (with --set model.heads=0) model.heads: found 0"],
    );
}
