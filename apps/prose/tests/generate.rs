//! `prose generate` and `prose families` as a person uses them: what they make and how they fail.

mod command;

use assert_cmd::Command;
use command::{fails, root, with};
use predicates::prelude::*;
use rheome_equations::DataFile;

/// Settings that are computed in no time.
const QUICK: [&str; 6] = [
    "--set",
    "data.equations=2",
    "--set",
    "data.trajectories=3",
    "--set",
    "data.points=24",
];

fn generate(config: &str, output: &str, more: &[&str]) -> Command {
    let mut arguments = vec!["generate", "--config", config, "--output", output];
    arguments.extend(QUICK);
    arguments.extend(more);
    with(&arguments)
}

#[test]
fn data_are_generated_from_every_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let settings = std::fs::read_dir(root().join("configs/prose")).unwrap();
    let names = settings.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // Those of flows, and trainings, are tested where they are read.
    let data = names.filter(|n| !n.ends_with("-train.toml") && !n.starts_with("fluids-"));
    let mut data: Vec<String> = data.collect();
    data.sort();
    assert_eq!(data, ["learning.toml", "paper.toml", "small.toml"]);
    for (config, families) in [("learning", 6), ("paper", 12), ("small", 3)] {
        let path = folder.path().join(format!("{config}.h5"));
        let log = folder.path().join(format!("{config}.jsonl"));
        let config = format!("configs/prose/{config}.toml");
        let log_option = ["--log-json", log.to_str().unwrap()];
        generate(&config, path.to_str().unwrap(), &log_option)
            .assert()
            .success()
            .stdout(predicate::str::contains(format!(
                "{families} families, {} equations",
                2 * families
            )));
        let file = DataFile::open(&path).unwrap();
        assert_eq!(file.families().len(), families);
        assert_eq!(file.equations().len(), 2 * families);
        assert_eq!(file.times().len(), 24);
        let line = std::fs::read_to_string(log).unwrap();
        assert!(
            line.contains(&format!("\"samples\":{}", file.samples())),
            "{line}"
        );
    }
}

#[test]
fn the_seed_decides_and_threads_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let trajectories = |name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        generate("configs/prose/small.toml", path.to_str().unwrap(), more)
            .arg("-q")
            .assert()
            .success()
            .stdout("")
            .stderr("");
        let file = DataFile::open(&path).unwrap();
        let all = (0..file.samples()).map(|sample| file.trajectory(sample).unwrap());
        all.collect::<Vec<_>>()
    };
    let one = trajectories("a.h5", &["--threads", "1", "--seed", "7"]);
    assert_eq!(
        one,
        trajectories("b.h5", &["--threads", "3", "--seed", "7"])
    );
    assert_ne!(
        one,
        trajectories("c.h5", &["--threads", "1", "--seed", "8"])
    );
}

#[test]
fn families_of_users_are_generated() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let families = write(
        "own.toml",
        "[[family]]\nname = \"oscillator\"\nparameters = { k = 4.0 }\nequations = \"x' = y; y' = -k x\"\n",
    );
    let config = write(
        "config.toml",
        "[families]\nfile = \"own.toml\"\nnames = [\"oscillator\", \"thomas\"]\n",
    );
    let output = folder.path().join("own.h5");
    generate(&config, output.to_str().unwrap(), &[])
        .assert()
        .success();
    let file = DataFile::open(&output).unwrap();
    assert_eq!(file.families()[0].name, "oscillator");
    assert_eq!(file.dimension(), 3);
    assert_eq!(file.equation(0).system.dimension(), 2);
    with(&["families", "--file", &families])
        .assert()
        .success()
        .stdout("oscillator      2 components  k = 4\n");
    let wrong = write(
        "own.toml",
        "[[family]]\nname = \"a\"\nequations = \"x' = q\"\n",
    );
    fails(
        with(&["families", "--file", &wrong]),
        1,
        &["own.toml", "family \"a\"", "\"q\""],
    );
}

/// What `--set` names is looked for from where one is, what the settings name from where they are; no names are all of the file.
#[test]
fn a_file_of_families_is_found_from_the_command_line_and_from_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let config = folder.path().join("mine/settings.toml");
    std::fs::write(&config, "[families]\nnames = [\"thomas\"]\n").unwrap();
    let written = with(&["families", "lorenz_3d", "--toml"])
        .assert()
        .success();
    let family = written.get_output().stdout.clone();
    std::fs::write(folder.path().join("mine/own.toml"), &family).unwrap();
    let generate = |config: &str, sets: &[&str]| {
        let output = folder.path().join("a.h5");
        let mut command = generate(config, output.to_str().unwrap(), &["--overwrite", "-q"]);
        command.current_dir(&folder);
        sets.iter().for_each(|set| {
            command.args(["--set", set]);
        });
        command.assert().success();
        let file = DataFile::open(&output).unwrap();
        let names = file.families().iter().map(|f| f.name.clone());
        names.collect::<Vec<_>>()
    };
    let config = config.to_str().unwrap();
    let sets = ["families.file=mine/own.toml", "families.names=[]"];
    assert_eq!(generate(config, &sets), ["lorenz_3d"]);
    std::fs::write(config, "[families]\nfile = \"own.toml\"\nnames = []\n").unwrap();
    assert_eq!(generate(config, &[]), ["lorenz_3d"]);
}

#[test]
fn families_are_listed_and_described() {
    with(&["families"])
        .assert()
        .success()
        .stdout(predicate::function(|text: &str| text.lines().count() == 15))
        .stdout(predicate::str::contains(
            "lorenz_3d       3 components  beta = 2.6667, rho = 28, sigma = 10\n",
        ));
    with(&["families", "lorenz_3d"])
        .assert()
        .success()
        .stdout(predicate::str::contains("  rho*u_0 - u_0*u_2 - u_1\n"))
        .stdout(predicate::str::contains(
            "add mul + N100 E-1 u_1 mul - N100 E-1 u_0 | ",
        ));
    fails(
        with(&["families", "lorenz"]),
        1,
        &["\"lorenz\"", "lorenz_3d"],
    );
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.h5");
    let output = output.to_str().unwrap();
    let small = "configs/prose/small.toml";
    let with = |set: &str| generate(small, output, &["--set", set]);
    fails(generate("nowhere.toml", output, &[]), 1, &["nowhere.toml"]);
    fails(
        with("data.equation=1"),
        1,
        &["unknown key data.equation", "equations"],
    );
    fails(
        with("data.points=1"),
        1,
        &["small.toml: (with --set data.points=1) data.points: found 1, expected 2"],
    );
    fails(with("data.spread=-0.5"), 1, &["data.spread: found -0.5"]);
    fails(with("data.relative_tolerance=0"), 1, &["tolerance"]);
    fails(
        with("families.names=[\"lorenz\"]"),
        1,
        &["families.names", "\"lorenz\"", "lorenz_3d"],
    );
    fails(
        with("families.names=[]"),
        1,
        &["families.names", "at least one"],
    );
    fails(
        with("families.file=\"none.toml\""),
        1,
        &["none.toml", "cannot read"],
    );
    let nowhere = folder.path().join("no/a.h5");
    fails(
        generate(small, nowhere.to_str().unwrap(), &[]),
        1,
        &["no/a.h5: cannot write"],
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::write(output, "old").unwrap();
    fails(
        generate(small, output, &[]),
        1,
        &["a.h5: exists already", "--overwrite"],
    );
    generate(small, output, &["--overwrite"]).assert().success();
    assert!(DataFile::open(output.as_ref()).is_ok());
    command::with(&["generate"]).assert().code(2);
}

#[test]
fn a_killed_run_leaves_the_old_file_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let output = path.to_str().unwrap();
    generate("configs/prose/small.toml", output, &[])
        .assert()
        .success();
    let before = std::fs::read(&path).unwrap();
    let long = ["--overwrite", "--set", "data.equations=1000000"];
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_prose"))
        .args([
            "generate",
            "--config",
            "configs/prose/small.toml",
            "-q",
            "--output",
            output,
        ])
        .args(long)
        .current_dir(root())
        .spawn()
        .unwrap();
    let partial = folder.path().join("a.h5.partial");
    while std::fs::metadata(&partial).map_or(0, |file| file.len()) < 1 << 20 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    generate("configs/prose/small.toml", output, &["--overwrite"])
        .assert()
        .success();
    let data = DataFile::open(&path).unwrap();
    assert_eq!(data.samples(), 18);
    assert!(!partial.exists());
}
