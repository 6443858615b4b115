//! How the `turbulence` command fails: one line, the right status, and nothing lost.

mod command;

use std::fs;
use std::path::Path;

use command::{HELD_OUT, fails, folder, is_refused_beside, root, with};
use predicates::prelude::*;
use rheome_fields::{FieldHeader, FieldShape, create, open};

/// The demo's operator.
const MODEL: &str = "apps/turbulence/demo/model";

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        path(name)
    };
    let output = path("out.h5");
    let rollout = |input: &str| {
        with(&[
            "rollout", "--model", MODEL, "--input", input, "--steps", "1", "--output", &output,
        ])
    };
    fails(rollout("nowhere.h5"), 1, &["nowhere.h5"]);
    fails(
        rollout(&format!("{HELD_OUT}:pressure")),
        1,
        &["held-out.h5", "pressure", "velocity"],
    );
    let mut half = rollout(HELD_OUT);
    half.args(["--precision", "bf16", "--device", "flex"]);
    fails(half, 1, &["--precision bf16", "flex", "libtorch"]);
    fails(
        rollout(&write("a.npy", "not an array")),
        1,
        &["a.npy", "NumPy"],
    );
    fails(rollout(&write("a.h5", "not HDF5")), 1, &["a.h5"]);
    fails(rollout(&write("a.txt", "")), 1, &["a.txt", ".npy"]);
    // The grid of another flow.
    let laminar = path("laminar.h5");
    with(&[
        "simulate",
        "--config",
        "configs/turbulence/laminar.toml",
        "--output",
        &laminar,
        "-q",
    ])
    .assert()
    .success();
    fails(
        rollout(&laminar),
        1,
        &["laminar.h5", "8 x 9 x 4", "12 x 33 x 12"],
    );
    let simulate = |config: &str| with(&["simulate", "--config", config, "--output", &output]);
    fails(simulate("nowhere.toml"), 1, &["nowhere.toml"]);
    let wrong = write(
        "a.toml",
        "[channel]\nre_tua = 1\n[output]\ngrid=[4,5,4]\ninterval=1\nsnapshots=1\n",
    );
    fails(
        simulate(&wrong),
        1,
        &["a.toml", "channel.re_tua", "did you mean re_tau"],
    );
    let odd = write(
        "b.toml",
        "[channel]\npoints=[7,17,8]\n[output]\ngrid=[4,5,4]\ninterval=1\nsnapshots=1\n",
    );
    fails(simulate(&odd), 1, &["points", "[7, 17, 8]", "even"]);
    fails(with(&["info", "apps"]), 1, &["apps", "config.toml"]);
    fails(
        with(&[
            "rollout", "--model", MODEL, "--input", HELD_OUT, "--steps", "1", "--output", &output,
            "--device", "cuda:77",
        ]),
        1,
        &["cuda:77"],
    );
    with(&["rollout", "--model", MODEL])
        .assert()
        .failure()
        .code(2);
    assert!(!Path::new(&output).exists(), "a failure leaves no output");
}

#[test]
fn weights_of_another_size_are_listed_by_name() {
    let folder = folder();
    let output = folder.path().join("out.h5").display().to_string();
    let weights = format!("{MODEL}/weights.safetensors");
    let command = || {
        with(&[
            "rollout",
            "--config",
            "configs/turbulence/paper-m.toml",
            "--weights",
            &weights,
            "--input",
            HELD_OUT,
            "--steps",
            "1",
            "--output",
            &output,
            "--device",
            "flex",
        ])
    };
    fails(
        command(),
        1,
        &[
            "weights.safetensors",
            "misshapen",
            "encoder.layers.0.",
            " more",
        ],
    );
    let is_short = predicate::function(|told: &str| told.len() < 1500);
    command().assert().code(1).stderr(is_short);
    // All of them where one asks for details.
    let details = predicate::str::contains("encoder.layers.0.1.to_v.weight")
        .and(predicate::str::contains("simple_to_out.1.weight"));
    command().arg("-v").assert().code(1).stderr(details);
}

#[test]
fn a_model_of_another_program_is_called_so() {
    let folder = folder();
    let output = folder.path().join("out.h5").display().to_string();
    let told = "apps/prose/demo/model: found a model of `prose`, expected one of `turbulence`";
    let model = "apps/prose/demo/model";
    let rollout = [
        "rollout", "--model", model, "--input", HELD_OUT, "--steps", "1",
    ];
    let mut rollout = with(&rollout);
    rollout.args(["--output", &output, "--device", "flex"]);
    fails(rollout, 1, &[told]);
    fails(with(&["info", model]), 1, &[told]);
    let mut bench = with(&["bench", "--model", model, "--output", &output]);
    bench.args(["--device", "flex"]);
    fails(bench, 1, &[told]);
}

/// A rollout that leaves the numbers ends with an error that says where; what came before is kept.
#[test]
fn a_rollout_that_blows_up_keeps_what_it_wrote() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut normalization: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(root().join(MODEL).join("normalization.json")).unwrap(),
    )
    .unwrap();
    // The operator's results are blown up a million times a step.
    for value in normalization["output_std"].as_array_mut().unwrap() {
        *value = (value.as_f64().unwrap() * 1e6).into();
    }
    let file = path("normalization.json");
    fs::write(&file, normalization.to_string()).unwrap();
    let (config, weights) = (
        format!("{MODEL}/config.toml"),
        format!("{MODEL}/weights.safetensors"),
    );
    let rollout = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "rollout",
            "--config",
            &config,
            "--weights",
            &weights,
            "--normalization",
            &file,
            "--input",
            HELD_OUT,
            "--steps",
            "50",
            "--output",
            output,
            "--device",
            "flex",
            "-q",
        ]);
        command.args(more);
        command
    };
    let (a, b) = (path("a.h5"), path("b.h5"));
    // A rollout whose first step fails costs nothing of what was there.
    let there = [a.clone(), path("a.xdmf")];
    for file in &there {
        fs::write(file, "mine").unwrap();
    }
    // At the first step nothing is there to be kept, and there is but one flow.
    let words = [
        "step 1: the energy of u (",
        "--energy-limit",
        "nothing was written",
    ];
    fails(rollout(&a, &["--overwrite"]), 1, &words);
    for file in &there {
        assert_eq!(fs::read(file).unwrap(), b"mine", "{file}");
    }
    assert!(!Path::new(&path("a.h5.partial")).exists());
    fails(rollout(&path("c.h5"), &[]), 1, &words);
    assert!(!Path::new(&path("c.h5")).exists());
    fails(
        rollout(&b, &["--energy-limit", "0"]),
        1,
        &["NaN or infinite values in u;", "before it are kept"],
    );
    let facts = with(&["info", "--json", &b])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let facts: serde_json::Value = serde_json::from_slice(&facts).unwrap();
    let snapshots = facts["snapshots"].as_u64().unwrap();
    assert!((1..50).contains(&snapshots), "{snapshots}");
}

/// Weights and data that are no numbers are refused where they are read, with their place.
#[test]
fn what_is_no_number_is_named() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (weights, data, output) = (path("w.safetensors"), path("flow.npy"), path("out.h5"));
    let poison = |path: &str| {
        let mut bytes = fs::read(path).unwrap();
        let last = bytes.len() - 4;
        bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        fs::write(path, bytes).unwrap();
    };
    fs::copy(root().join(MODEL).join("weights.safetensors"), &weights).unwrap();
    poison(&weights);
    let config = format!("{MODEL}/config.toml");
    let rollout = [
        "rollout",
        "--config",
        &config,
        "--weights",
        &weights,
        "--input",
        HELD_OUT,
        "--steps",
        "1",
        "--output",
        &output,
    ];
    let words = ["w.safetensors: parameter ", "found NaN", "expected finite"];
    fails(with(&rollout), 1, &words);
    with(&["convert", HELD_OUT, &data, "-q"]).assert().success();
    poison(&data);
    let train = [
        "train",
        "--config",
        "configs/turbulence/smoke.toml",
        "--data",
        &data,
        "--output",
        &output,
        "--set",
        "data.time_step=0.1",
        "--device",
        "flex",
    ];
    fails(with(&train), 1, &["flow.npy", "NaN", "snapshot"]);
}

/// A conversion writes the whole file or none.
#[test]
fn a_conversion_that_fails_leaves_the_old_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (source, output) = (path("nan.h5"), path("out.h5"));
    let shape = FieldShape {
        has_trajectories: false,
        trajectories: 1,
        snapshots: 5,
        grid: [4, 3, 2],
        components: 3,
    };
    let file = folder.path().join("nan.h5");
    let mut writer = create(&file, &shape, &FieldHeader::default(), Default::default()).unwrap();
    for index in 0..5 {
        let mut snapshot = vec![0.5; shape.snapshot_len()];
        snapshot[7] = if index == 3 { f32::NAN } else { 0.5 };
        writer.append(0, index as f64, &snapshot).unwrap();
    }
    writer.finish().unwrap();
    fs::write(&output, "mine").unwrap();
    let convert = |more: &[&str]| {
        let mut command = with(&["convert", &source, &output, "--overwrite", "-q"]);
        command.args(more);
        command
    };
    fails(convert(&[]), 1, &["nan.h5", "NaN", "snapshot 3"]);
    assert_eq!(fs::read(&output).unwrap(), b"mine");
    assert!(!folder.path().join("out.h5.partial").exists());
    convert(&["--snapshots", "0:3"]).assert().success();
    assert_eq!(open(&output).unwrap().completed(0), 3);
    assert!(folder.path().join("out.xdmf").exists());
}

/// A model folder cannot ask for any memory or time.
#[test]
fn models_of_no_size_that_can_be_are_refused() {
    let folder = folder();
    let output = folder.path().join("out.h5").display().to_string();
    let config = format!("{MODEL}/config.toml");
    let weights = format!("{MODEL}/weights.safetensors");
    for (setting, words) in [
        ("model.depth=1000000", ["depth: found 1000000", "1 to 1000"]),
        ("model.iterations=4000000000", ["iterations", "1 to 1000"]),
        (
            "model.grid=[12,33,4000000000]",
            ["grid", "numbers of points"],
        ),
    ] {
        // Settings of a model come from its file.
        let text = fs::read_to_string(root().join(&config)).unwrap();
        let mut table: toml::Table = text.parse().unwrap();
        let changed: toml::Table = setting.parse().unwrap();
        let changed = changed["model"].as_table().unwrap().clone();
        table["model"].as_table_mut().unwrap().extend(changed);
        let file = folder.path().join("config.toml");
        fs::write(&file, table.to_string()).unwrap();
        let mut command = with(&["rollout", "--weights", &weights, "--input", HELD_OUT]);
        command.arg("--config").arg(&file);
        command.args(["--steps", "1", "--output", &output, "--device", "flex"]);
        fails(command, 1, &words);
    }
}

#[test]
fn nothing_that_is_there_is_lost() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let copy = path("copy.h5");
    fs::copy(root().join(HELD_OUT), &copy).unwrap();
    let before = fs::read(&copy).unwrap();
    let stats = |more: &[&str]| {
        let mut command = with(&["stats", &copy, "--output", &copy, "-q"]);
        command.args(more);
        command
    };
    fails(stats(&[]), 1, &["copy.h5", "is the input file itself"]);
    fails(
        stats(&["--overwrite"]),
        1,
        &["copy.h5", "is the input file itself"],
    );
    let profiles = path("r.stats.h5");
    fs::write(&profiles, "mine").unwrap();
    let rollout = with(&[
        "rollout",
        "--model",
        MODEL,
        "--input",
        &copy,
        "--steps",
        "1",
        "--output",
        &path("r.h5"),
        "--stats",
        "-q",
    ]);
    fails(rollout, 1, &["r.stats.h5", "exists"]);
    assert_eq!(fs::read(&profiles).unwrap(), b"mine");
    assert_eq!(fs::read(&copy).unwrap(), before);
}

#[test]
fn what_another_run_writes_is_left_alone() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (comparison, stats, bench) = (path("comparison"), path("stats.h5"), path("bench.csv"));
    fs::create_dir(&comparison).unwrap();
    let run = |words: &[&str], output: &Path| {
        let mut command = with(words);
        command.arg("--output").arg(output);
        command
    };
    let compare = [
        "compare",
        "--reference",
        HELD_OUT,
        "--steps",
        "4",
        "--model",
        MODEL,
    ];
    for (words, output, lock) in [
        (&compare[..], &comparison, comparison.join(".lock")),
        (&["stats", HELD_OUT], &stats, path("stats.h5.lock")),
        (&["bench", "--model", MODEL], &bench, path("bench.csv.lock")),
    ] {
        is_refused_beside(&lock, run(words, output));
    }
    assert!(!stats.exists() && !bench.exists());
    assert_eq!(fs::read_dir(&comparison).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_held_is_refused_before_any_work() {
    let rollout = |more: &[&str]| {
        let mut command = with(&["rollout", "--model", MODEL, "--input", HELD_OUT, "-q"]);
        command.args(more);
        command
    };
    fails(
        rollout(&["--steps", "5", "--output", "x.npy"]),
        1,
        &["x.npy", ".h5", "convert"],
    );
    fails(
        rollout(&["--steps", "100000000", "--output", "x.h5"]),
        1,
        &["--steps 100000000", "--every"],
    );
    fails(
        rollout(&["--steps", "5", "--output", "x.h5", "--noise", "nan"]),
        1,
        &["--noise"],
    );
    rollout(&["--steps", "5", "--output", "x.h5", "--ensemble", "1000000"])
        .assert()
        .failure()
        .code(2);
    rollout(&[
        "--steps",
        "5",
        "--output",
        "x.h5",
        "--seed",
        "18446744073709551615",
    ])
    .assert()
    .failure()
    .code(2);
    let simulate = with(&[
        "simulate",
        "--config",
        "configs/turbulence/laminar.toml",
        "--output",
        "x.npy",
    ]);
    fails(simulate, 1, &["x.npy", ".h5"]);
    assert!(!root().join("x.h5").exists());
}
