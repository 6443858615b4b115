//! What is wrong with a setting is told with its file, its whole key and the option that set it.

mod command;
mod flows;
mod models;

use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, with};

#[test]
fn every_command_names_file_key_and_option() {
    let folder = folder();
    let data = models::data(&folder);
    let output = folder.path().join("output");
    // The verb, its settings, and the data, which are not read where a setting is known to be wrong before.
    let verb = |words: &[&str], config: &str, set: &str, data: Option<&Path>| -> Command {
        let mut command = with(words);
        command.args(["--config", config, "--set", set]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        command.arg("--output").arg(&output);
        command
    };
    let (small, small_train) = ("configs/prose/small.toml", "configs/prose/small-train.toml");
    let (flows, flows_train) = (
        "configs/prose/fluids-small.toml",
        "configs/prose/fluids-small-train.toml",
    );
    let nowhere = Some(Path::new("nowhere.h5"));
    let (generate, train): (&[&str], &[&str]) = (&["generate"], &["train"]);
    let fluids_generate = &["fluids", "generate"];
    let fluids_train = &["fluids", "train"];
    for (words, config, data, set, reason) in [
        (
            generate,
            small,
            None,
            "data.points=1",
            "data.points: found 1",
        ),
        (
            generate,
            small,
            None,
            "families.names=[\"lorenz_63\"]",
            "families.names: unknown family \"lorenz_63\"",
        ),
        (
            train,
            small_train,
            nowhere,
            "model.heads=0",
            "model.heads: found 0",
        ),
        (
            train,
            small_train,
            nowhere,
            "objective.symbols=-1.0",
            "objective.symbols: found -1",
        ),
        (
            train,
            small_train,
            nowhere,
            "decoding.max_words=1",
            "decoding.max_words: found 1",
        ),
        (
            train,
            small_train,
            nowhere,
            "training.optimizer.beta_1=1.0",
            "training.optimizer.beta_1: found 1",
        ),
        (
            train,
            small_train,
            Some(data.as_path()),
            "data.batch.input_points=23",
            "data.batch.input_points: found 23",
        ),
        (
            fluids_generate,
            flows,
            None,
            "data.spacing=0.0",
            "data.spacing: found 0",
        ),
        (
            fluids_generate,
            flows,
            None,
            "flow.points=15",
            "flow.points: found 15",
        ),
        (
            fluids_train,
            flows_train,
            nowhere,
            "model.heads=0",
            "model.heads: found 0",
        ),
        (
            fluids_train,
            flows_train,
            nowhere,
            "training.epochs=0",
            "training.epochs: found 0",
        ),
    ] {
        let line = format!("prose: {config}: (with --set {set}) {reason}");
        fails(verb(words, config, set, data), 1, &[&line]);
    }
    assert!(!output.exists());
}

#[test]
fn a_model_whose_settings_cannot_work_is_named_by_its_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let output = path("out.h5");
    let settings = models::checkpoint_settings(&folder);
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replacen("heads = 4", "heads = 0", 1)).unwrap();
    let mut predict = with(&["predict", "--weights", models::CHECKPOINT, "--config"]);
    predict.arg(&settings).args(["--output"]).arg(&output);
    predict.args([
        "--input",
        "tests/fixtures/hudson_bay/lynx_hare.csv",
        "--points",
        "5",
    ]);
    fails(predict, 1, &["tiny.toml: model.heads: found 0"]);

    let flows = flows::generated(&folder);
    let run = flows::trained(&folder, &flows);
    let config = run.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replacen("heads = 2", "heads = 0", 1)).unwrap();
    let words = &["run/config.toml: model.heads: found 0"];
    fails(flows::predict(&run, &flows, &output, &[]), 1, words);
    fails(
        flows::evaluate(&run, &flows, &path("scores"), &[]),
        1,
        words,
    );
    std::fs::write(&config, text.replacen("held_out = 1", "held_out = 9", 1)).unwrap();
    fails(
        flows::evaluate(&run, &flows, &path("scores"), &[]),
        1,
        &["run/config.toml: data.split.validation", "flows.h5"],
    );
}
