//! `turbulence bench`: one table of operators and solvers.

mod command;

use std::fs;
use std::path::Path;

use command::{HELD_OUT, fails, folder, root, with};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

/// The demo's operator.
const MODEL: &str = "apps/turbulence/demo/model";

/// An FNO of seconds.
const FNO: &str = r#"[model]
kind = "fno"
grid = [6, 9, 4]
lengths = [3.0, 2.0, 1.5]
modes = [3, 4, 2]
dim = 4
layers = 2
projection = 8
padding = 2
[data]
time_step = 0.5
split = { kind = "trajectories", validation = 0, held_out = 0 }
"#;

#[test]
fn a_row_for_each_operator_and_solver() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("fno.toml"), FNO).unwrap();
    let (named, csv) = (format!("mine={}", path("fno.toml")), path("a.csv"));
    let laminar = "configs/turbulence/laminar.toml";
    let arguments = [
        "bench",
        "--model",
        MODEL,
        "--config",
        &named,
        "--les",
        laminar,
        "--repeats",
        "2",
        "--output",
        &csv,
        "--json",
        "--device",
        "flex",
        "--threads",
        "1",
        "-q",
    ];
    let output = with(&arguments)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let found: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(
        (&found["device"], &found["threads"]),
        (&"flex".into(), &1.into())
    );
    let rows = found["rows"].as_array().unwrap();
    let column = |key: &str| -> Vec<&Value> { rows.iter().map(|row| &row[key]).collect() };
    assert_eq!(column("name"), ["model", "mine", "laminar"]);
    assert_eq!(column("kind"), ["ifactformer-m", "fno", "DNS"]);
    let parameters = 4 * 7 + 2 * (2 * 3 * 8 * 4 * 16 + 4 * 5) + 8 * 5 + 3 * 9;
    assert_eq!(rows[1]["parameters"], parameters);
    assert_eq!(rows[2]["parameters"], Value::Null);
    // The demo's training is known, by its last epoch.
    let metrics = fs::read_to_string(root().join(MODEL).join("metrics.jsonl")).unwrap();
    let mut known = metrics.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["training_seconds"].as_f64()
    });
    let spent = rows[0]["training_seconds"].as_f64().unwrap();
    assert!((spent - known.next_back().unwrap()).abs() < 1e-6, "{spent}");
    assert_eq!(rows[0]["training_is_partial"], false);
    assert_eq!(rows[1]["training_seconds"], Value::Null);
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap();
        let expected = number("step_seconds") / number("time_step");
        assert!(
            (number("seconds_per_time") / expected - 1.0).abs() < 1e-9,
            "{row}"
        );
        assert!(number("peak_mib") > 1.0, "{row}");
    }
    for row in &rows[..2] {
        let number = |key: &str| row[key].as_f64().unwrap();
        assert!(number("training_step_seconds") > 0.0 && number("training_peak_mib") > 1.0);
    }
    assert_eq!(rows[1]["time_step"], 0.5);
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), 4);
    fails(with(&arguments), 1, &["a.csv", "--overwrite"]);
}

/// What `train` notes of its time is what the table tells.
#[test]
fn the_time_of_a_training_is_told() {
    let folder = folder();
    let run = folder.path().join("run").display().to_string();
    let config = "configs/turbulence/smoke.toml";
    let train = [
        "train", "--config", config, "--data", HELD_OUT, "--output", &run,
    ];
    with(&train)
        .args(["--set", "training.epochs=1", "--device", "flex", "-q"])
        .assert()
        .success();
    let metrics = fs::read_to_string(Path::new(&run).join("metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "epoch");
    let arguments = [
        "bench",
        "--model",
        &run,
        "--repeats",
        "1",
        "--json",
        "--device",
        "flex",
        "-q",
    ];
    let output = with(&arguments)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let found: Value = serde_json::from_slice(&output).unwrap();
    let row = &found["rows"][0];
    assert_eq!(row["name"], "run");
    assert_eq!(row["training_is_partial"], false);
    let [told, noted] = [row, &last].map(|line| line["training_seconds"].as_f64().unwrap());
    assert!(
        noted > 0.0 && (told / noted - 1.0).abs() < 1e-9,
        "{told} {noted}"
    );
}

#[test]
fn a_table_is_printed_for_readers() {
    with(&[
        "bench",
        "--les",
        "dns=configs/turbulence/laminar.toml",
        "--repeats",
        "1",
    ])
    .assert()
    .success()
    .stdout(contains("| dns  | DNS  |").and(contains("Medians of 1 steps")))
    .stderr(contains("measuring dns"));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_measured() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        path(name)
    };
    let bench = |arguments: &[&str]| {
        let mut command = with(&["bench", "--device", "flex"]);
        command.args(arguments);
        command
    };
    bench(&[]).assert().failure().code(2);
    bench(&["--config", "a.toml", "--repeats", "0"])
        .assert()
        .failure()
        .code(2);
    fails(bench(&["--model", "apps"]), 1, &["apps", "config.toml"]);
    fails(bench(&["--config", "x=nowhere.toml"]), 1, &["nowhere.toml"]);
    let wide = write("wide.toml", &FNO.replace("[3, 4, 2]", "[3, 4, 3]"));
    let keys = ["wide.toml", "modes", "[3, 4, 3]", "[4, 5, 2]"];
    fails(bench(&["--config", &wide]), 1, &keys);
    fails(
        bench(&["--les", &wide]),
        1,
        &["wide.toml", "unknown key data"],
    );
    let good = write("fno.toml", FNO);
    fails(
        bench(&["--config", &good, "--config", &good]),
        1,
        &["two contestants", "fno", "NAME="],
    );
    fails(
        bench(&["--config", &good, "--settle", "nan"]),
        1,
        &["--settle"],
    );
    let nowhere = path("none/a.csv");
    fails(
        bench(&["--config", &good, "--output", &nowhere]),
        1,
        &["a.csv", "none"],
    );
}

/// What goes wrong in a measuring process is told with the name of its row, in one line.
#[test]
fn a_failure_while_measuring_names_the_row() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let text = fs::read_to_string(root().join("configs/turbulence/minimal-channel.toml")).unwrap();
    let settings: toml::Table = text.parse().unwrap();
    let mut wild = settings.clone();
    let channel = wild["channel"].as_table_mut().unwrap();
    let points = [8, 9, 8].map(toml::Value::Integer);
    channel.insert("points".into(), points.to_vec().into());
    let step: toml::Table = "kind = \"fixed\"\ndt = 1e30".parse().unwrap();
    channel.insert("time_step".into(), step.into());
    fs::write(path("wild.toml"), wild.to_string()).unwrap();
    let les = with(&[
        "bench",
        "--les",
        &format!("wild={}", path("wild.toml")),
        "-q",
    ]);
    fails(les, 1, &["wild: ", "finite"]);

    let model = folder.path().join("model");
    fs::create_dir(&model).unwrap();
    for name in ["config.toml", "weights.safetensors"] {
        fs::copy(root().join(MODEL).join(name), model.join(name)).unwrap();
    }
    cut(&model.join("weights.safetensors"));
    let broken = format!("broken={}", model.display());
    let command = with(&["bench", "--model", &broken, "--device", "flex", "-q"]);
    fails(command, 1, &["broken: ", "weights.safetensors"]);
}

/// Leaves half of a file.
fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}
