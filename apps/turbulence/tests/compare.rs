//! `turbulence compare`: one referee for operators and large-eddy simulations.

mod command;

use std::fs;

use command::{HELD_OUT, fails, folder, with};

const MODEL: &str = "demo=apps/turbulence/demo/model";
const WALE: &str = "WALE=configs/turbulence/minimal-channel-wale.toml";

fn compare(output: &str, more: &[&str]) -> assert_cmd::Command {
    let common = [
        "compare",
        "--reference",
        HELD_OUT,
        "--device",
        "flex",
        "-q",
        "--output",
        output,
    ];
    with(&[&common, more].concat())
}

#[test]
fn everybody_is_scored_and_the_page_needs_no_other_file() {
    let folder = folder();
    let output = folder.path().join("comparison");
    let place = output.display().to_string();
    // A recorded contestant: the reference itself, which nobody can beat.
    let copy = format!("copy={HELD_OUT}");
    let outcome = compare(
        &place,
        &[
            "--steps", "12", "--model", MODEL, "--les", WALE, "--run", &copy,
        ],
    )
    .assert()
    .success();
    let table = String::from_utf8(outcome.get_output().stdout.clone()).unwrap();
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    let rows: Vec<&str> = scores.lines().collect();
    assert_eq!(rows.len(), 5, "{scores}");
    let column = |name: &str, key: &str| -> f64 {
        let heads: Vec<&str> = rows[0].split(',').collect();
        let at = heads.iter().position(|head| *head == key).unwrap();
        let row = rows
            .iter()
            .find(|row| row.starts_with(&format!("{name},")))
            .unwrap();
        // Descriptions with commas are quoted; the columns asked for lie behind them.
        let cells: Vec<&str> = row.split(',').collect();
        cells[cells.len() - heads.len() + at].parse().unwrap()
    };
    for name in ["DNS", "demo", "WALE", "copy"] {
        assert!(table.contains(name), "{table}");
        assert!(column(name, "profile_error") < 1.0, "{scores}");
    }
    // On a terminal there is room for some columns only; what they are is said below.
    assert!(
        table.lines().all(|line| line.chars().count() <= 110),
        "{table}"
    );
    assert!(
        table.contains("\nprofiles: mean relative L2 error"),
        "{table}"
    );
    assert_eq!(column("copy", "first_step_error"), 0.0);
    assert!((column("copy", "profile_error") - column("DNS", "profile_error")).abs() < 1e-12);
    // One step of an operator or of a simulation from the right start is close to the reference.
    for name in ["demo", "WALE"] {
        let error = column(name, "first_step_error");
        assert!(error > 0.0 && error < 0.1, "{name}: {error}");
        assert!(column(name, "seconds_per_time") > 0.0);
    }
    // Two curves of one simulation have two names.
    let profiles = fs::read_to_string(output.join("profiles.svg")).unwrap();
    assert!(profiles.contains("truth (DNS)") && profiles.contains("this DNS trajectory"));
    let page = fs::read_to_string(output.join("index.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("data:image/png;base64,"));
    assert!(
        !page.contains("src=\"http") && !page.contains("href="),
        "no other file"
    );
    for name in [
        "profiles.png",
        "profiles.svg",
        "spectra.svg",
        "errors.png",
        "spacetime.png",
        "statistics.h5",
    ] {
        assert!(output.join(name).is_file(), "{name}");
    }
}

#[test]
fn the_truth_may_have_other_heights_than_the_reference() {
    let folder = folder();
    let output = folder.path().join("comparison");
    let statistics = "datasets/statistics/reference/channel-180.stats.h5";
    compare(
        &output.display().to_string(),
        &["--steps", "4", "--model", MODEL, "--statistics", statistics],
    )
    .assert()
    .success();
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    assert!(
        scores.lines().count() == 3 && !scores.contains("NaN"),
        "{scores}"
    );
}

#[test]
fn a_file_is_compared_by_time_and_stops_where_it_ends() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // Every second snapshot from the start on, and the first five.
    let [sparse, short] = ["sparse.h5", "short.h5"].map(path);
    for (snapshots, output) in [("0:61:2", &sparse), ("0:6", &short)] {
        with(&["convert", HELD_OUT, output, "--snapshots", snapshots, "-q"])
            .assert()
            .success();
    }
    let output = folder.path().join("comparison");
    compare(
        &output.display().to_string(),
        &["--steps", "8", "--run", &sparse, "--run", &short],
    )
    .assert()
    .success();
    let page = fs::read_to_string(output.join("index.html")).unwrap();
    assert!(
        page.contains("has no snapshot of the time"),
        "the sparse one"
    );
    assert!(page.contains("ends before the time"), "the short one");
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    let steps = |name: &str| {
        scores
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .contains(" (stopped)")
    };
    assert!(
        steps("sparse,") && steps("short,") && !steps("DNS,"),
        "{scores}"
    );
}

#[test]
fn who_blows_up_is_reported_and_the_others_are_kept() {
    let folder = folder();
    let unstable = folder.path().join("unstable.toml");
    let settings = fs::read_to_string(command::root().join(&WALE[5..])).unwrap();
    // A step that is far too long, whatever the flow does.
    let settings = settings
        .replace("kind = \"cfl\"", "kind = \"fixed\"")
        .replace("number = 0.5", "dt = 0.05")
        .replace("max = 0.01", "");
    fs::write(&unstable, settings).unwrap();
    let unstable = format!("unstable={}", unstable.display());
    let output = folder.path().join("comparison");
    compare(
        &output.display().to_string(),
        &["--steps", "40", "--les", &unstable, "--les", WALE],
    )
    .assert()
    .success();
    let page = fs::read_to_string(output.join("index.html")).unwrap();
    assert!(
        page.contains("(stopped)") && page.contains("non-finite"),
        "the reason is given"
    );
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    let last = scores.lines().last().unwrap();
    assert!(last.starts_with("unstable,"), "it is ranked last: {scores}");
}

/// The cell of a contestant in a table whose descriptions have no commas.
fn cell(scores: &str, name: &str, key: &str) -> String {
    let mut rows = scores.lines().map(|row| row.split(','));
    let at = rows.next().unwrap().position(|head| head == key).unwrap();
    let mut row = rows.find(|row| row.clone().next() == Some(name)).unwrap();
    row.nth(at).unwrap().to_owned()
}

#[test]
fn steps_that_are_no_multiple_of_a_contestants_own_are_told_of() {
    let folder = folder();
    let output = folder.path().join("comparison");
    let place = output.display().to_string();
    let mut command = with(&["compare", "--reference", HELD_OUT, "--device", "flex"]);
    command.args(["--output", &place, "--steps", "6", "--model", MODEL]);
    let outcome = command.assert().success();
    let told = String::from_utf8(outcome.get_output().stderr.clone()).unwrap();
    let note =
        "a step of demo covers 4 of the reference's: it is judged by the first 4 of --steps 6";
    assert!(told.contains(note), "{told}");
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    let step = |name: &str| cell(&scores, name, "time_step").parse::<f64>().unwrap();
    assert!((step("demo") - 4.0 * step("DNS")).abs() < 1e-9, "{scores}");
    let page = fs::read_to_string(output.join("index.html")).unwrap();
    assert!(page.contains("<th>time step</th>"));
}

#[test]
fn who_ends_before_the_statistics_begin_has_none() {
    let folder = folder();
    let short = folder.path().join("short.h5").display().to_string();
    with(&["convert", HELD_OUT, &short, "--snapshots", "0:4", "-q"])
        .assert()
        .success();
    let output = folder.path().join("comparison");
    let place = output.display().to_string();
    compare(&place, &["--steps", "8", "--skip", "5", "--run", &short])
        .assert()
        .success();
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    assert_eq!(cell(&scores, "short", "steps"), "3 (stopped)");
    for key in [
        "profile_error",
        "bulk_velocity_error",
        "rms_u_error",
        "spectrum_error_decades",
    ] {
        assert_eq!(cell(&scores, "short", key), "", "{key}: {scores}");
        assert_ne!(cell(&scores, "DNS", key), "", "{key}: {scores}");
    }
}

#[test]
fn what_cannot_be_compared_is_said_in_one_line() {
    let folder = folder();
    let place = folder.path().join("comparison").display().to_string();
    let run = |more: &[&str]| compare(&place, &[&["--steps", "2"], more].concat());
    fails(run(&[]), 1, &["--model", "--les", "--run"]);
    fails(run(&["--les", WALE, "--les", WALE]), 1, &["WALE", "NAME="]);
    for name in ["DNS", ".."] {
        let named = format!("{name}=configs/turbulence/minimal-channel-wale.toml");
        fails(run(&["--les", &named]), 1, &[name, "NAME="]);
    }
    fails(
        run(&["--les", "configs/turbulence/channel-180-wale.toml"]),
        1,
        &["channel-180-wale.toml", "lengths"],
    );
    fails(run(&["--les", "nowhere.toml"]), 1, &["nowhere.toml"]);
    fails(run(&["--model", "nowhere"]), 1, &["nowhere"]);
    fails(
        run(&["--model", MODEL, "--trajectory", "7"]),
        1,
        &["held-out.h5", "trajectory", "7"],
    );
    fails(
        run(&["--model", MODEL, "--index", "60"]),
        1,
        &["held-out.h5", "--index 60"],
    );
    fails(run(&["--les", WALE, "--skip", "2"]), 1, &["--skip 2"]);
    // The demo's step is four of the reference's.
    let words = ["--steps 2", "one step of demo, which covers 4", "4 or more"];
    fails(run(&["--model", MODEL]), 1, &words);
    assert!(!std::path::Path::new(&place).exists());
    fs::create_dir(&place).unwrap();
    fs::write(format!("{place}/index.html"), "mine").unwrap();
    fails(run(&["--model", MODEL]), 1, &["comparison", "--overwrite"]);
    assert_eq!(
        fs::read_to_string(format!("{place}/index.html")).unwrap(),
        "mine"
    );
}
