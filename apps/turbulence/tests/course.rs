//! References that `turbulence compare` cannot use. In a file of its own, since a process that other tests start would inherit
//! the locks of the files that are made here.

mod command;

use std::path::Path;

use command::{HELD_OUT, fails, folder, with};
use rheome_fields::{FieldHeader, FieldShape, WriteOptions};

const MODEL: &str = "demo=apps/turbulence/demo/model";
const WALE: &str = "WALE=configs/turbulence/minimal-channel-wale.toml";

/// What becomes of the sample's header, and the times of its snapshots.
type Change<'a> = (&'a dyn Fn(&mut FieldHeader), Times<'a>);
type Times<'a> = &'a dyn Fn(usize) -> f64;

/// The held-out sample with other times and another header.
fn rewritten(path: &Path, (change, time): Change<'_>) {
    let held_out = command::root().join(HELD_OUT);
    let reader = rheome_fields::open(&held_out.to_string_lossy()).unwrap();
    let shape = FieldShape {
        snapshots: 4,
        ..reader.shape()
    };
    let mut header = reader.header().clone();
    change(&mut header);
    let mut writer = rheome_fields::create(path, &shape, &header, WriteOptions::default()).unwrap();
    let mut snapshot = vec![0.0; shape.snapshot_len()];
    for index in 0..4 {
        reader.read(0, index, &mut snapshot).unwrap();
        writer.append(0, time(index), &snapshot).unwrap();
    }
    writer.finish().unwrap();
}

/// Names a reference, changes the sample to it, and compares it with a contestant: fails with `words`, before anything is written.
fn refused(name: &str, change: Change<'_>, contestant: &[&str], words: &[&str]) {
    let folder = folder();
    let output = folder.path().join("comparison");
    let path = folder.path().join(name);
    rewritten(&path, change);
    let mut command = with(&["compare", "--steps", "2", "--device", "flex"]);
    command.arg("--reference").arg(&path);
    command.arg("--output").arg(&output).args(contestant);
    fails(command, 1, words);
    assert!(!output.exists(), "{name}: nothing was begun");
}

/// Times that a course can have.
fn even(index: usize) -> f64 {
    0.05 * index as f64
}

/// One test: what another one starts beside it would inherit the locks.
#[test]
fn a_reference_that_is_no_course_is_refused() {
    times_that_are_no_course_are_refused();
    other_heights_are_refused();
    other_and_unknown_wall_units_are_refused();
}

fn times_that_are_no_course_are_refused() {
    let (same, les) = (&|_: &mut FieldHeader| {}, ["--les", WALE]);
    let cases: [(&str, Times<'_>, &[&str]); 3] = [
        ("still.h5", &|_| 1.0, &["still.h5", "time[1]", "later"]),
        ("back.h5", &|i| -even(i), &["back.h5", "time[1]", "later"]),
        ("uneven.h5", &|i| even(i * i), &["uneven.h5", "time[2]"]),
    ];
    for (name, time, words) in cases {
        refused(name, (same, time), &les, words);
    }
    for index in ["3", "18446744073709551615"] {
        let behind = [&les[..], &["--index", index]].concat();
        let words = ["found 4 snapshots, expected some behind --index ", index];
        refused("short.h5", (same, &even), &behind, &words);
    }
}

fn other_heights_are_refused() {
    let stretched = |header: &mut FieldHeader| {
        let [_, heights, _] = header.coordinates.as_mut().unwrap();
        heights.iter_mut().for_each(|y| *y = y.powi(2) / 2.0);
    };
    let refused = |name, contestant: [&str; 2], words| {
        refused(name, (&stretched, &even), &contestant, words);
    };
    let words = ["minimal-channel-wale.toml", "heights"];
    refused("heights.h5", ["--les", WALE], &words);
    let words = ["demo/model", "heights"];
    refused("heights-model.h5", ["--model", MODEL], &words);
}

fn other_and_unknown_wall_units_are_refused() {
    let unknown = |header: &mut FieldHeader| {
        let known = ["Re_tau", "viscosity", "u_tau"];
        let attributes = &mut header.attributes;
        attributes.retain(|key, _| !known.contains(&key.as_str()));
    };
    let les = ["--les", WALE];
    let words = ["unknown.h5", "u_tau", "Re_tau"];
    refused("unknown.h5", (&unknown, &even), &les, &words);
    let faster = |header: &mut FieldHeader| {
        let viscosity = ("viscosity".to_owned(), (1.0 / 590.0).into());
        header.attributes.extend([viscosity]);
    };
    let words = ["channel.re_tau", "180", "590"];
    refused("faster.h5", (&faster, &even), &les, &words);
    let published = "datasets/statistics/reference/channel-180.stats.h5";
    let truth = ["--model", MODEL, "--statistics", published];
    let words = ["channel-180.stats.h5", "Re_tau", "590"];
    refused("truth.h5", (&faster, &even), &truth, &words);
}
