//! SIGKILL at random moments: what is complete is in the file, other programs open it, and what continues it equals what was never
//! disturbed, bit for bit on one thread. `RHEOME_KILLS=200` makes 200 kills, these and those of the other commands together.

mod command;
mod runs;

use std::path::Path;

use command::{HELD_OUT, folder, python};
use rheome_fields::open;
use rheome_testing::{Kills, metrics, weights};
use runs::{rollout, simulation, training};

/// Snapshots of a field file, as far as they are complete: `[trajectory][time]`, with their times.
type Snapshots = Vec<Vec<(f64, Vec<f32>)>>;

fn snapshots(path: &str) -> Snapshots {
    let file = open(path).unwrap();
    let one = |trajectory: usize, index: usize| {
        let mut values = vec![0.0; file.shape().snapshot_len()];
        file.read(trajectory, index, &mut values).unwrap();
        (file.times().unwrap()[index], values)
    };
    let all = |t: usize| (0..file.completed(t)).map(|i| one(t, i)).collect();
    (0..file.shape().trajectories).map(all).collect()
}

/// Whether what is there of each trajectory is how the whole one begins; and h5py counts the same.
fn begins(part: &str, whole: &Snapshots) {
    let there = snapshots(part);
    for (part, whole) in there.iter().zip(whole) {
        assert!(whole.starts_with(part));
    }
    let counts: Vec<String> = there.iter().map(|all| all.len().to_string()).collect();
    let arguments = [&[part.to_owned()], counts.as_slice()].concat();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    python("count_snapshots.py", &arguments);
}

#[test]
fn a_simulation_loses_nothing() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let one = ["--threads", "1", "--set", "output.snapshots=24"];
    let mut kills = Kills::within("simulate", simulation(&path("whole.h5"), &one));
    let whole = snapshots(&path("whole.h5"));
    let output = path("killed.h5");
    while kills.go_on() {
        let exists = || Path::new(&output).exists();
        let next = || match exists() {
            true => simulation(&output, &[&one[..], &["--resume"]].concat()),
            false => simulation(&output, &one),
        };
        let look = || {
            if exists() {
                begins(&output, &whole);
            }
        };
        kills.run(next, look);
        assert_eq!(snapshots(&output), whole);
        for file in [&output, &path("killed.xdmf")] {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn a_training_loses_nothing_behind_its_last_checkpoint() {
    let folder = folder();
    let (whole, run) = (folder.path().join("whole"), folder.path().join("run"));
    let settings = ["training.checkpoint_every=3", "training.log_every=1"];
    let often = ["--threads", "1", "--set", settings[0], "--set", settings[1]];
    let mut kills = Kills::within("train", training(&whole, &often));
    let expected = metrics(&whole);
    while kills.go_on() {
        let next = || match run.join("config.toml").exists() {
            true => training(&run, &[&often[..], &["--resume"]].concat()),
            false => training(&run, &often),
        };
        kills.run(next, || {});
        assert_eq!(metrics(&run), expected);
        for file in ["weights.safetensors", "last.safetensors"] {
            assert_eq!(weights(&run.join(file)), weights(&whole.join(file)));
        }
        std::fs::remove_dir_all(&run).unwrap();
    }
}

/// A rollout is continued from the last snapshot of what is there, into another file.
#[test]
fn a_rollout_loses_nothing() {
    const STEPS: usize = 24;
    /// Steps behind the last: of rollouts that were killed there and are continued by one step each.
    const MORE: usize = 8;
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let whole = path("whole.h5");
    let mut kills = Kills::within("rollout", rollout(HELD_OUT, 0, STEPS + MORE, &whole));
    let whole = snapshots(&whole).remove(0);
    let values = |from: usize| -> Vec<&Vec<f32>> { whole[from..].iter().map(|s| &s.1).collect() };
    let mut number = 0;
    while kills.go_on() {
        // Files with snapshots of this course, one behind the other, and how many they hold.
        let pieces = std::cell::RefCell::new(Vec::<String>::new());
        let done = || -> usize { pieces.borrow().iter().map(|p| snapshots(p)[0].len()).sum() };
        let keep = |piece: String| {
            if Path::new(&piece).exists() && !snapshots(&piece)[0].is_empty() {
                pieces.borrow_mut().push(piece);
            }
        };
        let last = std::cell::Cell::new(0);
        let next = || {
            number += 1;
            last.set(number);
            let output = path(&format!("{number}.h5"));
            let from = pieces.borrow().last().cloned();
            match from {
                None => rollout(HELD_OUT, 0, STEPS, &output),
                Some(piece) => {
                    let index = snapshots(&piece)[0].len() - 1;
                    // One that was killed behind its last step is continued by one step more.
                    rollout(&piece, index, STEPS.saturating_sub(done()).max(1), &output)
                }
            }
        };
        let piece = || path(&format!("{}.h5", last.get()));
        kills.run(next, || {
            let before = done();
            keep(piece());
            let file = pieces.borrow().last().cloned();
            if let Some(file) = file.filter(|file| *file == piece()) {
                let found = snapshots(&file).remove(0);
                let found: Vec<&Vec<f32>> = found.iter().map(|s| &s.1).collect();
                assert!(values(before).starts_with(&found));
            }
        });
        keep(piece());
        let all: Vec<Vec<f32>> = pieces
            .borrow()
            .iter()
            .flat_map(|p| snapshots(p).remove(0))
            .map(|s| s.1)
            .collect();
        let all: Vec<&Vec<f32>> = all.iter().collect();
        assert!(all.len() >= STEPS && values(0).starts_with(&all));
    }
}
