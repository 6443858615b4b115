//! The table of `turbulence bench`: for readers, as CSV, as JSON.

use std::fmt;
use std::path::Path;

use rheome_backend::measurement::median;
use rheome_cli::Failure;
use serde::Serialize;

use super::contestant::Contestant;
use super::measure::Measurement;
use rheome_cli::table::{self, Cell, Column, column};

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Table {
    /// Under which circumstances.
    #[serde(flatten)]
    pub circumstances: Circumstances,
    /// A row a contestant.
    pub rows: Vec<Row>,
}

/// What holds for all rows.
#[derive(Debug, Serialize)]
pub struct Circumstances {
    /// Where the operators computed; simulations always do on the CPU.
    pub device: String,
    /// The processor.
    pub cpu: String,
    /// Threads of the CPU.
    pub threads: usize,
    /// Times each step was timed.
    pub repeats: u16,
    /// Snapshots of a training step.
    pub batch_size: u16,
}

/// One contestant. What it does not have or what is not known is none.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Kind of the operator or of the simulation.
    pub kind: String,
    /// Trainable numbers.
    pub parameters: Option<usize>,
    /// Seconds that its training took.
    pub training_seconds: Option<f64>,
    /// Whether these are of the last stage alone: it began from weights whose training nobody counted.
    pub training_is_partial: Option<bool>,
    /// Seconds of a step of a rollout or of the solver (median).
    pub step_seconds: f64,
    /// Time that such a step advances the flow, in h/u_tau.
    pub time_step: Option<f64>,
    /// Seconds for 1 h/u_tau of flow.
    pub seconds_per_time: Option<f64>,
    /// Seconds of a training step (median).
    pub training_step_seconds: Option<f64>,
    /// Peak memory of a rollout or of a simulation, in MiB.
    pub peak_mib: Option<f64>,
    /// Peak memory of training, in MiB.
    pub training_peak_mib: Option<f64>,
}

impl Row {
    /// An operator's row.
    pub fn of_operator(
        contestant: Contestant,
        rollout: &Measurement,
        training: &Measurement,
    ) -> Self {
        let step_seconds = median(&rollout.seconds);
        Self {
            name: contestant.name,
            kind: contestant.kind,
            parameters: rollout.parameters,
            training_seconds: contestant.training.map(|time| time.seconds),
            training_is_partial: contestant.training.map(|time| time.is_partial),
            step_seconds,
            time_step: contestant.time_step,
            seconds_per_time: contestant.time_step.map(|length| step_seconds / length),
            training_step_seconds: Some(median(&training.seconds)),
            peak_mib: rollout.peak_mib,
            training_peak_mib: training.peak_mib,
        }
    }

    /// A solver's row.
    pub fn of_simulation(contestant: Contestant, steps: &Measurement) -> Self {
        let step_seconds = median(&steps.seconds);
        Self {
            name: contestant.name,
            kind: contestant.kind,
            parameters: None,
            training_seconds: None,
            training_is_partial: None,
            step_seconds,
            time_step: steps.time_step,
            seconds_per_time: steps.time_step.map(|length| step_seconds / length),
            training_step_seconds: None,
            peak_mib: steps.peak_mib,
            training_peak_mib: None,
        }
    }
}

/// What the sign before a time of training means.
const PARTIAL: &str = "≥: of the last stage of the training; it began from weights (--weights) whose own training is not counted.";

const COLUMNS: [Column<Row>; 10] = [
    column("name", "name", |row| Cell::Word(row.name.clone())),
    column("kind", "kind", |row| Cell::Word(row.kind.clone())),
    column("parameters", "parameters", |row| {
        Cell::Count(row.parameters)
    }),
    column("training", "training_seconds", |row| {
        match row.training_is_partial {
            Some(true) => Cell::AtLeast(row.training_seconds),
            _ => Cell::Duration(row.training_seconds),
        }
    }),
    column("step, s", "step_seconds", |row| {
        Cell::Number(Some(row.step_seconds))
    }),
    column("time step, h/u_tau", "time_step", |row| {
        Cell::Number(row.time_step)
    }),
    column("s per h/u_tau", "seconds_per_time", |row| {
        Cell::Number(row.seconds_per_time)
    }),
    column("training step, s", "training_step_seconds", |row| {
        Cell::Number(row.training_step_seconds)
    }),
    column("peak memory, MiB", "peak_mib", |row| {
        Cell::Memory(row.peak_mib)
    }),
    column("of training, MiB", "training_peak_mib", |row| {
        Cell::Memory(row.training_peak_mib)
    }),
];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table::markdown(&COLUMNS, &self.rows))?;
        if self
            .rows
            .iter()
            .any(|r| r.training_is_partial == Some(true))
        {
            writeln!(f, "{PARTIAL}")?;
        }
        self.circumstances.fmt(f)
    }
}

impl fmt::Display for Circumstances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            cpu,
            threads,
            repeats,
            batch_size,
        } = self;
        write!(
            f,
            "Medians of {repeats} steps behind one that is not timed; training steps (forward, backward, AdamW) of \
             {batch_size} snapshot(s). Memory: the largest that a process of its own held.\nOperators on {device}, \
             simulations on the CPU: {cpu}, {threads} thread(s)."
        )
    }
}

impl Table {
    /// Writes the table as CSV.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn write_csv(&self, path: &Path) -> Result<(), Failure> {
        table::write_csv(path, &COLUMNS, &self.rows)
    }
}

#[cfg(test)]
mod tests {
    use rheome_cli::model_folder::TrainingTime;

    use super::*;

    fn table() -> Table {
        let contestant = |name: &str, kind: &str, time_step| Contestant {
            name: name.into(),
            path: name.into(),
            kind: kind.into(),
            is_simulation: kind == "simulation",
            time_step,
            training: (kind != "simulation").then_some(TrainingTime {
                seconds: 5400.0,
                is_partial: kind != "fno",
            }),
        };
        let measurement = |seconds: &[f64], parameters, time_step| Measurement {
            seconds: seconds.to_vec(),
            peak_mib: Some(100.25),
            parameters,
            time_step,
        };
        let step = measurement(&[0.03, 0.01, 0.02], Some(1000), None);
        let training = measurement(&[0.5, 0.25], Some(1000), None);
        let solver = measurement(&[0.004], None, Some(0.002));
        Table {
            circumstances: Circumstances {
                device: "flex".into(),
                cpu: "a CPU".into(),
                threads: 2,
                repeats: 3,
                batch_size: 1,
            },
            rows: vec![
                Row::of_operator(
                    contestant("small, new", "fno", Some(0.05)),
                    &step,
                    &training,
                ),
                Row::of_operator(contestant("b", "ifactformer-m", None), &step, &training),
                Row::of_simulation(contestant("c", "simulation", None), &solver),
            ],
        }
    }

    #[test]
    fn operators_and_solvers_are_compared_by_time_of_flow() {
        let rows = table().rows;
        assert_eq!(rows[0].step_seconds, 0.02);
        assert_eq!(rows[0].training_step_seconds, Some(0.375));
        assert!((rows[0].seconds_per_time.unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(rows[1].seconds_per_time, None);
        assert!((rows[2].seconds_per_time.unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn readers_see_aligned_rows_and_dashes() {
        let text = table().to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[..5]
                .iter()
                .all(|l| l.chars().count() == lines[0].chars().count()),
            "{text}"
        );
        let cells = |line: &str| -> Vec<String> {
            let cells = line.trim_matches('|').split('|');
            cells.map(|c| c.trim().to_owned()).collect()
        };
        let first = [
            "small, new",
            "fno",
            "1000",
            "90 min",
            "0.0200",
            "0.0500",
            "0.400",
            "0.375",
            "100",
            "100",
        ];
        assert_eq!(cells(lines[2]), first);
        let solver = [
            "c",
            "simulation",
            "-",
            "-",
            "0.00400",
            "0.00200",
            "2.00",
            "-",
            "100",
            "-",
        ];
        assert_eq!(cells(lines[4]), solver);
        assert_eq!(cells(lines[3])[3], "≥ 90 min");
        assert!(lines[5].starts_with("≥: of the last stage"), "{text}");
        assert!(text.contains("Medians of 3 steps") && text.contains("a CPU, 2 thread(s)"));
    }

    #[test]
    fn a_csv_file_holds_exact_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        table().write_csv(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("name,kind,parameters,training_seconds,step_seconds"));
        assert_eq!(
            lines[1],
            "\"small, new\",fno,1000,5400,0.02,0.05,0.39999999999999997,0.375,100.25,100.25"
        );
        assert_eq!(lines[3], "c,simulation,,,0.004,0.002,2,,100.25,");
    }
}
