//! Prepared cells are what scanpy makes of them, and what tests a model has no say in how its training cells are prepared.

mod screen;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rheome_anndata::{AnnData, Axis, Frame, Value, WriteOptions};
use rheome_cells::{
    Input, LabelSettings, PERTURBATION, PrepareSettings, Protocol, SPLIT, Split, prepare,
    read_conditions,
};
use safetensors::SafeTensors;
use screen::{draw, prepare_small, write};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/h5ad")
        .join(name)
}

fn doubles(tensors: &SafeTensors, name: &str) -> Vec<f64> {
    let bytes = tensors.tensor(name).unwrap().data().chunks_exact(8);
    bytes
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn floats(tensors: &SafeTensors, name: &str) -> Vec<f64> {
    let bytes = tensors.tensor(name).unwrap().data().chunks_exact(4);
    bytes
        .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
        .collect()
}

/// Largest difference relative to 1 or the value; NaN on both sides is no difference.
fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let one = |(a, b): (&f64, &f64)| match a.is_nan() && b.is_nan() {
        true => 0.0,
        false => (a - b).abs() / b.abs().max(1.0),
    };
    ours.iter().zip(theirs).map(one).fold(
        0.0,
        |worst, d| if d > worst || d.is_nan() { d } else { worst },
    )
}

fn numbers(frame: &Frame, column: &str) -> Vec<f64> {
    frame.column(column).unwrap().to_f64().unwrap()
}

/// scanpy 1.11.5: normalize_total, log1p, highly_variable_genes of 300 cells by 80 genes.
#[test]
fn the_published_numbers_come_out() {
    let bytes = std::fs::read(fixture("preprocess.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prepared.h5ad");
    let settings = PrepareSettings {
        layer: Some("counts".into()),
        variable_genes: 20,
        protocol: Protocol::Paper,
        ..PrepareSettings::default()
    };
    let source = AnnData::open(fixture("csr_categorical.h5ad")).unwrap();
    let prepared = prepare(
        &source,
        &output,
        &settings,
        None,
        WriteOptions::default(),
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(prepared.target_total, Some(81.0));
    let names: Vec<String> = prepared
        .conditions
        .conditions()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        names,
        [
            "control",
            "GENE0",
            "GENE0+GENE1",
            "GENE1",
            "GENE2",
            "GENE2+GENE3",
            "GENE3",
            "GENE4"
        ]
    );

    let written = AnnData::open(&output).unwrap();
    let var = written.frame(Axis::Var).unwrap();
    let all = source.var().names().unwrap();
    let kept: Vec<usize> = var
        .names()
        .iter()
        .map(|n| all.iter().position(|a| a == n).unwrap())
        .collect();
    let selected = tensors.tensor("highly_variable").unwrap().data();
    let expected: Vec<&String> = all
        .iter()
        .zip(selected)
        .filter(|(_, s)| **s == 1)
        .map(|(n, _)| n)
        .collect();
    let flags = numbers(&var, "highly_variable");
    let found: Vec<String> = var
        .names()
        .into_iter()
        .zip(&flags)
        .filter(|(_, f)| **f == 1.0)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(found.iter().collect::<Vec<_>>(), expected, "the same genes");
    // The perturbed genes are kept, too.
    assert!((0..5).all(|i| var.names().contains(&format!("GENE{i}"))));
    assert_eq!(numbers(&var, "perturbed").iter().sum::<f64>(), 5.0);

    let pick = |values: Vec<f64>| kept.iter().map(|gene| values[*gene]).collect::<Vec<_>>();
    for (ours, theirs) in [
        ("means", "means"),
        ("dispersions", "dispersions"),
        ("dispersions_norm", "dispersions_norm"),
    ] {
        let worst = difference(&numbers(&var, ours), &pick(doubles(&tensors, theirs)));
        assert!(worst <= 1e-5, "{ours}: {worst:e}");
    }
    let expected = floats(&tensors, "normalized_log1p");
    let expected: Vec<f64> = (0..300)
        .flat_map(|cell| kept.iter().map(move |gene| cell * 80 + gene))
        .map(|i| expected[i])
        .collect();
    let x = written.x().unwrap().rows::<f64>(0..300).unwrap().to_dense();
    let worst = difference(&x, &expected);
    assert!(worst <= 1e-6, "normalised: {worst:e}");
}

/// 700 real cells by 765 genes, which scanpy ships; needs a Python with scanpy, named by `RHEOME_PYTHON`.
#[test]
fn real_cells_have_the_genes_that_scanpy_selects() {
    let Some(python) = std::env::var_os("RHEOME_PYTHON") else {
        eprintln!("SKIPPED: select_genes.py not run, RHEOME_PYTHON names no interpreter");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let [raw, output] = ["raw.h5ad", "prepared.h5ad"].map(|name| folder.path().join(name));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/select_genes.py");
    let ran = std::process::Command::new(python)
        .arg(script)
        .arg(&raw)
        .arg("120")
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let lines = String::from_utf8(ran.stdout).unwrap();
    let genes: Vec<(String, bool, f64, f64, f64)> = lines
        .lines()
        .map(|line| serde_json::from_str(&line.replace("NaN", "null")).unwrap())
        .map(
            |(name, selected, mean, dispersion, norm): (
                String,
                bool,
                f64,
                Option<f64>,
                Option<f64>,
            )| {
                (
                    name,
                    selected,
                    mean,
                    dispersion.unwrap_or(f64::NAN),
                    norm.unwrap_or(f64::NAN),
                )
            },
        )
        .collect();
    assert_eq!(genes.len(), 765);
    let settings = PrepareSettings {
        input: Input::Logarithms,
        variable_genes: 120,
        ..PrepareSettings::default()
    };
    prepare(
        &AnnData::open(&raw).unwrap(),
        &output,
        &settings,
        None,
        WriteOptions::default(),
        &mut |_, _| {},
    )
    .unwrap();
    let var = AnnData::open(&output).unwrap().frame(Axis::Var).unwrap();
    let expected: Vec<_> = genes.iter().filter(|gene| gene.1).collect();
    assert_eq!(
        var.names(),
        expected
            .iter()
            .map(|gene| gene.0.clone())
            .collect::<Vec<_>>()
    );
    let theirs = |pick: fn(&(String, bool, f64, f64, f64)) -> f64| {
        expected.iter().map(|g| pick(g)).collect::<Vec<_>>()
    };
    for (column, theirs) in [
        ("means", theirs(|g| g.2)),
        ("dispersions", theirs(|g| g.3)),
        ("dispersions_norm", theirs(|g| g.4)),
    ] {
        let worst = difference(&numbers(&var, column), &theirs);
        assert!(worst <= 1e-5, "{column}: {worst:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// The test of the strict protocol: whatever the test cells hold, the rest of the file is the same.
    #[test]
    fn test_cells_have_no_say_in_what_is_chosen(seed in any::<u64>()) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a.h5ad"), 140, |_, cell, gene| draw(seed, cell, gene, 1 + gene as u64 / 3));
        let first = prepare_small(&at("a.h5ad"), &at("a.prepared.h5ad"), Protocol::Strict).unwrap();
        let split = first.split.clone().unwrap();
        let held_out = split.test().iter().next().unwrap().to_string();
        prop_assert_eq!(split.test().len(), 1);
        // The held-out pair, in the spelling of the raw file.
        let spelled = match held_out.as_str() { "G0+G1" => "G0+G1", "G1+G2" => "G1_G2", _ => "G2+G0" };
        write(&at("b.h5ad"), 140, |label, cell, gene| match label == spelled {
            true => 50.0 * draw(!seed, cell, gene, 9),
            false => draw(seed, cell, gene, 1 + gene as u64 / 3),
        });
        let second = prepare_small(&at("b.h5ad"), &at("b.prepared.h5ad"), Protocol::Strict).unwrap();
        prop_assert_eq!(&first, &second);
        let [a, b] = ["a.prepared.h5ad", "b.prepared.h5ad"].map(|name| AnnData::open(at(name)).unwrap());
        prop_assert_eq!(a.frame(Axis::Var).unwrap(), b.frame(Axis::Var).unwrap());
        let parts = a.obs().column(SPLIT).unwrap();
        let trained: Vec<usize> = (0..140).filter(|cell| parts.text(*cell).as_deref() == Some("train")).collect();
        prop_assert_eq!(trained.len(), 120);
        let rows = |cells: &AnnData| cells.x().unwrap().rows_at::<f32>(&trained).unwrap();
        prop_assert_eq!(rows(&a), rows(&b));

        // Not so as published.
        let [a, b] = ["a", "b"].map(|name| {
            let output = at(&format!("{name}.paper.h5ad"));
            prepare_small(&at(&format!("{name}.h5ad")), &output, Protocol::Paper).unwrap();
            AnnData::open(output).unwrap().frame(Axis::Var).unwrap()
        });
        prop_assert_ne!(numbers(&a, "means"), numbers(&b, "means"));
    }
}

#[test]
fn a_prepared_file_tells_all_that_training_needs() {
    let folder = tempfile::tempdir().unwrap();
    let [raw, output] = ["raw.h5ad", "prepared.h5ad"].map(|name| folder.path().join(name));
    write(&raw, 70, |_, cell, gene| draw(1, cell, gene, 3));
    let prepared = prepare_small(&raw, &output, Protocol::Strict).unwrap();
    assert!(prepared.unmeasured.is_empty());
    let cells = AnnData::open(&output).unwrap();
    assert_eq!(
        (cells.n_obs(), cells.n_vars()),
        (prepared.cells, prepared.genes)
    );
    let conditions = read_conditions(&cells, PERTURBATION, &LabelSettings::default()).unwrap();
    assert_eq!(conditions, prepared.conditions);
    assert_eq!(
        conditions.control_cells(),
        (0..70).step_by(7).collect::<Vec<_>>()
    );
    let stored = cells.uns_at("split").unwrap();
    assert_eq!(
        Split::held_out(&stored).as_ref(),
        Some(prepared.split.unwrap().test())
    );
    assert_eq!(
        cells.uns_at("prepare/protocol").unwrap().as_text(),
        Some("strict")
    );
    assert_eq!(cells.uns_at("prepare/gene_key").unwrap(), Value::Null);
    let var = cells.frame(Axis::Var).unwrap();
    // At least those asked for: genes alone in their bin are equally variable.
    assert!(numbers(&var, "evaluated").iter().sum::<f64>() >= 4.0);
    // The same command gives the same file.
    let again = folder.path().join("again.h5ad");
    prepare_small(&raw, &again, Protocol::Strict).unwrap();
    assert_eq!(
        std::fs::read(output).unwrap(),
        std::fs::read(again).unwrap()
    );
}

#[test]
fn what_does_not_work_is_said_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let [raw, output] = ["raw.h5ad", "prepared.h5ad"].map(|name| folder.path().join(name));
    write(
        &raw,
        70,
        |_, cell, gene| if (cell, gene) == (3, 4) { 0.5 } else { 1.0 },
    );
    let cells = AnnData::open(&raw).unwrap();
    let told = |settings: PrepareSettings, expected: &str| {
        let error = prepare(
            &cells,
            &output,
            &settings,
            None,
            WriteOptions::default(),
            &mut |_, _| {},
        )
        .unwrap_err()
        .to_string();
        let error = error.replace(&raw.display().to_string(), "RAW");
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        assert!(!output.exists());
    };
    let default = PrepareSettings::default;
    told(
        default(),
        "RAW:X: 0.5 for gene \"G4\" of cell \"cell3\": expected counts",
    );
    told(
        PrepareSettings {
            perturbation_key: "gene".into(),
            ..default()
        },
        "RAW: no column \"gene\" in obs; the only one is \"condition\"; name another with --pert-col",
    );
    told(
        PrepareSettings {
            layer: Some("counts".into()),
            ..default()
        },
        "RAW: no layer \"counts\" in layers; there are no layers",
    );
    told(
        PrepareSettings {
            gene_key: Some("symbol".into()),
            ..default()
        },
        "RAW: no column \"symbol\" in var",
    );
    let labels = LabelSettings {
        control: vec!["non-targeting".into()],
        ..LabelSettings::default()
    };
    told(
        PrepareSettings {
            labels,
            ..default()
        },
        "RAW: obs/condition: no control cells: no label is non-targeting; the nearest of its 7 labels are",
    );
    told(
        PrepareSettings {
            input: Input::Logarithms,
            variable_genes: 0,
            ..default()
        },
        "variable_genes: found 0, expected 1 or more",
    );
    told(
        PrepareSettings {
            target_total: Some(f64::NAN),
            ..default()
        },
        "target_total: found NaN, expected a number above 0",
    );
}

#[test]
fn logarithms_are_told_from_counts_and_from_scaled_values() {
    let folder = tempfile::tempdir().unwrap();
    let [raw, output] = ["raw.h5ad", "prepared.h5ad"].map(|name| folder.path().join(name));
    let told = |count: fn(&str, usize, usize) -> f32, expected: &str| {
        write(&raw, 70, count);
        let settings = PrepareSettings {
            input: Input::Logarithms,
            ..PrepareSettings::default()
        };
        let source = AnnData::open(&raw).unwrap();
        let options = WriteOptions::default();
        let error = prepare(&source, &output, &settings, None, options, &mut |_, _| {});
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!output.exists());
        std::fs::remove_file(&raw).unwrap();
    };
    told(
        |_, cell, gene| draw(1, cell, gene, 3),
        "nothing but whole numbers",
    );
    told(
        |_, _, _| 0.5 - 1.0,
        "-0.5 for gene \"G0\" of cell \"cell0\": expected log(1 + x), never below 0",
    );
    told(
        |_, cell, _| if cell == 2 { 31.0 } else { 0.5 },
        "31 for gene \"G0\" of cell \"cell2\"",
    );
    told(|_, _, _| f32::NAN, "NaN for gene \"G0\"");
}

#[test]
fn cells_are_prepared_once() {
    let folder = tempfile::tempdir().unwrap();
    let [raw, once, twice] = ["raw", "once", "twice"].map(|name| folder.path().join(name));
    write(&raw, 70, |_, cell, gene| draw(1, cell, gene, 3));
    prepare_small(&raw, &once, Protocol::Strict).unwrap();
    let error = prepare_small(&once, &twice, Protocol::Strict).unwrap_err();
    assert!(
        error.to_string().contains("was prepared already"),
        "{error}"
    );
    assert!(!twice.exists());
}
