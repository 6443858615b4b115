//! Prepared cells are split anew, and all else stays.

mod screen;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rheome_anndata::{AnnData, Axis, WriteOptions};
use rheome_cells::{
    EVALUATED, Protocol, Resplit, SPLIT, Split, SplitMethod, SplitSettings, resplit,
};
use screen::{draw, prepare_small, write};

/// A prepared file, and what another split of it into the same file tells.
fn again(protocol: Protocol, settings: &SplitSettings) -> (AnnData, AnnData, Resplit) {
    let folder = tempfile::tempdir().unwrap();
    let [raw, first, second] = ["raw", "first", "second"].map(|name| folder.path().join(name));
    write(&raw, 140, |_, cell, gene| {
        draw(7, cell, gene, 1 + gene as u64 / 3)
    });
    prepare_small(&raw, &first, protocol).unwrap();
    std::fs::copy(&first, &second).unwrap();
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let mut read = Vec::new();
    let mut progress = |done, total| {
        read.push((done, total));
        ControlFlow::Continue(())
    };
    let source = AnnData::open(&second).unwrap();
    let told = resplit(&source, &second, settings, options, &mut progress).unwrap();
    assert_eq!(read.last(), Some(&(140, 140)));
    drop(source);
    (
        AnnData::open(&first).unwrap(),
        AnnData::open(&second).unwrap(),
        told,
    )
}

fn given(names: &[&str]) -> SplitSettings {
    SplitSettings {
        method: SplitMethod::Given,
        conditions: names.iter().map(ToString::to_string).collect(),
        ..SplitSettings::default()
    }
}

#[test]
fn the_split_changes_and_the_values_do_not() {
    let (before, after, told) = again(Protocol::Strict, &given(&["G2", "G1+G0"]));
    let names: Vec<String> = told.split.test().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["G0+G1", "G2"]);
    let stored = after.uns_at(SPLIT).unwrap();
    assert_eq!(Split::held_out(&stored).as_ref(), Some(told.split.test()));
    assert_eq!(
        after.uns_at("prepare").unwrap(),
        before.uns_at("prepare").unwrap()
    );
    assert_eq!(after.uns_keys().unwrap(), before.uns_keys().unwrap());
    let rows = |cells: &AnnData| cells.x().unwrap().rows::<f32>(0..140).unwrap();
    assert_eq!(rows(&after), rows(&before));
    let [old, new] = [&before, &after].map(|cells| cells.frame(Axis::Var).unwrap());
    for (name, column) in old.columns().iter().filter(|(name, _)| name != EVALUATED) {
        assert_eq!(new.column(name), Some(column), "{name}");
    }
    let parts = after.obs().column(SPLIT).unwrap();
    let conditions = after.obs().column("perturbation").unwrap();
    for cell in 0..140 {
        let is_test = ["G0+G1", "G2"].contains(&conditions.text(cell).unwrap().as_str());
        let expected = if is_test { "test" } else { "train" };
        assert_eq!(parts.text(cell).as_deref(), Some(expected));
    }
}

#[test]
fn genes_chosen_with_cells_that_are_held_out_now_are_a_leak() {
    // Every pair is held out by one of these, and the genes were chosen without one of the pairs.
    let leaks = |protocol, pair: &str| again(protocol, &given(&[pair])).2.leaks;
    let strict: Vec<bool> = ["G0+G1", "G1+G2", "G0+G2"]
        .map(|pair| leaks(Protocol::Strict, pair))
        .into();
    assert_eq!(
        strict.iter().filter(|leaks| !**leaks).count(),
        1,
        "{strict:?}"
    );
    assert!(!leaks(Protocol::Paper, "G0+G1"), "as published");
}

#[test]
fn the_protocol_decides_whose_cells_judge_genes() {
    let genes = |protocol| {
        let (_, after, _) = again(protocol, &given(&["G0+G2"]));
        let var = after.frame(Axis::Var).unwrap();
        let flags = var.column(EVALUATED).unwrap().to_f64().unwrap();
        var.names()
            .into_iter()
            .zip(flags)
            .filter(|(_, flag)| *flag == 1.0)
            .map(|(name, _)| name)
            .collect::<BTreeSet<String>>()
    };
    let [strict, paper] = [Protocol::Strict, Protocol::Paper].map(genes);
    assert!(strict.len() >= 4 && paper.len() >= 4);
    assert_ne!(strict, paper);
}

#[test]
fn a_file_that_was_not_prepared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw.h5ad");
    write(&raw, 70, |_, cell, gene| draw(1, cell, gene, 3));
    let source = AnnData::open(&raw).unwrap();
    let output = folder.path().join("split.h5ad");
    let settings = SplitSettings::default();
    let error = resplit(
        &source,
        &output,
        &settings,
        WriteOptions::default(),
        &mut |_, _| ControlFlow::Continue(()),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("was not prepared") && error.contains("perturb prepare"),
        "{error}"
    );
    assert!(!output.exists());
}
