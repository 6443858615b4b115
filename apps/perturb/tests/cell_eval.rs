//! Predictions scored by cell-eval itself, on the files that `perturb evaluate` makes for it.

mod command;

use std::fs;
use std::path::Path;

use command::{fails, folder, python, with};
use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Categorical, ElementType, Frame, Storage, Values, WriteOptions,
};

const FIXTURE: &str = "tests/fixtures/cell_eval";

/// Of the fixture's predictions three, with every other gene, the last first, and without control: less than what was measured.
fn part_of_prediction(path: &Path) {
    let all = AnnData::open(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../{FIXTURE}/pred.h5ad")),
    )
    .unwrap();
    let genes: Vec<usize> = (0..all.n_vars()).rev().step_by(2).collect();
    let mut var = all.frame(Axis::Var).unwrap().at(&genes);
    let ids = genes.iter().map(|gene| format!("ENSG{gene}")).collect();
    var.set("id", Values::Text(ids)).unwrap();
    let labels = all.obs().column("perturbation").unwrap();
    let mut names = labels.to_categorical().names();
    names.retain(|name| name != "control");
    names.truncate(3);
    let mut codes = Vec::new();
    let mut rows = Vec::new();
    for row in 0..labels.len() {
        let label = labels.text(row).unwrap();
        if let Some(code) = names.iter().position(|name| *name == label) {
            codes.push(code as i32);
            rows.push(row);
        }
    }
    let mut writer = AnnDataWriter::create(path, &var, WriteOptions::default()).unwrap();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    let values = all.x().unwrap().columns(&genes).unwrap();
    writer
        .append(x, &values.rows_at::<f32>(&rows).unwrap())
        .unwrap();
    let mut obs = Frame::new(Values::Text(
        rows.iter().map(|row| format!("c{row}")).collect(),
    ));
    let labels = Categorical::new(codes, Values::Text(names), false).unwrap();
    obs.set("perturbation", labels).unwrap();
    writer.finish(&obs).unwrap();
}

/// cell-eval refuses files of different genes or perturbations: it is given two that match, and called as is printed.
#[test]
fn cell_eval_itself_scores_what_was_matched() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (pred, scores, matched) = (
        path("pred.h5ad"),
        path("scores"),
        path("scores/for cell-eval"),
    );
    part_of_prediction(Path::new(&pred));
    let real = format!("{FIXTURE}/real.h5ad");
    let evaluate = |more: &[&str]| {
        let files = [
            "evaluate", "--pred", &pred, "--real", &real, "--output", &scores,
        ];
        with(&[&files[..], more].concat())
    };
    let done = evaluate(&["--cell-eval", &matched]).assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    let (_, command) = said.split_once("; cell-eval run").unwrap();
    let command = format!("cell-eval run{}", command.lines().next().unwrap());
    let [pred_cells, real_cells] =
        ["pred", "real"].map(|name| AnnData::open(format!("{matched}/{name}.h5ad")).unwrap());
    assert_eq!(
        pred_cells.var().names().unwrap(),
        real_cells.var().names().unwrap()
    );
    assert_eq!(pred_cells.n_vars(), 40);
    assert!(pred_cells.var().has("id"), "what is told of genes is kept");
    python(
        "run_cell_eval.py",
        &[&command, &format!("{matched}/scores"), &scores],
    );
    // Files that are there are not replaced unasked, nor are those that are compared, nor the tables mixed with them.
    fs::remove_file(format!("{scores}/results.csv")).unwrap();
    let again = evaluate(&["--cell-eval", &matched]);
    fails(
        again,
        1,
        &[
            "for cell-eval/pred.h5ad: exists already",
            "--cell-eval",
            "--overwrite",
        ],
    );
    let own = folder.path().display().to_string();
    let onto_itself = evaluate(&["--cell-eval", &own, "--overwrite"]);
    fails(
        onto_itself,
        1,
        &["--cell-eval", "is the predicted file itself"],
    );
    // The same folder under whatever name, whether it is there or not.
    let new = path("new");
    for (output, matched) in [
        (&scores, scores.clone()),
        (&new, format!("{}/./new/", folder.path().display())),
        (&new, format!("{scores}/../new")),
        // Of what is not there yet.
        (&new, format!("{new}/../new")),
        (&new, format!("{new}/a/../../new")),
        (&format!("{new}/../new"), new.clone()),
    ] {
        let files = ["evaluate", "--pred", &pred, "--real", &real, "--overwrite"];
        let mixed = with(&[&files[..], &["--output", output, "--cell-eval", &matched]].concat());
        fails(mixed, 1, &["--cell-eval", "is --output itself"]);
    }
    assert!(!Path::new(&new).exists());
    let own = path("own");
    fs::create_dir(&own).unwrap();
    let data = format!("{own}/real.h5ad");
    fs::copy(command::root().join(&real), &data).unwrap();
    let before = fs::read(&data).unwrap();
    let baselines = [
        "--baselines",
        "--data",
        &data,
        "--cell-eval",
        &own,
        "--overwrite",
    ];
    fails(
        evaluate(&baselines),
        1,
        &["--cell-eval", "is the data file itself"],
    );
    assert!(fs::read(&data).unwrap() == before);
    evaluate(&["--cell-eval", &matched, "--overwrite"])
        .assert()
        .success();
}
