//! Disks that are full: an error names the place, the old file stays, and a prediction goes on when there is room.

mod command;
mod screen;

use std::fs;

use command::{fails, folder, with};
use rheome_anndata::AnnData;
use rheome_testing::{SmallDisk, with_short_files};
use screen::{predict, prepared, train};

#[test]
fn a_full_disk_is_named_and_the_old_file_stays() {
    let folder = folder();
    let data = prepared(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, output) = (path("raw.h5ad"), path("out.h5ad"));
    fs::write(&output, "mine").unwrap();
    let prepare = with(&["prepare", &raw, "--overwrite", "-q", "--output", &output]);
    // Wherever the disk ends: in the layout, among the cells, in what the library writes last.
    let whole = fs::metadata(&data).unwrap().len() / 1024;
    for kib in [4, 16, whole / 2, whole * 3 / 4] {
        fails(with_short_files(&prepare, kib), 1, &["out.h5ad"]);
    }
    let config = "configs/perturb/small-screen.toml";
    let generate = [
        "generate",
        "--config",
        config,
        "--overwrite",
        "-q",
        "--output",
        &output,
    ];
    for kib in [8, 64, 256] {
        fails(with_short_files(&with(&generate), kib), 1, &["out.h5ad"]);
    }
    assert_eq!(fs::read(&output).unwrap(), b"mine");

    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    let predicted = path("predicted.h5ad");
    let asked = |more: &[&str]| {
        let mut command = predict(&run, &data, &["--all-pairs", "--cells", "40"]);
        command.args(["--output", &predicted]).args(more);
        command
    };
    fails(with_short_files(&asked(&[]), 16), 1, &["predicted.h5ad"]);
    asked(&["--resume"]).assert().success();
    assert_eq!(AnnData::open(&predicted).unwrap().n_obs(), 400);
    for name in ["out.h5ad.partial", "out.h5ad.lock", "predicted.h5ad.parts"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_preparation_on_a_small_disk_is_told_of_it() {
    let Some(disk) = SmallDisk::mount(64) else {
        return;
    };
    let folder = folder();
    prepared(&folder);
    let raw = folder.path().join("raw.h5ad").display().to_string();
    let output = disk.path("out.h5ad").display().to_string();
    let prepare = with(&["prepare", &raw, "-q", "--output", &output]);
    fails(prepare, 1, &["out.h5ad"]);
    assert!(!disk.path("out.h5ad").exists() && !disk.path("out.h5ad.partial").exists());
}
