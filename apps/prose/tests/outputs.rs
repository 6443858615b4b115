//! What the commands write costs nothing that is there, and nothing that they read or write otherwise.

mod command;
mod flows;
mod models;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use command::{fails, folder, with};
use models::{CHECKPOINT, checkpoint_settings};
use predicates::prelude::*;
use tempfile::TempDir;

const MEASURED: &str = "tests/fixtures/hudson_bay/lynx_hare.csv";

/// A prediction that would write `output`.
fn predict(folder: &TempDir, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["predict", "--device", "flex", "--threads", "1", "-q"]);
    command.arg("--config").arg(checkpoint_settings(folder));
    command.args(["--weights", CHECKPOINT, "--input", MEASURED]);
    command.args(["--equation", "C x - C x y | C x y - C y"]);
    command.args(["--refine", "0", "--greedy", "--points", "16"]);
    command.arg("--output").arg(output).args(more);
    command
}

fn generate(output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["generate", "--config", "configs/prose/small.toml", "-q"]);
    command.args(["--set", "data.equations=1", "--set", "data.points=8"]);
    command.arg("--output").arg(output).args(more);
    command
}

/// Files with something in them that is not to be lost.
struct Precious(Vec<PathBuf>);

impl Precious {
    fn new(folder: &TempDir, names: &[&str]) -> Self {
        let files: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        files
            .iter()
            .for_each(|file| std::fs::write(file, "mine").unwrap());
        Self(files)
    }

    fn are_there(&self) {
        for file in &self.0 {
            assert_eq!(std::fs::read(file).unwrap(), b"mine", "{}", file.display());
        }
    }
}

#[test]
fn what_is_hdf5_has_a_name_that_says_so() {
    let folder = folder();
    for name in ["a.png", "a.csv", "a.npy", "a", "a.h5.txt"] {
        let output = folder.path().join(name);
        let told = format!("{name}: expected a name that ends in .h5 or .hdf5");
        fails(
            predict(&folder, &output, &["--plots"]),
            1,
            &["--output", &told],
        );
        fails(generate(&output, &[]), 1, &["--output", &told]);
        assert!(!output.exists(), "{name}");
    }
}

#[test]
fn pictures_replace_nothing() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for picture in ["a.png", "a.svg"] {
        let precious = Precious::new(&folder, &[picture]);
        let told = format!("{picture}: exists already, and would be written beside ");
        fails(predict(&folder, &at("a.h5"), &["--plots"]), 1, &[&told]);
        precious.are_there();
        assert!(!at("a.h5").exists());
        std::fs::remove_file(at(picture)).unwrap();
    }
    let log = at("a.svg").display().to_string();
    let more = ["--plots", "--overwrite", "--log-json", &log];
    let told = "a.svg: is --plots itself; choose another name";
    fails(
        predict(&folder, &at("a.h5"), &more),
        1,
        &["--log-json", told],
    );
    // Without --plots nothing is in the way.
    let precious = Precious::new(&folder, &["a.png"]);
    predict(&folder, &at("a.h5"), &[]).assert().success();
    precious.are_there();
    predict(&folder, &at("a.h5"), &["--plots", "--overwrite"])
        .assert()
        .success();
    assert!(std::fs::read(at("a.png")).unwrap().starts_with(b"\x89PNG"));
}

/// Pictures of a prediction that is replaced would be taken for those of the new one.
#[test]
fn pictures_of_a_replaced_prediction_go() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    predict(&folder, &at("a.h5"), &["--plots"])
        .assert()
        .success();
    let others = Precious::new(&folder, &["b.png", "a.pdf"]);
    let log = at("a.svg").display().to_string();
    let logged = predict(&folder, &at("a.h5"), &["--overwrite", "--log-json", &log]);
    let told = "a.svg: is a picture that --overwrite removes itself";
    fails(logged, 1, &["--log-json", told]);
    assert!(at("a.png").exists() && at("a.svg").exists());
    predict(&folder, &at("a.h5"), &["--overwrite"])
        .assert()
        .success();
    assert!(!at("a.png").exists() && !at("a.svg").exists());
    others.are_there();
    // No picture of a prediction that was not there.
    predict(&folder, &at("b.h5"), &["--overwrite"])
        .assert()
        .success();
    others.are_there();
}

#[test]
fn the_description_beside_a_field_replaces_nothing() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let data = flows::generated(&folder);
    let run = flows::trained(&folder, &data);
    let precious = Precious::new(&folder, &["a.xdmf"]);
    let told = "a.xdmf: exists already, and would be written beside ";
    fails(flows::predict(&run, &data, &at("a.h5"), &[]), 1, &[told]);
    precious.are_there();
    assert!(!at("a.h5").exists());
    let log = at("b.xdmf").display().to_string();
    let logged = flows::predict(&run, &data, &at("b.h5"), &["--log-json", &log]);
    fails(logged, 1, &["--log-json", "b.xdmf: is --output itself"]);
    flows::predict(&run, &data, &at("a.h5"), &["--overwrite"])
        .assert()
        .success();
    assert!(
        std::fs::read_to_string(at("a.xdmf"))
            .unwrap()
            .contains("Xdmf")
    );
    // An array has none.
    let precious = Precious::new(&folder, &["c.xdmf"]);
    flows::predict(&run, &data, &at("c.npy"), &[])
        .assert()
        .success();
    precious.are_there();
}

#[test]
fn data_without_a_trajectory_are_no_success() {
    let folder = folder();
    let output = folder.path().join("a.h5");
    let nothing = ["--set", "data.bound=1e-4", "--set", "data.trajectories=2"];
    let told = "configs/prose/small.toml: (with --set data.bound=1e-4) data.bound: found 0.0001, below which no trajectory stays";
    fails(generate(&output, &nothing), 1, &[told]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn options_that_cannot_work_are_refused_before_anything_is_loaded() {
    let folder = folder();
    let refused = |verb: &str, options: &[&str], named: &str| {
        let mut command = with(&[verb, "--model", "nowhere", "--output"]);
        command.arg(folder.path().join("a.h5"));
        match verb {
            "evaluate" => command.args(["--data", "nowhere.h5"]),
            _ => command.args(["--input", MEASURED]),
        };
        let told = predicate::str::contains(named);
        command.args(options).assert().code(2).stderr(told);
    };
    refused("predict", &["--beam", "0"], "--beam");
    refused("predict", &["--beam", "1001"], "--beam");
    refused("evaluate", &["--beam", "0"], "--beam");
    refused("predict", &["--length-penalty", "11"], "--length-penalty");
    for temperature in ["0", "inf", "nan"] {
        let options = ["--draw", "2", "--temperature", temperature];
        refused("predict", &options, "--temperature");
    }
}
