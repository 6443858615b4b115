//! Statistics that `turbulence` gathers: during a simulation, during a rollout, and of files.

mod command;
mod numbers;

use std::path::Path;

use command::{HELD_OUT, fails, folder, with};
use numbers::numbers;
use predicates::str::contains;
use serde_json::Value;

/// The demo's operator.
const MODEL: &str = "apps/turbulence/demo/model";

/// What `turbulence info` says of a file of statistics.
fn facts(path: &str, set: &str) -> Value {
    let output = with(&["info", "--json", path]).assert().success();
    let mut facts: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    facts[set].take()
}

/// Poiseuille flow at Re_tau = 20, u = 10 (1 - (y - 1)^2): every statistic is known.
#[test]
fn a_simulation_gathers_on_its_own_grid_what_is_exact() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    let config = "configs/turbulence/laminar.toml";
    let simulate = |more: &[&str]| {
        let mut command = with(&["simulate", "--config", config, "--output", &output]);
        command.args(["--stats", "-q", "--set", "output.trajectories=2"]);
        command.args(more);
        command
    };
    simulate(&[]).assert().success();
    let stats = path("a.stats.h5");
    let facts = facts(&stats, "simulation");
    assert_eq!(facts["snapshots"], 10);
    assert_eq!(facts["points"], 17);
    assert!((facts["measured_Re_tau"].as_f64().unwrap() - 20.0).abs() < 1e-9);
    let all = numbers(&stats);
    let line = |name: &str| &all[&format!("/simulation/{name}")];
    for (y, u) in line("y").iter().zip(line("mean")) {
        assert!((u - 10.0 * (1.0 - (y - 1.0).powi(2))).abs() < 1e-10);
    }
    for shear in line("history/wall_shear") {
        assert!((shear - 1.0).abs() < 1e-10);
    }
    // Exact, where the trapezoidal rule would give 6.64.
    for bulk in line("history/bulk_velocity") {
        assert!((bulk - 20.0 / 3.0).abs() < 1e-10);
    }
    assert_eq!(line("history/trajectory")[4..6], [0.0, 1.0]);
    assert!(line("history/divergence").iter().all(|d| d.abs() < 1e-10));
    fails(simulate(&[]), 1, &["a.h5: exists"]);
    for beside in [&output, &path("a.xdmf")] {
        std::fs::remove_file(beside).unwrap();
    }
    fails(simulate(&[]), 1, &["a.stats.h5: exists"]);
}

#[test]
fn a_rollout_is_compared_with_the_trajectory_it_left() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    let rollout = |index: &str, more: &[&str]| {
        let mut command = with(&[
            "rollout",
            "--model",
            MODEL,
            "--input",
            HELD_OUT,
            "--steps",
            "4",
            "--device",
            "flex",
            "-q",
            "--overwrite",
            "--output",
            &output,
        ]);
        command.args(["--index", index]).args(more);
        command
    };
    rollout("3", &["--stats", "--ensemble", "2", "--noise", "0.5"])
        .assert()
        .success();
    let all = numbers(&path("a.stats.h5"));
    let line = |name: &str| &all[&format!("/rollout/lead_time/{name}")];
    assert_eq!(line("pairs"), &[2.0; 4]);
    for (step, lead_time) in line("lead_time").iter().enumerate() {
        assert!((lead_time - 0.2 * (step + 1) as f64).abs() < 1e-9);
    }
    // Known of this operator (README): 0.056 after one step, where persistence has about 0.11. One of two members is disturbed.
    let (error, persistence) = (
        line("relative_error")[0],
        line("persistence_relative_error")[0],
    );
    assert!((0.04..0.09).contains(&error), "{error}");
    assert!((0.08..0.16).contains(&persistence), "{persistence}");
    let correlation: Vec<f64> = line("correlation").iter().step_by(4).copied().collect();
    assert!(
        correlation.is_sorted_by(|a, b| a > b) && (0.8..1.0).contains(&correlation[0]),
        "{correlation:?}"
    );

    // The same from the files, alone: the rollout says where it started.
    rollout("3", &["--stats"]).assert().success();
    let (first, second) = (path("a.stats.h5"), path("b.stats.h5"));
    let stats = [
        "stats",
        &output,
        "--reference",
        HELD_OUT,
        "--output",
        &second,
        "-q",
    ];
    with(&stats)
        .assert()
        .success()
        .stdout(contains("decorrelated after 0."));
    let (gathered, read) = (numbers(&first), numbers(&second));
    let mut compared = 0;
    for (name, values) in &gathered {
        let same = &read[&name.replace("/rollout/", "/a/")];
        assert_eq!(values.len(), same.len(), "{name}");
        for (a, b) in values.iter().zip(same) {
            assert!(
                (a - b).abs() <= 1e-9 * a.abs().max(1.0) || a.is_nan() && b.is_nan(),
                "{name}"
            );
        }
        compared += 1;
    }
    assert!(compared > 30);
    // At the end of the input there is nothing to compare with, which only matters to those who ask.
    rollout("60", &["--stats"]).assert().success();
    assert_eq!(facts(&first, "rollout")["lead_time"], Value::Null);
    let asked = rollout("60", &["--stats", "--reference", HELD_OUT]);
    fails(asked, 1, &["held-out.h5", "after the start", "time"]);
    rollout("3", &["--reference", HELD_OUT])
        .assert()
        .failure()
        .code(2);
}

/// A bare array tells neither lengths nor Reynolds number; the command line may.
#[test]
fn bare_arrays_are_completed_by_the_command_line() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (array, bare, told, file) = (
        path("a.npy"),
        path("bare.h5"),
        path("told.h5"),
        path("file.h5"),
    );
    with(&["convert", HELD_OUT, &array, "--snapshots", "0:5", "-q"])
        .assert()
        .success();
    with(&["stats", &array, "--output", &bare, "-q"])
        .assert()
        .success();
    assert_eq!(facts(&bare, "a")["Re_tau"], Value::Null);
    assert!(!numbers(&bare).contains_key("/a/history/divergence"));
    let lengths = format!("{},{}", std::f64::consts::PI, 0.5 * std::f64::consts::PI);
    let options = [
        "--lengths",
        &lengths,
        "--re-tau",
        "180",
        "--reference",
        HELD_OUT,
    ];
    with(&["stats", &array, "--output", &told, "-q"])
        .args(options)
        .assert()
        .success();
    with(&["stats", HELD_OUT, "--output", &file, "-q"])
        .assert()
        .success();
    let (told, file) = (numbers(&told), numbers(&file));
    for name in [
        "y_plus",
        "streamwise/wavenumber_plus",
        "spanwise/separation_plus",
    ] {
        for (a, b) in told[&format!("/a/{name}")]
            .iter()
            .zip(&file[&format!("/held-out/{name}")])
        {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{name}: {a} {b}");
        }
    }
    let divergence = "history/divergence";
    let (a, b) = (
        &told[&format!("/a/{divergence}")],
        &file[&format!("/held-out/{divergence}")],
    );
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6 * b));
    // By number, for want of times: the same snapshots.
    assert!(
        told["/a/lead_time/relative_error"]
            .iter()
            .all(|e| *e == 0.0)
    );
    with(&["stats", &array, "--output", &path("x.h5"), "--lengths", "1"])
        .assert()
        .failure()
        .code(2);
    let zero = with(&["stats", &array, "--output", &path("x.h5"), "--re-tau", "0"]);
    fails(zero, 1, &["--re-tau 0", "positive"]);
}

/// Spectra, correlations, slices and all: what the first version of a file of statistics did not have does not stand in the way.
#[test]
fn references_of_the_first_version_are_carried_over() {
    let folder = folder();
    let output = folder.path().join("a.h5").display().to_string();
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../datasets/statistics-file/tests/data/statistics-version-1.stats.h5");
    let old = old.display().to_string();
    with(&[
        "stats",
        HELD_OUT,
        "--reference",
        &old,
        "--output",
        &output,
        "-q",
    ])
    .assert()
    .success()
    .stdout(contains("minimal-channel: 3200 snapshots"));
    let (before, after) = (numbers(&old), numbers(&output));
    for (name, values) in &before {
        assert_eq!(&after[name], values, "{name}");
    }
    assert!(after.contains_key("/held-out/streamwise/energy"));
    assert!(!after.contains_key("/minimal-channel/streamwise/energy"));
}

#[test]
fn statistics_are_held_against_published_ones() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (output, plots) = (path("a.h5"), path("plots"));
    let stats = |published: &str| {
        with(&[
            "stats",
            HELD_OUT,
            "--published",
            published,
            "--output",
            &output,
            "--plots",
            &plots,
            "-q",
        ])
    };
    fails(stats("200"), 1, &["--published 200", "180, 395, 590"]);
    assert!(!Path::new(&output).exists(), "nothing was gathered");
    stats("180")
        .assert()
        .success()
        .stdout(contains("Moser, Kim & Mansour (1999) at Re_tau = 178.12"));
    let table = std::fs::read_to_string(path("plots/published.csv")).unwrap();
    let mut rows = table.lines();
    assert_eq!(
        rows.next(),
        Some("name,quantity,published,found,relative_difference")
    );
    let bulk = rows.find(|row| row.contains("bulk velocity")).unwrap();
    let cells: Vec<f64> = bulk
        .split(',')
        .skip(2)
        .map(|cell| cell.parse().unwrap())
        .collect();
    assert_eq!(cells[0], 15.679);
    // A minimal channel is turbulent all the same.
    assert!(
        cells[2].abs() < 0.05 && (cells[1] / cells[0] - 1.0 - cells[2]).abs() < 1e-4,
        "{bulk}"
    );
    for picture in ["published.png", "published.svg"] {
        assert!(Path::new(&path(&format!("plots/{picture}"))).is_file());
    }
}

/// The committed statistics of the channel at Re_tau = 180 keep what the documentation says of them.
#[test]
fn the_validation_of_the_solver_is_within_its_tolerances() {
    let statistics = "datasets/statistics/reference/channel-180.stats.h5";
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    with(&[
        "stats",
        statistics,
        "--published",
        "180",
        "--output",
        &path("a.h5"),
        "--plots",
        &path("plots"),
        "-q",
    ])
    .assert()
    .success();
    let table = std::fs::read_to_string(path("plots/published.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    assert_eq!(rows.len(), 18);
    for row in rows {
        let difference: f64 = row[4].parse().unwrap();
        let allowed = match row[1] {
            name if name.starts_with("mean u") || name == "bulk velocity" => 0.03,
            name if name.starts_with("largest") => 0.05,
            // The centre of a box so small; the documentation says so.
            _ => 0.08,
        };
        assert!(difference.abs() < allowed, "{row:?}");
    }
}

/// Width and height of a picture.
fn size(path: &str) -> [u32; 2] {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
}

/// A bare array tells no lengths: those of the command line shape its slices.
#[test]
fn slices_of_a_bare_array_have_the_shape_of_the_box() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let array = path("flow.npy");
    with(&["convert", HELD_OUT, &array, "--snapshots", "0:2", "-q"])
        .assert()
        .success();
    let draw = |input: &str, more: &[&str]| {
        with(&["stats", input, "--output", &path("a.stats.h5"), "-q"])
            .args(["--plots", &path("plots"), "--overwrite"])
            .args(more)
            .assert()
            .success();
        size(&path("plots/slices.png"))
    };
    let points = draw(&array, &[]);
    let told = draw(
        &array,
        &["--lengths", "3.141592653589793,1.5707963267948966"],
    );
    // Two planes side by side, as of the file that knows its coordinates; its four are wider.
    assert_eq!(told[1], draw(HELD_OUT, &[])[1]);
    assert!(told[1] < points[1], "{told:?} {points:?}");
}

/// Where no folder is named, pictures lie beside the output, as those of other commands do.
#[test]
fn pictures_without_a_folder_lie_beside_the_output() {
    let folder = folder();
    let output = folder.path().join("a.h5").display().to_string();
    let wrote = contains(folder.path().join("profiles.png").display().to_string());
    with(&["stats", HELD_OUT, "--output", &output, "--plots"])
        .assert()
        .success()
        .stderr(wrote);
    for name in ["profiles.png", "slices.png"] {
        let picture = std::fs::read(folder.path().join(name)).unwrap();
        assert!(picture.starts_with(b"\x89PNG"), "{name}");
    }
}

/// Neither a picture that is there nor a file that is written otherwise gives way to a picture.
#[test]
fn pictures_cost_no_other_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let stats = |more: &[&str]| {
        let mut stats = with(&["stats", HELD_OUT, "--output", &path("a.h5"), "-q"]);
        stats.args(["--plots", &path("plots")]).args(more);
        stats
    };
    std::fs::create_dir(path("plots")).unwrap();
    let log = path("plots/slices.png");
    let told = "slices.png: is --plots itself";
    fails(stats(&["--log-json", &log]), 1, &["--log-json", told]);
    for name in ["slices.png", "published.csv"] {
        let file = path(&format!("plots/{name}"));
        std::fs::write(&file, "mine").unwrap();
        let told = format!("{name}: exists already; choose another --plots");
        fails(stats(&["--published", "180"]), 1, &[&told, "--overwrite"]);
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
        assert!(!Path::new(&path("a.h5")).exists());
        std::fs::remove_file(&file).unwrap();
    }
    // What is not asked for is not in the way.
    std::fs::write(path("plots/published.csv"), "mine").unwrap();
    stats(&[]).assert().success();
    assert!(Path::new(&path("plots/published.csv")).exists());
    // What the run before drew, and this one does not, is of other statistics.
    std::fs::write(path("plots/notes.png"), "mine").unwrap();
    let log = path("plots/published.svg");
    let told = "published.svg: is a picture that --overwrite removes itself";
    fails(
        stats(&["--overwrite", "--log-json", &log]),
        1,
        &["--log-json", told],
    );
    stats(&["--overwrite"]).assert().success();
    assert!(!Path::new(&path("plots/published.csv")).exists());
    assert!(Path::new(&path("plots/slices.png")).exists());
    std::fs::copy(path("a.h5"), path("alone.h5")).unwrap();
    let alone = [
        "stats",
        &path("alone.h5"),
        "--output",
        &path("a.h5"),
        "--overwrite",
        "--plots",
        &path("plots"),
    ];
    with(&alone).assert().success();
    assert!(!Path::new(&path("plots/slices.png")).exists());
    assert!(Path::new(&path("plots/profiles.png")).exists());
    assert_eq!(std::fs::read(path("plots/notes.png")).unwrap(), b"mine");
    // Statistics alone have no slices, which are then not in the way either.
    let others = path("others");
    std::fs::create_dir(&others).unwrap();
    std::fs::write(path("others/slices.png"), "mine").unwrap();
    let gathered = path("a.h5");
    let arguments = [
        "stats",
        &gathered,
        "--output",
        &path("b.h5"),
        "--plots",
        &others,
    ];
    with(&arguments).assert().success();
    assert_eq!(std::fs::read(path("others/slices.png")).unwrap(), b"mine");
}
