//! SIGKILL at random moments: the old file or nothing is left until the new one is whole, and a prediction goes on behind the last
//! perturbation that was done, bit for bit on one thread. `RHEOME_KILLS=200` makes 200 kills, these and those of the other
//! commands together.

mod command;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, python, with};
use rheome_anndata::AnnData;
use rheome_testing::Kills;
use screen::{predict, prepared, train};

/// Names and perturbations of predicted cells, and their values as bits.
fn content(path: &Path) -> (Vec<String>, Vec<i32>, Vec<u32>) {
    let cells = AnnData::open(path).unwrap();
    let labels = cells.obs().column("perturbation").unwrap().to_categorical();
    let values = cells.x().unwrap().rows::<f32>(0..cells.n_obs()).unwrap();
    (
        cells.obs().names().unwrap(),
        labels.codes().to_vec(),
        values.to_dense().iter().map(|v| v.to_bits()).collect(),
    )
}

#[test]
fn a_prediction_loses_no_perturbation_that_was_done() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    let path = |name: &str| folder.path().join(name);
    let (whole, output, parts) = (
        path("whole.h5ad"),
        path("killed.h5ad"),
        path("killed.h5ad.parts"),
    );
    let (table, of_whole) = (path("killed.csv"), path("whole.csv"));
    let asked = |output: &Path, table: &Path, more: &[&str]| {
        let mut command = predict(&run, &data, &["--all-pairs", "--cells", "40"]);
        command.args(["--threads", "1", "--with-control", "--output"]);
        command.arg(output).arg("--summary").arg(table).args(more);
        command
    };
    let mut kills = Kills::within("predict", asked(&whole, &of_whole, &[]));
    let expected = content(&whole);
    let done = || {
        fs::read_dir(&parts).map_or(0, |all| {
            let names = all.map(|entry| entry.unwrap().file_name());
            names
                .filter(|name| name.to_string_lossy().ends_with(".part"))
                .count()
        })
    };
    while kills.go_on() {
        let before = std::cell::Cell::new(0);
        // Killed when all was done and the parts were being removed, there is nothing to go on with.
        let is_whole = || output.exists() && table.exists() && !parts.join("request.json").exists();
        kills.run(
            || match is_whole() {
                true => with(&["info", output.to_str().unwrap()]),
                false => asked(&output, &table, &["--resume"]),
            },
            || {
                assert!(!output.exists() || content(&output) == expected);
                // With its output there, only table and parts may be left to do.
                assert!(
                    output.exists() || done() >= before.get(),
                    "what was done stays"
                );
                before.set(done());
            },
        );
        assert_eq!(content(&output), expected);
        assert_eq!(fs::read(&table).unwrap(), fs::read(&of_whole).unwrap());
        let _ = fs::remove_dir_all(&parts);
        python("count_cells.py", &[output.to_str().unwrap(), "460"]);
        fs::remove_file(&output).unwrap();
        fs::remove_file(&table).unwrap();
    }
}

#[test]
fn a_prediction_is_not_continued_with_anything_else() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    let output = folder.path().join("a.h5ad");
    let parts = folder.path().join("a.h5ad.parts");
    let asked = |more: &[&str]| {
        let mut command = predict(&run, &data, &["--all-pairs", "--cells", "400"]);
        command.args(["--threads", "1", "--output"]).arg(&output);
        command.args(more);
        command
    };
    let has_one = || parts.join("000000.part").exists();
    rheome_testing::kill_at(&asked(&[]), has_one);
    let words = ["request.json", "--seed: found 7, expected 1234"];
    fails(asked(&["--resume", "--seed", "7"]), 1, &words);
    // A damaged part is told, not used.
    let part = parts.join("000000.part");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, bytes).unwrap();
    fails(asked(&["--resume"]), 1, &["000000.part", "damaged"]);
}

#[test]
fn a_preparation_leaves_the_old_file_or_the_new_one() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (raw, whole, output) = (path("raw.h5ad"), path("whole.h5ad"), path("killed.h5ad"));
    let config = "configs/perturb/small-screen.toml";
    let generate = with(&["generate", "--config", config, "-q", "--output", &raw]);
    { generate }.assert().success();
    let prepare = |output: &str, more: &[&str]| {
        let mut command = with(&["prepare", &raw, "-q", "--threads", "1", "--output", output]);
        command.args(more);
        command
    };
    let mut kills = Kills::within("prepare", prepare(&whole, &[]));
    let expected = fs::read(&whole).unwrap();
    // Another preparation, which is valid too.
    let old = path("old.h5ad");
    prepare(&old, &["--genes", "20"]).assert().success();
    let before = fs::read(&old).unwrap();
    while kills.go_on() {
        fs::copy(&old, &output).unwrap();
        kills.run(
            || prepare(&output, &["--overwrite"]),
            || {
                let found = fs::read(&output).unwrap();
                assert!(found == before || found == expected);
                python("count_cells.py", &[&output]);
            },
        );
        assert!(fs::read(&output).unwrap() == expected);
    }
}
