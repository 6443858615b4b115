//! `perturb prepare`: from counts as they were measured to the file that training reads.

use std::collections::BTreeMap;

use rheome_anndata::AnnData;
use rheome_cells::{
    Condition, Conditions, PrepareSettings, Prepared, Split, prepare, says_missing,
};
use rheome_cli::outputs::NewFile;
use rheome_cli::{Console, Failure, RunFiles, did_you_mean, say};
use serde_json::{Value, json};

use super::{cells_meter, failures};
use crate::arguments::PrepareArguments;

/// Names told at most.
const MOST_NAMES: usize = 8;

/// Runs the command.
pub fn run(arguments: &PrepareArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments.split.refuse_unused(arguments.split_method)?;
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.write.overwrite,
        resume: None,
    };
    let files = RunFiles::default().read("raw", &arguments.raw);
    let files = files.write(output.option, output.path);
    files.log(&arguments.compute).check()?;
    // A signal takes the lock away too.
    let mut progress = cells_meter(console, "prepare")?;
    let _claim = output.begin()?;
    let raw = AnnData::open(&arguments.raw)?;
    arguments.compute.select_cpu(console, "prepare")?;
    let mut log = arguments.compute.log(false)?;
    let split = arguments.split_method;
    let split = split.map(|method| arguments.split.settings(method, arguments.compute.seed));
    let prepared = prepare(
        &raw,
        &arguments.output,
        &settings(arguments),
        split.as_ref(),
        arguments.write.options(),
        &mut progress,
    )
    .map_err(failures::of_options)?;
    note_dropped(console, &prepared);
    note_unmeasured(console, &prepared);
    note_renamed(console, &prepared);
    if !prepared.left_out.is_empty() {
        console.note(format!(
            "note: not taken over: {}",
            shortened(&prepared.left_out)
        ));
    }
    log.line(&facts(&prepared))?;
    if !arguments.compute.quiet {
        summary(&prepared).into_iter().for_each(say);
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

fn settings(arguments: &PrepareArguments) -> PrepareSettings {
    PrepareSettings {
        perturbation_key: arguments.keys.pert_col.clone(),
        gene_key: arguments.keys.gene_col.clone(),
        make_unique: arguments.keys.make_unique,
        layer: arguments.layer.clone(),
        raw: arguments.raw_values,
        input: arguments.input,
        target_total: arguments.target_total,
        flavor: arguments.flavor,
        variable_genes: arguments.genes,
        evaluated_genes: arguments.evaluated_genes,
        protocol: arguments.protocol,
        labels: arguments.keys.labels(),
        drop_unlabelled: arguments.drop_unlabelled,
        drop_unmeasured: arguments.drop_unmeasured,
    }
}

/// Says which cells are left out.
fn note_dropped(console: Console, prepared: &Prepared) {
    let dropped = &prepared.dropped;
    if dropped.unlabelled > 0 {
        let cells = dropped.unlabelled;
        console.note(format!("note: left out {cells} cells without a label"));
    }
    if !dropped.unmeasured.is_empty() {
        let names: Vec<String> = dropped
            .unmeasured
            .iter()
            .map(|(c, _)| c.to_string())
            .collect();
        console.note(format!(
            "note: left out {} cells of conditions that name what was not measured: {}",
            dropped.unmeasured.iter().map(|(_, n)| n).sum::<usize>(),
            shortened(&names)
        ));
    }
}

/// Says which perturbed genes the file did not measure: misspelt ones, or drugs.
fn note_unmeasured(console: Console, prepared: &Prepared) {
    let unmeasured = &prepared.unmeasured;
    if unmeasured.is_empty() {
        return;
    }
    let conditions = prepared.conditions.conditions();
    let is_label = |name: &str| conditions.contains(&Condition::of([name]));
    for name in unmeasured
        .iter()
        .filter(|name| says_missing(name) && is_label(name))
    {
        console.note(format!(
            "note: the label {name:?} may be a missing one: --drop-unlabelled leaves such cells out"
        ));
    }
    let targets = prepared.conditions.targets().len();
    if unmeasured.len() == targets {
        console.note(format!(
            "note: none of the {targets} names in the conditions is a measured gene ({}): drugs, or genes under other names \
             (--gene-col)",
            shortened(unmeasured)
        ));
        return;
    }
    let with_nearest = |name: &String| {
        let question = did_you_mean(name, prepared.measured.iter().map(String::as_str));
        match question.trim_start_matches("; ") {
            "" => name.clone(),
            question => format!("{name} ({question})"),
        }
    };
    let told: Vec<String> = unmeasured
        .iter()
        .take(MOST_NAMES)
        .map(with_nearest)
        .collect();
    console.note(format!(
        "note: {} of the {targets} perturbed genes were not measured: {}{}; scDFM cannot learn from their cells, which \
         --drop-unmeasured leaves out",
        unmeasured.len(),
        told.join(", "),
        more(unmeasured.len())
    ));
}

/// Says which genes and columns of the source have another name now.
fn note_renamed(console: Console, prepared: &Prepared) {
    if !prepared.made_unique.is_empty() {
        console.note(format!(
            "note: genes of a name that another has before them are called {}; perturbations of such a name are of the first",
            shortened(&prepared.made_unique)
        ));
    }
    note_renamed_columns(console, &prepared.renamed);
}

/// Says which columns, told with their groups, have another name in what is written.
pub fn note_renamed_columns(console: Console, renamed: &[(String, String)]) {
    let pairs = renamed.iter();
    let told: Vec<String> = pairs.map(|(old, new)| format!("{old} as {new}")).collect();
    if !told.is_empty() {
        console.note(format!(
            "note: kept under another name: {}",
            shortened(&told)
        ));
    }
}

/// The first names, and how many more there are.
fn shortened(names: &[String]) -> String {
    let told: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    format!("{}{}", told.join(", "), more(names.len()))
}

fn more(count: usize) -> String {
    match count.checked_sub(MOST_NAMES) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    }
}

fn summary(prepared: &Prepared) -> Vec<String> {
    let conditions = &prepared.conditions;
    let mut lines = vec![
        format!(
            "{} cells, {} of {} genes",
            prepared.cells,
            prepared.genes,
            prepared.measured.len()
        ),
        conditions_line(conditions),
    ];
    lines.extend(
        prepared
            .target_total
            .map(|total| format!("counts of every cell scaled to {total}, then log(1 + x)")),
    );
    lines.extend(
        prepared
            .split
            .as_ref()
            .map(|split| split_line(split, conditions)),
    );
    lines
}

/// How many conditions of which kind there are.
pub fn conditions_line(conditions: &Conditions) -> String {
    let all = conditions.conditions();
    let combinations = all.iter().filter(|c| c.is_combination()).count();
    let control = conditions.control_cells().len();
    let alone = all.len() - combinations - usize::from(control > 0);
    format!("{alone} perturbations alone, {combinations} combinations, {control} control cells")
}

/// What a split holds out.
pub fn split_line(split: &Split, conditions: &Conditions) -> String {
    let cells = conditions.cells_by_condition();
    let of_test = conditions.conditions().iter().zip(cells);
    let of_test = of_test.filter(|(condition, _)| split.test().contains(condition));
    let settings = split.settings();
    format!(
        "split {}, fold {}: {} conditions held out, {} cells",
        settings.method.name(),
        settings.fold,
        split.test().len(),
        of_test.map(|(_, cells)| cells.len()).sum::<usize>()
    )
}

/// Old and new names of columns, for the log.
pub fn by_name(renamed: &[(String, String)]) -> BTreeMap<String, String> {
    renamed.iter().cloned().collect()
}

fn facts(prepared: &Prepared) -> Value {
    let split = prepared.split.as_ref();
    json!({
        "event": "prepared",
        "cells": prepared.cells,
        "genes": prepared.genes,
        "conditions": prepared.conditions.conditions().len(),
        "target_total": prepared.target_total,
        "unmeasured": prepared.unmeasured,
        "made_unique": prepared.made_unique,
        "renamed": by_name(&prepared.renamed),
        "left_out": prepared.left_out,
        "dropped": json!({
            "unlabelled": prepared.dropped.unlabelled,
            "unmeasured": prepared.dropped.unmeasured.iter().map(|(c, n)| (c.to_string(), *n)).collect::<BTreeMap<_, _>>(),
        }),
        "test": split.map(|s| s.test().iter().map(ToString::to_string).collect::<Vec<_>>()),
    })
}
