//! The side-by-side table, and what its columns differ by.

use std::fmt;

use burn::tensor::TensorData;
use rheome_backend::measurement::{Comparison, Unit, cpu_model, median};

use crate::measurement::Measurement;
use crate::options::Options;

/// Training steps whose losses are compared: before any update, and after one and two. Later, AdamW's division by the
/// size of the gradient lets round-off grow.
const COMPARED_LOSSES: usize = 3;

/// What a process found.
pub struct Finding {
    /// Its times and losses.
    pub measurement: Measurement,
    /// The output of its forward step.
    pub output: TensorData,
}

/// What became of a column.
pub enum Outcome {
    /// It was measured.
    Found(Box<Finding>),
    /// It was not, for this reason.
    NotRun(String),
}

/// One contestant.
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it found.
    pub outcome: Outcome,
}

impl Column {
    /// A column.
    pub fn new(name: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            outcome,
        }
    }

    fn finding(&self) -> Option<&Finding> {
        match &self.outcome {
            Outcome::Found(finding) => Some(finding),
            Outcome::NotRun(_) => None,
        }
    }

    fn value(&self, row: &Row) -> Option<f64> {
        (row.value)(&self.finding()?.measurement)
    }
}

/// All contestants; the first is the one the ratios refer to.
pub struct Table {
    /// The contestants.
    pub columns: Vec<Column>,
}

struct Row {
    title: &'static str,
    unit: Unit,
    /// What backends should need at most, in the rival's, where that is stated.
    targets: &'static [(&'static str, f64)],
    decimals: usize,
    value: fn(&Measurement) -> Option<f64>,
}

const ROWS: [Row; 4] = [
    Row {
        title: "forward step",
        unit: Unit::Seconds,
        targets: &[("libtorch", 0.35), ("flex", 0.5)],
        decimals: 4,
        value: |m| Some(median(&m.forward_seconds)),
    },
    Row {
        title: "training step",
        unit: Unit::Seconds,
        targets: &[("libtorch", 0.35)],
        decimals: 4,
        value: |m| Some(median(&m.training_seconds)),
    },
    Row {
        title: "peak memory of forward",
        unit: Unit::Mebibytes,
        targets: &[],
        decimals: 0,
        value: |m| m.forward_peak_mib,
    },
    Row {
        title: "peak memory of training",
        unit: Unit::Mebibytes,
        targets: &[],
        decimals: 0,
        value: |m| m.training_peak_mib,
    },
];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.columns.split_first() else {
            return Ok(());
        };
        write!(f, "| work | {} |", first.name)?;
        for column in others {
            write!(f, " {} | ratio |", column.name)?;
        }
        write!(f, "\n|---|---:|{}", "---:|---:|".repeat(others.len()))?;
        for row in &ROWS {
            let reference = first.value(row);
            write!(
                f,
                "\n| {}, {} | {} |",
                row.title,
                row.unit.name(),
                number(reference, row.decimals, "-")
            )?;
            for column in others {
                let value = column.value(row);
                let ratio = reference
                    .zip(value)
                    .map(|(reference, value)| reference / value);
                let value = number(value, row.decimals, "-");
                write!(f, " {value} | {} |", number(ratio, 2, "-"))?;
            }
        }
        writeln!(f)
    }
}

impl Table {
    /// How the numbers came about.
    pub fn footnote(&self, options: &Options) -> String {
        let found = || {
            self.columns
                .iter()
                .filter_map(|c| Some((c.name.as_str(), &c.finding()?.measurement)))
        };
        let versions: Vec<String> = found()
            .map(|(name, m)| format!("{name} {}", m.version))
            .collect();
        let spread = found()
            .flat_map(|(_, m)| [&m.forward_seconds, &m.training_seconds])
            .map(|seconds| seconds.iter().copied().fold(0.0, f64::max) / median(seconds) - 1.0)
            .fold(0.0, f64::max);
        let meaning = match self.columns.first() {
            Some(first) if first.finding().is_some() => {
                format!(
                    "A ratio above 1 is faster, or smaller, than {}. ",
                    first.name
                )
            }
            _ => String::new(),
        };
        format!(
            "{meaning}Medians of {} repetitions after a warm-up; the slowest repetition of all lies {:.0} % above its \
             median.\nCPU: {}; {} threads each; {}.",
            options.repeats,
            100.0 * spread,
            cpu_model(),
            options.threads,
            versions.join(", "),
        )
    }

    /// Adds every backend, beside the first column, to the table of all benches.
    pub fn tell(&self, case: &str) -> std::io::Result<()> {
        let Some((first, others)) = self.columns.split_first() else {
            return Ok(());
        };
        for (row, column) in ROWS.iter().flat_map(|r| others.iter().map(move |c| (r, c))) {
            let (Some(rival_value), Some(value)) = (first.value(row), column.value(row)) else {
                continue;
            };
            let target = row.targets.iter().find(|(name, _)| *name == column.name);
            let comparison = Comparison {
                work: format!("{case}, {}", row.title),
                ours: column.name.clone(),
                rival: first.name.clone(),
                unit: row.unit,
                value,
                rival_value,
                target: target.map(|(_, ratio)| *ratio),
            };
            comparison.tell()?;
        }
        Ok(())
    }

    /// How far each column is from the first that was run, in words and as a number.
    pub fn differences(&self) -> Vec<(String, f64)> {
        let mut found = self
            .columns
            .iter()
            .filter_map(|c| Some((&c.name, c.finding()?)));
        let Some((reference_name, reference)) = found.next() else {
            return Vec::new();
        };
        found
            .flat_map(|(name, finding)| {
                let output =
                    relative_difference(&numbers(&finding.output), &numbers(&reference.output));
                let losses = [&finding.measurement, &reference.measurement]
                    .map(|m| &m.losses[..COMPARED_LOSSES.min(m.losses.len())]);
                [
                    (
                        format!("{name} and {reference_name}: difference of the outputs"),
                        output,
                    ),
                    (
                        format!("{name} and {reference_name}: difference of the first losses"),
                        relative_difference(losses[0], losses[1]),
                    ),
                ]
            })
            .collect()
    }
}

fn number(value: Option<f64>, decimals: usize, absent: &str) -> String {
    value.map_or_else(|| absent.to_owned(), |value| format!("{value:.decimals$}"))
}

fn numbers(data: &TensorData) -> Vec<f64> {
    data.iter::<f32>().map(f64::from).collect()
}

/// Largest difference relative to the largest magnitude expected; infinite for other lengths and for NaN.
fn relative_difference(found: &[f64], expected: &[f64]) -> f64 {
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    if found.len() != expected.len() || differences.clone().any(f64::is_nan) {
        return f64::INFINITY;
    }
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    largest(&mut differences.into_iter()) / largest(&mut expected.iter().map(|b| b.abs()))
}
