//! A file as it was measured.

use std::collections::BTreeSet;

use rheome_anndata::{AnnData, Column, MatrixReader, nearest_first};

use super::{Input, PREPARE, PrepareSettings, Progress};
use crate::condition::{CONTROL, Condition};
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::normalization::{Normalization, median_total, totals};

/// Labels told that are like a name of control.
const NEAREST: usize = 3;

/// A file as it was measured, checked.
pub(super) struct RawCells {
    pub(super) matrix: MatrixReader,
    pub(super) conditions: Conditions,
    pub(super) cells: Vec<String>,
    pub(super) genes: Vec<String>,
}

impl RawCells {
    pub(super) fn open(source: &AnnData, settings: &PrepareSettings) -> Result<Self, CellsError> {
        let key = settings.perturbation_key.as_str();
        require(source, settings)?;
        refuse_prepared(source)?;
        let matrix = match &settings.layer {
            Some(layer) => source.layer(layer)?,
            None => source.x()?,
        };
        let genes = genes(source, settings)?;
        let cells = source.obs().names()?;
        let place = format!("{}: obs/{key}", source.path().display());
        let labels = source.obs().column(key)?;
        let conditions = Conditions::unify(&labels, &genes, &settings.labels, &place, &cells)?;
        let has_control = conditions
            .conditions()
            .first()
            .is_some_and(Condition::is_control);
        if !has_control {
            return Err(no_control(place, &labels, &settings.labels.control));
        }
        Ok(Self {
            matrix,
            conditions,
            cells,
            genes,
        })
    }

    /// How counts are normalised, and every cell's total; none for logarithms.
    pub(super) fn normalization(
        &self,
        settings: &PrepareSettings,
        selecting: &[bool],
        progress: &mut Progress,
    ) -> Result<Option<(Normalization, Vec<f64>)>, CellsError> {
        if settings.input == Input::Logarithms {
            return Ok(None);
        }
        let mut read = |cells| progress.advance(cells);
        let totals = totals(&self.matrix, &self.cells, &self.genes, &mut read)?;
        let chosen = totals.iter().zip(selecting).filter(|(_, chosen)| **chosen);
        let target = match settings.target_total {
            Some(target) => target,
            None => median_total(&chosen.map(|(total, _)| *total).collect::<Vec<_>>()),
        };
        Ok(Some((Normalization { target }, totals)))
    }
}

/// Checks that all columns and the layer are there, each with the option that names another.
fn require(source: &AnnData, settings: &PrepareSettings) -> Result<(), CellsError> {
    let checked = |obs: &[&str], var: &[&str], layers: &[&str], option: &str| {
        let found = source.require(obs, var, layers);
        found.map_err(|missing| missing.named_by(option))
    };
    checked(&[&settings.perturbation_key], &[], &[], "--pert-col")?;
    if let Some(gene_key) = &settings.gene_key {
        checked(&[], &[gene_key], &[], "--gene-col")?;
    }
    if let Some(layer) = &settings.layer {
        checked(&[], &[], &[layer], "--layer, or leave it out for X")?;
    }
    Ok(())
}

/// Logarithms of logarithms are nothing.
fn refuse_prepared(source: &AnnData) -> Result<(), CellsError> {
    if source.uns_at(&format!("{PREPARE}/protocol")).is_err() {
        return Ok(());
    }
    let reason = "was prepared already (it has uns/prepare): give the file with the counts; `perturb split` changes the split of \
                  a prepared file";
    Err(CellsError::cells(
        source.path().display().to_string(),
        reason,
    ))
}

/// The names by which perturbations call genes.
fn genes(source: &AnnData, settings: &PrepareSettings) -> Result<Vec<String>, CellsError> {
    let genes = match &settings.gene_key {
        None => source.var().names()?,
        Some(key) => {
            let column = source.var().column(key)?;
            let name = |row| column.text(row).unwrap_or_default();
            (0..column.len()).map(name).collect()
        }
    };
    let mut seen = BTreeSet::new();
    if let Some(twice) = genes.iter().find(|gene| !seen.insert(gene.as_str())) {
        let place = match &settings.gene_key {
            Some(key) => format!("{}: var/{key}", source.path().display()),
            None => format!("{}: var", source.path().display()),
        };
        let reason = format!(
            "two genes are called {twice:?}, expected names of their own; in Python: adata.var_names_make_unique()"
        );
        return Err(CellsError::cells(place, reason));
    }
    Ok(genes)
}

fn no_control(place: String, labels: &Column, control: &[String]) -> CellsError {
    let labels = labels.to_categorical().names();
    let count = labels.len();
    // What is like the name that was looked for, and what is like the usual one: `non-targeting`, `NT_ctrl`.
    let mut nearest: Vec<String> = Vec::new();
    for name in control.iter().map(String::as_str).chain([CONTROL]) {
        let alike = nearest_first(name, labels.clone())
            .into_iter()
            .take(NEAREST);
        nearest.extend(
            alike
                .filter(|label| !nearest.contains(label))
                .collect::<Vec<_>>(),
        );
    }
    let quoted: Vec<String> = nearest.iter().map(|label| format!("{label:?}")).collect();
    let reason = format!(
        "no control cells: no label is {}; the nearest of its {count} labels are {}; name the one of unperturbed cells with --control",
        control.join(" or "),
        quoted.join(", ")
    );
    CellsError::cells(place, reason)
}
