//! What is held out is not learnt, and what cannot be learnt is named.

mod command;
mod foreign_files;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, with};
use foreign_files::{foreign, texts};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_anndata::{
    AnnData, AnnDataWriter, Array, Axis, Column, ElementType, Frame, Part, RowBlock, Storage,
    Value, Values, WriteOptions,
};
use screen::{briefly, predict, trained_on};

/// However the labels of the raw file are understood, what is written is read as it is written.
#[test]
fn what_is_held_out_is_not_learnt_whatever_its_name() {
    for (labels, options, test, seen) in [
        // The name of one drug may look like those of two.
        (
            "control x y x_y control",
            ["--weak-separator=", "x_y", ""],
            "x_y",
            &["x", "y"][..],
        ),
        (
            "NT A+ctrl B+ctrl A+B NT",
            ["--control=NT", "A+ctrl", "--control=ctrl"],
            "A",
            &["A+B", "B"],
        ),
    ] {
        let folder = folder();
        let obs = [("condition", labels)];
        let (data, prepare) = foreign(&folder, "x y A B G", &[], &obs);
        let [first, held_out, last] = options;
        let split = format!("{first} {last} --split-method given --conditions {held_out}");
        prepare(&split).assert().success();
        let data = Path::new(&data);
        let run = folder.path().join("run");
        briefly(data, &run, &[]).assert().success();
        let told = trained_on(&run);
        assert_eq!(told["held_out"], serde_json::json!([test]), "{labels}");
        assert_eq!(told["seen"], serde_json::json!(seen), "{labels}");
        // The other commands read the same.
        let name = data.display().to_string();
        let told = with(&["info", &name, "--json"]).assert().success();
        let told: serde_json::Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
        let conditions = 2 + seen.len();
        assert_eq!(
            (&told["conditions"], &told["split"]["test"][0]),
            (&conditions.into(), &test.into())
        );
        let again = [
            "split",
            &name,
            "--split-method",
            "given",
            "--conditions",
            test,
        ];
        with(&[&again[..], &["--overwrite"]].concat())
            .assert()
            .success()
            .stdout(contains(format!("held out: {test}\n")));
        let summary = folder.path().join("summary.csv").display().to_string();
        let of_test = ["--split", "test", "--cells", "2", "--summary", &summary];
        let predicted = predict(&run, data, &of_test).output().unwrap();
        // A drug that was not learnt has no embedding in a model of genes.
        match test {
            "x_y" => assert!(
                String::from_utf8(predicted.stderr)
                    .unwrap()
                    .contains("the gene \"x_y\" is not among")
            ),
            _ => assert!(fs::read_to_string(&summary).unwrap().contains("\nA,2,")),
        }
    }
}

/// Labels that would be other conditions once they are written are refused before anything is.
#[test]
fn labels_that_would_be_others_are_refused() {
    for (labels, options, words) in [
        (
            "DMSO control A B",
            "--control DMSO",
            &[
                "the label \"control\" of cell \"AAAC-1\"",
                "give --control DMSO --control control",
            ][..],
        ),
        (
            "NT A+ctrl A+B NT",
            "--control NT",
            &[
                "the label \"A+ctrl\" of cell \"AAAC-1\"",
                "give --control NT --control ctrl",
            ],
        ),
        (
            "control CD4+ A A_B",
            "--separator _",
            &["the label \"CD4+\" of cell \"AAAC-1\"", "+ joins names"],
        ),
        (
            "control A a+b",
            "--separator /",
            &["the label \"a+b\" of cell \"AAAC-2\"", "+ joins names"],
        ),
    ] {
        let folder = folder();
        let (data, prepare) = foreign(&folder, "A B", &[], &[("condition", labels)]);
        fails(prepare(options), 1, words);
        assert!(!Path::new(&data).exists());
    }
}

/// A copy of a prepared file with other labels and another column of the split. Of its `uns` nothing, `prepare` alone, or a list of
/// test conditions, which is another one.
fn rewritten(data: &Path, to: &Path, labels: &str, parts: Option<&str>, uns: &str) {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let source = AnnData::open(data).unwrap();
    let var = source.frame(Axis::Var).unwrap();
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let mut writer = AnnDataWriter::create(to, &var, options).unwrap();
    writer.copy(&source, Part::X).unwrap();
    let test = Value::Array(Array {
        shape: vec![1],
        values: Values::Text(vec![uns.into()]),
    });
    let split = Value::Dict(vec![("test".into(), test)]);
    match uns {
        "" => {}
        "prepare" => writer.copy(&source, Part::UnsMember(uns)).unwrap(),
        _ => writer.write_uns("split", &split).unwrap(),
    }
    let mut obs = Frame::new(source.obs().names().unwrap());
    obs.set("perturbation", Column::from(words(labels)))
        .unwrap();
    if let Some(parts) = parts {
        obs.set("split", Column::from(words(parts))).unwrap();
    }
    writer.finish(&obs).unwrap();
}

/// Cells that were called otherwise after the split was made would be learnt.
#[test]
fn a_split_that_its_cells_do_not_agree_with_is_refused() {
    let folder = folder();
    let obs = [("condition", "ctrl A B A+B")];
    let (data, prepare) = foreign(&folder, "A B", &[], &obs);
    prepare("").assert().success();
    let [other, run] = ["other.h5ad", "run"].map(|name| folder.path().join(name));
    let told = |labels: &str, parts: Option<&str>, test: &str, words: &[&str]| {
        rewritten(Path::new(&data), &other, labels, parts, test);
        let words = [&["other.h5ad: "], words].concat();
        fails(briefly(&other, &run, &[]), 1, &words);
    };
    let parts = Some("train train train test");
    told(
        "control A B both",
        parts,
        "A+B",
        &[
            "both is not held out, but obs/split says \"test\"",
            "perturb split",
        ],
    );
    told(
        "control A B A+B",
        parts,
        "B",
        &["B is held out, but obs/split says \"train\""],
    );
    told(
        "control A B both",
        None,
        "A+B",
        &["holds out A+B, but there are no such cells"],
    );
    // As it was prepared, but for the labels.
    told(
        "control A B B+ctrl",
        None,
        "prepare",
        &[
            "the label \"B+ctrl\" of cell \"AAAC-3\" has \"ctrl\" in it",
            "rename these cells",
        ],
    );
    // Files that were joined have lost the list, but not the column.
    let lost = "obs/split says \"test\" of cells of A+B, but there is no uns/split";
    let of_prepared = "--split-method given --conditions A+B --overwrite";
    told("control A B A+B", parts, "prepare", &[lost, of_prepared]);
    told("control A B A+B", parts, "", &[lost, "uns_merge=\"first\""]);
    told(
        "NT A B A+B",
        None,
        "A",
        &["no cell is called control", "\"NT\" (1 cells) may be"],
    );
    assert!(!run.exists());
    // Where the test cells are left out, and in whatever order a combination is named, all is well.
    rewritten(
        Path::new(&data),
        &other,
        "control A B control",
        Some("train train train train"),
        "B+A",
    );
    briefly(&other, &run, &[]).assert().success();
    // What the message says helps.
    rewritten(
        Path::new(&data),
        &other,
        "control A B A+B",
        parts,
        "prepare",
    );
    let name = other.display().to_string();
    let split = [
        &["split", &name],
        &of_prepared.split(' ').collect::<Vec<_>>()[..],
    ]
    .concat();
    with(&split).assert().success();
    let run = folder.path().join("of_split");
    briefly(&other, &run, &[]).assert().success();
    assert_eq!(trained_on(&run)["seen"], serde_json::json!(["A", "B"]));
    // Where nothing is held out, a column of that name may say anything else.
    rewritten(
        Path::new(&data),
        &other,
        "control A B A+B",
        Some("a b c d"),
        "",
    );
    let run = folder.path().join("without");
    briefly(&other, &run, &[]).assert().success();
}

/// Counts and scaled values are no logarithms: what is learnt from them, or predicted, is nothing.
#[test]
fn values_that_were_not_prepared_are_refused() {
    let folder = folder();
    let [data, run, out] = ["data.h5ad", "run", "out.h5ad"].map(|name| folder.path().join(name));
    let var = Frame::new(vec!["A", "B"]);
    for (value, words) in [
        (
            2.0f32,
            &[
                "data.h5ad:X: nothing but whole numbers, expected log(1 + x)",
                "perturb prepare",
            ][..],
        ),
        (
            -0.5,
            &[
                "data.h5ad:X: -0.5 for gene \"A\" of cell \"c0\"",
                "centred or scaled",
                "perturb prepare",
            ],
        ),
    ] {
        let options = WriteOptions {
            overwrite: true,
            ..WriteOptions::default()
        };
        let mut writer = AnnDataWriter::create(&data, &var, options).unwrap();
        let x = writer.add_x(Storage::Dense, ElementType::F32).unwrap();
        let rows = RowBlock::dense(2, 2, vec![value; 4]).unwrap();
        writer.append(x, &rows).unwrap();
        let mut obs = Frame::new(vec!["c0", "c1"]);
        let labels = Column::from(vec!["control", "A"]);
        obs.set("perturbation", labels).unwrap();
        writer.finish(&obs).unwrap();
        fails(briefly(&data, &run, &[]), 1, words);
        let model = command::root().join("apps/perturb/demo/model");
        let output = out.display().to_string();
        let asked = ["--perturbations", "A", "--output", &output];
        fails(predict(&model, &data, &asked), 1, words);
        let mut identify = with(&["identify", "--device", "flex", "-q", "--model"]);
        identify.arg(&model).arg("--data").arg(&data);
        fails(identify, 1, words);
    }
    assert!(!run.exists() && !out.exists());
}

/// A gene that was not measured has no embedding: its cells are named, and may be left out.
#[test]
fn cells_that_cannot_be_learnt_are_named_and_left_out() {
    let folder = folder();
    let labels = "ctrl A CEPBA A+CEPBA CEPBA B ctrl none";
    let obs = [("condition", labels), ("guide", "1 2 3 4 5 6 7 8")];
    let (data, prepare) = foreign(&folder, "A B CEBPA none", &[], &obs);
    let data = Path::new(&data);
    prepare("")
        .assert()
        .success()
        .stderr(contains("--drop-unmeasured leaves out"));
    let run = folder.path().join("run");
    let words = [
        "data.h5ad: obs/perturbation: 3 cells of 2 condition(s) cannot be learnt, the first is A+CEPBA (1 cells): the gene \"CEPBA\" is \
         not among",
        "did you mean CEBPA?",
        "`perturb prepare --drop-unmeasured` leaves such cells out",
    ];
    fails(briefly(data, &run, &[]), 1, &words);
    let log = folder.path().join("log.jsonl");
    prepare("--drop-unmeasured --log-json")
        .arg(&log)
        .assert()
        .success()
        .stdout(contains("5 cells, ").and(contains("3 perturbations alone, 0 combinations, 2 control cells")))
        .stderr(contains("note: left out 3 cells of conditions that name what was not measured: A+CEPBA, CEPBA\n"));
    let told = fs::read_to_string(&log).unwrap();
    let told: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(
        told["dropped"]["unmeasured"],
        serde_json::json!({"A+CEPBA": 1, "CEPBA": 2})
    );
    let cells = AnnData::open(data).unwrap();
    assert_eq!(texts(&cells, "guide"), ["1", "2", "6", "7", "8"]);
    assert_eq!(cells.obs().names().unwrap()[2], "AAAC-5");
    // The rows are those of the cells: what each was measured with, scaled.
    let all = AnnData::open(folder.path().join("raw.h5ad")).unwrap();
    let all = all
        .x()
        .unwrap()
        .rows_at::<f64>(&[0, 1, 5, 6, 7])
        .unwrap()
        .to_dense();
    let found = cells.x().unwrap().rows::<f64>(0..5).unwrap().to_dense();
    let total = cells
        .uns_at("prepare/target_total")
        .unwrap()
        .as_f64()
        .unwrap();
    for (found, counts) in found.chunks(4).zip(all.chunks(4)) {
        let factor = total / counts.iter().sum::<f64>();
        for (value, count) in found.iter().zip(counts) {
            assert!(
                (value - (count * factor).ln_1p()).abs() < 1e-6,
                "{found:?} {counts:?}"
            );
        }
    }
    briefly(data, &run, &[]).assert().success();
    let none = ["none of its 4 perturbations", "--gene-col"];
    let elsewhere = command::folder();
    let (_, prepare) = foreign(&elsewhere, "E1 E2", &[], &[("condition", "ctrl A B A+B C")]);
    fails(prepare("--drop-unmeasured"), 1, &none);
}
