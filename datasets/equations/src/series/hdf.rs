//! Series in HDF5 files.

use std::path::Path;

use hdf5::{File, Group};
use ndarray::{Array2, ArrayView2};
use rheome_hdf::{contents, message, text};

use super::{Place, Series, component_names};
use crate::error::EquationError;
use crate::file::table::Table;
use crate::system::MAX_COMPONENTS;

const TIME: &str = "time";
const VALUES: &str = "values";
const COMPONENT: &str = "component";
/// Most columns of a table: the times and the components.
const COLUMNS: usize = 1 + MAX_COMPONENTS;
/// Datasets that are named to whoever named another.
const LISTED: usize = 8;

pub(super) fn read(path: &Path, name: Option<&str>) -> Result<Series, EquationError> {
    let refuse = |reason: String| EquationError::File {
        path: path.to_owned(),
        reason,
    };
    let metadata = std::fs::metadata(path);
    let bytes = metadata.map_err(|error| refuse(format!("cannot read the series: {error}")))?;
    let file = File::open(path).map_err(|error| refuse(message(&error)))?;
    let table = Table {
        path,
        group: &file,
        bytes: bytes.len(),
    };
    let Some(name) = name else {
        return of_group(&table);
    };
    if file.dataset(name).is_ok() {
        let place = Place { path, name };
        return place.of_table(&matrix(&table, name, [None, None])?);
    }
    match file.group(name) {
        Ok(group) => of_group(&Table {
            group: &group,
            ..table
        }),
        Err(_) => Err(table.wrong(name, "nothing", "a dataset or a group")),
    }
}

/// The series of a group: `time`, `values` and, if it is there, `component`.
fn of_group(table: &Table) -> Result<Series, EquationError> {
    check_names(table)?;
    let times: Vec<f64> = table.numbers(TIME, &[None])?;
    let states = matrix(table, VALUES, [Some(times.len()), None])?;
    if states.ncols() > MAX_COMPONENTS {
        let found = format!("{} components", states.ncols());
        return Err(table.wrong(VALUES, &found, &format!("1 to {MAX_COMPONENTS}")));
    }
    let names = match table.group.link_exists(COMPONENT) {
        true => table.texts(COMPONENT, Some(states.ncols()))?,
        false => component_names(states.ncols()),
    };
    let group = table.group.name();
    let place = Place {
        path: table.path,
        name: &format!("{}/{VALUES}", group.trim_end_matches('/')),
    };
    place.series(times, states, names)
}

/// Fails where a group has no dataset of the times, or of the states; says what there is instead.
fn check_names(table: &Table) -> Result<(), EquationError> {
    let lacks = |name: &&str| table.group.dataset(name).is_err();
    let Some(missing) = [TIME, VALUES].into_iter().find(lacks) else {
        return Ok(());
    };
    let there = contents::datasets(table.group);
    let mut listed: Vec<String> = there
        .iter()
        .take(LISTED)
        .map(|(name, shape)| format!("{name} {shape:?}"))
        .collect();
    if there.len() > LISTED {
        listed.push(format!("{} more", there.len() - LISTED));
    }
    let found = match listed.is_empty() {
        true => "no dataset, nor any other".to_owned(),
        false => format!("no dataset, but {}", listed.join(", ")),
    };
    let group = table.group.name();
    let place = |name: &str| {
        let name = format!("{}/{name}", group.trim_end_matches('/'));
        format!("{}:{}", table.path.display(), name.trim_start_matches('/'))
    };
    let instead = match elsewhere(&there) {
        Some(name) => place(name),
        None => "FILE:GROUP or FILE:DATASET".to_owned(),
    };
    let expected = format!(
        "{TIME} [points] and {VALUES} [points, components]; or name another group with both, or a table [points, 1 + components]: {instead}"
    );
    Err(table.wrong(missing, &found, &expected))
}

/// A group with a series, or the only dataset, where it may be a table.
fn elsewhere(there: &[(String, Vec<usize>)]) -> Option<&str> {
    let has = |wanted: String| there.iter().any(|(name, _)| *name == wanted);
    let groups = there.iter().filter_map(|(name, _)| {
        let group = name.strip_suffix(TIME)?.strip_suffix('/')?;
        has(format!("{group}/{VALUES}")).then_some(group)
    });
    let is_table = |shape: &[usize]| matches!(*shape, [points, 2..=COLUMNS] if points >= 2);
    let only = match there {
        [(name, shape)] if is_table(shape) => Some(name.as_str()),
        _ => None,
    };
    groups.into_iter().next().or(only)
}

fn matrix(
    table: &Table,
    name: &str,
    shape: [Option<usize>; 2],
) -> Result<Array2<f64>, EquationError> {
    let dataset = table.dataset(name, &shape)?;
    table.numeric::<f64>(&dataset, name)?;
    let values = dataset.read_2d();
    values.map_err(|error| table.wrong(name, &message(&error), "readable numbers"))
}

/// Writes states `[points, components]` at `times` `[points]` into a group, as [`Series::from_hdf`] reads them; `names` are
/// those of the components.
///
/// # Errors
/// The library's error.
pub fn write_points(
    group: &Group,
    times: &[f64],
    states: ArrayView2<f64>,
    names: &[String],
) -> hdf5::Result<()> {
    let time = group.new_dataset_builder().with_data(times);
    time.create(TIME)?;
    let values = group.new_dataset_builder().with_data(&states);
    values.create(VALUES)?;
    text::write_dataset(group, COMPONENT, names)?;
    Ok(())
}
