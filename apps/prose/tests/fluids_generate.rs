//! `prose fluids generate`: the physics of what is generated, and how it fails.

mod command;
mod flows;

use std::fs;

use command::{fails, folder, interrupted, with};
use flows::{POINTS, generate, read, snapshot};
use rheome_fields::{FieldReader, open};
use rheome_periodic::{FlowAnalysis, SnapshotStatistics};
use rheome_testing::kill_at;

fn statistics(reader: &dyn FieldReader, trajectory: usize, index: usize) -> SnapshotStatistics {
    let values = snapshot(reader, trajectory, index);
    let of = |c: usize| -> Vec<f64> {
        values
            .iter()
            .skip(c)
            .step_by(2)
            .map(|v| (*v).into())
            .collect()
    };
    let mut analysis = FlowAnalysis::new(POINTS, std::f64::consts::TAU).unwrap();
    analysis.of([&of(0), &of(1)]).unwrap()
}

/// Energy and enstrophy of a flow that nothing drives fall from frame to frame, energy at the rate of the enstrophy; nothing is
/// compressed.
#[test]
fn generated_flows_obey_their_equations() {
    let folder = folder();
    let flows = folder.path().join("flows.h5");
    let close = ["--set", "data.spacing=0.02"];
    generate(&flows, &close).assert().success();
    let reader = read(&flows);
    assert_eq!(reader.shape().extents(), [4, 8, POINTS, POINTS, 1, 2]);
    let viscosities = &reader.header().per_trajectory["viscosity"];
    assert!(viscosities.iter().all(|v| (0.01..=0.05).contains(v)));
    assert!(viscosities.windows(2).all(|pair| pair[0] != pair[1]));
    for (trajectory, viscosity) in viscosities.iter().enumerate() {
        let all: Vec<SnapshotStatistics> = (0..8)
            .map(|index| statistics(reader.as_ref(), trajectory, index))
            .collect();
        for found in &all {
            assert!(found.divergence < 1e-5, "{}", found.divergence);
        }
        for three in all.windows(3) {
            assert!(three[1].energy < three[0].energy);
            assert!(three[1].enstrophy < three[0].enstrophy);
            let slope = (three[2].energy - three[0].energy) / 0.04;
            let expected = -2.0 * viscosity * three[1].enstrophy;
            assert!((slope / expected - 1.0).abs() < 2e-2, "{slope} {expected}");
        }
    }
}

#[test]
fn the_seed_decides_and_threads_do_not_and_a_file_is_not_replaced_by_chance() {
    let folder = folder();
    let flows = |name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        generate(&path, more).assert().success();
        let reader = read(&path);
        let numbers: Vec<f32> = (0..4)
            .flat_map(|t| snapshot(reader.as_ref(), t, 7))
            .collect();
        (numbers, reader.header().per_trajectory.clone())
    };
    let one = flows("a.h5", &["--threads", "1"]);
    assert_eq!(one, flows("b.h5", &["--threads", "3"]));
    let other = flows("c.h5", &["--seed", "7"]);
    assert!(one.0 != other.0 && one.1 != other.1);
    let path = folder.path().join("a.h5");
    fails(
        generate(&path, &[]),
        1,
        &["a.h5: exists already", "--overwrite"],
    );
    generate(&path, &["--overwrite"]).assert().success();
    // The format goes by the ending, however that is written.
    for name in ["a.npy", "a.NPY", "a.dat"] {
        let array = folder.path().join(name);
        fails(generate(&array, &[]), 1, &[name, ".h5, .hdf5 or .nc"]);
    }
}

#[test]
fn a_killed_generation_leaves_the_frames_that_are_complete() {
    let folder = folder();
    let path = folder.path().join("flows.h5");
    let many = ["--set", "data.trajectories=1000", "--threads", "1"];
    let completed = || open(path.to_str().unwrap()).map_or(0, |reader| reader.completed(1));
    kill_at(&generate(&path, &many), || completed() > 0);
    let reader = read(&path);
    assert_eq!(reader.completed(0), 8);
    assert_eq!(reader.completed(999), 0);
    assert!(statistics(reader.as_ref(), 0, 7).energy > 0.0);
}

/// What a signal stopped goes on, and gives the flows of a generation that nobody stopped; not with other settings.
#[test]
fn a_generation_that_was_stopped_continues_bit_for_bit() {
    let folder = folder();
    let (whole, path) = (
        folder.path().join("whole.h5"),
        folder.path().join("flows.h5"),
    );
    let some = ["--set", "data.trajectories=60", "--threads", "1"];
    let resumed = [&some[..], &["--resume"]].concat();
    generate(&whole, &some).assert().success();
    let completed = || open(path.to_str().unwrap()).map_or(0, |reader| reader.completed(1));
    let words = ["flows.h5: ", "of 480 frames", "--resume"];
    interrupted(&generate(&path, &some), "INT", || completed() > 0, &words);
    assert!(read(&path).completed(59) < 8);
    let other = [&resumed[..], &["--seed", "9"]].concat();
    fails(
        generate(&path, &other),
        1,
        &["flows.h5: was begun with other settings"],
    );
    generate(&path, &resumed).assert().success();
    let (whole, again) = (read(&whole), read(&path));
    for trajectory in 0..60 {
        for index in 0..8 {
            let of = |reader: &dyn FieldReader| snapshot(reader, trajectory, index);
            assert_eq!(of(whole.as_ref()), of(again.as_ref()));
        }
    }
}

#[test]
fn what_cannot_be_generated_is_said_and_leaves_no_file() {
    let folder = folder();
    let path = folder.path().join("flows.h5");
    for (setting, words) in [
        (
            "flow.points=15",
            &[
                "fluids-small.toml: (with --set flow.points=15) flow.points",
                "15",
            ][..],
        ),
        (
            "flow.viscosity=[0.05, 0.01]",
            &["flow.viscosity", "smaller one first"],
        ),
        ("flow.viscosity=[0.0, 0.01]", &["flow.viscosity"]),
        ("flow.peak=20.0", &["flow.peak"]),
        ("data.trajectories=0", &["data.trajectories: found 0"]),
        ("data.spacing=0.0", &["data.spacing"]),
        ("data.start=-1.0", &["data.start"]),
        ("data.frame=3", &["unknown key data.frame", "frames"]),
    ] {
        fails(generate(&path, &["--set", setting]), 1, words);
    }
    fails(
        generate(&path, &["--device", "libtorch"]),
        1,
        &["--device libtorch", "CPU"],
    );
    let nowhere = folder.path().join("no/flows.h5");
    fails(generate(&nowhere, &[]), 1, &["there is no folder"]);
    fails(
        generate(&folder.path().join("flows.txt"), &[]),
        1,
        &["flows.txt", ".h5"],
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    with(&["fluids", "generate"]).assert().code(2);
}
