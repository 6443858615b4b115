//! What the columns of a CSV file are: the times, components, or the index of a table that pandas wrote.

use super::Table;
use crate::error::EquationError;

/// Names of the column of times, whatever the case.
const TIME: [&str; 2] = ["t", "time"];
/// Words that the name of a column of times may begin with: `Year`, `time (s)`.
const TIMES: [&str; 24] = [
    "time",
    "times",
    "timestamp",
    "elapsed",
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
    "hrs",
    "minute",
    "minutes",
    "min",
    "second",
    "seconds",
    "sec",
    "secs",
    "epoch",
];
/// Units that may stand behind a `t`, which begins many other names: `t (s)`, `t_min`.
const UNITS: [&str; 18] = [
    "s", "ms", "us", "ns", "min", "h", "hr", "hrs", "d", "day", "days", "sec", "secs", "week",
    "weeks", "yr", "year", "years",
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
    /// Those of a table: the column called `t` or `time`, or the first one, has the times. First columns that have no name and hold
    /// increasing whole numbers are passed over, unless they are the only ones that can be the times.
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
            (None, Some(last), Some(_)) => match times_among(table, &rest)? {
                Some(time) => {
                    let others = rest.into_iter().filter(|column| *column != time);
                    (time, others.collect(), LEFT_OUT)
                }
                None => (*last, rest, THE_TIMES),
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

/// The column behind an index that has the times: it is called so, and increases. None if the index itself has them.
///
/// # Errors
/// Where nothing tells: the first one increases, has another name, and has components behind it.
fn times_among(table: &Table, rest: &[usize]) -> Result<Option<usize>, EquationError> {
    if rest.len() < 2 {
        return Ok(None);
    }
    let increases = |column: usize| table.column(column).is_sorted_by(|a, b| a < b);
    let has_times = |column: &&usize| is_of_times(&table.headers[**column]) && increases(**column);
    let found = rest.iter().find(has_times).copied();
    let first = rest[0];
    if found.is_none() && increases(first) {
        let found = "increasing numbers behind a column without a name that does so too";
        let expected = "to be told which of both has the times: call that one t";
        return Err(table.wrong(1, &table.headers[first], found.to_owned(), expected));
    }
    Ok(found)
}

/// Whether a name is one that times have: it begins with such a word, or is a `t` with a unit.
fn is_of_times(name: &str) -> bool {
    let mut words = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    match words.next() {
        Some("t") => words.all(|word| UNITS.contains(&word)),
        Some(word) => TIMES.contains(&word.to_lowercase().as_str()),
        None => false,
    }
}

fn note(table: &Table, column: usize, remark: &str) -> String {
    let called = match table.headers[column].as_str() {
        "" => "has no name".to_owned(),
        name => format!("is called {name:?}"),
    };
    format!(
        "{}: the first column {called} and holds increasing whole numbers, as an index does: {remark}",
        table.path.display()
    )
}
