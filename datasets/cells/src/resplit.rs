//! Another split of cells that are prepared.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use rheome_anndata::{AnnData, AnnDataWriter, Axis, Column, Frame, Part, Value, WriteOptions};

use crate::condition::Condition;
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::moments::GeneMoments;
use crate::normalization::BLOCK;
use crate::prepare::{EVALUATED, Masks, PREPARE, Progress, Renamed, SPLIT, prepared_conditions};
use crate::protocol::Protocol;
use crate::split::{Split, SplitSettings};
use crate::variable_genes::seurat;

/// What [`resplit`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Resplit {
    /// The conditions of the cells.
    pub conditions: Conditions,
    /// The new split.
    pub split: Split,
    /// Whether cells that are held out now had a say in which genes the file has, which the strict protocol forbids.
    pub leaks: bool,
    /// Columns that were added to the file and are called as those of a split, or as HDF5 calls none, and what they are called in the
    /// output: `obs/split/a`, `obs/source_split_a`.
    pub renamed: Vec<(String, String)>,
}

/// Splits the prepared cells of `source` anew: `output`, which may be the same file, gets all of it, with another column
/// [`SPLIT`] of `obs`, member [`SPLIT`] of `uns` and column [`EVALUATED`] of `var` (genes are judged by the cells that the
/// protocol of the file allows). Which genes the file has was decided when it was prepared: [`Resplit::leaks`] tells whether
/// with cells that are held out now. Columns that were added to the file since stay, if need be under another name
/// ([`Resplit::renamed`]).
///
/// The matrix is read once, by blocks of rows; `progress` is told the cells read and how many there will be.
///
/// # Errors
/// [`CellsError::Cells`] if the file was not prepared; [`CellsError::Setting`] for a split that cannot be;
/// [`CellsError::AnnData`] if a file cannot be read or written.
pub fn resplit(
    source: &AnnData,
    output: &Path,
    settings: &SplitSettings,
    options: WriteOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Resplit, CellsError> {
    let (protocol, evaluated_genes) = preparation(source)?;
    let conditions = prepared_conditions(source)?;
    let split = Split::new(conditions.conditions(), settings, protocol)?;
    let masks = Masks::new(&conditions, Some(&split), protocol);
    // Before the matrix is read: what is wrong with a table is said at once.
    let [mut obs, mut var] = [source.frame(Axis::Obs)?, source.frame(Axis::Var)?];
    let mut renamed = Renamed::default();
    let is_of_split = has_split(source, &obs)?;
    let column = split.to_column(&conditions);
    set_own(&mut obs, (SPLIT, is_of_split), column, &mut renamed)?;

    let evaluating = moments(source, &masks.evaluating, progress)?;
    let column = seurat(&evaluating, evaluated_genes).selected.into();
    set_own(&mut var, (EVALUATED, true), column, &mut renamed)?;
    write(source, output, [&obs, &var], &split, options)?;
    let leaks = protocol == Protocol::Strict && !chosen_without(source, split.test())?;
    Ok(Resplit {
        conditions,
        split,
        leaks,
        renamed: renamed.into_pairs(),
    })
}

/// Whether the column [`SPLIT`] of a file, if it has one, is that of a split: the file has a split, or has lost it, or else the column
/// was added by somebody else.
fn has_split(source: &AnnData, obs: &Frame) -> Result<bool, CellsError> {
    let Some(column) = obs.column(SPLIT) else {
        return Ok(false);
    };
    let is_part = |row: usize| matches!(column.text(row).as_deref(), None | Some("train" | "test"));
    Ok(source.uns_keys()?.iter().any(|key| key == SPLIT) || (0..column.len()).all(is_part))
}

/// Sets a column of a split in a table of the source; the one of the split before, if there `is_ours`, gives way to it. Anything else
/// of that name is kept under another one, as are columns that were added under names which only HDF5 understands.
fn set_own(
    table: &mut Frame,
    (name, is_ours): (&str, bool),
    column: Column,
    renamed: &mut Renamed,
) -> Result<(), CellsError> {
    let group = if name == SPLIT { "obs" } else { "var" };
    let gives_way = is_ours && table.column(name).is_some();
    renamed.note(group, table.make_storable());
    let kept = match gives_way {
        true => table.replace(name, column)?,
        false => table.set_beside(name, column)?,
    };
    renamed.note(group, kept);
    Ok(())
}

/// The protocol of a prepared file, and how many genes it is judged by.
fn preparation(source: &AnnData) -> Result<(Protocol, usize), CellsError> {
    let told = source.uns_at(PREPARE).unwrap_or(Value::Null);
    let protocol = told.get("protocol").and_then(Value::as_text);
    let protocol = Protocol::ALL
        .into_iter()
        .find(|p| Some(p.name()) == protocol);
    let evaluated = told.get("evaluated_genes").and_then(Value::as_f64);
    match (protocol, evaluated) {
        (Some(protocol), Some(evaluated)) if evaluated >= 1.0 => Ok((protocol, evaluated as usize)),
        _ => {
            let reason = "was not prepared (it has no settings in uns/prepare): `perturb prepare` does, and splits in one go with \
                          --split-method";
            Err(CellsError::cells(
                source.path().display().to_string(),
                reason,
            ))
        }
    }
}

/// Moments of the values that the logarithms of some cells were taken of.
fn moments(
    source: &AnnData,
    chosen: &[bool],
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<GeneMoments, CellsError> {
    let matrix = source.x()?;
    let mut progress = Progress::new(matrix.n_rows(), 1, progress);
    let mut moments = GeneMoments::new(matrix.n_cols());
    for block in matrix.blocks::<f64>(BLOCK) {
        let (rows, block) = block?;
        progress.advance(rows.len())?;
        let of_chosen = rows.enumerate().filter(|(_, cell)| chosen[*cell]);
        of_chosen.for_each(|(i, _)| moments.add(&block, i, |_, v| v.exp_m1()));
    }
    Ok(moments)
}

/// Whether the genes of a file were chosen without any cell of these conditions.
fn chosen_without(source: &AnnData, test: &BTreeSet<Condition>) -> Result<bool, CellsError> {
    let without = Split::held_out(&source.uns_at(PREPARE)?).unwrap_or_default();
    Ok(test.is_subset(&without))
}

fn write(
    source: &AnnData,
    output: &Path,
    [obs, var]: [&Frame; 2],
    split: &Split,
    options: WriteOptions,
) -> Result<(), CellsError> {
    let mut writer = AnnDataWriter::create(output, var, options)?;
    writer.write_uns(SPLIT, &split.to_value())?;
    for name in source.uns_keys()?.iter().filter(|name| *name != SPLIT) {
        writer.copy(source, Part::UnsMember(name))?;
    }
    writer.copy(source, Part::X)?;
    writer.copy(source, Part::Raw)?;
    for name in source.layers()? {
        writer.copy(source, Part::Layer(&name))?;
    }
    for axis in [Axis::Obs, Axis::Var] {
        for name in source.annotations(axis)? {
            writer.copy(source, Part::Annotation(axis, &name))?;
        }
        for name in source.pairwise_keys(axis)? {
            writer.copy(source, Part::Pairwise(axis, &name))?;
        }
    }
    Ok(writer.finish(obs)?)
}
