//! Training, prediction and identification from the command line, on a simulated screen.

mod command;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, python, with};
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, ElementType, Part, RowBlock, Storage, Value, WriteOptions,
};
use rheome_testing::{has_checkpoint, kill_at, metrics, weights};
use screen::{predict, prepared, prepared_from, train};

#[test]
fn a_killed_training_continues_with_the_losses_of_an_uninterrupted_one() {
    let folder = folder();
    let data = prepared(&folder);
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    train(&data, &a, &[]).assert().success();
    let expected = metrics(&a);
    assert_eq!(expected.len(), 12 + 2, "a line a step and a validation");

    kill_at(&train(&data, &b, &[]), || has_checkpoint(&b));
    assert!(metrics(&b).len() < expected.len());
    train(&data, &b, &["--resume"]).assert().success();
    assert_eq!(metrics(&b), expected);
    let last = |run: &Path| weights(&run.join("last.safetensors"));
    assert_eq!(last(&b), last(&a));
    fails(
        train(&data, &a, &[]),
        1,
        &["holds a model already", "--resume"],
    );
    let other = ["--resume", "--set", "objective.batch=8"];
    fails(train(&data, &a, &other), 1, &["begun with other settings"]);
}

/// What is predicted for measured perturbations is scored, and scored the same by cell-eval.
fn scored_as_cell_eval_scores(run: &Path, data: &Path, folder: &Path) {
    let path = |name: &str| folder.join(name).display().to_string();
    let (predicted, scores, data_name) = (
        path("scored.h5ad"),
        path("scores"),
        data.display().to_string(),
    );
    let asked = "REG000,REG001,REG002,REG003";
    let common = ["--cells", "12", "--with-control", "--perturbations", asked];
    predict(
        run,
        data,
        &[&common[..], &["--output", &predicted]].concat(),
    )
    .assert()
    .success();
    let files = ["--pred", &predicted, "--real", &data_name];
    with(&[&["evaluate", "-q", "--output", &scores], &files[..]].concat())
        .assert()
        .success();
    let theirs = path("cell-eval");
    let arguments = [&predicted, &data_name, &scores, &theirs];
    python("score_with_cell_eval.py", &arguments.map(String::as_str));
}

#[test]
fn a_training_is_not_continued_with_other_cells() {
    let (folder, elsewhere) = (command::folder(), command::folder());
    let data = prepared(&folder);
    let run = folder.path().join("run");
    let short = ["--set", "training.steps=6"];
    train(&data, &run, &short).assert().success();
    let resumed = [&short[..], &["--resume"]].concat();
    let other = prepared_from(&elsewhere, "7");
    let words = ["run/data.json", "begun with other data", "found", "--data"];
    fails(train(&other, &run, &resumed), 1, &words);
    // The same cells in another file are the same data; so are those of a run that tells of none.
    let copy = elsewhere.path().join("copy.h5ad");
    fs::copy(&data, &copy).unwrap();
    train(&copy, &run, &resumed).assert().success();
    fs::remove_file(run.join("data.json")).unwrap();
    train(&data, &run, &resumed).assert().success();
    assert!(run.join("data.json").exists());
}

/// A prediction's first cells of `rows`, as dense values.
fn values(prediction: &str, rows: std::ops::Range<usize>) -> Vec<f32> {
    let cells = AnnData::open(prediction).unwrap();
    cells.x().unwrap().rows::<f32>(rows).unwrap().to_dense()
}

#[test]
fn predictions_are_cells_of_what_was_asked_for() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &[]).assert().success();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let one = path("one.h5ad");
    as_many_as_were_asked_for(&run, &data, &one, &path("screen.csv"));
    the_same_whatever_else_is_asked_for(&run, &data, &one, &path("two.h5ad"));
    scored_as_cell_eval_scores(&run, &data, folder.path());
    named_by_the_split_and_by_pairs(&run, &data, &path("names.csv"));
    the_same_by_weights_alone(&run, &data, &path("two.h5ad"), &path("three.h5ad"));
}

/// A pair and a single perturbation, five cells each, beside the control; the summary tells what the cells tell.
fn as_many_as_were_asked_for(run: &Path, data: &Path, output: &str, table: &str) {
    let asked = "REG000+REG003,ctrl+REG001";
    let common = ["--cells", "5", "--perturbations", asked, "--output", output];
    let with_table = ["--with-control", "--summary", table];
    predict(run, data, &[&common[..], &with_table].concat())
        .assert()
        .success();
    let cells = AnnData::open(output).unwrap();
    let labels = cells.obs().column("perturbation").unwrap().to_categorical();
    let count = |name: &str| {
        let code = labels.names().iter().position(|n| n == name).unwrap();
        labels.codes().iter().filter(|c| **c == code as i32).count()
    };
    assert_eq!(
        [count("control"), count("REG000+REG003"), count("REG001")],
        [60, 5, 5]
    );
    // All that the data tell of the genes is there to join results by.
    let of_data = AnnData::open(data).unwrap().frame(Axis::Var).unwrap();
    assert!(of_data.column("role").is_some());
    assert_eq!(cells.frame(Axis::Var).unwrap(), of_data);
    let predicted = values(output, 60..70);
    assert!(predicted.iter().all(|v| v.is_finite() && *v >= 0.0));
    python("look_at_prediction.py", &[output]);
    let text = fs::read_to_string(table).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("REG000+REG003,5,"), "{text}");
}

/// The second perturbation of `before`, alone.
fn the_same_whatever_else_is_asked_for(run: &Path, data: &Path, before: &str, output: &str) {
    let alone = ["--cells", "5", "--perturbations", "REG001", "--output"];
    predict(run, data, &[&alone[..], &[output]].concat())
        .assert()
        .success();
    let pairs = values(before, 65..70).into_iter().zip(values(output, 0..5));
    let difference = pairs.map(|(a, b)| (a - b).abs());
    assert!(difference.fold(0.0, f32::max) < 1e-5);
}

/// The two test conditions of the split, and the ten pairs of five genes.
fn named_by_the_split_and_by_pairs(run: &Path, data: &Path, table: &str) {
    for (names, expected) in [(&["--split", "test"][..], 2), (&["--all-pairs"], 10)] {
        let common = ["--cells", "1", "--overwrite", "--summary", table];
        predict(run, data, &[&common[..], names].concat())
            .assert()
            .success();
        let lines = fs::read_to_string(table).unwrap().lines().count();
        assert_eq!(lines, 1 + expected, "{names:?}");
    }
}

/// Weights without their folder: genes and graph are those of the data.
fn the_same_by_weights_alone(run: &Path, data: &Path, before: &str, output: &str) {
    let settings = "configs/perturb/smoke-train.toml";
    let mut command = with(&["predict", "--config", settings, "-q", "--device", "flex"]);
    command
        .arg("--weights")
        .arg(run.join("weights.safetensors"));
    command.arg("--data").arg(data);
    command.args(["--cells", "5", "--perturbations", "REG001"]);
    command.args(["--output", output]).assert().success();
    assert_eq!(values(output, 0..5), values(before, 0..5));
}

#[test]
fn what_cannot_be_predicted_is_said_before_anything_is_computed() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &["--set", "training.steps=6"])
        .assert()
        .success();
    let output = folder.path().join("out.h5ad").display().to_string();
    let ask = |list: &str| predict(&run, &data, &["--perturbations", list, "--output", &output]);
    fails(
        ask("REG000+REG0O1"),
        1,
        &["\"REG0O1\"", "did you mean REG00"],
    );
    // As raw files may have it, and `prepare` understands it.
    for label in ["REG001_REG000", "ctrl_REG001_REG000"] {
        let words = [label, "did you mean REG000+REG001?"];
        fails(ask(label), 1, &words);
    }
    fails(
        ask("REG000++REG001"),
        1,
        &["--perturbations", "an empty part"],
    );
    let mut nothing = predict(&run, &data, &["--output", &output]);
    nothing.assert().code(2);
    let raw = folder.path().join("raw.h5ad");
    let of_raw = predict(
        &run,
        &raw,
        &["--perturbations", "REG000", "--output", &output],
    );
    fails(
        of_raw,
        1,
        &["raw.h5ad", "obs/perturbation is missing", "perturb prepare"],
    );
    let mut identify = with(&["identify", "--device", "flex", "-q"]);
    identify.arg("--model").arg(&run).arg("--data").arg(&data);
    fails(identify, 1, &["config.toml", "training.identification"]);
    let small = ["--set", "model.vocabulary=20"];
    let other = folder.path().join("other");
    fails(
        train(&data, &other, &small),
        1,
        &["model.vocabulary", "found 20"],
    );
    let kept = fs::read(&data).unwrap();
    let data_text = data.display().to_string();
    let onto_itself = [
        "--perturbations",
        "REG000",
        "--overwrite",
        "--output",
        &data_text,
    ];
    fails(
        predict(&run, &data, &onto_itself),
        1,
        &["--output", "is the data file itself"],
    );
    assert_eq!(fs::read(&data).unwrap(), kept);
    let both = [
        "--perturbations",
        "REG000,ctrl",
        "--with-control",
        "--output",
        &output,
    ];
    fails(
        predict(&run, &data, &both),
        1,
        &["--with-control", "control is to be predicted too"],
    );
    let same = [
        "--perturbations",
        "REG000",
        "--output",
        &output,
        "--summary",
        &output,
    ];
    fails(
        predict(&run, &data, &same),
        1,
        &["--summary", "is --output itself; choose another name"],
    );
    let [list, dotted] = ["list.csv", "./out.h5ad"];
    let list = folder.path().join(list).display().to_string();
    fs::write(&list, "REG000\n").unwrap();
    let dotted = folder.path().join(dotted).display().to_string();
    for (outputs, words) in [
        (
            &["--output", &output, "--summary", &dotted][..],
            "is --output itself",
        ),
        (
            &["--overwrite", "--summary", &list],
            "is the list file itself",
        ),
    ] {
        let asked = [&["--perturbations-file", &list], outputs].concat();
        fails(predict(&run, &data, &asked), 1, &["--summary", words]);
    }
    assert_eq!(fs::read_to_string(&list).unwrap(), "REG000\n");
    let gone = folder.path().join("gone");
    let [cells, table] = ["r.h5ad", "s.csv"].map(|name| gone.join(name).display().to_string());
    for outputs in [
        &["--output", &cells][..],
        &["--output", &output, "--summary", &table],
    ] {
        let asked = [&["--perturbations", "REG000"], outputs].concat();
        let words = ["gone/", "cannot write: there is no folder"];
        fails(predict(&run, &data, &asked), 1, &words);
        assert!(!gone.exists() && !folder.path().join("out.h5ad.parts").exists());
    }
    assert!(!Path::new(&output).exists());
    // What cannot be learnt leaves no folder that stands in the way of the next attempt.
    assert!(!other.exists());
}

#[test]
fn a_model_that_learnt_to_names_perturbations() {
    let folder = folder();
    let data = prepared(&folder);
    let run = folder.path().join("run");
    train(&data, &run, &["--set", "training.identification=1"])
        .assert()
        .success();
    let mut identify = with(&["identify", "--device", "flex", "-q", "--json", "--top", "2"]);
    identify.arg("--model").arg(&run).arg("--data").arg(&data);
    identify.args(["--candidates", "REG000,REG001,REG002"]);
    let output = identify.assert().success().get_output().stdout.clone();
    let text = String::from_utf8(output).unwrap();
    let found: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(found.len(), 5 + 6, "an answer for every perturbation");
    for answer in &found {
        let cosines = answer["singles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["cosine"].as_f64());
        let cosines: Vec<f64> = cosines.map(Option::unwrap).collect();
        assert!(cosines.len() == 2 && cosines[0] >= cosines[1] && cosines[0] <= 1.0);
        assert_eq!(answer["pairs"].as_array().unwrap().len(), 2);
    }
}

/// What a split that cannot be read holds out would be learnt: it is no file without a split.
#[test]
fn a_damaged_split_is_not_taken_for_none() {
    let folder = folder();
    let data = prepared(&folder);
    let damaged = folder.path().join("damaged.h5ad");
    let source = AnnData::open(&data).unwrap();
    let var = source.frame(Axis::Var).unwrap();
    let mut writer = AnnDataWriter::create(&damaged, &var, WriteOptions::default()).unwrap();
    writer.copy(&source, Part::X).unwrap();
    let split = ("method".to_owned(), Value::from("additive"));
    writer
        .write_uns("split", &Value::Dict(vec![split]))
        .unwrap();
    writer.finish(&source.frame(Axis::Obs).unwrap()).unwrap();
    let output = folder.path().join("run");
    let words = [
        "damaged.h5ad: uns/split",
        "no list of test conditions",
        "perturb split",
    ];
    fails(train(&damaged, &output, &[]), 1, &words);
    assert!(!output.exists());
}

#[test]
fn a_value_that_is_no_number_is_named() {
    let folder = folder();
    let data = prepared(&folder);
    let spoiled = folder.path().join("spoiled.h5ad");
    let source = AnnData::open(&data).unwrap();
    let (cells, genes) = (source.n_obs(), source.n_vars());
    let mut values = source
        .x()
        .unwrap()
        .rows::<f32>(0..cells)
        .unwrap()
        .to_dense();
    values[2 * genes + 3] = f32::NAN;
    let var = source.frame(Axis::Var).unwrap();
    let mut writer = AnnDataWriter::create(&spoiled, &var, WriteOptions::default()).unwrap();
    let x = writer.add_x(Storage::Dense, ElementType::F32).unwrap();
    let rows = RowBlock::dense(cells, genes, values).unwrap();
    writer.append(x, &rows).unwrap();
    writer.copy(&source, Part::Uns).unwrap();
    writer.finish(&source.frame(Axis::Obs).unwrap()).unwrap();
    let (gene, cell) = (
        source.var().names().unwrap().remove(3),
        source.obs().names().unwrap().remove(2),
    );
    let words = ["spoiled.h5ad: X: found NaN", gene.as_str(), cell.as_str()];
    fails(train(&spoiled, &folder.path().join("run"), &[]), 1, &words);
}
