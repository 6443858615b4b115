//! What the columns of a CSV file are: the times, components, or the index of a table that pandas wrote.

use super::Table;
use crate::error::EquationError;

/// Names of the column of times, whatever the case.
const TIME: [&str; 2] = ["t", "time"];
/// Words that a first column of times may begin with: `Year`, `time (s)`, `t [h]`.
const TIMES: [&str; 20] = [
    "t",
    "time",
    "times",
    "timestamp",
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "date",
    "hour",
    "hours",
    "minute",
    "minutes",
    "second",
    "seconds",
    "epoch",
];

/// What became of an index.
const LEFT_OUT: &str = "left out, it is no component";
const THE_TIMES: &str = "taken for the times";
const A_COMPONENT: &str = "taken for a component, since there is no other";

/// What the columns are.
pub(super) struct Columns {
    /// The one of the times.
    pub time: usize,
    /// Those of the components, in order.
    pub components: Vec<usize>,
    /// What is left out, or taken for what nobody called so, in words for the file's owner.
    pub note: Option<String>,
}

impl Columns {
    /// Those of a table: the column called `t` or `time`, or the first one, has the times. First columns that have no name and count the
    /// lines are passed over, unless they are the only ones that can be the times.
    ///
    /// # Errors
    /// Names a column that has no name, or the column behind an index that may be the times or a component.
    pub fn of(table: &Table) -> Result<Self, EquationError> {
        let headers = &table.headers;
        let called = headers.iter().position(|name| is_time(name));
        let columns = (0..headers.len()).filter(|column| Some(*column) != called);
        let is_index = |column: &usize| is_nameless(&headers[*column]) && counts(table, *column);
        let index: Vec<usize> = columns.clone().take_while(is_index).collect();
        let rest: Vec<usize> = columns.filter(|column| !index.contains(column)).collect();
        let (time, components, remark) = match (called, index.last(), rest.first()) {
            (Some(time), _, Some(_)) => (time, rest, LEFT_OUT),
            // Nothing else can be the component.
            (Some(time), Some(last), None) => (time, vec![*last], A_COMPONENT),
            (None, Some(last), Some(first)) => match has_times(table, *first, &rest)? {
                true => (*first, rest[1..].to_vec(), LEFT_OUT),
                false => (*last, rest, THE_TIMES),
            },
            _ => (0, (1..headers.len()).collect(), THE_TIMES),
        };
        if let Some(column) = components
            .iter()
            .find(|column| headers[**column].is_empty())
        {
            let found = format!("no name (column {})", column + 1);
            return Err(table.wrong(1, "", found, "a name for each component"));
        }
        let note = index.first().map(|first| note(table, *first, remark));
        Ok(Self {
            time,
            components,
            note,
        })
    }
}

/// Whether a column is called as that of the times.
pub(super) fn is_time(name: &str) -> bool {
    TIME.contains(&name.to_lowercase().as_str())
}

/// Whether a column has no name; what pandas calls those that it reads without one is none.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: 0")
}

/// Whether a column holds increasing whole numbers, as the index of a table or of a part of it does.
fn counts(table: &Table, column: usize) -> bool {
    let numbers = || table.column(column);
    numbers().all(|number| number.fract() == 0.0) && numbers().is_sorted_by(|a, b| a < b)
}

/// Whether the first column behind an index has the times, rather than the index itself.
///
/// # Errors
/// Where nothing tells: it increases, has another name, and has components behind it.
fn has_times(table: &Table, first: usize, rest: &[usize]) -> Result<bool, EquationError> {
    let name = &table.headers[first];
    let begins = name.split(|letter: char| !letter.is_alphanumeric());
    let begins = begins.map(str::to_lowercase).next().unwrap_or_default();
    let is_called_so = TIMES.contains(&begins.as_str());
    let increases = || table.column(first).is_sorted_by(|a, b| a < b);
    if rest.len() > 1 && !is_called_so && increases() {
        let found = "increasing numbers behind a column without a name that counts the lines";
        let expected = "to be told which of both has the times: call that one t";
        return Err(table.wrong(1, name, found.to_owned(), expected));
    }
    Ok(rest.len() > 1 && is_called_so)
}

fn note(table: &Table, column: usize, remark: &str) -> String {
    let called = match table.headers[column].as_str() {
        "" => "has no name".to_owned(),
        name => format!("is called {name:?}"),
    };
    format!(
        "{}: the first column {called} and counts the lines: {remark}",
        table.path.display()
    )
}
