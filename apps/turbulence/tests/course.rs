//! References that `turbulence compare` cannot use. In a file of its own, since a process that other tests start would inherit
//! the locks of the files that are made here.

mod command;

use std::path::Path;

use command::{HELD_OUT, fails, folder, with};
use rheome_fields::{FieldHeader, FieldShape, WriteOptions};

const MODEL: &str = "demo=apps/turbulence/demo/model";
const WALE: &str = "WALE=configs/turbulence/minimal-channel-wale.toml";

/// The held-out sample with other times and another header.
fn rewritten(path: &Path, change: impl Fn(&mut FieldHeader), time: impl Fn(usize) -> f64) {
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

#[test]
fn a_reference_that_is_no_course_is_refused() {
    let folder = folder();
    let output = folder.path().join("comparison").display().to_string();
    let even = |i: usize| 0.05 * i as f64;
    let nothing = |_: &mut FieldHeader| {};
    let check = |name: &str,
                 change: &dyn Fn(&mut FieldHeader),
                 time: &dyn Fn(usize) -> f64,
                 who: &[&str],
                 words: &[&str]| {
        let path = folder.path().join(name);
        rewritten(&path, change, time);
        let reference = path.display().to_string();
        let common = [
            "compare",
            "--reference",
            &reference,
            "--steps",
            "2",
            "--device",
            "flex",
            "--output",
            &output,
        ];
        fails(with(&[&common, who].concat()), 1, words);
    };
    let les = ["--les", WALE];
    let model = ["--model", MODEL];
    check(
        "still.h5",
        &nothing,
        &|_| 1.0,
        &les,
        &["still.h5", "time[1]", "later"],
    );
    check(
        "back.h5",
        &nothing,
        &|i| -even(i),
        &les,
        &["back.h5", "time[1]", "later"],
    );
    check(
        "uneven.h5",
        &nothing,
        &|i| even(i * i),
        &les,
        &["uneven.h5", "time[2]"],
    );
    let stretched = |axis: usize| {
        move |header: &mut FieldHeader| {
            let axes = header.coordinates.as_mut().unwrap();
            axes[axis].iter_mut().for_each(|x| *x = x.powi(2) / 2.0);
        }
    };
    check(
        "heights.h5",
        &stretched(1),
        &even,
        &les,
        &["minimal-channel-wale.toml", "heights"],
    );
    check(
        "heights-model.h5",
        &stretched(1),
        &even,
        &model,
        &["demo/model", "heights"],
    );
    let unknown = |header: &mut FieldHeader| {
        header
            .attributes
            .retain(|key, _| key != "Re_tau" && key != "viscosity" && key != "u_tau");
    };
    check(
        "unknown.h5",
        &unknown,
        &even,
        &les,
        &["unknown.h5", "u_tau", "Re_tau"],
    );
    let faster = |header: &mut FieldHeader| {
        header
            .attributes
            .insert("viscosity".into(), (1.0 / 590.0).into());
    };
    check(
        "faster.h5",
        &faster,
        &even,
        &les,
        &["channel.re_tau", "180", "590"],
    );
    let truth = [
        "--model",
        MODEL,
        "--statistics",
        "datasets/statistics/reference/channel-180.stats.h5",
    ];
    check(
        "truth.h5",
        &faster,
        &even,
        &truth,
        &["channel-180.stats.h5", "Re_tau", "590"],
    );
    assert!(!Path::new(&output).exists(), "nothing was begun");
}
