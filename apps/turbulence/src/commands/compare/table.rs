//! The scores as a table: for people on the terminal and in the page, for programs as CSV.

use std::path::Path;

use rheome_backend::atomic::write_atomically;
use rheome_cli::Failure;

use super::scores::{Scores, ranked};

/// A column for people: its head, and what it says of a contestant.
pub type Column = (&'static str, fn(&Scores) -> String);

/// The columns for people.
pub const COLUMNS: [Column; 15] = [
    ("name", |s| s.name.clone()),
    ("what", |s| s.description.clone()),
    ("parameters", |s| {
        s.parameters.map_or_else(none, |n| n.to_string())
    }),
    ("steps", |s| match s.stopped {
        Some(_) => format!("{} (stopped)", s.steps),
        None => s.steps.to_string(),
    }),
    ("profile error", |s| percent(s.profile_error)),
    ("mean u", |s| percent(s.mean_error)),
    ("rms u", |s| percent(s.rms_error[0])),
    ("rms v", |s| percent(s.rms_error[1])),
    ("rms w", |s| percent(s.rms_error[2])),
    ("shear stress", |s| percent(s.stress_error)),
    ("bulk velocity", |s| signed_percent(s.bulk_velocity_error)),
    ("spectra, decades", |s| decimal(s.spectrum_error, 2)),
    ("first step", |s| decimal(s.first_step_error, 4)),
    ("decorrelation time", |s| decimal(s.decorrelation_time, 2)),
    ("s per unit of time", |s| decimal(s.seconds_per_time, 2)),
];

fn none() -> String {
    "-".into()
}

fn percent(value: f64) -> String {
    if value.is_finite() {
        format!("{:.1} %", 100.0 * value)
    } else {
        none()
    }
}

fn signed_percent(value: f64) -> String {
    if value.is_finite() {
        format!("{:+.1} %", 100.0 * value)
    } else {
        none()
    }
}

fn decimal(value: Option<f64>, digits: usize) -> String {
    value
        .filter(|v| v.is_finite())
        .map_or_else(none, |v| format!("{v:.digits$}"))
}

/// Prints the table, best first.
pub fn print(scores: &[Scores]) {
    let heads = COLUMNS.iter().map(|(head, _)| (*head).to_owned()).collect();
    let body = ranked(scores)
        .into_iter()
        .map(|s| COLUMNS.iter().map(|(_, cell)| cell(s)).collect());
    let rows: Vec<Vec<String>> = std::iter::once(heads).chain(body).collect();
    let width = |c: usize| {
        rows.iter()
            .map(|row| row[c].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(c, (cell, &width))| match c {
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        rheome_cli::say(cells.join("  ").trim_end());
    }
}

/// Writes the scores as CSV, best first: plain numbers, empty where there are none; errors are fractions.
pub fn write_csv(path: &Path, scores: &[Scores]) -> Result<(), Failure> {
    let fail =
        |e: &dyn std::fmt::Display| Failure::new(format!("{}: cannot write: {e}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([
            "name",
            "description",
            "parameters",
            "steps",
            "stopped",
            "profile_error",
            "mean_error",
            "rms_u_error",
            "rms_v_error",
            "rms_w_error",
            "shear_stress_error",
            "bulk_velocity_error",
            "spectrum_error_decades",
            "first_step_error",
            "decorrelation_time",
            "seconds_per_time",
        ])
        .map_err(|e| fail(&e))?;
    let number = |value: Option<f64>| {
        value
            .filter(|v| v.is_finite())
            .map_or_else(String::new, |v| v.to_string())
    };
    for s in ranked(scores) {
        let mut record = vec![
            s.name.clone(),
            s.description.clone(),
            s.parameters.map_or_else(String::new, |n| n.to_string()),
            s.steps.to_string(),
            s.stopped.clone().unwrap_or_default(),
        ];
        let [u, v, w] = s.rms_error;
        let numbers = [
            s.profile_error,
            s.mean_error,
            u,
            v,
            w,
            s.stress_error,
            s.bulk_velocity_error,
        ];
        record.extend(numbers.map(|v| number(Some(v))));
        let optional = [
            s.spectrum_error,
            s.first_step_error,
            s.decorrelation_time,
            s.seconds_per_time,
        ];
        record.extend(optional.map(number));
        writer.write_record(record).map_err(|e| fail(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| fail(&e))?;
    write_atomically(path, &bytes).map_err(|e| fail(&e))
}
