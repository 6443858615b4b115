//! The `turbulence` command as a user meets it: what it writes, what it says, and how it fails.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The command in the root of the repository, computing on flex with one thread.
fn turbulence() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turbulence"));
    command.current_dir(root());
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

const HELD_OUT: &str = "tests/fixtures/turbulence/held-out.h5";
const MODEL: &str = "apps/turbulence/demo/model";

/// A command that must fail with status `code` and one line on standard error that holds all of `words`.
fn fails(mut command: Command, code: i32, words: &[&str]) {
    let output = command
        .assert()
        .failure()
        .code(code)
        .get_output()
        .stderr
        .clone();
    let text = String::from_utf8(output).unwrap();
    let last = text.lines().last().unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "{word:?} is not in {text:?}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

fn with(arguments: &[&str]) -> Command {
    let mut command = turbulence();
    command.args(arguments);
    command
}

#[test]
fn help_and_version_are_there_for_every_command() {
    with(&["--version"])
        .assert()
        .success()
        .stdout(contains("turbulence 0."));
    for command in ["simulate", "train", "rollout", "stats", "convert", "info"] {
        with(&[command, "--help"])
            .assert()
            .success()
            .stdout(contains("Example:"));
    }
    with(&["completions", "bash"])
        .assert()
        .success()
        .stdout(contains("_turbulence"));
    with(&["fly"]).assert().failure().code(2);
}

#[test]
fn poiseuille_flow_is_simulated_converted_and_described() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (h5, npy, nc) = (path("a.h5"), path("a.npy"), path("a.nc"));
    let config = "configs/turbulence/laminar.toml";
    with(&["simulate", "--config", config, "--output", &h5, "-q"])
        .assert()
        .success();
    with(&["info", &h5])
        .assert()
        .success()
        .stdout(contains("Re_tau: 20").and(contains("snapshots: 5")));
    with(&["convert", &h5, &npy, "--snapshots", "1:5:2", "-q"])
        .assert()
        .success();
    with(&["convert", &h5, &nc, "--compress", "-q"])
        .assert()
        .success();
    with(&["info", "--json", &npy])
        .assert()
        .success()
        .stdout(contains("\"snapshots\":2"));
    with(&["info", &nc])
        .assert()
        .success()
        .stdout(contains("DNS"));
    // u = 10 (1 - y^2): 10 in the middle, 20/3 in the mean; the trapezoidal rule on 9 points gives 6.5625.
    let stats = path("stats.h5");
    with(&["stats", &nc, "--output", &stats, "-q"])
        .assert()
        .success()
        .stdout(contains("bulk velocity 6.562").and(contains("centre 10.000")));
    assert!(!folder.path().join("a.h5.checkpoints").exists());
}

#[test]
fn a_simulation_continues_bit_for_bit_after_a_stop() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let simulate = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "simulate",
            "--config",
            "configs/turbulence/minimal-channel.toml",
            "--output",
            output,
        ]);
        let small = [
            "channel.points=[8,17,8]",
            "output.grid=[4,5,4]",
            "output.trajectories=2",
            "output.warm_up=0.2",
            "output.interval=0.02",
            "output.snapshots=6",
            "output.checkpoint_interval=0.05",
        ];
        for setting in small {
            command.args(["--set", setting]);
        }
        command.args(more);
        command
    };
    let (whole, parts) = (path("whole.npy"), path("parts.npy"));
    let (a, b) = (path("a.h5"), path("b.h5"));
    simulate(&a, &["-q"]).assert().success();
    // Killed at some moment; how far it came does not matter.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child
        .current_dir(root())
        .args(simulate(&b, &["-q"]).get_args());
    let mut child = child.spawn().unwrap();
    while !Path::new(&b).exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(60));
    child.kill().unwrap();
    child.wait().unwrap();
    // Unless it was through already, the name is taken and the run can be resumed.
    simulate(&b, &["--resume", "-q"]).assert().success();
    for (from, to) in [(&a, &whole), (&b, &parts)] {
        with(&["convert", from, to, "-q"]).assert().success();
    }
    assert_eq!(fs::read(whole).unwrap(), fs::read(parts).unwrap());
}

#[test]
fn training_continues_with_the_losses_of_an_uninterrupted_run() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let train = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "train",
            "--config",
            "configs/turbulence/smoke.toml",
            "--data",
            HELD_OUT,
            "--output",
            output,
            "--device",
            "flex",
            "--threads",
            "1",
            "-q",
            "--set",
            "training.checkpoint_every=3",
            "--set",
            "training.log_every=1",
        ]);
        command.args(more);
        command
    };
    let (a, b) = (path("a"), path("b"));
    train(&a, &[]).assert().success();
    let losses = |run: &str| -> Vec<String> {
        let text = fs::read_to_string(Path::new(run).join("metrics.jsonl")).unwrap();
        let lines = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        // Wall-clock time is the one thing that may differ.
        lines
            .map(|mut l| {
                l.as_object_mut().unwrap().remove("seconds");
                l.to_string()
            })
            .collect()
    };
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child.current_dir(root()).args(train(&b, &[]).get_args());
    let mut child = child.spawn().unwrap();
    let checkpoints = Path::new(&b).join("checkpoints");
    let has_one = || {
        fs::read_dir(&checkpoints).is_ok_and(|mut d| {
            d.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("step-")))
        })
    };
    while !has_one() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    train(&b, &["--resume"]).assert().success();
    assert_eq!(losses(&a), losses(&b));
    for file in ["weights.safetensors", "last.safetensors"] {
        let read = |run: &str| safetensors_body(&fs::read(Path::new(run).join(file)).unwrap());
        assert_eq!(read(&a), read(&b), "{file}");
    }
    // A second run does not replace the first, and other settings do not continue it.
    fails(train(&a, &[]), 1, &[&a, "--resume"]);
    fails(
        train(&a, &["--resume", "--set", "training.batch_size=2"]),
        1,
        &["other settings"],
    );
}

/// The numbers behind the header, which names the command line.
fn safetensors_body(bytes: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + length..].to_vec()
}

#[test]
fn a_rollout_is_written_with_statistics_and_an_ensemble_with_members() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (one, many) = (path("one.h5"), path("many.nc"));
    let rollout = |output: &str, more: &[&str]| {
        let mut command = with(&[
            "rollout", "--model", MODEL, "--input", HELD_OUT, "--steps", "6", "--output", output,
            "--device", "flex", "-q",
        ]);
        command.args(more);
        command
    };
    rollout(&one, &["--stats", "--every", "2", "--index", "3"])
        .assert()
        .success();
    with(&["info", "--json", &one])
        .assert()
        .success()
        .stdout(contains("\"snapshots\":3"));
    with(&["info", &path("one.stats.h5")])
        .assert()
        .success()
        .stdout(contains("snapshots: 6"));
    assert!(
        fs::read_to_string(path("one.xdmf"))
            .unwrap()
            .contains("one.h5")
    );
    rollout(&many, &["--ensemble", "3", "--noise", "0.1"])
        .assert()
        .success();
    with(&["info", "--json", &many])
        .assert()
        .success()
        .stdout(contains("\"trajectories\":3"));
    fails(rollout(&one, &[]), 1, &["one.h5", "exists", "--overwrite"]);
    fails(
        rollout(&path("x.h5"), &["--index", "100000"]),
        1,
        &["held-out.h5", "100000"],
    );
    fails(
        rollout(&path("x.h5"), &["--every", "7"]),
        1,
        &["--every 7", "--steps 6"],
    );
}

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
    let command = with(&[
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
    ]);
    fails(
        command,
        1,
        &["weights.safetensors", "encoder.layers.0.1.to_v.weight"],
    );
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
    fails(rollout(&a, &[]), 1, &["step 1", "--energy-limit"]);
    fails(
        rollout(&b, &["--energy-limit", "0"]),
        1,
        &["NaN or infinite"],
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

/// However long a rollout, its memory stays what it was after the first steps.
#[test]
fn a_long_rollout_needs_no_more_memory_than_a_short_one() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = path("run");
    let train = [
        "train",
        "--config",
        "configs/turbulence/smoke.toml",
        "--data",
        HELD_OUT,
        "--output",
        &run,
    ];
    with(&train)
        .args(["--set", "training.epochs=1", "--device", "flex", "-q"])
        .assert()
        .success();
    let log = path("log.jsonl");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_turbulence"));
    child.current_dir(root()).args([
        "rollout", "--model", &run, "--input", HELD_OUT, "--steps", "1500", "--every", "100",
    ]);
    child.args([
        "--output",
        &path("long.h5"),
        "--stats",
        "--device",
        "flex",
        "-q",
        "--energy-limit",
        "0",
        "--log-json",
        &log,
    ]);
    let mut child = child.spawn().unwrap();
    // Resident memory against the steps done so far.
    let (mut early, mut late) = (0_u64, 0_u64);
    while child.try_wait().unwrap().is_none() {
        let steps = fs::read_to_string(&log).map_or(0, |text| text.lines().count());
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let resident = status.lines().find_map(|l| {
            l.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        match (steps, resident) {
            (50..500, Some(kilobytes)) => early = early.max(kilobytes),
            (1000.., Some(kilobytes)) => late = late.max(kilobytes),
            _ => {}
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(child.wait().unwrap().success());
    assert!(
        early > 0 && late > 0,
        "both parts were seen: {early} {late}"
    );
    assert!(
        late < early + early / 10 + 4096,
        "{early} kB early, {late} kB late"
    );
}
