//! `turbulence info`: what a field file or a model folder holds.

use std::path::Path;

use burn::tensor::Device;
use rheome_cli::{Failure, say};
use rheome_fields::{Attribute, FieldReader};
use serde_json::{Value, json};

use crate::arguments::InfoArguments;
use crate::model_folder;
use crate::statistics_file::{self, NamedResults};

/// Facts in the order in which they are told.
type Facts = Vec<(String, Value)>;

/// Runs the command.
pub fn run(arguments: &InfoArguments) -> Result<(), Failure> {
    let path = Path::new(&arguments.path);
    let facts = if path.is_dir() {
        of_model(path)?
    } else if statistics_file::is_statistics(path) {
        of_statistics(path)?
    } else {
        of_fields(rheome_fields::open(&arguments.path)?.as_ref())
    };
    if arguments.json {
        say(Value::Object(facts.into_iter().collect()));
    } else {
        for (key, value) in &facts {
            say(line(key, value));
        }
    }
    Ok(())
}

fn line(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{key}: {}", text.replace('\n', " ")),
        Value::Object(inner) => {
            let lines: Vec<String> = inner
                .iter()
                .map(|(k, v)| format!("  {}", line(k, v)))
                .collect();
            format!("{key}:\n{}", lines.join("\n"))
        }
        other => format!("{key}: {other}"),
    }
}

fn of_fields(reader: &dyn FieldReader) -> Facts {
    let shape = reader.shape();
    let header = reader.header();
    let completed: Vec<usize> = (0..shape.trajectories)
        .map(|t| reader.completed(t))
        .collect();
    let mut facts: Facts = Vec::new();
    let mut tell = |key: &str, value: Value| facts.push((key.to_owned(), value));
    tell("fields", json!(reader.label()));
    tell("trajectories", json!(shape.trajectories));
    tell("snapshots", json!(shape.snapshots));
    if completed.iter().any(|n| *n < shape.snapshots) {
        tell("complete_snapshots", json!(completed));
    }
    tell("grid", json!(shape.grid));
    tell(
        "components",
        header
            .components
            .as_ref()
            .map_or(json!(shape.components), |names| json!(names)),
    );
    let times: Vec<f64> = reader
        .times()
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|t| t.is_finite())
        .collect();
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        tell("time", json!([first, last]));
    }
    if let Some(coordinates) = &header.coordinates {
        for (axis, values) in ["x", "y", "z"].into_iter().zip(coordinates) {
            tell(axis, json!([values.first(), values.last()]));
        }
    }
    tell(
        "bytes_in_memory",
        json!(shape.trajectories * shape.snapshots * shape.snapshot_len() * 4),
    );
    let attributes = header.attributes.iter().map(|(key, value)| {
        let value = match value {
            Attribute::Number(number) => json!(number),
            Attribute::Text(text) => json!(text),
        };
        (key.clone(), value)
    });
    tell("attributes", Value::Object(attributes.collect()));
    facts
}

fn of_model(folder: &Path) -> Result<Facts, Failure> {
    let loaded = model_folder::load_folder(folder, &Device::flex())?;
    let facts = [
        ("model", json!(folder.display().to_string())),
        ("parameters", json!(loaded.model.num_params())),
        ("settings", json!(loaded.config)),
        ("time_step", json!(loaded.time_step)),
        ("normalization", json!(loaded.normalization)),
    ];
    Ok(facts.map(|(key, value)| (key.to_owned(), value)).into())
}

fn of_statistics(path: &Path) -> Result<Facts, Failure> {
    let mut facts = vec![("statistics".to_owned(), json!(path.display().to_string()))];
    for set in statistics_file::read(path)? {
        let about = Value::Object(of_results(&set).into_iter().collect());
        facts.push((set.name, about));
    }
    Ok(facts)
}

/// What is told of one data set of a file of statistics.
fn of_results(set: &NamedResults) -> Facts {
    let results = &set.results;
    let waves = |spectra: &Option<rheome_statistics::LineSpectra>| {
        spectra.as_ref().map(|s| json!(s.wavenumber.len()))
    };
    let range = |times: &[f64]| Some(json!([times.first()?, times.last()?]));
    let history: Vec<f64> = results.history.iter().map(|e| e.time).collect();
    let slices = results.slices.as_ref();
    let errors = results.lead_time.as_ref();
    let nominal = results.wall_units;
    let measured = results.measured_wall_units();
    let reynolds =
        |units: rheome_statistics::WallUnits| json!(units.friction_reynolds(results.half_height()));
    let facts = [
        ("source", Some(json!(set.source))),
        ("snapshots", Some(json!(results.snapshots))),
        ("points", Some(json!(results.heights.len()))),
        ("velocity_units", Some(json!(set.units.velocity))),
        ("bulk_velocity", Some(json!(results.bulk_velocity()))),
        ("Re_tau", nominal.map(reynolds)),
        ("measured_Re_tau", measured.map(reynolds)),
        ("streamwise_wavenumbers", waves(&results.streamwise)),
        ("spanwise_wavenumbers", waves(&results.spanwise)),
        ("history", range(&history)),
        ("slices", slices.and_then(|s| range(&s.time))),
        ("reference", set.reference.as_ref().map(|r| json!(r))),
        ("lead_time", errors.and_then(|e| range(&e.lead_time))),
        (
            "decorrelation_time",
            errors.and_then(|e| e.prediction.decorrelation_time.map(|t| json!(t))),
        ),
    ];
    let known = facts
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    known.collect()
}
