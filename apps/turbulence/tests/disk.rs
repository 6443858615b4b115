//! Disks that are full, folders that cannot be written, and two runs with one output: an error names the place, and nothing is lost.

mod command;
mod runs;

use std::fs;

use assert_cmd::Command;
use command::{HELD_OUT, fails, folder, with};
use rheome_fields::open;
use rheome_testing::{SmallDisk, metrics, while_running, with_short_files};
use runs::{rollout, simulation, training};

#[test]
fn a_full_disk_is_named_and_leaves_no_half_file() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = path("a.h5");
    fs::write(&output, "mine").unwrap();
    let overwriting = |mut command: Command| {
        command.arg("--overwrite");
        command
    };
    let rollout = |steps: usize| overwriting(rollout(HELD_OUT, 0, steps, &output));
    let commands = [
        (simulation(&output, &["--overwrite"]), 16),
        (rollout(40), 16),
        // In what the library writes last, too.
        (rollout(40), 400),
        (overwriting(with(&["convert", HELD_OUT, &output])), 64),
        (
            overwriting(with(&["convert", HELD_OUT, &output, "--compress"])),
            64,
        ),
        (
            overwriting(with(&["convert", HELD_OUT, &output, "--compress"])),
            600,
        ),
        (
            overwriting(with(&["stats", HELD_OUT, "--output", &output])),
            4,
        ),
        (
            overwriting(with(&["stats", HELD_OUT, "--output", &output])),
            24,
        ),
    ];
    for (command, kib) in commands {
        fails(with_short_files(&command, kib), 1, &["a.h5: "]);
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
    let words = ["a.h5: ", "No space left"];
    fails(rollout(HELD_OUT, 0, 40, &output), 1, &words);
    // What there is room for is written.
    rollout(HELD_OUT, 0, 2, &output).assert().success();
    assert_eq!(open(&output).unwrap().completed(0), 2);
    // What there is no room for costs nothing: it is asked for before the old file goes.
    let before = fs::read(&output).unwrap();
    let mut longer = rollout(HELD_OUT, 0, 40, &output);
    longer.arg("--overwrite");
    fails(longer, 1, &words);
    let longer = simulation(&output, &["--overwrite", "--set", "output.snapshots=4000"]);
    fails(longer, 1, &words);
    assert_eq!(fs::read(&output).unwrap(), before);
    let mut left: Vec<_> = fs::read_dir(disk.path("")).unwrap().collect();
    left.retain(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name != "a.h5" && name != "a.xdmf"
    });
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_picture_that_finds_no_room_is_named_and_the_old_one_stays() {
    let Some(disk) = SmallDisk::mount(16) else {
        return;
    };
    let folder = folder();
    let pictures = disk.path("pictures");
    fs::create_dir(&pictures).unwrap();
    fs::write(pictures.join("slices.png"), "mine").unwrap();
    let output = folder.path().join("a.stats.h5").display().to_string();
    let mut stats = with(&["stats", HELD_OUT, "-q", "--output", &output, "--plots"]);
    // The statistics are written and told before.
    let failed = stats.arg(&pictures).arg("--overwrite").assert();
    let failed = failed.failure().code(1);
    let told = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    let words = "cannot write the picture: No space left";
    assert!(told.contains("pictures/") && told.contains(words), "{told}");
    assert_eq!(fs::read(pictures.join("slices.png")).unwrap(), b"mine");
    let left = fs::read_dir(&pictures)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
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
