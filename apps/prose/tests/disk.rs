//! Disks that are full and folders that take no files: an error names the place, the old file stays, and nothing crashes.

mod command;
mod flows;
mod models;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use command::{fails, folder, with};
use models::{CHECKPOINT, checkpoint_settings};
use rheome_equations::DataFile;
use rheome_testing::{SmallDisk, with_short_files};

/// Data that take about 400 KiB, in several blocks.
fn generate(output: &Path) -> Command {
    let mut command = with(&["generate", "--config", "configs/prose/small.toml", "-q"]);
    for setting in ["data.equations=64", "data.trajectories=2", "data.points=96"] {
        command.args(["--set", setting]);
    }
    command.arg("--overwrite").arg("--output").arg(output);
    command
}

/// A prediction with the form of the hares and lynxes.
fn predict(folder: &tempfile::TempDir, output: &Path) -> Command {
    let mut command = with(&["predict", "--device", "flex", "--threads", "1", "-q"]);
    command.arg("--config").arg(checkpoint_settings(folder));
    command.args([
        "--weights",
        CHECKPOINT,
        "--input",
        "tests/fixtures/hudson_bay/lynx_hare.csv",
    ]);
    command.args([
        "--equation",
        "C x - C x y | C x y - C y",
        "--times",
        "1921:1930:5",
    ]);
    command.args(["--refine", "0", "--overwrite", "--output"]);
    command.arg(output);
    command
}

/// Wherever the disk ends: in the layout, among the blocks, in what the library writes last.
#[test]
fn a_full_disk_is_named_and_the_old_file_stays() {
    let folder = folder();
    let output = folder.path().join("out.h5");
    generate(&output).assert().success();
    let whole = fs::metadata(&output).unwrap().len() / 1024;
    assert!(whole > 200, "{whole} KiB");
    fs::write(&output, "mine").unwrap();
    let intact = || {
        assert_eq!(fs::read(&output).unwrap(), b"mine");
        assert!(!folder.path().join("out.h5.partial").exists());
    };
    for kib in [4, 16, 40, 80, whole / 2, whole - 1] {
        fails(
            with_short_files(&generate(&output), kib),
            1,
            &["out.h5: cannot write"],
        );
        intact();
    }
    let short = with_short_files(&predict(&folder, &output), 4);
    fails(short, 1, &["out.h5: cannot write"]);
    intact();
    let mut flows = flows::generate(&output, &["--overwrite"]);
    flows.args(["--set", "data.frames=64"]);
    fails(with_short_files(&flows, 16), 1, &["out.h5: "]);
    intact();
}

#[test]
fn a_generation_on_a_small_disk_is_told_of_it_and_can_be_repeated() {
    for kib in [64, 128, 256, 512] {
        let Some(disk) = SmallDisk::mount(kib) else {
            return;
        };
        let output = disk.path("out.h5");
        fails(generate(&output), 1, &["out.h5: cannot write"]);
        assert_eq!(fs::read_dir(disk.path("")).unwrap().count(), 0);
        let mut less = generate(&output);
        less.args(["--set", "data.equations=1", "--set", "data.points=24"]);
        if kib == 512 {
            less.assert().success();
            assert_eq!(DataFile::open(&output).unwrap().equations().len(), 3);
        }
    }
}

/// Root may write into any folder, but not among the processes of the system.
#[test]
fn a_folder_that_takes_no_files_is_named_before_anything_is_computed() {
    let folder = folder();
    let gone = folder.path().join("gone");
    for (below, reason) in [
        (Path::new("/proc"), "cannot write: /proc takes no files"),
        (gone.as_path(), "cannot write: there is no folder"),
    ] {
        let output = below.join("x.h5");
        fails(predict(&folder, &output), 1, &["x.h5: ", reason]);
        fails(generate(&output), 1, &["x.h5: ", reason]);
    }
    assert!(!gone.exists());
}
