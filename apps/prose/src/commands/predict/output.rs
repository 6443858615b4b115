//! The HDF5 file of a prediction; `apps/prose/FORMAT.md` is its specification.

use hdf5::{File, Group, H5Type, Location};
use ndarray::{Array2, Array3, ArrayView2};
use rheome_cli::Failure;
use rheome_cli::files::cannot;
use rheome_equations::{Series, System, write_points};
use rheome_hdf::{Partial, message, text};

use super::super::PROGRAM;
use super::axes::{self, Axes};
use super::candidates::{Candidate, infix};
use super::{Continued, Prediction};
use rheome_equations::verification::relative_l2;

/// What the attribute `format` says.
pub const FORMAT: &str = "rheome-prose-prediction";
/// Version of the layout.
const VERSION: u32 = 1;
/// The group of the series.
pub const INPUT: &str = "input";

/// Writes the file; a kill at any moment leaves the old one or the new one.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write(prediction: &Prediction) -> Result<(), Failure> {
    let path = &prediction.arguments.output;
    let partial = Partial::new(path);
    fill(prediction, &partial).map_err(|e| cannot("write", path)(message(&e)))?;
    partial.publish().map_err(cannot("write", path))
}

fn fill(prediction: &Prediction, partial: &Partial) -> hdf5::Result<()> {
    let file = partial.create()?;
    attributes(prediction, &file)?;
    let input = &prediction.input;
    let names = input.series.names();
    series(&file.create_group(INPUT)?, &input.series)?;
    if let Some(held_back) = &input.held_back {
        series(&file.create_group("held_back")?, held_back)?;
    }
    let continuation = |name: &str, states: ArrayView2<f64>| {
        let group = file.create_group(name)?;
        write_points(&group, &prediction.times, states, names)?;
        axes::of_points(&group)?;
        Ok::<Group, hdf5::Error>(group)
    };
    if let Some(Continued { rough, states }) = &prediction.network {
        let network = continuation("network", states.view())?;
        text::write_attribute(&network, "rough_equation", rough)?;
        judge(&network, states, prediction)?;
    }
    if let Ok(states) = &prediction.equation {
        let equation = continuation("equation", states.view())?;
        judge(&equation, states, prediction)?;
    }
    candidates(&file.create_group("candidates")?, prediction)?;
    file.close()
}

fn attributes(prediction: &Prediction, file: &File) -> hdf5::Result<()> {
    let Prediction {
        arguments, trained, ..
    } = prediction;
    let model = arguments
        .source
        .model
        .as_ref()
        .or(arguments.source.weights.as_ref());
    let model = model.map_or(String::new(), |path| path.display().to_string());
    let settings = toml::to_string(&trained.settings);
    for (name, value) in [
        ("format", FORMAT.to_owned()),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
        ("model", model),
        ("settings", settings.map_err(|error| error.to_string())?),
        ("series", arguments.series.input.clone()),
    ] {
        text::write_attribute(file, name, &value)?;
    }
    scalar(file, "format_version", VERSION)?;
    scalar(file, "seed", prediction.seed)?;
    let scaling = prediction.input.scaling;
    scalar(file, "time_origin", scaling.origin)?;
    scalar(file, "time_scale", scaling.time)?;
    scalar(file, "value_scale", scaling.value)?;
    let shown = prediction.network.as_ref();
    let shown = shown.map_or(0, |_| prediction.input.window.points());
    scalar(file, "points_shown", shown as u64)
}

fn series(group: &Group, series: &Series) -> hdf5::Result<()> {
    write_points(
        group,
        series.times(),
        series.states().view(),
        series.names(),
    )?;
    axes::of_points(group)
}

/// The error on what was held back, where the continuation has its times.
fn judge(group: &Group, states: &Array2<f64>, prediction: &Prediction) -> hdf5::Result<()> {
    match prediction.judged_by() {
        Some(held_back) => scalar(
            group,
            "error_on_held_back",
            relative_l2(states, held_back.states()),
        ),
        None => Ok(()),
    }
}

fn scalar<T: H5Type>(object: &Location, name: &str, value: T) -> hdf5::Result<()> {
    object.new_attr::<T>().create(name)?.write_scalar(&value)
}

fn candidates(group: &Group, prediction: &Prediction) -> hdf5::Result<()> {
    let all = &prediction.candidates;
    let constants = constants(all);
    let axes = Axes::create(group, all.len(), constants.dim().1)?;
    let texts = |name: &str, of: &dyn Fn(&Candidate) -> String| {
        let values: Vec<String> = all.iter().map(of).collect();
        axes.name(&text::write_dataset(group, name, &values)?)
    };
    let numbers = |name: &str, of: &dyn Fn(&Candidate) -> Option<f64>| {
        let values: Vec<f64> = all.iter().map(|c| of(c).unwrap_or(f64::NAN)).collect();
        let dataset = group.new_dataset_builder().with_data(&values);
        axes.name(&dataset.create(name)?)
    };
    let printed = |system: Option<System>, print: &dyn Fn(&System) -> String| {
        system.as_ref().map_or(String::new(), print)
    };
    let input = &prediction.input;
    let names = input.series.names();
    let infix = |system: &System| infix(system, input);
    let latex = |system: &System| match system.with_own_names(names) {
        Some(_) => system.latex_with_names(names),
        None => system.latex(),
    };
    let prefix = |system: &System| system.prefix().join(" ");
    let decoded = |c: &Candidate| c.in_series_units(c.system.as_ref().ok(), input);
    let best = |c: &Candidate| c.found(input);
    texts("origin", &|c| c.origin.clone())?;
    texts("author", &|c| c.author.name().to_owned())?;
    texts("words", &|c| c.words.clone())?;
    texts("infix_before", &|c| printed(decoded(c), &infix))?;
    texts("infix", &|c| printed(best(c), &infix))?;
    texts("latex", &|c| printed(best(c), &latex))?;
    texts("prefix", &|c| printed(best(c), &prefix))?;
    texts("problem", &|c| c.problem().unwrap_or_default().to_owned())?;
    numbers("log_probability", &|c| Some(c.decoded()?.log_probability))?;
    numbers("score", &|c| Some(c.decoded()?.score))?;
    numbers("residual_before", &|c| c.before.as_ref().ok().copied())?;
    numbers("residual", &|c| c.error())?;
    let dataset = group.new_dataset_builder().with_data(&constants);
    axes.name(&dataset.create("constants")?)
}

/// The fitted constants with their deviations, in the author's units, padded with NaN: `[candidate, constant, part]`.
fn constants(all: &[Candidate]) -> Array3<f64> {
    let of = |c: &Candidate| match &c.refined {
        Some(Ok(refined)) => refined.constants.clone(),
        _ => Vec::new(),
    };
    let rows: Vec<_> = all.iter().map(of).collect();
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut table = Array3::from_elem((all.len(), longest, 3), f64::NAN);
    for ((row, column, field), value) in table.indexed_iter_mut() {
        if let Some(constant) = rows[row].get(column) {
            *value = [constant.before, constant.value, constant.deviation][field];
        }
    }
    table
}

impl Prediction<'_> {
    /// What is held back, if the series is continued to its times.
    pub fn judged_by(&self) -> Option<&Series> {
        let held_back = self.input.held_back.as_ref()?;
        (held_back.times() == self.times).then_some(held_back)
    }
}
