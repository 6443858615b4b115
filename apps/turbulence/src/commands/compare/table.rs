//! The scores as a table.

use rheome_cli::table::{Cell, Column, column};

use super::scores::Scores;

/// What is told of each contestant.
pub const COLUMNS: [Column<Scores>; 15] = [
    column("name", "name", |s| Cell::Word(s.name.clone())),
    column("what", "description", |s| Cell::Word(s.description.clone())),
    column("parameters", "parameters", |s| Cell::Count(s.parameters)),
    column("steps", "steps", |s| Cell::Word(steps(s))),
    column("profile error", "profile_error", |s| {
        Cell::Percent(Some(s.profile_error))
    }),
    column("mean u", "mean_error", |s| {
        Cell::Percent(Some(s.mean_error))
    }),
    column("rms u", "rms_u_error", |s| {
        Cell::Percent(Some(s.rms_error[0]))
    }),
    column("rms v", "rms_v_error", |s| {
        Cell::Percent(Some(s.rms_error[1]))
    }),
    column("rms w", "rms_w_error", |s| {
        Cell::Percent(Some(s.rms_error[2]))
    }),
    column("shear stress", "shear_stress_error", |s| {
        Cell::Percent(Some(s.stress_error))
    }),
    column("bulk velocity", "bulk_velocity_error", |s| {
        Cell::SignedPercent(Some(s.bulk_velocity_error))
    }),
    column("spectra, decades", "spectrum_error_decades", |s| {
        Cell::Number(s.spectrum_error)
    }),
    column("first step", "first_step_error", |s| {
        Cell::Number(s.first_step_error)
    }),
    column("decorrelation time", "decorrelation_time", |s| {
        Cell::Number(s.decorrelation_time)
    }),
    column("s per unit of time", "seconds_per_time", |s| {
        Cell::Number(s.seconds_per_time)
    }),
];

fn steps(scores: &Scores) -> String {
    match scores.stopped {
        Some(_) => format!("{} (stopped)", scores.steps),
        None => scores.steps.to_string(),
    }
}
