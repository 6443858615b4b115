//! `perturb info`: what an AnnData file or a model folder holds.

use std::path::Path;

use rheome_anndata::{AnnData, Axis, MatrixReader};
use rheome_cells::{
    CellsError, Conditions, Flavor, LabelSettings, PERTURBATION, PREPARE, PrepareSettings, SPLIT,
    Split, likely_controls, prepared_conditions, read_conditions,
};
use rheome_cli::{Facts, Failure, model_folder, settings};
use serde_json::{Map, Value, json};

use super::PROGRAM;
use crate::arguments::{InfoArguments, control_labels};
use crate::trained_on::TrainedOn;

/// Runs the command.
pub fn run(arguments: &InfoArguments) -> Result<(), Failure> {
    let facts = match arguments.path.is_dir() {
        true => of_model(&arguments.path)?,
        false => of_cells(arguments)?,
    };
    facts.print(arguments.json);
    Ok(())
}

fn of_cells(arguments: &InfoArguments) -> Result<Facts, Failure> {
    let path = &arguments.path;
    let cells = AnnData::open(path)?;
    let mut facts = Facts::default();
    let mut tell = |key: &str, value: Value| facts.tell(key, value);
    tell("file", json!(path.display().to_string()));
    tell("cells", json!(cells.n_obs()));
    tell("genes", json!(cells.n_vars()));
    if cells.has_x() {
        tell("X", json!(of_matrix(&cells.x()?)));
    }
    if let Some(raw) = cells.raw()? {
        let values = of_matrix(&raw.x);
        tell("raw", json!(format!("{} genes, {values}", raw.var.len())));
    }
    tell("obs", json!(cells.obs().columns()));
    tell("var", json!(cells.var().columns()));
    for (key, names) in [
        ("layers", cells.layers()?),
        ("obsm", cells.annotations(Axis::Obs)?),
        ("varm", cells.annotations(Axis::Var)?),
        ("obsp", cells.pairwise_keys(Axis::Obs)?),
        ("varp", cells.pairwise_keys(Axis::Var)?),
        ("uns", cells.uns_keys()?),
    ] {
        if !names.is_empty() {
            tell(key, json!(names));
        }
    }
    if let Some((column, conditions)) = conditions(&cells, arguments)? {
        let conditions = match conditions {
            Ok(conditions) => conditions,
            Err(reason) => {
                tell("conditions_error", json!(reason.to_string()));
                return finish(&cells, facts);
            }
        };
        tell("conditions", json!(conditions.conditions().len()));
        let control = conditions.control_cells().len();
        tell("control_cells", json!(control));
        if control == 0 {
            let likely = likely_controls(&cells.obs().column(&column)?);
            let labels: Vec<String> = likely.into_iter().map(|(label, _)| label).collect();
            if !labels.is_empty() {
                tell("likely_control", json!(labels));
            }
        }
        tell("perturbed", json!(conditions.targets()));
    }
    finish(&cells, facts)
}

/// Also tells how the cells were prepared and split.
fn finish(cells: &AnnData, mut facts: Facts) -> Result<Facts, Failure> {
    let mut tell = |key: &str, value: Value| facts.tell(key, value);
    if let Ok(prepared) = cells.uns_at(PREPARE) {
        let text = |key| prepared.get(key).and_then(|value| value.as_text());
        tell("protocol", json!(text("protocol")));
        // A file prepared before there were two does not tell.
        tell(
            "flavor",
            json!(text("flavor").unwrap_or(Flavor::Seurat.name())),
        );
        let total = prepared.get("target_total");
        tell(
            "target_total",
            json!(total.and_then(|total| total.as_f64())),
        );
    }
    if let Some(split) = of_split(cells) {
        tell("split", Value::Object(split));
    }
    Ok(facts)
}

fn of_matrix(matrix: &MatrixReader) -> String {
    let storage = format!("{:?}, {:?}", matrix.storage(), matrix.element());
    storage.to_lowercase()
}

/// The conditions of a column, or why they cannot be understood.
type Read = Result<Conditions, CellsError>;

/// The column that was named, or a usual one, and its conditions; none where there is no such column.
fn conditions(
    cells: &AnnData,
    arguments: &InfoArguments,
) -> Result<Option<(String, Read)>, Failure> {
    let labels = LabelSettings {
        control: control_labels(&arguments.control),
        ..LabelSettings::default()
    };
    let column = match &arguments.pert_col {
        Some(column) => {
            cells
                .require(&[column], &[], &[])
                .map_err(|missing| missing.named_by("--pert-col"))?;
            Some(column.clone())
        }
        None => {
            let usual = [
                PERTURBATION.to_owned(),
                PrepareSettings::default().perturbation_key,
            ];
            let there = cells.obs().columns();
            usual.into_iter().find(|name| there.contains(name))
        }
    };
    // What was prepared is read as training reads it.
    let is_prepared = cells.uns_at(PREPARE).is_ok() && arguments.control.is_empty();
    Ok(column.map(|column| {
        let found = match is_prepared && column == PERTURBATION {
            true => prepared_conditions(cells),
            false => read_conditions(cells, &column, &labels),
        };
        (column, found)
    }))
}

fn of_split(cells: &AnnData) -> Option<Map<String, Value>> {
    let stored = cells.uns_at(SPLIT).ok()?;
    let test = Split::held_out(&stored)?;
    let number = |key| {
        stored
            .get(key)
            .and_then(|value| value.as_f64())
            .map(|n| n as u64)
    };
    let told = [
        (
            "method",
            json!(stored.get("method").and_then(|m| m.as_text())),
        ),
        ("fold", json!(number("fold"))),
        ("seed", json!(number("seed"))),
        (
            "test",
            json!(test.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ),
    ];
    Some(
        told.map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
    )
}

fn of_model(folder: &Path) -> Result<Facts, Failure> {
    let config = model_folder::config_of(folder)?;
    model_folder::check_maker(folder, &[PROGRAM.name])?;
    let settings: Value = settings::load(&config, &[])?;
    let weights = std::fs::metadata(folder.join(model_folder::WEIGHTS)).ok();
    let mut facts = Facts::default();
    facts.tell("model", folder);
    facts.tell("weights_bytes", weights.map(|file| file.len()));
    let seconds = model_folder::training_seconds(folder);
    facts.tell("training_seconds", seconds);
    if let Some(trained_on) = TrainedOn::load(folder)? {
        facts.tell_known("held_out", trained_on.held_out);
        facts.tell_known("target_total", trained_on.target_total);
    }
    facts.tell("settings", settings);
    Ok(facts)
}
