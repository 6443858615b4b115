//! What is told about a prediction.

use ndarray::{Array2, Axis};
use rheome_cli::table::{Cell, Column, column, markdown};
use rheome_cli::{Console, say};
use rheome_equations::{Scaling, Series, System};
use serde_json::{Value, json};

use super::Prediction;
use super::candidates::{Candidate, infix};
use super::input::Input;
use super::rough::RoughEquation;
use rheome_equations::verification::relative_l2;

/// Digits of the numbers of an equation that are told.
const DIGITS: usize = 5;

/// Candidates that are told.
const TOLD: usize = 5;

/// An error above this part of that of the series' mean is told to be one.
const HARDLY: f64 = 0.9;

/// A mean that is off by less is exact.
const ROUNDING: f64 = 1e-9;

/// A candidate in the table.
struct Row {
    rank: usize,
    author: &'static str,
    origin: String,
    log_probability: Option<f64>,
    before: Option<f64>,
    error: Option<f64>,
    problem: String,
}

const COLUMNS: [Column<Row>; 7] = [
    column("", "rank", |row| Cell::Count(Some(row.rank))),
    column("written by", "author", |row| {
        Cell::Word(row.author.to_owned())
    }),
    column("rough equation", "origin", |row| {
        Cell::Word(row.origin.clone())
    }),
    column("log p", "log_probability", |row| {
        Cell::Number(row.log_probability)
    }),
    column("error as written", "residual_before", |row| {
        Cell::Percent(row.before)
    }),
    column("error", "residual", |row| Cell::Percent(row.error)),
    column("", "problem", |row| Cell::Word(row.problem.clone())),
];

impl Row {
    fn new((index, candidate): (usize, &Candidate)) -> Self {
        let decoded = candidate.decoded();
        Self {
            rank: index + 1,
            author: candidate.author.name(),
            origin: candidate.origin.clone(),
            log_probability: decoded.map(|decoded| decoded.log_probability),
            before: candidate.before.as_ref().ok().copied(),
            error: candidate.error(),
            problem: candidate.problem().unwrap_or_default().to_owned(),
        }
    }
}

/// Says what the network sees.
pub fn note_input(input: &Input, rough: &[RoughEquation], console: Console) {
    let series = &input.series;
    console.note(format!(
        "series: {} points, {} component(s) ({}), times {} to {}; {} point(s) shown to the network",
        series.points(),
        series.dimension(),
        series.names().join(", "),
        series.times()[0],
        series.times()[series.points() - 1],
        match input.beyond_network {
            None => input.window.points(),
            Some(_) => 0,
        }
    ));
    if let Some(name) = series.time_name() {
        console.note(format!("times: {name}"));
    }
    if let Some(note) = series.note() {
        console.note(note);
    }
    if let Some(reason) = &input.beyond_network {
        console.note(format!(
            "the network is not asked ({reason}): only the equation that was given is fitted"
        ));
        return;
    }
    let Scaling {
        origin,
        time,
        value,
    } = input.scaling;
    if input.scaling != Scaling::NONE {
        console.note(format!(
            "units of the network: (time - {origin}) x {time:.6}, states x {value:.6}"
        ));
    }
    match rough {
        [one] if one.is_given() => {}
        [one] => console.note(format!("no --equation: trying the family {}", one.origin)),
        families => console.note(format!("no --equation: trying {} families", families.len())),
    }
}

/// Tells the candidates, the best equation, and the errors on what was held back.
pub fn tell(prediction: &Prediction) {
    let all = &prediction.candidates;
    let rows: Vec<Row> = all.iter().take(TOLD).enumerate().map(Row::new).collect();
    if !rows.is_empty() {
        say(markdown(&COLUMNS, &rows).trim_end());
        let left = all.len() - rows.len();
        if left > 0 {
            say(format!("and {left} more"));
        }
    }
    let best = all.first();
    let system = best.and_then(|best| best.found(&prediction.input));
    match (
        system.map(|system| system.with_digits(DIGITS)),
        &prediction.equation,
    ) {
        (Some(system), Ok(_)) => {
            let of_user = match best.is_some_and(Candidate::is_given) {
                true => ", in the form that was given",
                false => "",
            };
            say(format!(
                "the equation that explains the series best{of_user}:"
            ));
            tell_equation(&system, prediction.input.series.names());
        }
        (_, Err(reason)) => say(format!("no equation continues the series: {reason}")),
        _ => (),
    }
    let error = best.and_then(Candidate::error);
    let of_mean = error_of_mean(&prediction.input.series);
    // The mean of what never changes says everything.
    let says_all = of_mean < ROUNDING;
    if !says_all && error.is_some_and(|error| error > HARDLY * of_mean) {
        say(format!(
            "it explains hardly more of the series than its mean does, whose error is {}",
            Cell::Percent(Some(of_mean)).text()
        ));
    }
    if let Some(held_back) = prediction.judged_by() {
        say(format!(
            "relative L2 error on the {} points held back:",
            held_back.points()
        ));
        for (name, error) in errors(prediction, held_back) {
            say(format!("  {name:<12} {}", Cell::Percent(error).text()));
        }
    }
}

/// Tells an equation, a line a component: with the components' own names where their numbers would mean others, else by number.
fn tell_equation(system: &System, names: &[String]) {
    if let Some(formulas) = system.with_own_names(names) {
        let equations = names.iter().zip(formulas);
        equations.for_each(|(name, right)| say(format!("  d{name}/dt = {right}")));
        return;
    }
    let components = system.components().iter().zip(names);
    for (index, (right, name)) in components.enumerate() {
        let state = format!("u_{index}");
        let called = match *name == state {
            true => String::new(),
            false => format!("   ({state}: {name})"),
        };
        say(format!("  d{state}/dt = {right}{called}"));
    }
}

/// The relative L2 error of the forecast that each component stays at its mean.
fn error_of_mean(series: &Series) -> f64 {
    let states = series.states();
    let mean = states.mean_axis(Axis(0));
    let mean = mean.as_ref().and_then(|mean| mean.broadcast(states.dim()));
    mean.map_or(f64::INFINITY, |mean| relative_l2(&mean.to_owned(), states))
}

/// Errors of the continuations, and of the forecast that nothing changes.
fn errors(prediction: &Prediction, held_back: &Series) -> [(&'static str, Option<f64>); 3] {
    let error = |states: &Array2<f64>| relative_l2(states, held_back.states());
    let series = &prediction.input.series;
    let last = series.states().row(series.points() - 1);
    let persistence = last.insert_axis(Axis(0));
    let persistence = persistence
        .broadcast(held_back.states().dim())
        .map(|s| error(&s.to_owned()));
    [
        (
            "network",
            prediction.network.as_ref().map(|n| error(&n.states)),
        ),
        ("equation", prediction.equation.as_ref().ok().map(error)),
        ("persistence", persistence),
    ]
}

/// The same for programs.
pub fn entry(prediction: &Prediction) -> Value {
    let best = prediction.candidates.first();
    let system = best.and_then(|best| best.found(&prediction.input));
    let errors = prediction.judged_by().map(|held_back| {
        let errors = errors(prediction, held_back).into_iter();
        errors
            .map(|(name, error)| (name.to_owned(), json!(error)))
            .collect()
    });
    json!({
        "event": "predicted",
        "candidates": prediction.candidates.len(),
        "equation": system.map(|system| infix(&system, &prediction.input)),
        "author": best.map(|best| best.author.name()),
        "residual_before": best.and_then(|best| best.before.as_ref().ok()),
        "residual": best.and_then(Candidate::error),
        "held_back": errors.map(Value::Object),
    })
}
