//! The conditions that files hold: those of a prepared file exactly as they are written, those of any other as its labels say.

use rheome_anndata::{AnnData, Array, Value, Values};

use super::{GENES_LIKE_CONTROL, PERTURBATION, PREPARE};
use crate::condition::is_usual_control;
use crate::conditions::{Conditions, LabelSettings};
use crate::error::CellsError;

/// The conditions of a file, whoever wrote it, from a column of `obs`.
///
/// # Errors
/// [`CellsError::AnnData`] if there is no such column, [`CellsError::Label`] for a label that cannot be understood.
pub fn read_conditions(
    cells: &AnnData,
    key: &str,
    labels: &LabelSettings,
) -> Result<Conditions, CellsError> {
    let column = cells.obs().column(key)?;
    let place = format!("{}: obs/{key}", cells.path().display());
    let genes = cells.var().names()?;
    Conditions::unify(&column, &genes, labels, &place, &cells.obs().names()?)
}

/// The conditions of a prepared file, from [`PERTURBATION`]: `control`, or names joined by `+`, as `uns/split` has them. How the
/// labels of the raw file were understood does not matter any more: a name may have a `_` in it, or be `CTRL`, if such a gene was
/// measured. Any other word for control is one that was written into the labels since.
///
/// # Errors
/// [`CellsError::AnnData`] if there is no such column, [`CellsError::Label`] for a label that `prepare` does not write.
pub fn prepared_conditions(cells: &AnnData) -> Result<Conditions, CellsError> {
    let column = cells.obs().column(PERTURBATION)?;
    let place = format!("{}: obs/{PERTURBATION}", cells.path().display());
    let names = cells.obs().names()?;
    let found = Conditions::written(&column, &place, &names)?;
    let (genes, recorded) = (cells.var().names()?, genes_like_control(cells));
    let is_gene = |target: &str| genes.iter().chain(&recorded).any(|gene| gene == target);
    let is_foreign = |target: &&str| is_usual_control(target) && !is_gene(target);
    let Some(target) = found.targets().into_iter().find(is_foreign) else {
        return Ok(found);
    };
    let mut conditions = found.conditions().iter();
    let condition = conditions.position(|condition| condition.has(target));
    let of_cells = found.of_cells().iter();
    let cell = of_cells
        .map(|c| Some(*c as usize))
        .position(|c| c == condition);
    let cell = cell.unwrap_or_default();
    Err(CellsError::Label {
        place,
        label: column.text(cell).unwrap_or_default(),
        cell: names.get(cell).cloned().unwrap_or_default(),
        reason: format!(
            "has {target:?} in it, expected control or names joined by +, as `perturb prepare` writes them; prepare the raw file again, \
             with --control {target} beside the other labels of unperturbed cells, or rename these cells"
        ),
    })
}

/// Genes that were measured and perturbed though they are called as control usually is, as [`prepare`](super::prepare) tells: their
/// columns may have been taken out since. None where it does not tell.
fn genes_like_control(cells: &AnnData) -> Vec<String> {
    match cells.uns_at(&format!("{PREPARE}/{GENES_LIKE_CONTROL}")) {
        Ok(Value::Array(Array {
            values: Values::Text(names),
            ..
        })) => names,
        _ => Vec::new(),
    }
}
