//! Series from CSV files.

mod columns;
mod separator;

use std::path::Path;

use super::{Origin, Series};
use crate::error::EquationError;
use crate::system::MAX_COMPONENTS;
use columns::Columns;

/// Most points that are read.
const MAX_POINTS: usize = 10_000_000;
/// Whole numbers up to this size are all exact as float64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The series of a file; `time_column` names the column of the times, where its owner does.
pub(super) fn read(path: &Path, time_column: Option<&str>) -> Result<Series, EquationError> {
    let table = Table::read(path)?;
    let Columns {
        time,
        components,
        note,
    } = Columns::of(&table, time_column)?;
    if components.len() > MAX_COMPONENTS {
        return Err(table.too_wide());
    }
    let times: Vec<f64> = table.column(time).collect();
    table.check_times(time, &times)?;
    let states = ndarray::Array2::from_shape_fn((times.len(), components.len()), |(row, place)| {
        table.value(row, components[place])
    });
    let names = components
        .iter()
        .map(|column| table.headers[*column].clone());
    let series = Series::named(times, states, names.collect())?;
    let origin = Origin {
        note,
        time_name: Some(columns::label(&table, time)),
    };
    Ok(Series { origin, ..series })
}

/// A file as it is: names and numbers.
struct Table<'a> {
    path: &'a Path,
    headers: Vec<String>,
    /// `[rows, columns]`
    values: Vec<f64>,
    /// Where each row is in the file.
    lines: Vec<u64>,
}

impl<'a> Table<'a> {
    fn read(path: &'a Path) -> Result<Self, EquationError> {
        let file = std::fs::File::open(path).map_err(|error| EquationError::File {
            path: path.to_owned(),
            reason: format!("cannot read the series: {error}"),
        })?;
        let file = separator::found(file).map_err(|error| EquationError::File {
            path: path.to_owned(),
            reason: format!("cannot read the series: {error}"),
        })?;
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(separator::COMMENT))
            .delimiter(file.separator)
            .trim(csv::Trim::All)
            .from_reader(file.text);
        let mut table = Self {
            path,
            headers: Vec::new(),
            values: Vec::new(),
            lines: Vec::new(),
        };
        let headers = reader.headers().map_err(|error| table.syntax(&error))?;
        table.headers = headers.iter().map(str::to_owned).collect();
        table.check_headers()?;
        for record in reader.records() {
            let record = record.map_err(|error| table.syntax(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            for (column, text) in record.iter().enumerate() {
                table.values.push(table.number(line, column, text)?);
            }
            table.lines.push(line);
            if table.lines.len() > MAX_POINTS {
                let found = format!("more than {MAX_POINTS} points");
                return Err(table.wrong(line, &table.headers[0], found, "fewer"));
            }
        }
        if table.lines.len() < 2 {
            let found = format!("{} point(s)", table.lines.len());
            let expected = "a header and at least two points";
            return Err(table.wrong(1, &table.headers[0], found, expected));
        }
        Ok(table)
    }

    fn value(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.headers.len() + column]
    }

    fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        let rows = self.values.chunks_exact(self.headers.len());
        rows.map(move |row| row[column])
    }

    fn check_headers(&self) -> Result<(), EquationError> {
        let headers = &self.headers;
        if let Some(number) = headers.iter().find(|name| name.parse::<f64>().is_ok()) {
            return Err(self.wrong(
                1,
                number,
                "a number".to_owned(),
                "a header with the names of the columns, e.g. time,x,y,z",
            ));
        }
        // pandas writes an index more, and one more each time that it writes what it read.
        if !(2..=2 * MAX_COMPONENTS).contains(&headers.len()) {
            return Err(self.too_wide());
        }
        let again = |(place, name): (usize, &String)| {
            (!name.is_empty() && headers[..place].contains(name)).then(|| name.clone())
        };
        match headers.iter().enumerate().find_map(again) {
            Some(name) => {
                let found = "two columns of this name".to_owned();
                Err(self.wrong(1, &name, found, "a name of its own for each"))
            }
            None => Ok(()),
        }
    }

    /// That there are too many columns, or too few.
    fn too_wide(&self) -> EquationError {
        EquationError::Data {
            path: self.path.to_owned(),
            place: "line 1".to_owned(),
            found: format!("{} column(s)", self.headers.len()),
            expected: format!(
                "the time and 1 to {MAX_COMPONENTS} components, with commas between them (or semicolons, or tabs)"
            ),
        }
    }

    /// Fails where times do not increase, or are dates written as numbers, which are no clock.
    fn check_times(&self, column: usize, times: &[f64]) -> Result<(), EquationError> {
        let name = &self.headers[column];
        if let Some(row) = (1..times.len()).find(|row| times[*row] <= times[row - 1]) {
            let found = format!("{} after {}", times[row], times[row - 1]);
            let expected = "increasing times (--time-column names another column)";
            return Err(self.wrong(self.lines[row], name, found, expected));
        }
        if times.iter().copied().all(is_date) {
            let found = format!("{}, a date as a number", times[0]);
            let expected =
                "times, such as days since the first: 20200131 and 20200201 are one day apart";
            return Err(self.wrong(self.lines[0], name, found, expected));
        }
        Ok(())
    }

    fn number(&self, line: u64, column: usize, text: &str) -> Result<f64, EquationError> {
        let wrong = |expected: &str| {
            let excerpt: String = text.chars().take(40).collect();
            let name = self.headers.get(column).map_or("", String::as_str);
            self.wrong(line, name, format!("{excerpt:?}"), expected)
        };
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        let number = number.ok_or_else(|| {
            let with_point = text.replacen(',', ".", 1);
            let has_comma = text.contains(',') && with_point.parse::<f64>().is_ok();
            wrong(match has_comma {
                true => "a decimal point, no decimal comma (pandas: to_csv(decimal=\".\"))",
                false => "a finite number",
            })
        })?;
        let is_rounded = number.abs() > EXACT
            && text
                .parse::<i128>()
                .is_ok_and(|whole| number as i128 != whole);
        match is_rounded {
            true => Err(wrong(
                "a number that float64 holds exactly: subtract the first time, or take a greater unit",
            )),
            false => Ok(number),
        }
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

    /// The reader's message in one line: rows of different lengths, bytes that are no text.
    fn syntax(&self, error: &csv::Error) -> EquationError {
        if let csv::ErrorKind::Utf8 { pos, .. } = error.kind() {
            return EquationError::Data {
                path: self.path.to_owned(),
                place: format!("line {}", pos.as_ref().map_or(1, csv::Position::line)),
                found: "bytes that are no UTF-8".to_owned(),
                expected: "text: save the file as UTF-8 (it may be in Latin-1, or in UTF-16)"
                    .to_owned(),
            };
        }
        let reason = error.to_string();
        EquationError::File {
            path: self.path.to_owned(),
            reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// Whether a number is a date, as year, month and day: 20200131.
fn is_date(time: f64) -> bool {
    let (month, day) = ((time / 100.0).floor() % 100.0, time % 100.0);
    let is_year = (1e7..1e8).contains(&time) && time.fract() == 0.0;
    is_year && (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day)
}
