//! The scores as a table.

use rheome_cli::table::{Cell, Column, column};

use super::scores::Scores;

/// Which of [`COLUMNS`] are shown where there is little room, and their titles there; [`LEGEND`] says what they are.
pub const SHOWN: [(&str, &str); 8] = [
    ("name", "name"),
    ("steps", "steps"),
    ("profiles", "profile_error"),
    ("bulk u", "bulk_velocity_error"),
    ("spectra", "spectrum_error_decades"),
    ("1st step", "first_step_error"),
    ("decorrelated", "decorrelation_time"),
    ("s per time", "seconds_per_time"),
];

/// What the columns of [`SHOWN`] are.
pub const LEGEND: &str = "\
profiles: mean relative L2 error of five profiles, by which they are ranked; bulk u: error of the bulk
velocity; spectra: error in decades; 1st step: relative L2 error; decorrelated: after this time;
s per time: wall-clock seconds for one unit of it. scores.csv and index.html have all columns.";

/// What is told of each contestant.
pub const COLUMNS: [Column<Scores>; 16] = [
    column("name", "name", |s| Cell::Word(s.name.clone())),
    column("what", "description", |s| Cell::Word(s.description.clone())),
    column("parameters", "parameters", |s| Cell::Count(s.parameters)),
    column("steps", "steps", |s| Cell::Word(steps(s))),
    column("time step", "time_step", |s| {
        Cell::Number(Some(s.time_step))
    }),
    column("profile error", "profile_error", |s| {
        Cell::Percent(s.profile_error)
    }),
    column("mean u", "mean_error", |s| Cell::Percent(s.mean_error)),
    column("rms u", "rms_u_error", |s| Cell::Percent(s.rms_error[0])),
    column("rms v", "rms_v_error", |s| Cell::Percent(s.rms_error[1])),
    column("rms w", "rms_w_error", |s| Cell::Percent(s.rms_error[2])),
    column("shear stress", "shear_stress_error", |s| {
        Cell::Percent(s.stress_error)
    }),
    column("bulk velocity", "bulk_velocity_error", |s| {
        Cell::SignedPercent(s.bulk_velocity_error)
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

#[cfg(test)]
mod tests {
    use rheome_cli::table::{choose, markdown};

    use super::*;

    #[test]
    fn the_table_fits_a_terminal_and_every_column_is_explained() {
        let scores = Scores {
            name: "dynamic Smagorinsky".into(),
            description: "large-eddy simulation, 32 x 65 x 32 points, dynamic Smagorinsky model"
                .into(),
            parameters: Some(1_163_187),
            steps: 1234,
            time_step: 0.05,
            stopped: Some("NaN".into()),
            bulk_velocity_error: Some(-0.1234),
            mean_error: Some(1.2345),
            rms_error: [0.1, 0.2, 12.3].map(Some),
            stress_error: Some(0.5),
            profile_error: Some(12.345),
            spectrum_error: Some(0.12345),
            first_step_error: Some(0.0212345),
            decorrelation_time: Some(1.2345),
            seconds_per_time: Some(1234.5),
        };
        let text = markdown(&choose(&COLUMNS, &SHOWN), [&scores]);
        for line in text.lines().chain(LEGEND.lines()) {
            assert!(
                line.chars().count() <= 110,
                "{} {line}",
                line.chars().count()
            );
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 110),
            "{text}"
        );
        for (title, _) in SHOWN.iter().skip(2) {
            assert!(LEGEND.contains(&format!("{title}:")), "{title}");
        }
        // Each is a column of the file.
        let names = COLUMNS.map(|column| column.name);
        assert!(SHOWN.iter().all(|(_, name)| names.contains(name)));
    }
}
