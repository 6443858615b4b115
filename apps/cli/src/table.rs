//! Tables: for readers on the terminal (and in Markdown), for programs as CSV.

use std::path::Path;

use crate::Failure;
use crate::files::{self, cannot};

/// A column: its title for readers, its name in CSV, and what it shows of a row.
pub struct Column<T> {
    /// Title for readers.
    pub title: &'static str,
    /// Name in CSV.
    pub name: &'static str,
    /// What it shows.
    pub cell: fn(&T) -> Cell,
}

/// What a column shows. What is none is unknown, or does not apply.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words; they stand on the left.
    Word(String),
    /// A whole number.
    Count(Option<usize>),
    /// A number, shown with three significant figures.
    Number(Option<f64>),
    /// Seconds, shown in the unit in which one waits.
    Duration(Option<f64>),
    /// Seconds of which some are not counted, shown as [`Cell::Duration`] behind `≥`.
    AtLeast(Option<f64>),
    /// Mebibytes.
    Memory(Option<f64>),
    /// A fraction, shown as a percentage.
    Percent(Option<f64>),
    /// A fraction that may be of either sign, shown as a percentage with its sign.
    SignedPercent(Option<f64>),
}

/// A column.
pub const fn column<T>(title: &'static str, name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column { title, name, cell }
}

/// Some of the columns, by their names in CSV, under titles of their own: `(title, name)`. Names that no column has are left out.
pub fn choose<T>(columns: &[Column<T>], chosen: &[(&'static str, &str)]) -> Vec<Column<T>> {
    let find = |(title, name): &(&'static str, &str)| {
        let column = columns.iter().find(|column| column.name == *name)?;
        Some(Column { title, ..*column })
    };
    chosen.iter().filter_map(find).collect()
}

impl Cell {
    /// For readers.
    pub fn text(&self) -> String {
        let finite = |value: &Option<f64>| value.filter(|v| v.is_finite());
        let shown = match self {
            Self::Word(word) => Some(word.clone()),
            Self::Count(count) => count.map(|n| n.to_string()),
            Self::Number(number) => finite(number).map(short),
            Self::Duration(seconds) => finite(seconds).map(duration),
            Self::AtLeast(seconds) => finite(seconds).map(|s| format!("≥ {}", duration(s))),
            Self::Memory(mebibytes) => finite(mebibytes).map(|m| format!("{m:.0}")),
            Self::Percent(part) => finite(part).map(|p| format!("{:.1} %", 100.0 * p)),
            Self::SignedPercent(part) => finite(part).map(|p| format!("{:+.1} %", 100.0 * p)),
        };
        shown.unwrap_or_else(|| "-".into())
    }

    /// For CSV, with all digits.
    fn csv(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Count(count) => count.map_or_else(String::new, |n| n.to_string()),
            Self::Number(x)
            | Self::Duration(x)
            | Self::AtLeast(x)
            | Self::Memory(x)
            | Self::Percent(x)
            | Self::SignedPercent(x) => x
                .filter(|v| v.is_finite())
                .map_or_else(String::new, |x| x.to_string()),
        }
    }
}

/// The table in Markdown, with aligned columns.
pub fn markdown<'a, T: 'a>(columns: &[Column<T>], rows: impl IntoIterator<Item = &'a T>) -> String {
    let cells: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| columns.iter().map(|c| (c.cell)(row)).collect())
        .collect();
    let is_word = |c: usize| cells.iter().any(|row| matches!(row[c], Cell::Word(_)));
    let head = columns.iter().map(|c| c.title.to_owned()).collect();
    let body = cells
        .iter()
        .map(|row| row.iter().map(|c| c.text().replace('|', "\\|")).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    let width = |c: usize| {
        lines
            .iter()
            .map(|l| l[c].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (c, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            text += &match is_word(c) {
                true => format!("| {cell:<width$} "),
                false => format!("| {cell:>width$} "),
            };
        }
        text += "|\n";
        if number == 0 {
            for (c, &width) in widths.iter().enumerate() {
                let end = if is_word(c) { "-" } else { ":" };
                text += &format!("|{}{end}", "-".repeat(width + 1));
            }
            text += "|\n";
        }
    }
    text
}

/// Writes the table as CSV.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write_csv<'a, T: 'a>(
    path: &Path,
    columns: &[Column<T>],
    rows: impl IntoIterator<Item = &'a T>,
) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(columns.iter().map(|c| c.name))
        .map_err(cannot("write", path))?;
    for row in rows {
        let record = columns.iter().map(|c| (c.cell)(row).csv());
        writer.write_record(record).map_err(cannot("write", path))?;
    }
    files::write(path, writer.into_inner().map_err(cannot("write", path))?)
}

/// Three significant figures.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        // Without the sign of a zero.
        return (value + 0.0).to_string();
    }
    let before_the_point = value.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(3 - before_the_point).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// Seconds in the units in which one waits.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, Option<f64>);

    const COLUMNS: [Column<Row>; 3] = [
        column("name", "name", |row| Cell::Word(row.0.into())),
        column("step, s", "step_seconds", |row| Cell::Number(row.1)),
        column("error", "error", |row| Cell::SignedPercent(row.1)),
    ];

    const ROWS: [Row; 3] = [
        ("small, new", Some(0.0123456)),
        ("b|c", None),
        ("d", Some(f64::NAN)),
    ];

    #[test]
    fn readers_see_aligned_rows_and_dashes() {
        let text = markdown(&COLUMNS, &ROWS);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| name       | step, s |  error |");
        assert_eq!(lines[1], "|------------|--------:|-------:|");
        assert_eq!(lines[2], "| small, new |  0.0123 | +1.2 % |");
        assert_eq!(lines[3], "| b\\|c       |       - |      - |");
        assert_eq!(lines[4], "| d          |       - |      - |");
    }

    #[test]
    fn a_csv_file_holds_exact_numbers_and_quoted_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_csv(&path, &COLUMNS, &ROWS).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "name,step_seconds,error\n\"small, new\",0.0123456,0.0123456\nb|c,,\nd,,\n";
        assert_eq!(text, expected);
        let error = write_csv(&folder.path().join("none/a.csv"), &COLUMNS, &ROWS).unwrap_err();
        assert!(error.line().contains("none/a.csv"), "{}", error.line());
    }

    #[test]
    fn numbers_have_three_figures() {
        assert_eq!(
            [123.456, 1234.5, 0.012345, 0.0].map(short),
            ["123", "1234", "0.0123", "0"]
        );
        assert_eq!(
            [3.0, 300.0, 9000.0].map(duration),
            ["3 s", "5 min", "2.5 h"]
        );
        assert_eq!(Cell::AtLeast(Some(1560.0)).text(), "≥ 26 min");
        assert_eq!(Cell::AtLeast(Some(1560.0)).csv(), "1560");
    }
}
