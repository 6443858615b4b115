//! `prose evaluate` and `prose info` as a person uses them.

mod command;
mod models;

use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, is_refused_beside, python, with};
use hdf5::types::VarLenUnicode;
use models::{CHECKPOINT, checkpoint_settings, data, trained};
use predicates::prelude::*;
use serde_json::Value;

fn evaluate(model: &Path, data: &Path, output: &Path, more: &[&str]) -> Command {
    let mut command = with(&["evaluate", "--device", "flex", "--threads", "1", "--model"]);
    command
        .arg(model)
        .arg("--data")
        .arg(data)
        .arg("--output")
        .arg(output);
    command.args(more);
    command
}

/// The rows of a table by the names of its columns.
fn table(path: &Path) -> Vec<Value> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let pairs = names.iter().zip(record.iter());
        Value::Object(
            pairs
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect(),
        )
    });
    rows.collect()
}

fn number(row: &Value, name: &str) -> f64 {
    row[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn tables_and_pictures_are_written_once_unless_told_otherwise() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let output = folder.path().join("scores");
    let log = folder.path().join("log.jsonl");
    let all = [
        "--subset",
        "all",
        "--noise",
        "0",
        "--plots",
        "--refine",
        "--grammatical",
    ];
    evaluate(&model, &data, &output, &all)
        .args(["--set", "decoding.max_words=30", "--log-json"])
        .arg(&log)
        .assert()
        .success()
        .stdout(predicate::str::contains("| all       |     24 |"))
        // Every column of another name, and what it is.
        .stdout(predicate::str::contains(" rhs |"))
        .stdout(predicate::str::contains(
            "rhs, solution, refined: median errors",
        ))
        .stdout(predicate::str::contains("| median |").not());
    let rows = table(&output.join("results.csv"));
    assert_eq!(rows.len(), 24);
    for row in &rows {
        assert_eq!(row["valid"], "1", "grammatical");
        // Whatever the two halves are, the whole lies between them.
        let [whole, first, second] = [
            "relative_l2",
            "relative_l2_first_half",
            "relative_l2_second_half",
        ]
        .map(|name| number(row, name));
        assert!(whole <= first.max(second) * 1.001 && whole >= first.min(second) * 0.999);
    }
    let families = table(&output.join("families.csv"));
    let names: Vec<&str> = families
        .iter()
        .map(|row| row["family"].as_str().unwrap())
        .collect();
    assert_eq!(names.last(), Some(&"all"));
    assert_eq!(names.len(), 4);
    let mean = rows
        .iter()
        .map(|row| number(row, "relative_l2"))
        .sum::<f64>()
        / 24.0;
    assert!((mean / number(&families[3], "relative_l2") - 1.0).abs() < 1e-9);
    for picture in ["errors.png", "errors.svg", "series.png", "series.svg"] {
        assert!(std::fs::metadata(output.join(picture)).unwrap().len() > 5000);
    }
    let line: Value = serde_json::from_str(&std::fs::read_to_string(log).unwrap()).unwrap();
    assert_eq!(line["families"]["all"]["series"], 24);
    fails(
        evaluate(&model, &data, &output, &[]),
        1,
        &["results.csv: exists already", "--overwrite"],
    );
    // Pictures alone are results too.
    let drawn = folder.path().join("drawn");
    std::fs::create_dir(&drawn).unwrap();
    std::fs::write(drawn.join("series.svg"), "mine").unwrap();
    let told = "series.svg: exists already";
    fails(evaluate(&model, &data, &drawn, &[]), 1, &[told]);
    let all = ["--overwrite", "--subset", "all"];
    let again = evaluate(&model, &data, &output, &all);
    is_refused_beside(&output.join(".lock"), again);
    evaluate(
        &model,
        &data,
        &output,
        &["--overwrite", "--subset", "all", "--samples", "5", "-q"],
    )
    .assert()
    .success()
    .stdout("")
    .stderr("");
    assert_eq!(table(&output.join("results.csv")).len(), 5);
    for picture in ["errors.png", "errors.svg", "series.png", "series.svg"] {
        let old = output.join(picture);
        assert!(!old.exists(), "{picture} is none of these tables");
    }
}

/// Its forecasts are computed here from the data: the last state, and a line through the last points.
#[test]
fn baselines_are_what_they_are_called() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let output = folder.path().join("scores");
    let none = ["--subset", "all", "--noise", "0", "-q", "--samples", "6"];
    evaluate(&model, &data, &output, &none).assert().success();
    let file = rheome_equations::DataFile::open(&data).unwrap();
    for row in table(&output.join("results.csv")) {
        let series = file.series(number(&row, "sample") as usize).unwrap();
        let (mut error, mut norm) = (0.0, 0.0);
        for point in 8..series.points() {
            let states = series.states();
            for (now, last) in states.row(point).iter().zip(states.row(7)) {
                error += (now - last).powi(2);
                norm += now.powi(2);
            }
        }
        let expected = (error / norm).sqrt();
        let found = number(&row, "relative_l2_of_persistence");
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn what_fails_on_one_series_is_said_and_the_others_are_kept() {
    let folder = folder();
    let data = data(&folder);
    let output = folder.path().join("scores");
    // Random weights write what is no equation; the continuation of each series is judged all the same.
    let mut command = with(&[
        "evaluate", "--device", "flex", "--subset", "all", "--config",
    ]);
    command
        .arg(checkpoint_settings(&folder))
        .args(["--weights", CHECKPOINT]);
    command.args([
        "--set",
        "data.batch.input_points=8",
        "--set",
        "decoding.max_words=20",
    ]);
    command
        .arg("--data")
        .arg(&data)
        .arg("--output")
        .arg(&output);
    command.assert().success().stderr(
        predicate::str::contains("equation: ").and(predicate::str::contains("more problems")),
    );
    let rows = table(&output.join("results.csv"));
    assert_eq!(rows.len(), 24);
    assert!(rows.iter().all(|row| number(row, "relative_l2") > 0.0));
    assert!(rows.iter().any(|row| {
        row["problems"]
            .as_str()
            .unwrap()
            .starts_with("equation: word")
    }));
}

/// With noise and wrong symbols the network is given something else; with the same seed the same.
#[test]
fn noise_and_wrong_symbols_are_options() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let errors = |more: &[&str]| {
        let output = folder.path().join("scores");
        let all = [
            "--subset",
            "all",
            "--overwrite",
            "-q",
            "--set",
            "decoding.max_words=5",
        ];
        evaluate(&model, &data, &output, &[&all, more].concat())
            .assert()
            .success();
        let rows = table(&output.join("results.csv"));
        rows.iter()
            .map(|row| row["relative_l2"].clone())
            .collect::<Vec<_>>()
    };
    let right = errors(&["--noise", "0", "--missing", "0", "--spurious", "0"]);
    assert_eq!(
        right,
        errors(&[
            "--noise",
            "0",
            "--missing",
            "0",
            "--spurious",
            "0",
            "--seed",
            "5"
        ])
    );
    assert_ne!(
        right,
        errors(&["--noise", "0.1", "--missing", "0", "--spurious", "0"])
    );
    assert_ne!(
        right,
        errors(&["--noise", "0", "--missing", "1", "--spurious", "0"])
    );
    assert_ne!(
        right,
        errors(&["--noise", "0", "--missing", "0", "--spurious", "1"])
    );
    assert_ne!(right, errors(&["--noise", "0", "--known"]));
    let relative = ["--noise", "0.1", "--noise-kind", "multiplicative"];
    assert_ne!(errors(&relative), errors(&["--noise", "0.1"]));
}

#[test]
fn what_is_wrong_is_said() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let output = folder.path().join("scores");
    let refused = |more: &[&str], words: &[&str]| {
        fails(evaluate(&model, &data, &output, more), 1, words);
        assert!(!output.join("results.csv").exists());
    };
    // Of four equations a tenth is none.
    refused(&[], &["data.h5", "--subset"]);
    refused(
        &["--set", "data.batch.input_points=23"],
        &["input_points", "data.h5"],
    );
    refused(
        &["--set", "model.dimension=2"],
        &["model.dimension: found 2", "data.h5"],
    );
    let beam = "decoding.method={ kind = \"beam\", width = 0, length_penalty = 0.0 }";
    refused(&["--set", beam], &["width", "1 to 1000"]);
    fails(
        evaluate(&data, &data, &output, &[]),
        1,
        &["not a model folder"],
    );
    fails(evaluate(&model, &model, &output, &[]), 1, &["run"]);
    for usage in [
        ["--missing", "1.5"],
        ["--samples", "0"],
        ["--subset", "some"],
        ["--noise=-1", "-q"],
    ] {
        evaluate(&model, &data, &output, &usage).assert().code(2);
    }
}

#[test]
fn every_kind_of_file_is_described() {
    let folder = folder();
    let data = data(&folder);
    let model = trained(&folder, &data);
    let told = |place: &str| {
        let told = with(&["info", "--json", place]).assert().success();
        serde_json::from_slice::<Value>(&told.get_output().stdout).unwrap()
    };
    let of_data = told(data.to_str().unwrap());
    assert_eq!(of_data["trajectories"], 24);
    assert_eq!(of_data["equations_of_families"]["lorenz_3d"], 4);
    assert_eq!(of_data["attributes"]["parameter_spread"], 0.1);
    let of_model = told(model.to_str().unwrap());
    assert_eq!(of_model["network"], "PROSE");
    assert_eq!(of_model["settings"]["model"]["width"], 16);
    assert!(of_model["parameters"].as_u64().unwrap() > 1000);
    let measured = "tests/fixtures/hudson_bay/lynx_hare.csv";
    let of_series = told(measured);
    assert_eq!(of_series["values"]["Hare"], serde_json::json!([7.6, 77.4]));
    with(&["info", measured])
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "components: Hare, Lynx\ntimes: Year\npoints: 21\ntime: 1900.0, 1920.0\n",
        ));
    let output = folder.path().join("out.h5");
    let mut predict = with(&[
        "predict", "--device", "flex", "-q", "--sample", "0", "--greedy", "--model",
    ]);
    predict
        .arg(&model)
        .arg("--input")
        .arg(&data)
        .arg("--output")
        .arg(&output);
    predict.args([
        "--grammatical",
        "--set",
        "decoding.max_words=20",
        "--refine",
        "1",
    ]);
    predict.assert().success();
    let of_prediction = told(output.to_str().unwrap());
    assert_eq!(of_prediction["points"], 8);
    assert_eq!(of_prediction["attributes"]["format_version"], 1.0);
    assert_eq!(told(&format!("{}:network", output.display()))["points"], 16);
    fails(
        with(&["info", "nowhere.h5"]),
        1,
        &["nowhere.h5: cannot read"],
    );
    fails(with(&["info", "apps"]), 1, &["not a model folder"]);
    fails(with(&["info", "Makefile"]), 1, &["Makefile: unknown kind"]);
    python("check_data.py", &[data.to_str().unwrap()]);
}

/// A prediction that claims terabytes in a few kilobytes is refused before memory is spent on it.
#[test]
fn a_prediction_that_claims_more_than_its_file_holds_is_refused() {
    let folder = folder();
    let path = folder.path().join("claims.h5");
    let write = |texts: usize, numbers: usize| {
        let file = hdf5::File::create(&path).unwrap();
        rheome_hdf::text::write_attribute(&file, "format", "rheome-prose-prediction").unwrap();
        let states = ndarray::Array2::<f64>::zeros((2, 1));
        let input = file.create_group("input").unwrap();
        let names = ["x".to_owned()];
        rheome_equations::write_points(&input, &[0.0, 1.0], states.view(), &names).unwrap();
        let candidates = file.create_group("candidates").unwrap();
        let infix = candidates
            .new_dataset::<VarLenUnicode>()
            .chunk(texts.min(1024));
        infix.shape(texts).create("infix").unwrap();
        let residual = candidates.new_dataset::<f64>().chunk(numbers.min(1024));
        residual.shape(numbers).create("residual").unwrap();
        file.close().unwrap();
    };
    let info = || with(&["info", path.to_str().unwrap()]);
    write(1, 1);
    info().assert().success();
    write(1 << 30, 1 << 30);
    fails(
        info(),
        1,
        &[
            "claims.h5: ",
            "candidates/infix",
            "expected a file that can hold it",
        ],
    );
    write(1, 1 << 45);
    fails(info(), 1, &["claims.h5: ", "candidates/residual"]);
}
