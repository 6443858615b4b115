//! What the columns of a CSV file are: the times, components, or the index of a table that pandas wrote.

mod names;

use super::Table;
use crate::error::EquationError;
use names::{could_be_times, is_of_times};

/// The names that are the times' before all others.
const TIME: [&str; 2] = ["t", "time"];
/// How a file's owner says which column has the times.
const TO_BE_TOLD: &str =
    "to be told which column has the times: call it t, or name it with --time-column";

/// What the columns are.
#[derive(Debug)]
pub(super) struct Columns {
    /// The one of the times.
    pub time: usize,
    /// Those of the components, in order.
    pub components: Vec<usize>,
    /// What is left out, or taken for what nobody called so, in words for the file's owner.
    pub note: Option<String>,
}

impl Columns {
    /// Those of a table: the column that is `named` (or numbered, from 0) has the times, else the one called `t` or `time`, else the only
    /// one that has another name of times, else the first one. First columns that have no name and hold increasing whole numbers are no
    /// components.
    ///
    /// # Errors
    /// Where nothing is called as `named`, where it is not clear which column has the times, where there is no component, and where
    /// one has no name.
    pub fn of(table: &Table, named: Option<&str>) -> Result<Self, EquationError> {
        let headers = &table.headers;
        let called = match named {
            Some(name) => Some(find(table, name)?),
            None => called_so(table)?,
        };
        let columns = (0..headers.len()).filter(|column| Some(*column) != called);
        let is_index = |column: &usize| is_nameless(&headers[*column]) && counts(table, *column);
        let index: Vec<usize> = columns.clone().take_while(is_index).collect();
        let mut components: Vec<usize> = columns.filter(|column| !index.contains(column)).collect();
        let time = match (called, index.last()) {
            (Some(time), _) => time,
            (None, Some(last)) => {
                check_index(table, &components)?;
                *last
            }
            (None, None) => components.remove(0),
        };
        if called.is_none() && index.is_empty() {
            check_first(table, &components)?;
        }
        if components.is_empty() {
            let found = "no component beside the times".to_owned();
            return Err(table.wrong(1, &headers[time], found, "the time and at least one"));
        }
        let nameless = components
            .iter()
            .find(|column| headers[**column].is_empty());
        if let Some(column) = nameless {
            let found = format!("no name (column {column})");
            return Err(table.wrong(1, "", found, "a name for each component"));
        }
        let note = index.first().map(|first| note(table, *first, time));
        Ok(Self {
            time,
            components,
            note,
        })
    }
}

/// What a column is called in words for the file's owner.
pub(super) fn label(table: &Table, column: usize) -> String {
    match table.headers[column].as_str() {
        "" => format!("column {column}, which has no name"),
        name => name.to_owned(),
    }
}

/// The column that the file's owner named: the one of this name, or of this name whatever the case, or of this number.
fn find(table: &Table, wanted: &str) -> Result<usize, EquationError> {
    let headers = &table.headers;
    let exact = headers.iter().position(|name| name == wanted);
    let alike = || only(headers, |name| name.to_lowercase() == wanted.to_lowercase());
    let numbered = || wanted.parse().ok().filter(|place| *place < headers.len());
    let found = exact.or_else(|| alike().ok().flatten()).or_else(numbered);
    // A column without a name has a number alone.
    let found = found.filter(|_| !wanted.is_empty());
    found.ok_or_else(|| EquationError::Data {
        path: table.path.to_owned(),
        place: "--time-column".to_owned(),
        found: format!("{wanted:?}"),
        expected: format!(
            "one of the columns {}, or its number, counted from 0",
            headers.join(", ")
        ),
    })
}

/// The column that is called as that of the times: `t` or `time`, or else one of their other names.
///
/// # Errors
/// Where several are called so.
fn called_so(table: &Table) -> Result<Option<usize>, EquationError> {
    let headers = &table.headers;
    let several = |[one, other]: [usize; 2]| {
        let found = format!("a name of times, as {:?} is", headers[one]);
        table.wrong(1, &headers[other], found, TO_BE_TOLD)
    };
    match only(headers, |name| TIME.contains(&name)).map_err(several)? {
        Some(column) => Ok(Some(column)),
        None => only(headers, is_of_times).map_err(several),
    }
}

/// The only column whose name is such; none where there is none, and the first two where there are several.
fn only(headers: &[String], is: impl Fn(&str) -> bool) -> Result<Option<usize>, [usize; 2]> {
    let mut places = (0..headers.len()).filter(|place| is(&headers[*place]));
    match (places.next(), places.next()) {
        (Some(one), Some(other)) => Err([one, other]),
        (one, _) => Ok(one),
    }
}

/// Whether a column has no name; what pandas calls those that it reads without one is none.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: 0")
}

/// Whether a column holds increasing whole numbers, as the index of a table or of a part of it does.
fn counts(table: &Table, column: usize) -> bool {
    table.column(column).all(|number| number.fract() == 0.0) && increases(table, column)
}

fn increases(table: &Table, column: usize) -> bool {
    table.column(column).is_sorted_by(|a, b| a < b)
}

/// Fails where a column behind an index may have the times as well as that: it increases, and is not the only one that can be a component.
fn check_index(table: &Table, rest: &[usize]) -> Result<(), EquationError> {
    let mut others = rest.iter().filter(|column| increases(table, **column));
    match others.next() {
        Some(column) if rest.len() > 1 => {
            let found = "increasing numbers behind a first column without a name that does so too";
            Err(table.wrong(1, &table.headers[*column], found.to_owned(), TO_BE_TOLD))
        }
        _ => Ok(()),
    }
}

/// Fails where a column may have the times as well as the first one: it is called `T`, as temperatures are, and increases.
fn check_first(table: &Table, rest: &[usize]) -> Result<(), EquationError> {
    let is_other =
        |column: &&usize| could_be_times(&table.headers[**column]) && increases(table, **column);
    match rest.iter().find(is_other) {
        Some(column) => {
            let found = "increasing numbers, which may be times or temperatures".to_owned();
            Err(table.wrong(1, &table.headers[*column], found, TO_BE_TOLD))
        }
        None => Ok(()),
    }
}

fn note(table: &Table, index: usize, time: usize) -> String {
    let called = match table.headers[index].as_str() {
        "" => "has no name".to_owned(),
        name => format!("is called {name:?}"),
    };
    let remark = match is_nameless(&table.headers[time]) {
        true => "taken for the times".to_owned(),
        false => format!("left out; column {:?} has the times", table.headers[time]),
    };
    format!(
        "{}: the first column {called} and holds increasing whole numbers, as an index does: {remark}",
        table.path.display()
    )
}
