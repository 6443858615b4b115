//! Series in HDF5 files.

use std::io::Read;
use std::path::Path;

use hdf5::Group;
use hdf5::types::{IntSize, TypeDescriptor};
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
    if is_classic(path) {
        let remedy = "expected NetCDF-4 (nccopy -k nc4 IN OUT; xarray: to_netcdf(engine=\"h5netcdf\")) or HDF5";
        return Err(refuse(format!("found classic NetCDF, {remedy}")));
    }
    let metadata = std::fs::metadata(path);
    let bytes = metadata.map_err(|error| refuse(format!("cannot read the series: {error}")))?;
    let file = rheome_hdf::open(path).map_err(|error| refuse(message(&error)))?;
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
        check_shape(&table, name, |shape| match shape.len() {
            2 => Ok(()),
            _ => Err("[points, 1 + components], with the times in the first column".to_owned()),
        })?;
        return place.of_table(&matrix(&table, name)?);
    }
    match file.group(name) {
        Ok(group) => of_group(&Table {
            group: &group,
            ..table
        }),
        Err(_) => Err(missing(&table, name)),
    }
}

/// Whether a file is of NetCDF before version 4, which was no HDF5.
fn is_classic(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && matches!(magic, [b'C', b'D', b'F', 1 | 2 | 5])
}

/// That there is nothing of this name: what there is.
fn missing(table: &Table, name: &str) -> EquationError {
    let there = contents::datasets(table.group);
    let found = match there.is_empty() {
        true => "nothing, nor any dataset".to_owned(),
        false => format!("nothing, but {}", listed(&there)),
    };
    let expected = match elsewhere(&there) {
        Some(name) => format!("a dataset or a group, such as {name}"),
        None => "a dataset or a group".to_owned(),
    };
    table.wrong(name, &found, &expected)
}

/// The series of a group: `time`, `values` and, if it is there, `component`.
fn of_group(table: &Table) -> Result<Series, EquationError> {
    check_names(table)?;
    check_shape(table, TIME, |shape| match shape.len() {
        1 => Ok(()),
        _ => Err("[points]".to_owned()),
    })?;
    let times: Vec<f64> = table.numbers(TIME, &[None])?;
    check_exact(table, TIME)?;
    let points = times.len();
    check_shape(table, VALUES, |shape| match *shape {
        [rows, _] if rows == points => Ok(()),
        [_, columns] if columns == points => Err(format!(
            "[points, components], with the {points} points of {TIME}: it looks transposed, save its transpose (h5py: array.T)"
        )),
        [rows] if rows == points => Err(format!(
            "[points, components], [{points}, 1] for one component (h5py: array[:, None])"
        )),
        _ => Err(format!(
            "[points, components], with the {points} points of {TIME}"
        )),
    })?;
    let states = matrix(table, VALUES)?;
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

/// Fails where a dataset has a shape that `fits` refuses, saying what it should be.
fn check_shape(
    table: &Table,
    name: &str,
    fits: impl Fn(&[usize]) -> Result<(), String>,
) -> Result<(), EquationError> {
    let shape = table.group.dataset(name).map(|dataset| dataset.shape());
    let shape = shape.unwrap_or_default();
    fits(&shape).map_err(|expected| table.wrong(name, &format!("shape {shape:?}"), &expected))
}

/// Fails where a dataset has integers that float64 would round, such as times in nanoseconds.
fn check_exact(table: &Table, name: &str) -> Result<(), EquationError> {
    let Ok(dataset) = table.group.dataset(name) else {
        return Ok(());
    };
    let kind = dataset.dtype().and_then(|kind| kind.to_descriptor());
    let wholes: hdf5::Result<Vec<i128>> = match kind {
        Ok(TypeDescriptor::Integer(IntSize::U8)) => {
            let read = dataset.read_raw::<i64>();
            read.map(|all| all.into_iter().map(i128::from).collect())
        }
        Ok(TypeDescriptor::Unsigned(IntSize::U8)) => {
            let read = dataset.read_raw::<u64>();
            read.map(|all| all.into_iter().map(i128::from).collect())
        }
        _ => return Ok(()),
    };
    let wholes = wholes.map_err(|error| table.wrong(name, &message(&error), "readable numbers"))?;
    match wholes
        .into_iter()
        .find(|whole| *whole as f64 as i128 != *whole)
    {
        None => Ok(()),
        Some(whole) => Err(table.wrong(
            name,
            &format!("the integer {whole}"),
            "numbers that float64 holds exactly: subtract the first time, or take a greater unit",
        )),
    }
}

/// Fails where a group has no dataset of the times, or of the states; says what there is instead.
fn check_names(table: &Table) -> Result<(), EquationError> {
    let lacks = |name: &&str| table.group.dataset(name).is_err();
    let Some(missing) = [TIME, VALUES].into_iter().find(lacks) else {
        return Ok(());
    };
    let there = contents::datasets(table.group);
    let found = match there.is_empty() {
        true => "no dataset, nor any other".to_owned(),
        false => format!("no dataset, but {}", listed(&there)),
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

/// Datasets with their shapes, the first ones.
fn listed(there: &[(String, Vec<usize>)]) -> String {
    let some = there.iter().take(LISTED);
    let mut words: Vec<String> = some
        .map(|(name, shape)| format!("{name} {shape:?}"))
        .collect();
    if there.len() > LISTED {
        words.push(format!("{} more", there.len() - LISTED));
    }
    words.join(", ")
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

/// The numbers of a dataset with two axes.
fn matrix(table: &Table, name: &str) -> Result<Array2<f64>, EquationError> {
    let dataset = table.dataset(name, &[None, None])?;
    table.numeric::<f64>(&dataset, name)?;
    let values = dataset.read_2d();
    let values = values.map_err(|error| table.wrong(name, &message(&error), "readable numbers"))?;
    check_exact(table, name)?;
    Ok(values)
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
    let states = states.as_standard_layout();
    let values = group.new_dataset_builder().with_data(&states);
    values.create(VALUES)?;
    text::write_dataset(group, COMPONENT, names)?;
    Ok(())
}
