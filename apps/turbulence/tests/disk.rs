//! Disks that are full, folders that cannot be written, and two runs with one output: an error names the place, and nothing is lost.

mod command;
mod runs;

use std::fs;

use command::{HELD_OUT, fails, folder};
use rheome_fields::open;
use rheome_testing::{SmallDisk, metrics, while_running, with_short_files};
use runs::{rollout, simulation, training};

#[test]
fn a_full_disk_is_named_and_leaves_no_half_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    fs::write(&output, "mine").unwrap();
    let commands = [simulation(&output, &["--overwrite"]), {
        let mut command = rollout(HELD_OUT, 0, 40, &output);
        command.arg("--overwrite");
        command
    }];
    for command in commands {
        fails(with_short_files(&command, 16), 1, &["a.h5: "]);
        assert_eq!(fs::read(&output).unwrap(), b"mine");
        assert!(!folder.path().join("a.h5.partial").exists());
        assert!(!folder.path().join("a.h5.lock").exists());
    }
}

#[test]
fn a_training_on_a_full_disk_goes_on_when_there_is_room() {
    let folder = folder();
    let (whole, run) = (folder.path().join("whole"), folder.path().join("run"));
    let one = ["--threads", "1"];
    training(&whole, &one).assert().success();
    // The settings fit, weights and checkpoints do not.
    let words = ["run/", "cannot write"];
    fails(with_short_files(&training(&run, &one), 4), 1, &words);
    training(&run, &[&one[..], &["--resume"]].concat())
        .assert()
        .success();
    assert_eq!(metrics(&run), metrics(&whole));
}

#[test]
fn a_rollout_on_a_small_disk_is_told_of_it() {
    // The demo's snapshots take 57 kB each.
    let Some(disk) = SmallDisk::mount(600) else {
        return;
    };
    let output = disk.path("a.h5").display().to_string();
    fails(
        rollout(HELD_OUT, 0, 40, &output),
        1,
        &["a.h5: ", "No space left"],
    );
    // What there is room for is written.
    let short = disk.path("b.h5").display().to_string();
    let _ = fs::remove_file(&output);
    rollout(HELD_OUT, 0, 2, &short).assert().success();
    assert_eq!(open(&short).unwrap().completed(0), 2);
}

/// Root may write into any folder, but not below a file, nor among the processes of the system.
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for below in [file.as_path(), "/proc".as_ref()] {
        let output = below.join("a.h5").display().to_string();
        let place = below.display().to_string();
        fails(simulation(&output, &[]), 1, &[&place]);
        fails(rollout(HELD_OUT, 0, 1, &output), 1, &[&place]);
        fails(
            training(&below.join("run"), &[]),
            1,
            &[&place, "cannot create"],
        );
    }
}

#[test]
fn a_second_run_leaves_the_first_alone() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    let has_begun = || open(&output).is_ok_and(|file| file.completed(0) > 0);
    let words = ["a.h5: is being written by another run", "another --output"];
    while_running(&rollout(HELD_OUT, 0, 4000, &output), has_begun, || {
        let mut second = rollout(HELD_OUT, 0, 1, &output);
        second.arg("--overwrite");
        fails(second, 1, &words);
    });
    let before = open(&output).unwrap().completed(0);
    assert!(before > 0 && open(&output).unwrap().shape().snapshots == 4000);
    let run = folder.path().join("run");
    let long = ["--set", "training.epochs=1000"];
    let begun = || run.join("metrics.jsonl").exists();
    while_running(&training(&run, &long), begun, || {
        let resumed = training(&run, &[&long[..], &["--resume"]].concat());
        fails(resumed, 1, &["run: is being written by another run"]);
    });
    // A lock file that a kill left is in nobody's way.
    assert!(run.join(".lock").exists());
    let again = training(&run, &[&long[..], &["--resume"]].concat());
    while_running(&again, || true, || {});
}
