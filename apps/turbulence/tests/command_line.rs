//! The `turbulence` command as a user meets it: what it writes and what it says.

mod command;

use std::fs;

use command::{HELD_OUT, fails, folder, root, with};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_fields::{FieldHeader, FieldShape};

/// The demo's operator.
const MODEL: &str = "apps/turbulence/demo/model";

#[test]
fn help_and_version_are_there_for_every_command() {
    with(&["--version"])
        .assert()
        .success()
        .stdout(contains("turbulence 0."));
    for command in [
        "simulate", "train", "rollout", "stats", "bench", "convert", "info",
    ] {
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
    let before = std::fs::read(&h5).unwrap();
    for itself in [h5.clone(), format!("{h5}:velocity")] {
        let onto = with(&["convert", &itself, &h5, "--overwrite", "-q"]);
        command::fails(onto, 1, &["is the input file itself"]);
    }
    assert!(std::fs::read(&h5).unwrap() == before);
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
fn numbers_of_each_trajectory_are_told_by_their_range() {
    let folder = folder();
    let path = folder.path().join("flows.h5");
    let shape = FieldShape {
        has_trajectories: true,
        trajectories: 3,
        snapshots: 1,
        grid: [2, 2, 1],
        components: 2,
    };
    let header = FieldHeader {
        per_trajectory: [("viscosity".to_owned(), vec![0.5, 0.125, 0.25])].into(),
        ..FieldHeader::default()
    };
    let mut writer = rheome_fields::create(&path, &shape, &header, Default::default()).unwrap();
    (0..3).for_each(|trajectory| writer.append(trajectory, 0.0, &[1.0; 8]).unwrap());
    writer.finish().unwrap();
    let path = path.display().to_string();
    with(&["info", &path])
        .assert()
        .success()
        .stdout(contains("per_trajectory:\n  viscosity: 0.125, 0.5\n"));
    // Another format keeps them.
    let other = folder.path().join("flows.nc").display().to_string();
    with(&["convert", &path, &other, "-q"]).assert().success();
    with(&["info", "--json", &other])
        .assert()
        .success()
        .stdout(contains("\"viscosity\":[0.125,0.5]"));
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

/// An array of velocities tells nothing else: its points are those of the model.
#[test]
fn a_rollout_of_a_bare_array_has_the_models_points_and_units() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let array = path("flow.npy");
    with(&["convert", HELD_OUT, &array, "--snapshots", "0:2", "-q"])
        .assert()
        .success();
    let header = |output: &str, model: &[&str]| {
        with(&[
            "rollout", "--input", &array, "--steps", "2", "--output", output,
        ])
        .args(["--device", "flex", "-q"])
        .args(model)
        .assert()
        .success();
        rheome_fields::open(output).unwrap().header().clone()
    };
    let expected = rheome_fields::open(&root().join(HELD_OUT).display().to_string()).unwrap();
    let expected = expected.header();
    let near = |found: &FieldHeader| {
        let (found, expected) = (&found.coordinates, &expected.coordinates);
        let pairs = found.iter().flatten().zip(expected.iter().flatten());
        let pairs: Vec<(f64, f64)> = pairs
            .flat_map(|(a, b)| a.iter().copied().zip(b.iter().copied()))
            .collect();
        assert_eq!(pairs.len(), 12 + 33 + 12);
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-6), "{pairs:?}");
    };
    let found = header(&path("a.h5"), &["--model", MODEL]);
    near(&found);
    for key in ["viscosity", "velocity_units", "time_units"] {
        assert_eq!(found.attributes[key], expected.attributes[key], "{key}");
    }
    // Settings and weights alone tell the points.
    let (config, weights) = (
        format!("{MODEL}/config.toml"),
        format!("{MODEL}/weights.safetensors"),
    );
    let model = ["--config", &config, "--weights", &weights];
    near(&header(&path("b.nc"), &model));
}

/// `make demo`, and `make demo` again.
#[test]
fn the_demo_can_be_repeated() {
    let folder = folder();
    for _ in 0..2 {
        let mut demo = std::process::Command::new("bash");
        demo.arg(root().join("apps/turbulence/demo/run.sh"));
        demo.args([env!("CARGO_BIN_EXE_turbulence")])
            .arg(folder.path())
            .arg("4");
        let output = demo.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    for name in [
        "rollout.h5",
        "rollout.xdmf",
        "slices.png",
        "profiles.png",
        "profiles.h5",
    ] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
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
