//! `turbulence info`: what a field file or a model folder holds.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use rheome_cli::{Facts, Failure};
use rheome_fields::{Attribute, FieldReader};
use rheome_statistics_file::NamedResults;
use serde_json::{Value, json};

use crate::arguments::InfoArguments;
use crate::model_folder;

/// Runs the command.
pub fn run(arguments: &InfoArguments) -> Result<(), Failure> {
    let path = Path::new(&arguments.path);
    let facts = if path.is_dir() {
        of_model(path)?
    } else if rheome_statistics_file::is_statistics(path) {
        of_statistics(path)?
    } else {
        of_fields(rheome_fields::open(&arguments.path)?.as_ref())
    };
    facts.print(arguments.json);
    Ok(())
}

fn of_fields(reader: &dyn FieldReader) -> Facts {
    let shape = reader.shape();
    let header = reader.header();
    let completed = reader.completed_of_each();
    let mut facts = Facts::default();
    let mut tell = |key: &str, value: Value| facts.tell(key, value);
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
    if !header.per_trajectory.is_empty() {
        tell("per_trajectory", ranges(&header.per_trajectory));
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

/// Least and greatest of the numbers that each trajectory has its own of.
fn ranges(numbers: &BTreeMap<String, Vec<f64>>) -> Value {
    let range = |values: &[f64]| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        json!([least, greatest])
    };
    let ranges = numbers.iter().map(|(name, v)| (name.clone(), range(v)));
    Value::Object(ranges.collect())
}

fn of_model(folder: &Path) -> Result<Facts, Failure> {
    let loaded = model_folder::load_folder(folder, &Device::flex())?;
    let mut facts = Facts::default();
    facts.tell("model", folder);
    facts.tell("parameters", loaded.model.num_params());
    facts.tell("settings", loaded.config);
    facts.tell("time_step", loaded.time_step);
    facts.tell("normalization", loaded.normalization);
    Ok(facts)
}

fn of_statistics(path: &Path) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    facts.tell("statistics", path);
    for set in rheome_statistics_file::read(path)? {
        facts.tell(&set.name, of_results(&set).into_object());
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
    let mut known = Facts::default();
    for (key, value) in facts {
        known.tell_known(key, value);
    }
    known
}
