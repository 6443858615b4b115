//! Simulated screens from the command line: `generate` and `info`.

mod command;

use std::fs;

use command::{fails, folder, python, root, with};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_anndata::{AnnData, RowBlock};

const SMALL: &str = "configs/perturb/small-screen.toml";

fn counts(path: &str) -> RowBlock<f32> {
    let cells = AnnData::open(path).unwrap();
    cells.x().unwrap().rows(0..cells.n_obs()).unwrap()
}

#[test]
fn help_is_there_for_every_command_of_the_data() {
    for command in ["prepare", "split", "generate", "info"] {
        with(&[command, "--help"])
            .assert()
            .success()
            .stdout(contains("Example:"));
    }
    with(&[
        "prepare",
        "raw.h5ad",
        "--output",
        "data.h5ad",
        "--protocol",
        "lenient",
    ])
    .assert()
    .failure()
    .code(2)
    .stderr(contains("strict").and(contains("paper")));
}

#[test]
fn a_screen_can_be_made_again_from_what_its_file_tells() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [first, again, other] = ["first.h5ad", "again.h5ad", "other.h5ad"].map(path);
    let set = ["--set", "cells.control=100", "--seed", "11"];
    with(
        &[
            &["generate", "--config", SMALL, "--output", &first][..],
            &set,
        ]
        .concat(),
    )
    .assert()
    .success()
    .stdout(contains(
        "880 cells, 200 genes, 12 perturbations alone, 14 pairs",
    ));
    let told = AnnData::open(&first).unwrap().uns_at("settings").unwrap();
    let config = path("settings.toml");
    fs::write(&config, told.as_text().unwrap()).unwrap();
    let threads = ["--threads", "1", "--compress", "gzip", "-q"];
    with(
        &[
            &["generate", "--config", &config, "--output", &again][..],
            &threads,
        ]
        .concat(),
    )
    .assert()
    .success()
    .stdout("");
    assert_eq!(counts(&first), counts(&again));
    with(&[
        "generate", "--config", &config, "--seed", "12", "--output", &other, "-q",
    ])
    .assert()
    .success();
    assert_ne!(counts(&first), counts(&other));
}

#[test]
fn a_file_is_described() {
    let folder = folder();
    let raw = folder.path().join("raw.h5ad").display().to_string();
    let log = folder.path().join("log.jsonl").display().to_string();
    with(&[
        "generate",
        "--config",
        SMALL,
        "--output",
        &raw,
        "-q",
        "--log-json",
        &log,
    ])
    .assert()
    .success();
    let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(&log).unwrap()).unwrap();
    assert_eq!(line["cells"], 1000);
    assert!(line["additivity_error"].as_f64().unwrap() > 0.1);
    with(&["info", &raw]).assert().success().stdout(
        contains("cells: 1000")
            .and(contains("control_cells: 220"))
            .and(contains("varm: delta, steady_state"))
            .and(contains("perturbed: REG000, REG001")),
    );
    let told = with(&["info", "--json", &raw]).output().unwrap().stdout;
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["genes"], 200);
    assert_eq!(told["conditions"], 1 + 12 + 14);
    fails(
        with(&["info", &raw, "--pert-col", "guide"]),
        1,
        &["no column \"guide\" in obs", "\"condition\"", "--pert-col"],
    );
    fails(
        with(&["info", "nowhere.h5ad"]),
        1,
        &["nowhere.h5ad", "No such file"],
    );
    fails(with(&["info", SMALL]), 1, &[SMALL, "no HDF5 file"]);
    let empty = folder.path().display().to_string();
    fails(with(&["info", &empty]), 1, &["not a model folder"]);
    let other =
        "apps/turbulence/demo/model: found a model of `turbulence`, expected one of `perturb`";
    fails(with(&["info", "apps/turbulence/demo/model"]), 1, &[other]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_written() {
    let folder = folder();
    let output = folder.path().join("raw.h5ad").display().to_string();
    let refused = |setting: &str, words: &[&str]| {
        let mut command = with(&["generate", "--config", SMALL, "--output", &output]);
        command.args(["--set", setting]);
        fails(command, 1, words);
    };
    let unknown = ["unknown key network.mediator", "did you mean mediators?"];
    refused("network.mediator=3", &unknown);
    let pairs = "perturbations.pairs: found 67, expected a number from 0 to 66";
    refused("perturbations.pairs=67", &[SMALL, pairs]);
    refused(
        "perturbations.kind=deletion",
        &["perturbations.kind", "activation"],
    );
    refused("cells.control=1e3", &["cells.control", "floating point"]);
    refused(
        "network.targets=100000000",
        &["network.targets: found 100000000"],
    );
    refused("seed=-1", &["seed", "-1"]);
    assert!(!folder.path().join("raw.h5ad").exists());
}

#[test]
fn outputs_that_cannot_be_written_are_named() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("raw.h5ad");
    let generate = |config: &str, output: &str| {
        with(&["generate", "--config", config, "--output", output, "-q"])
    };
    let config = ["configs/none.toml: cannot read the settings"];
    fails(generate("configs/none.toml", &output), 1, &config);
    let nowhere = path("missing/raw.h5ad");
    fails(generate(SMALL, &nowhere), 1, &["missing", "cannot write"]);
    fs::write(&output, "precious").unwrap();
    let exists = ["exists already", "--overwrite"];
    fails(generate(SMALL, &output), 1, &exists);
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    generate(SMALL, &output)
        .arg("--overwrite")
        .assert()
        .success();
}

#[test]
fn every_screen_of_the_settings_can_be_made() {
    let folder = folder();
    let settings = fs::read_dir(root().join("configs/perturb")).unwrap();
    let names = settings.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let screens: Vec<String> = names.filter(|n| !n.ends_with("-train.toml")).collect();
    assert!(screens.len() >= 3, "{screens:?}");
    for name in screens {
        let config = format!("configs/perturb/{name}");
        let output = folder
            .path()
            .join(format!("{name}.h5ad"))
            .display()
            .to_string();
        let mut command = with(&["generate", "--config", &config, "--output", &output, "-q"]);
        for few in ["cells.control=2", "cells.per_single=1", "cells.per_pair=1"] {
            command.args(["--set", few]);
        }
        command.assert().success();
    }
}

/// anndata and scanpy open a screen and find the truth in it.
#[test]
fn a_screen_opens_in_scanpy() {
    let folder = folder();
    let raw = folder.path().join("raw.h5ad").display().to_string();
    with(&["generate", "--config", SMALL, "--output", &raw, "-q"])
        .assert()
        .success();
    python("check_data.py", &["screen", &raw]);
}
