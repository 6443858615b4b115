//! What is read is not written over, whatever the options say, and a run that is refused leaves its log as it was.

mod command;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{HELD_OUT, fails, folder, root, with};

const MODEL: &str = "apps/turbulence/demo/model";
const LAMINAR: &str = "configs/turbulence/laminar.toml";

/// The command with more arguments, which is refused with `words`.
fn refused(start: &[&str], more: &[&str], words: &[&str]) {
    fails(with(&[start, more, &["-q"]].concat()), 1, words);
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn nothing_that_is_read_is_written() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let field = fs::read(root().join(HELD_OUT)).unwrap();
    let settings = fs::read(root().join(LAMINAR)).unwrap();
    let training = fs::read(root().join("configs/turbulence/minimal-channel-m.toml")).unwrap();
    let statistics = fs::read(root().join("datasets/statistics/reference/channel-180.stats.h5"));
    fs::create_dir(path("comparison")).unwrap();
    let kept = [
        ("a.h5", &field),
        ("c.h5", &settings),
        ("t.toml", &training),
        ("r.stats.h5", &field),
        ("comparison/statistics.h5", &statistics.unwrap()),
    ];
    for (name, bytes) in kept {
        fs::write(path(name), bytes).unwrap();
    }
    let before = names(folder.path());
    let (a, c, new) = (path("a.h5"), path("c.h5"), path("new.h5"));
    let part = format!("{a}:velocity");
    let stats = ["stats", &part, "--overwrite"];
    refused(
        &stats,
        &["--output", &a],
        &["--output ", "is the input file itself"],
    );
    let logged = ["--output", &new, "--log-json", &a];
    refused(
        &stats,
        &logged,
        &["--log-json ", "is the input file itself"],
    );
    let against = ["stats", HELD_OUT, "--reference", &part, "--overwrite"];
    refused(
        &against,
        &["--output", &a],
        &["is the reference file itself"],
    );
    let twice = ["--output", &new, "--log-json", &new];
    refused(&stats, &twice, &["--log-json ", "is --output itself"]);

    let simulate = ["simulate", "--config", &c, "--output", &c, "--overwrite"];
    refused(
        &simulate,
        &[],
        &["--output ", "is the settings file itself"],
    );

    let rollout = [
        "rollout",
        "--model",
        MODEL,
        "--input",
        HELD_OUT,
        "--steps",
        "1",
        "--overwrite",
    ];
    let onto = ["--stats", "--reference", &part, "--output", &a];
    refused(
        &rollout,
        &onto,
        &["--output ", "is the reference file itself"],
    );
    let beside = [
        "--stats",
        "--reference",
        &path("r.stats.h5"),
        "--output",
        &path("r.h5"),
    ];
    refused(
        &rollout,
        &beside,
        &["--stats ", "is the reference file itself"],
    );
    let config = root().join(MODEL).join("config.toml").display().to_string();
    let logged = ["--output", &new, "--log-json", &config];
    refused(
        &rollout,
        &logged,
        &["--log-json ", "is the model file itself"],
    );

    let bench = ["bench", "--les", &c, "--output", &c, "--overwrite"];
    refused(&bench, &[], &["--output ", "is the settings file itself"]);
    let (folder_of_results, truth) = (path("comparison"), path("comparison/statistics.h5"));
    let compare = [
        "compare",
        "--reference",
        HELD_OUT,
        "--model",
        MODEL,
        "--steps",
        "4",
    ];
    let onto = [
        "--statistics",
        &truth,
        "--output",
        &folder_of_results,
        "--overwrite",
    ];
    refused(
        &compare,
        &onto,
        &["--output ", "is the statistics file itself"],
    );
    let operator = path("t.toml");
    let run = path("run");
    let train = [
        "train", "--config", &operator, "--data", &a, "--output", &run,
    ];
    let logged = ["--log-json", &operator];
    refused(
        &train,
        &logged,
        &["--log-json ", "is the settings file itself"],
    );
    refused(
        &train,
        &["--log-json", &a],
        &["--log-json ", "is the data file itself"],
    );

    for (name, bytes) in kept {
        assert!(fs::read(path(name)).unwrap() == *bytes, "{name}");
    }
    assert_eq!(names(folder.path()), before, "nothing is left beside them");
}

#[test]
fn a_run_that_is_refused_leaves_its_log_as_it_was() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (output, log) = (path("a.h5"), path("a.jsonl"));
    let statistics = path("s.h5");
    let commands = [
        vec!["simulate", "--config", LAMINAR, "--output", &output],
        vec!["stats", HELD_OUT, "--output", &statistics],
    ];
    let logged = |arguments: &[&str]| -> Command {
        with(&[arguments, &["-q", "--log-json", &log]].concat())
    };
    for arguments in &commands {
        logged(arguments).assert().success();
        let before = fs::read(&log).unwrap();
        assert!(!before.is_empty(), "{arguments:?}");
        fails(logged(arguments), 1, &["exists already", "--overwrite"]);
        assert!(fs::read(&log).unwrap() == before, "{arguments:?}");
    }
}

#[test]
fn a_description_for_paraview_and_what_is_no_log_are_kept() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (output, description, notes) = (path("a.h5"), path("a.xdmf"), path("notes.txt"));
    fs::write(&description, "of a.hdf5").unwrap();
    fs::write(&notes, "of a year").unwrap();
    let model = ["--model", MODEL, "--steps", "2"];
    let rollout = [&["rollout", "--input", HELD_OUT][..], &model].concat();
    for start in [
        vec!["simulate", "--config", LAMINAR],
        rollout.clone(),
        vec!["convert", HELD_OUT],
    ] {
        let place = match start[0] {
            "convert" => vec![output.as_str()],
            _ => vec!["--output", &output],
        };
        let told = "a.xdmf: exists already, and would be written beside ";
        refused(&start, &place, &[told, ", or --overwrite to replace it"]);
    }
    let logged = ["--output", &output, "--overwrite", "--log-json"];
    for (log, words) in [
        (&description, ["a.xdmf: is --output itself", "--log-json "]),
        (
            &notes,
            ["notes.txt: exists already and is no log", "--log-json "],
        ),
    ] {
        refused(&rollout, &[&logged[..], &[log]].concat(), &words);
    }
    assert_eq!(fs::read_to_string(&description).unwrap(), "of a.hdf5");
    assert_eq!(fs::read_to_string(&notes).unwrap(), "of a year");
    assert_eq!(names(folder.path()), ["a.xdmf", "notes.txt"]);
    let replaced = [&["convert", HELD_OUT, &output][..], &["--overwrite", "-q"]].concat();
    with(&replaced).assert().success();
    let text = fs::read_to_string(&description).unwrap();
    assert!(text.contains("a.h5:/velocity"), "{text}");
}

#[test]
fn a_link_stays_and_what_it_points_to_is_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("runs")).unwrap();
    std::os::unix::fs::symlink("runs/a.h5", at("link.h5")).unwrap();
    let link = at("link.h5").display().to_string();
    let simulate = ["simulate", "--config", LAMINAR, "-q", "--output", &link];
    for more in [&[][..], &["--overwrite"]] {
        with(&[&simulate, more].concat()).assert().success();
        assert!(at("link.h5").is_symlink());
        assert_eq!(names(&at("runs")), ["a.h5", "a.xdmf"]);
    }
    let statistics = at("s.h5");
    std::os::unix::fs::symlink(&statistics, at("s-link.h5")).unwrap();
    let output = at("s-link.h5").display().to_string();
    with(&["stats", &link, "-q", "--output", &output])
        .assert()
        .success();
    assert!(at("s-link.h5").is_symlink() && statistics.is_file());
    // A dataset of the file behind the link is still its input.
    let onto = ["stats", &format!("{link}:velocity"), "--overwrite"];
    let target = at("runs/a.h5").display().to_string();
    refused(&onto, &["--output", &target], &["is the input file itself"]);
    refused(&onto, &["--output", &link], &["is the input file itself"]);
}

#[test]
fn statistics_that_appear_beside_an_output_are_one_runs_own() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    let lock = fs::File::create(path("a.stats.h5.lock")).unwrap();
    lock.lock().unwrap();
    let simulate = ["simulate", "--config", LAMINAR, "--output", &output];
    let words = ["a.stats.h5: is being written by another run", "--stats"];
    refused(&simulate, &["--stats"], &words);
    drop(lock);
    with(&[&simulate[..], &["--stats", "-q"]].concat())
        .assert()
        .success();
}
