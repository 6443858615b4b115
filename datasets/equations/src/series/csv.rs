//! Series from CSV files.

use std::path::Path;

use ndarray::{Array2, ArrayView1, s};

use super::Series;
use crate::error::EquationError;
use crate::system::MAX_COMPONENTS;

/// Names of the column of times, whatever the case.
const TIME: [&str; 2] = ["t", "time"];
/// Most points that are read.
const MAX_POINTS: usize = 10_000_000;

pub(super) fn read(path: &Path) -> Result<Series, EquationError> {
    let file = std::fs::File::open(path).map_err(|error| EquationError::File {
        path: path.to_owned(),
        reason: format!("cannot read the series: {error}"),
    })?;
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(file);
    let table = Table { path };
    let headers = reader.headers().map_err(|error| table.syntax(&error))?;
    let headers: Vec<String> = headers.iter().map(str::to_owned).collect();
    let time = table.time_column(&headers)?;
    let (mut times, mut states) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| table.syntax(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, text) in record.iter().enumerate() {
            let value = table.number(line, &headers[column], text)?;
            if column != time {
                states.push(value);
                continue;
            }
            if let Some(before) = times.last().filter(|before| value <= **before) {
                let found = format!("{value} after {before}");
                let expected = match is_time(&headers[column]) {
                    true => "increasing times",
                    false => {
                        "increasing times: the column t or time has them, or the first one where none is called so"
                    }
                };
                return Err(table.wrong(line, &headers[column], found, expected));
            }
            times.push(value);
        }
        if times.len() > MAX_POINTS {
            let found = format!("more than {MAX_POINTS} points");
            return Err(table.wrong(line, &headers[time], found, "fewer"));
        }
    }
    if times.len() < 2 {
        let found = format!("{} point(s)", times.len());
        return Err(table.wrong(1, &headers[time], found, "a header and at least two points"));
    }
    let components = headers.len() - 1;
    let mut states =
        Array2::from_shape_vec((times.len(), components), states).map_err(|_| table.ragged())?;
    let mut names = headers;
    names.remove(time);
    let mut note = None;
    // Each time pandas writes what it read, there is one more.
    while names.len() > 1 && is_index(&names[0], states.column(0)) {
        let name = names.remove(0);
        let called = match name.as_str() {
            "" => "has no name".to_owned(),
            name => format!("is called {name:?}"),
        };
        states = states.slice(s![.., 1..]).to_owned();
        note.get_or_insert(format!(
            "{}: the first column {called} and counts the lines: left out, it is no component",
            path.display()
        ));
    }
    let series = Series::named(times, states, names)?;
    Ok(Series { note, ..series })
}

/// Whether a column is called as that of the times.
fn is_time(name: &str) -> bool {
    TIME.contains(&name.to_lowercase().as_str())
}

/// Whether a column has no name and counts the lines from 0, as pandas writes the index of a table; read again without its knowing,
/// and written, it is called `Unnamed: 0`, or `Unnamed: 0.1`.
fn is_index(name: &str, values: ArrayView1<f64>) -> bool {
    let has_none = name.is_empty() || name.starts_with("Unnamed: 0");
    has_none && values.iter().enumerate().all(|(row, v)| *v == row as f64)
}

/// A file, for messages about it.
struct Table<'a> {
    path: &'a Path,
}

impl Table<'_> {
    /// Which column has the times: the one called so, or the first.
    fn time_column(&self, headers: &[String]) -> Result<usize, EquationError> {
        let numeric = headers.iter().find(|name| name.parse::<f64>().is_ok());
        if let Some(number) = numeric {
            return Err(self.wrong(
                1,
                number,
                "a number".to_owned(),
                "a header with the names of the columns, e.g. time,x,y,z",
            ));
        }
        if !(2..=MAX_COMPONENTS + 1).contains(&headers.len()) {
            return Err(EquationError::Data {
                path: self.path.to_owned(),
                place: "line 1".to_owned(),
                found: format!("{} column(s)", headers.len()),
                expected: format!("the time and 1 to {MAX_COMPONENTS} components, with commas"),
            });
        }
        Ok(headers.iter().position(|name| is_time(name)).unwrap_or(0))
    }

    fn number(&self, line: u64, column: &str, text: &str) -> Result<f64, EquationError> {
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        number.ok_or_else(|| {
            let excerpt: String = text.chars().take(40).collect();
            self.wrong(line, column, format!("{excerpt:?}"), "a finite number")
        })
    }

    fn wrong(&self, line: u64, column: &str, found: String, expected: &str) -> EquationError {
        let column: String = column.chars().take(40).collect();
        EquationError::Data {
            path: self.path.to_owned(),
            place: format!("line {line}, column {column:?}"),
            found,
            expected: expected.to_owned(),
        }
    }

    fn ragged(&self) -> EquationError {
        EquationError::File {
            path: self.path.to_owned(),
            reason: "rows of different lengths".to_owned(),
        }
    }

    /// The reader's message in one line: rows of different lengths, bytes that are no text.
    fn syntax(&self, error: &csv::Error) -> EquationError {
        let reason = error.to_string();
        EquationError::File {
            path: self.path.to_owned(),
            reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}
