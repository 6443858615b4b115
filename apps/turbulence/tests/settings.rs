//! What is wrong with a setting is told with its file, its whole key and the option that set it.

mod command;

use std::path::Path;

use assert_cmd::Command;
use command::{HELD_OUT, fails, folder, with};

const CHANNEL: &str = "configs/turbulence/laminar.toml";
const OPERATOR: &str = "configs/turbulence/minimal-channel-m.toml";

#[test]
fn every_command_names_file_key_and_option() {
    let folder = folder();
    let output = folder.path().join("output").display().to_string();
    let simulate = |set: &str| with(&["simulate", "--config", CHANNEL, "--set", set, "--output"]);
    let train = |set: &str| {
        let data = ["--data", HELD_OUT, "--output"];
        let start = ["train", "--config", OPERATOR, "--set", set];
        with(&[&start[..], &data[..]].concat())
    };
    type Verb<'a> = &'a dyn Fn(&str) -> Command;
    let cases: [(Verb, &str, &str, &str); 10] = [
        (&simulate, CHANNEL, "channel.re_tau=0.0", "found 0"),
        (&simulate, CHANNEL, "output.interval=-1.0", "found -1"),
        (&simulate, CHANNEL, "output.snapshots=0", "found 0"),
        (
            &simulate,
            CHANNEL,
            "output.snapshots=16777217",
            "found 16777217",
        ),
        (
            &simulate,
            CHANNEL,
            "output.checkpoint_interval=1e-300",
            "found 1e-300, expected at least 1e-9",
        ),
        (&train, OPERATOR, "model.heads=0", "found 0"),
        (&train, OPERATOR, "training.unroll=0", "found 0"),
        (&train, OPERATOR, "training.log_every=0", "found 0"),
        (
            &train,
            OPERATOR,
            "training.batch_size=16777217",
            "found 16777217",
        ),
        (
            &train,
            OPERATOR,
            "training.optimizer.learning_rate=0.0",
            "found 0",
        ),
    ];
    for (verb, file, set, found) in cases {
        let key = set.split('=').next().unwrap();
        let line = format!("turbulence: {file}: (with --set {set}) {key}: {found}");
        let mut command = verb(set);
        command.arg(&output);
        fails(command, 1, &[&line]);
    }
    // What only the data tell is wrong.
    let mut split = train("data.split.validation=99");
    split.arg(&output);
    let start = format!("{OPERATOR}: (with --set data.split.validation=99) data.split");
    fails(split, 1, &[&start, "held-out.h5"]);
    assert!(!Path::new(&output).exists());
}

#[test]
fn another_name_of_a_key_replaces_what_the_file_has() {
    let folder = folder();
    let output = folder.path().join("a.h5").display().to_string();
    let start = ["simulate", "--config", CHANNEL, "-q", "--output", &output];
    let other_names = ["--set", "output.frames=3", "--set", "output.spacing=0.25"];
    with(&[&start[..], &other_names].concat())
        .assert()
        .success();
    let reader = rheome_fields::open(&output).unwrap();
    let times = reader.times().unwrap();
    assert_eq!(times.len(), 3);
    assert!((times[1] - times[0] - 0.25).abs() < 1e-12, "{times:?}");
}

#[test]
fn a_model_or_a_simulation_that_cannot_work_is_named_by_its_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let changed = |from: &str, old: &str, new: &str, name: &str| {
        let text = std::fs::read_to_string(command::root().join(from)).unwrap();
        assert!(text.contains(old), "{from} has {old}");
        std::fs::write(path(name), text.replacen(old, new, 1)).unwrap();
        path(name)
    };
    let operator = changed(OPERATOR, "heads = ", "heads = 0 # ", "operator.toml");
    let rollout = with(&[
        "rollout",
        "--config",
        &operator,
        "--weights",
        "w.safetensors",
        "--input",
        HELD_OUT,
        "--steps",
        "1",
        "--output",
        &path("rollout.h5"),
    ]);
    fails(rollout, 1, &["operator.toml: model.heads: found 0"]);
    let channel = changed(CHANNEL, "re_tau = ", "re_tau = 0.0 # ", "channel.toml");
    let compare = with(&[
        "compare",
        "--reference",
        HELD_OUT,
        "--steps",
        "1",
        "--les",
        &format!("LES={channel}"),
        "--output",
        &path("comparison"),
    ]);
    fails(compare, 1, &["channel.toml: channel.re_tau: found 0"]);
}
