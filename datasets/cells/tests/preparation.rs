//! Prepared cells are what scanpy makes of them, and what tests a model has no say in how its training cells are prepared.

mod screen;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rheome_anndata::{AnnData, Axis, Frame, Value, WriteOptions};
use rheome_cells::{
    Input, LabelSettings, PERTURBATION, PrepareSettings, Prepared, Protocol, SPLIT, Split, prepare,
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

/// What the settings make of a file, without a split.
fn prepared(source: &AnnData, output: &Path, settings: &PrepareSettings) -> (Prepared, AnnData) {
    let options = WriteOptions::default();
    let told = prepare(source, output, settings, None, options, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    (told, AnnData::open(output).unwrap())
}

/// The names of genes whose flag in a column is set.
fn flagged(var: &Frame, column: &str) -> Vec<String> {
    let flags = numbers(var, column);
    let genes = var.names().into_iter().zip(flags);
    genes.filter(|(_, f)| *f == 1.0).map(|(n, _)| n).collect()
}

/// The 300 cells by 80 genes whose preparation by scanpy 1.11.5 is known, 20 genes kept.
fn published(folder: &Path) -> (AnnData, Prepared, AnnData, Vec<u8>) {
    let settings = PrepareSettings {
        layer: Some("counts".into()),
        variable_genes: 20,
        protocol: Protocol::Paper,
        ..PrepareSettings::default()
    };
    let source = AnnData::open(fixture("csr_categorical.h5ad")).unwrap();
    let (told, written) = prepared(&source, &folder.join("prepared.h5ad"), &settings);
    let bytes = std::fs::read(fixture("preprocess.safetensors")).unwrap();
    (source, told, written, bytes)
}

/// scanpy 1.11.5: highly_variable_genes.
#[test]
fn the_published_genes_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (source, told, written, bytes) = published(folder.path());
    let conditions = told.conditions.conditions().iter();
    let names: Vec<String> = conditions.map(ToString::to_string).collect();
    let expected = "control GENE0 GENE0+GENE1 GENE1 GENE2 GENE2+GENE3 GENE3 GENE4";
    assert_eq!(names.join(" "), expected);
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let selected = tensors.tensor("highly_variable").unwrap().data();
    let all = source.var().names().unwrap();
    let expected = all.into_iter().zip(selected).filter(|(_, s)| **s == 1);
    let expected: Vec<String> = expected.map(|(name, _)| name).collect();
    let var = written.frame(Axis::Var).unwrap();
    assert_eq!(flagged(&var, "highly_variable"), expected);
    let perturbed: Vec<String> = (0..5).map(|i| format!("GENE{i}")).collect();
    assert_eq!(flagged(&var, "perturbed"), perturbed, "kept besides");
}

/// scanpy 1.11.5: normalize_total, log1p, and the numbers behind highly_variable_genes.
#[test]
fn the_published_numbers_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let (source, told, written, bytes) = published(folder.path());
    assert_eq!(told.target_total, Some(81.0));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let var = written.frame(Axis::Var).unwrap();
    let all = source.var().names().unwrap();
    let place = |name: &String| all.iter().position(|a| a == name).unwrap();
    let kept: Vec<usize> = var.names().iter().map(place).collect();
    for column in ["means", "dispersions", "dispersions_norm"] {
        let theirs = doubles(&tensors, column);
        let theirs: Vec<f64> = kept.iter().map(|gene| theirs[*gene]).collect();
        let worst = difference(&numbers(&var, column), &theirs);
        assert!(worst <= 1e-5, "{column}: {worst:e}");
    }
    let expected = floats(&tensors, "normalized_log1p");
    let of_kept = |cell: &[f64]| kept.iter().map(|gene| cell[*gene]).collect::<Vec<_>>();
    let expected: Vec<f64> = expected.chunks(80).flat_map(of_kept).collect();
    let x = written.x().unwrap().rows::<f64>(0..300).unwrap().to_dense();
    let worst = difference(&x, &expected);
    assert!(worst <= 1e-6, "normalised: {worst:e}");
}

/// What scanpy tells of a gene: name, whether it is selected, means, dispersions, dispersions_norm (NaN is null).
type Told = (String, bool, [Option<f64>; 3]);

/// Has `select_genes.py` write real cells; none without a Python with scanpy, named by `RHEOME_PYTHON`.
fn selected_by_scanpy(cells: &Path, count: &str) -> Option<Vec<Told>> {
    let Some(python) = std::env::var_os("RHEOME_PYTHON") else {
        eprintln!("SKIPPED: select_genes.py not run, RHEOME_PYTHON names no interpreter");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/select_genes.py");
    let mut command = std::process::Command::new(python);
    let ran = command.arg(script).arg(cells).arg(count).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    let lines = String::from_utf8(ran.stdout)
        .unwrap()
        .replace("NaN", "null");
    let genes = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    Some(genes.collect())
}

/// 700 real cells by 765 genes, which scanpy ships.
#[test]
fn real_cells_have_the_genes_that_scanpy_selects() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw.h5ad");
    let Some(genes) = selected_by_scanpy(&raw, "120") else {
        return;
    };
    assert_eq!(genes.len(), 765);
    let settings = PrepareSettings {
        input: Input::Logarithms,
        variable_genes: 120,
        ..PrepareSettings::default()
    };
    let output = folder.path().join("prepared.h5ad");
    let (_, written) = prepared(&AnnData::open(&raw).unwrap(), &output, &settings);
    let var = written.frame(Axis::Var).unwrap();
    let expected: Vec<&Told> = genes.iter().filter(|gene| gene.1).collect();
    let names: Vec<String> = expected.iter().map(|gene| gene.0.clone()).collect();
    assert_eq!(var.names(), names);
    let columns = ["means", "dispersions", "dispersions_norm"];
    for (place, column) in columns.into_iter().enumerate() {
        let theirs = expected
            .iter()
            .map(|gene| gene.2[place].unwrap_or(f64::NAN));
        let worst = difference(&numbers(&var, column), &theirs.collect::<Vec<_>>());
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
    let half = |cell, gene| (cell, gene) == (3, 4);
    write(
        &raw,
        70,
        |_, cell, gene| if half(cell, gene) { 0.5 } else { 1.0 },
    );
    let cells = AnnData::open(&raw).unwrap();
    let told = |change: fn(&mut PrepareSettings), expected: &str| {
        let mut settings = PrepareSettings::default();
        change(&mut settings);
        let options = WriteOptions::default();
        let failed = prepare(&cells, &output, &settings, None, options, &mut |_, _| {
            ControlFlow::Continue(())
        });
        let error = failed.unwrap_err().to_string();
        let error = error.replace(&raw.display().to_string(), "RAW");
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        assert!(!output.exists());
    };
    let counts = "RAW:X: 0.5 for gene \"G4\" of cell \"cell3\": expected counts";
    told(|_| {}, counts);
    let column = "RAW: no column \"gene\" in obs; the only one is \"condition\"; name another with --pert-col";
    told(|s| s.perturbation_key = "gene".into(), column);
    let layer =
        "RAW: no layer \"counts\" in layers; there are no layers; name another with --layer";
    told(|s| s.layer = Some("counts".into()), layer);
    told(|s| s.raw = true, "RAW: there is no raw in it");
    let symbol = "RAW: no column \"symbol\" in var";
    told(|s| s.gene_key = Some("symbol".into()), symbol);
    let control = "RAW: obs/condition: no control cells: no label is non-targeting; of its 7 labels \"ctrl\" (10 cells) may be";
    told(|s| s.labels.control = vec!["non-targeting".into()], control);
    let genes = "variable_genes: found 0, expected 1 or more";
    told(
        |s| (s.input, s.variable_genes) = (Input::Logarithms, 0),
        genes,
    );
    let total = "target_total: found NaN, expected a number above 0";
    told(|s| s.target_total = Some(f64::NAN), total);
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
        let error = prepare(&source, &output, &settings, None, options, &mut |_, _| {
            ControlFlow::Continue(())
        });
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
