//! `prose info`: what a data file, a prediction, a series or a model folder holds.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use rheome_cli::model_folder::{ModelSource, training_seconds};
use rheome_cli::{Facts, Failure};
use rheome_equations::{DataFile, Family, Series, Table, is_data_file};
use rheome_hdf::{message, number, text};
use serde_json::{Map, Value, json};

use super::PROGRAM;
use super::fluids::{self, LoadedModel};
use super::predict::{FORMAT as PREDICTION, INPUT};
use crate::arguments::InfoArguments;
use crate::trained_model::TrainedModel;

/// Runs the command.
pub fn run(arguments: &InfoArguments) -> Result<(), Failure> {
    let path = Path::new(&arguments.path);
    let is_other = || path.is_dir() || is_data_file(path) || is_prediction(path);
    if arguments.time_column.is_some() && is_other() {
        return Err(Failure::new(format!(
            "--time-column: {} is no series; leave the option out",
            arguments.path
        )));
    }
    let facts = if path.is_dir() {
        of_model(path)?
    } else if is_data_file(path) {
        of_data(path)?
    } else if is_prediction(path) {
        of_prediction(path)?
    } else {
        of_series(arguments)?
    };
    facts.print(arguments.json);
    Ok(())
}

fn of_data(path: &Path) -> Result<Facts, Failure> {
    let data = DataFile::open(path)?;
    let mut facts = Facts::default();
    facts.tell("data", path);
    facts.tell("equations", data.equations().len());
    facts.tell("trajectories", data.samples());
    let dropped: usize = data
        .equations()
        .iter()
        .map(|equation| equation.dropped)
        .sum();
    facts.tell("dropped_trajectories", dropped);
    facts.tell("components", data.dimension());
    tell_times(&mut facts, data.times());
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for equation in data.equations() {
        let name = data.families()[equation.family].name.as_str();
        *families.entry(name).or_default() += 1;
    }
    facts.tell("equations_of_families", families);
    facts.tell("attributes", attributes(path)?);
    Ok(facts)
}

/// What a series holds: for programs one object of the components' ranges, for people a line a component, in their order.
fn of_series(arguments: &InfoArguments) -> Result<Facts, Failure> {
    let place = &arguments.path;
    let series = Series::read_timed(place, arguments.time_column.as_deref())?;
    let mut facts = Facts::default();
    facts.tell("series", place);
    facts.tell("components", series.names());
    facts.tell_known("times", series.time_name());
    facts.tell_known("note", series.note());
    tell_times(&mut facts, series.times());
    let extremes = |values: ndarray::ArrayView1<f64>| {
        values
            .iter()
            .fold([f64::MAX, f64::MIN], |[l, h], v| [l.min(*v), h.max(*v)])
    };
    let values = series.names().iter().zip(series.states().columns());
    let values = values.map(|(name, column)| (name.clone(), json!(extremes(column))));
    match arguments.json {
        true => facts.tell("values", Value::Object(values.collect())),
        false => values.for_each(|(name, range)| facts.tell(&format!("values of {name}"), range)),
    }
    Ok(facts)
}

fn tell_times(facts: &mut Facts, times: &[f64]) {
    facts.tell("points", times.len());
    facts.tell("time", [times.first(), times.last()]);
}

fn is_prediction(path: &Path) -> bool {
    let format = rheome_hdf::open(path).map(|file| text::attribute(&file, "format"));
    format.is_ok_and(|format| format.as_deref() == Some(PREDICTION))
}

fn of_prediction(path: &Path) -> Result<Facts, Failure> {
    let wrong =
        |error: hdf5::Error| Failure::new(format!("{}: {}", path.display(), message(&error)));
    let file = rheome_hdf::open(path).map_err(wrong)?;
    let input = Series::from_hdf(path, Some(INPUT))?;
    let mut facts = Facts::default();
    facts.tell("prediction", path);
    facts.tell("components", input.names());
    tell_times(&mut facts, input.times());
    let candidates = file.group("candidates").map_err(wrong)?;
    let candidates = Table::new(path, &candidates)?;
    let equations = candidates.texts("infix", None)?;
    facts.tell("candidates", equations.len());
    facts.tell_known("best_equation", equations.first());
    let residuals: Vec<f64> = candidates.numbers("residual", &[Some(equations.len())])?;
    facts.tell("residual", residuals.first());
    facts.tell("attributes", attributes(path)?);
    Ok(facts)
}

/// The attributes of a file that are a number or a text.
fn attributes(path: &Path) -> Result<Map<String, Value>, Failure> {
    let wrong =
        |error: hdf5::Error| Failure::new(format!("{}: {}", path.display(), message(&error)));
    let file = rheome_hdf::open(path).map_err(wrong)?;
    let names = file.attr_names().map_err(wrong)?;
    let value = |name: &String| {
        let number = number::attribute(&file, name).map(|number| json!(number));
        let value = number.or_else(|| text::attribute(&file, name).map(Value::String))?;
        Some((name.clone(), value))
    };
    Ok(names.iter().filter_map(value).collect())
}

fn of_model(folder: &Path) -> Result<Facts, Failure> {
    let source = ModelSource::folder(folder);
    let files = source.files(&[PROGRAM.name, fluids::NAME])?;
    let (device, seconds) = (Device::flex(), training_seconds(folder));
    let mut facts = Facts::default();
    facts.tell("model", folder);
    if LoadedModel::is_meant_by(&files.config) {
        let LoadedModel {
            network, settings, ..
        } = LoadedModel::load(&source, &device)?;
        facts.tell("network", "PROSE-FD");
        facts.tell("parameters", network.num_params());
        facts.tell("words", settings.model.words()?.size());
        facts.tell_known("training_seconds", seconds);
        facts.tell("settings", &settings);
    } else {
        let trained = TrainedModel::load(&files, &[], &device)?;
        facts.tell("network", "PROSE");
        facts.tell("parameters", trained.network.num_params());
        facts.tell("words", trained.words.size());
        let families: Vec<&str> = trained.families.iter().map(Family::name).collect();
        facts.tell_known("families", (!families.is_empty()).then_some(families));
        facts.tell_known("training_seconds", seconds);
        facts.tell("settings", &trained.settings);
    }
    Ok(facts)
}
