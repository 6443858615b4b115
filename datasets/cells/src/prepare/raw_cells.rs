//! A file as it was measured.

use std::collections::HashMap;

use rheome_anndata::{AnnData, FrameReader, MatrixReader, make_unique};

use super::control_labels::no_control;
use super::kept_cells::{Dropped, KeptCells};
use super::{Input, PREPARE, PrepareSettings, Progress};
use crate::condition::{Condition, is_usual_control};
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::normalization::{Normalization, median_total, totals};

/// A file as it was measured, checked.
pub(super) struct RawCells {
    pub(super) matrix: MatrixReader,
    /// What the file tells of the genes.
    pub(super) var: FrameReader,
    /// The rows of the cells that are prepared, ascending.
    pub(super) kept: Vec<usize>,
    pub(super) dropped: Dropped,
    /// Of the cells that are kept, as all that follows.
    pub(super) conditions: Conditions,
    pub(super) cells: Vec<String>,
    pub(super) genes: Vec<String>,
    /// Those of them that have a number behind their name, because others have that name.
    pub(super) made_unique: Vec<String>,
}

impl RawCells {
    pub(super) fn open(source: &AnnData, settings: &PrepareSettings) -> Result<Self, CellsError> {
        let key = settings.perturbation_key.as_str();
        let file = source.path().display();
        let obs = source.obs();
        obs.require(key).map_err(|e| e.named_by("--pert-col"))?;
        refuse_prepared(source)?;
        let (matrix, var) = values(source, settings)?;
        refuse_nothing(source, &var, settings)?;
        let mut genes = genes(&var, settings)?;
        let made_unique = match settings.make_unique {
            true => make_unique(&mut genes),
            false => refuse_repeated(&genes, &var, settings, &file.to_string())?,
        };
        let made_unique = made_unique.into_iter().map(|row| genes[row].clone());
        let made_unique = made_unique.collect();
        let cells = obs.names()?;
        let place = format!("{file}: obs/{key}");
        let labels = obs.column(key)?;
        let KeptCells {
            rows,
            conditions,
            dropped,
        } = KeptCells::new(&labels, [&cells, &genes], settings, &place).map_err(|error| {
            let understood = &settings.labels;
            match &error {
                // Before anything else: which label is control decides what the others are.
                CellsError::Label { label, .. }
                    if !label.trim().is_empty()
                        && !Conditions::have_control(&labels, &genes, understood) =>
                {
                    no_control(place.clone(), &labels, &understood.control)
                }
                _ => error,
            }
        })?;
        let first = conditions.conditions().first();
        if !first.is_some_and(Condition::is_control) {
            return Err(no_control(place, &labels, &settings.labels.control));
        }
        Ok(Self {
            matrix,
            var,
            cells: rows.iter().map(|row| cells[*row].clone()).collect(),
            kept: rows,
            dropped,
            conditions,
            genes,
            made_unique,
        })
    }

    /// Perturbed genes that are called as control usually is: read again, nothing else tells them from it.
    pub(super) fn genes_like_control(&self) -> Vec<String> {
        let targets = self.conditions.targets().into_iter();
        let alike = targets.filter(|target| is_usual_control(target));
        let measured = alike.filter(|target| self.genes.iter().any(|gene| gene == target));
        measured.map(str::to_owned).collect()
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
        let totals = totals(
            &self.matrix,
            &self.kept,
            [&self.cells, &self.genes],
            &mut read,
        )?;
        let chosen = totals.iter().zip(selecting).filter(|(_, chosen)| **chosen);
        let target = match settings.target_total {
            Some(target) => target,
            None => median_total(&chosen.map(|(total, _)| *total).collect::<Vec<_>>()),
        };
        Ok(Some((Normalization { target }, totals)))
    }
}

/// The values that the settings name, and the table of their genes.
fn values(
    source: &AnnData,
    settings: &PrepareSettings,
) -> Result<(MatrixReader, FrameReader), CellsError> {
    if settings.raw {
        let Some(raw) = source.raw()? else {
            let reason =
                "there is no raw in it; leave --raw out to take X, or name a layer with --layer";
            return Err(CellsError::cells(
                source.path().display().to_string(),
                reason,
            ));
        };
        return Ok((raw.x, raw.var));
    }
    if settings.layer.is_none() && !source.has_x() {
        return Err(no_values(source)?);
    }
    let matrix = match &settings.layer {
        Some(layer) => source
            .layer(layer)
            .map_err(|e| e.named_by("--layer, or leave it out for X"))?,
        None => source.x()?,
    };
    Ok((matrix, source.var().clone()))
}

/// Says where else the values may be.
fn no_values(source: &AnnData) -> Result<CellsError, CellsError> {
    let mut elsewhere = Vec::new();
    let layers = source.layers()?;
    if !layers.is_empty() {
        elsewhere.push(format!("a layer, {}, with --layer", layers.join(" or ")));
    }
    if source.has_raw() {
        elsewhere.push("raw with --raw".into());
    }
    let reason = match elsewhere.as_slice() {
        [] => "there is no X in it, nor a layer or raw, expected a matrix of counts".into(),
        elsewhere => format!("there is no X in it; take {}", elsewhere.join(", or ")),
    };
    let place = source.path().display().to_string();
    Ok(CellsError::cells(place, reason))
}

/// Without cells or genes there is nothing to prepare.
fn refuse_nothing(
    source: &AnnData,
    var: &FrameReader,
    settings: &PrepareSettings,
) -> Result<(), CellsError> {
    let var_name = if settings.raw { "raw/var" } else { "var" };
    let empty = [
        ("obs", source.n_obs(), "cells"),
        (var_name, var.len(), "genes"),
    ];
    match empty.into_iter().find(|(_, length, _)| *length == 0) {
        None => Ok(()),
        Some((group, _, what)) => Err(CellsError::cells(
            format!("{}: {group}", source.path().display()),
            format!("there are no {what} in it, expected some to prepare"),
        )),
    }
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

/// The names by which perturbations call genes. One that has none in the column is called as its row.
fn genes(var: &FrameReader, settings: &PrepareSettings) -> Result<Vec<String>, CellsError> {
    let mut names = var.names()?;
    let Some(key) = &settings.gene_key else {
        return Ok(names);
    };
    let column = var.column(key).map_err(|e| e.named_by("--gene-col"))?;
    for (row, name) in names.iter_mut().enumerate() {
        if let Some(told) = column.text(row).filter(|told| !told.is_empty()) {
            *name = told;
        }
    }
    Ok(names)
}

/// Refuses genes of one name, and says what to do about it where these names are; answers that none has another name.
fn refuse_repeated(
    genes: &[String],
    var: &FrameReader,
    settings: &PrepareSettings,
    file: &str,
) -> Result<Vec<usize>, CellsError> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut repeated = Vec::new();
    for (row, gene) in genes.iter().enumerate() {
        match first.get(gene.as_str()) {
            Some(first) => repeated.push((*first, row)),
            None => {
                first.insert(gene, row);
            }
        }
    }
    let Some((first, second)) = repeated.first() else {
        return Ok(Vec::new());
    };
    let name = &genes[*first];
    let rows = match settings.gene_key {
        Some(_) => {
            let rows = var.names()?;
            format!(" ({} and {})", rows[*first], rows[*second])
        }
        None => String::new(),
    };
    let more = match repeated.len() {
        1 => String::new(),
        count => format!(", and {} more genes like others before them", count - 1),
    };
    // Only the row names are unique after this, and those of raw cannot be changed.
    let in_python = match settings.gene_key.is_none() && !settings.raw {
        true => "; in Python: adata.var_names_make_unique()",
        false => "",
    };
    let group = if settings.raw { "raw/var" } else { "var" };
    let place = match &settings.gene_key {
        Some(key) => format!("{file}: {group}/{key}"),
        None => format!("{file}: {group}"),
    };
    let mut unique = genes.to_vec();
    make_unique(&mut unique);
    let reason = format!(
        "two genes are called {name:?}{rows}{more}, expected names of their own; --make-unique calls the second {:?}, and perturbations \
         called {name:?} are of the first{in_python}",
        unique[*second]
    );
    Err(CellsError::cells(place, reason))
}
