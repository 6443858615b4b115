//! `prose predict` as a person uses it: what it makes of series, measured and computed, and how it fails.

mod command;
mod in_vain;
mod models;
mod order;
mod refusals;
mod telling;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, python, root, with};
use hdf5::File;
use models::{CHECKPOINT, checkpoint_settings, data, trained};
use predicates::prelude::*;
use rheome_equations::verification::continuation;
use rheome_equations::{Series, System};
use serde_json::Value;
use tempfile::TempDir;

/// Pelts of hare and lynx, 1900 to 1920.
const MEASURED: &str = "tests/fixtures/hudson_bay/lynx_hare.csv";

/// A prediction with the small network of the published code.
fn predict(folder: &TempDir, input: &str, more: &[&str]) -> Command {
    let mut command = with(&["predict", "--device", "flex", "--threads", "1"]);
    command.arg("--config").arg(checkpoint_settings(folder));
    command.args(["--weights", CHECKPOINT, "--input", input, "--output"]);
    command.arg(folder.path().join("out.h5")).args(more);
    command
}

/// A series of a system, u_0 and u_1 from 10 and 5, as CSV.
fn write_series(folder: &TempDir, system: &str, times: &[f64]) -> PathBuf {
    let system: System = system.parse().unwrap();
    let states = continuation(&system, times[0], &[10.0, 5.0], times, &[10.0, 10.0]).unwrap();
    let rows = times.iter().zip(states.rows());
    let rows = rows.map(|(time, state)| format!("{time},{},{}\n", state[0], state[1]));
    let path = folder.path().join("series.csv");
    let text = "t,prey,predators\n".to_owned() + &rows.collect::<String>();
    std::fs::write(&path, text).unwrap();
    path
}

fn times(points: usize, step: f64) -> Vec<f64> {
    (0..points).map(|point| 3.0 + step * point as f64).collect()
}

fn numbers(file: &File, name: &str) -> Vec<f64> {
    file.dataset(name).unwrap().read_raw().unwrap()
}

fn texts(file: &File, name: &str) -> Vec<String> {
    rheome_hdf::text::read(&file.dataset(name).unwrap()).unwrap()
}

const TRUE: &str = "0.6 x - 0.03 x y | 0.02 x y - 0.9 y";
const ROUGH: &str = "0.7 x - 0.025 x y | 0.018 x y - 1.0 y";

#[test]
fn an_equation_that_is_nearly_right_is_found_and_continues_the_series() {
    let folder = folder();
    let series = write_series(&folder, TRUE, &times(60, 0.25));
    let log = folder.path().join("log.jsonl");
    let more = [
        "--equation",
        ROUGH,
        "--points",
        "40",
        "--plots",
        "--log-json",
    ];
    let mut command = predict(&folder, series.to_str().unwrap(), &more);
    command
        .arg(&log)
        .assert()
        .success()
        .stdout(
            predicate::str::contains("(u_1: predators)")
                .and(predicate::str::contains("on the 20 points held back"))
                .and(predicate::str::contains("persistence")),
        )
        .stderr(
            predicate::str::contains("out.h5\n")
                .and(predicate::str::contains("out.png\n"))
                .and(predicate::str::contains("out.svg\n")),
        );
    let file = File::open(folder.path().join("out.h5")).unwrap();
    assert_eq!(texts(&file, "candidates/origin")[0], "given");
    let residual = numbers(&file, "candidates/residual")[0];
    let before = numbers(&file, "candidates/residual_before")[0];
    assert!(residual < 1e-4 && before > 0.05, "{before} {residual}");
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    let expected = [0.6, 0.03, 0.02, 0.9];
    for (found, expected) in found.numbers().iter().zip(expected) {
        assert!((found.abs() / expected - 1.0).abs() < 1e-3, "{found}");
    }
    let prefix = texts(&file, "candidates/prefix")[0].clone();
    let words: Vec<&str> = prefix.split(' ').collect();
    assert_eq!(System::from_words(&words).unwrap(), found);
    let error = file
        .group("equation")
        .unwrap()
        .attr("error_on_held_back")
        .unwrap();
    assert!(error.read_scalar::<f64>().unwrap() < 1e-3);
    // 10 time units are longer than the training's: the network's time is another.
    let scale = file
        .attr("time_scale")
        .unwrap()
        .read_scalar::<f64>()
        .unwrap();
    assert!(
        (scale * 39.0 * 0.25 - 6.0 * 63.0 / 191.0).abs() < 1e-9,
        "{scale}"
    );
    // Each part of the output is a series again.
    for group in ["input", "held_back", "network", "equation"] {
        let place = format!("{}:{group}", folder.path().join("out.h5").display());
        let series = Series::read(&place).unwrap();
        assert_eq!(series.names(), ["prey", "predators"]);
        assert_eq!(series.points(), if group == "input" { 40 } else { 20 });
    }
    for ending in ["png", "svg"] {
        let picture = std::fs::metadata(folder.path().join(format!("out.{ending}")));
        assert!(picture.unwrap().len() > 5000, "{ending}");
    }
    let line: Value = serde_json::from_str(&std::fs::read_to_string(log).unwrap()).unwrap();
    assert_eq!(line["residual"].as_f64(), Some(residual));
    let output = folder.path().join("out.h5").display().to_string();
    python("check_prediction.py", &[&output]);
}

#[test]
fn a_measured_series_is_explained_and_continued() {
    let folder = folder();
    let lotka = "0.5 x - 0.02 x y | 0.02 x y - 0.8 y";
    predict(&folder, MEASURED, &["--equation", lotka, "--points", "16"])
        .assert()
        .success()
        .stderr(predicate::str::contains("(Hare, Lynx), times 1900 to 1915"))
        .stdout(predicate::str::contains("   (u_1: Lynx)"));
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    // Posterior means of all 21 years: 0.55, 0.028, 0.024, 0.80 (Carpenter 2018, Predator-Prey Population Dynamics: the
    // Lotka-Volterra model in Stan). Sixteen years and another noise tell them less exactly.
    for (found, published) in found.numbers().iter().zip([0.55, 0.028, 0.024, 0.80]) {
        assert!(
            (found.abs() / published - 1.0).abs() < 0.3,
            "{found} {published}"
        );
    }
    let error = |group: &str| {
        let attribute = file.group(group).unwrap().attr("error_on_held_back");
        attribute.unwrap().read_scalar::<f64>().unwrap()
    };
    assert!(error("equation") < 0.3, "{}", error("equation"));
    assert!(
        error("network") > error("equation"),
        "its weights are random"
    );
}

/// A prediction with the demo's model, which knows families of three components.
fn with_demo(folder: &TempDir, input: &str, equation: &str, more: &[&str]) -> Command {
    let mut command = with(&["predict", "--device", "flex", "--threads", "1"]);
    command.args(["--model", "apps/prose/demo/model", "--input", input]);
    command.args(["--equation", equation, "--output"]);
    command.arg(folder.path().join("out.h5")).args(more);
    command
}

#[test]
fn a_form_that_the_network_does_not_know_is_fitted_from_nothing() {
    let folder = folder();
    let lotka = "C x - C x y | C x y - C y";
    with_demo(&folder, MEASURED, lotka, &["--points", "16", "--plots"])
        .assert()
        .success()
        .stdout(
            predicate::str::contains("in the form that was given")
                .and(predicate::str::contains("(u_1: Lynx)")),
        );
    let file = File::open(folder.path().join("out.h5")).unwrap();
    assert_eq!(texts(&file, "candidates/author")[0], "user");
    let before = &texts(&file, "candidates/infix_before")[0];
    assert_eq!(before, "C*u_0 - C*u_0*u_1 | C*u_0*u_1 - C*u_1");
    // Sixteen years, among them both peaks.
    let residual = numbers(&file, "candidates/residual")[0];
    assert!(residual < 0.12, "{residual}");
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    let rates = found.numbers();
    let period = std::f64::consts::TAU / (rates[0] * rates[3].abs()).sqrt();
    assert!((9.0..10.5).contains(&period), "{period} years");
    let error = |group: &str| {
        let attribute = file.group(group).unwrap().attr("error_on_held_back");
        attribute.unwrap().read_scalar::<f64>().unwrap()
    };
    assert!(error("equation") < 0.25, "{}", error("equation"));
    assert!(error("network") > error("equation"));
    // A form beside the truth is told to be one.
    let wrong = ["--points", "16", "--overwrite"];
    with_demo(&folder, MEASURED, "C | C", &wrong)
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "explains hardly more of the series than its mean",
        ));
}

#[test]
fn a_series_that_no_network_takes_has_its_form_fitted() {
    let folder = folder();
    let path = folder.path().join("wide.csv");
    let row = |point: u32| {
        let t = 0.2 * f64::from(point);
        let states = [
            t.sin(),
            t.cos(),
            2.0 * (-0.3 * t).exp(),
            5000.0 * (-0.5 * t).exp(),
        ];
        format!(
            "{t},{},{},{},{}\n",
            states[0], states[1], states[2], states[3]
        )
    };
    let rows: String = (0..60).map(row).collect();
    std::fs::write(&path, "t,a,b,c,d\n".to_owned() + &rows).unwrap();
    let path = path.to_str().unwrap();
    let form = "C y | C x | C z | C w";
    with_demo(&folder, path, form, &["--points", "40", "--plots"])
        .assert()
        .success()
        .stderr(
            predicate::str::contains("the network is not asked (found 4 components")
                .and(predicate::str::contains("0 point(s) shown"))
                .and(predicate::str::contains(
                    "only the equation that was given is fitted",
                )),
        );
    let file = File::open(folder.path().join("out.h5")).unwrap();
    assert!(file.group("network").is_err());
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    for (found, expected) in found.numbers().iter().zip([1.0, -1.0, -0.3, -0.5]) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
    }
    let told = |group: &str| {
        let place = format!("{}:{group}", folder.path().join("out.h5").display());
        Series::read(&place).unwrap()
    };
    assert_eq!(told("equation").points(), 20);
    drop(file);
    let output = folder.path().join("out.h5").display().to_string();
    with(&["info", &output]).assert().success();
    // Where neither can be had there is nothing to write.
    let hopeless = |form: &str, points: &str, words: &[&str]| {
        let more = ["--overwrite", "--points", points];
        let words = [&["wide.csv: the network is not asked"], words].concat();
        fails(with_demo(&folder, path, form, &more), 1, &words);
    };
    hopeless(
        "C/(x - x) | C x | C z | C w",
        "40",
        &["no constants were found"],
    );
    let many = [&["C x"; 40].join(" + "), "C x | C z | C w"].join(" | ");
    hopeless(&many, "10", &["found 10 points", "43 constants"]);
    let unfitted = ["--overwrite", "--points", "40", "--refine", "0"];
    fails(
        with_demo(&folder, path, form, &unfitted),
        1,
        &["unknown, and --refine 0 leaves them so"],
    );
}

#[test]
fn without_an_equation_the_families_are_tried() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let with_model = |more: &[&str]| {
        let mut command = with(&["predict", "--device", "flex", "--threads", "1", "--model"]);
        command.arg(&model).arg("--input").arg(&data);
        command.arg("--output").arg(folder.path().join("out.h5"));
        command
            .args(["--overwrite", "--set", "decoding.max_words=40"])
            .args(more);
        command
    };
    // Those that the model learnt, where its folder tells.
    with_model(&["--sample", "3", "--greedy", "--refine", "0"])
        .assert()
        .success()
        .stderr(predicate::str::contains("trying 3 families"));
    std::fs::remove_file(model.join("families.toml")).unwrap();
    with_model(&[
        "--sample",
        "3",
        "--grammatical",
        "--greedy",
        "--refine",
        "0",
    ])
    .assert()
    .success()
    .stderr(predicate::str::contains("8 point(s) shown to the network"))
    .stderr(predicate::str::contains("trying 12 families"))
    .stdout(predicate::str::contains("(u_0: u_0)").not())
    .stdout(predicate::str::contains("on the 16 points held back"));
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let words = texts(&file, "candidates/words");
    assert!((1..=12).contains(&words.len()));
    for words in &words {
        let words: Vec<&str> = words.split(' ').collect();
        assert_eq!(
            System::from_words(&words).unwrap().dimension(),
            3,
            "grammatical"
        );
    }
    assert_eq!(numbers(&file, "network/values").len(), 16 * 3);
    drop(file);
    // Components of a sample are called as in --equation, in whatever order they are chosen.
    let form = ["--sample", "3", "--components", "z,x", "--refine", "0"];
    with_model(&form)
        .args(["--greedy", "--equation", "2.0 x | 3.0 z"])
        .assert()
        .success();
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let given = texts(&file, "candidates/author");
    let given = given.iter().position(|author| author == "user").unwrap();
    let formulas = texts(&file, "candidates/infix_before");
    // By their own names: u_1 is none of these.
    assert_eq!(formulas[given], "2.0*u_0 | 3.0*u_2");
    drop(file);
    // What is drawn follows from the seed.
    let drawn = |seed: &str| {
        let draw = [
            "--sample",
            "3",
            "--draw",
            "3",
            "--grammatical",
            "--refine",
            "0",
            "-q",
        ];
        with_model(&draw)
            .args(["--seed", seed])
            .assert()
            .success()
            .stdout("");
        let file = File::open(folder.path().join("out.h5")).unwrap();
        texts(&file, "candidates/words")
    };
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    fails(
        with_model(&[]),
        1,
        &["data.h5", "24 trajectories", "--sample"],
    );
    fails(
        with_model(&["--sample", "24"]),
        1,
        &["sample 24", "24 samples"],
    );
    let vocabulary = model.join("vocabulary.json");
    std::fs::write(&vocabulary, "{}").unwrap();
    fails(with_model(&["--sample", "1"]), 1, &["vocabulary.json"]);
}

#[test]
fn a_series_in_other_units_has_the_same_equation_in_its_own() {
    let folder = folder();
    // Thousands of time units and hundredths of states.
    let slow = "0.0006 x - 0.03 x y | 0.02 x y - 0.0009 y";
    let system: System = slow.parse().unwrap();
    let times: Vec<f64> = (0..60).map(|point| 250.0 * f64::from(point)).collect();
    let states = continuation(&system, 0.0, &[0.01, 0.005], &times, &[0.1; 2]).unwrap();
    let rows = times.iter().zip(states.rows());
    let rows = rows.map(|(time, state)| format!("{time},{},{}\n", state[0], state[1]));
    let path = folder.path().join("slow.csv");
    std::fs::write(&path, "t,a,b\n".to_owned() + &rows.collect::<String>()).unwrap();
    let rough = "0.0007 x - 0.025 x y | 0.018 x y - 0.001 y";
    let more = [
        "--equation",
        rough,
        "--times",
        "15000:20000:20",
        "--value-scale",
        "100",
    ];
    predict(&folder, path.to_str().unwrap(), &more)
        .assert()
        .success();
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    for (found, expected) in found.numbers().iter().zip([0.0006, 0.03, 0.02, 0.0009]) {
        assert!(
            (found.abs() / expected - 1.0).abs() < 1e-3,
            "{found} {expected}"
        );
    }
    let later: Vec<f64> = numbers(&file, "equation/time");
    let states = continuation(&system, 0.0, &[0.01, 0.005], &later, &[0.1; 2]).unwrap();
    for (found, expected) in numbers(&file, "equation/values").iter().zip(&states) {
        assert!((found / expected - 1.0).abs() < 1e-2, "{found} {expected}");
    }
}

#[test]
fn a_form_with_words_that_the_network_does_not_know_is_fitted_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("driven.csv");
    let row = |i: u32| {
        let t = 0.1 * f64::from(i);
        // du/dt = -0.5 u + cos t from u(0) = 1.
        let u = (0.5 * t.cos() + t.sin()) / 1.25 + 0.6 * (-0.5 * t).exp();
        format!("{t},{u}\n")
    };
    let rows: String = (0..80).map(row).collect();
    std::fs::write(&path, "t,u\n".to_owned() + &rows).unwrap();
    with_demo(
        &folder,
        path.to_str().unwrap(),
        "C x + cos(t)",
        &["--points", "60"],
    )
    .assert()
    .success()
    .stderr(predicate::str::contains(
        "the network is not asked (--equation: word",
    ));
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let found: System = texts(&file, "candidates/infix")[0].parse().unwrap();
    assert!((found.numbers()[0] + 0.5).abs() < 1e-3, "{found}");
}
