//! Which cells are prepared: all, or those that say what was done to them and name genes that were measured.

use std::collections::{BTreeMap, HashSet};

use rheome_anndata::Column;

use super::PrepareSettings;
use crate::condition::Condition;
use crate::conditions::Conditions;
use crate::error::CellsError;

/// What tables that were made text say of a value that is missing.
const MISSING: [&str; 5] = ["nan", "NaN", "None", "<NA>", "NA"];

/// Whether a label is what a missing value becomes when a table is made text (`nan`, `None`, `<NA>`, ...), if no gene is called so.
pub fn says_missing(label: &str) -> bool {
    MISSING.contains(&label.trim())
}

/// Cells of the source that are not in the output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Cells without a label, or with one that [`says_missing`], alone or beside control: `nan+ctrl`
    /// ([`PrepareSettings::drop_unlabelled`]).
    pub unlabelled: usize,
    /// Conditions that name what was not measured, and the cells of each ([`PrepareSettings::drop_unmeasured`]).
    pub unmeasured: Vec<(Condition, usize)>,
}

/// The cells that are kept.
pub(super) struct KeptCells {
    /// Their rows in the source, ascending.
    pub(super) rows: Vec<usize>,
    pub(super) conditions: Conditions,
    pub(super) dropped: Dropped,
}

impl KeptCells {
    /// Reads the labels of all cells, named `cells`, and leaves out what the settings say; `place` is for messages.
    pub(super) fn new(
        labels: &Column,
        [cells, genes]: [&[String]; 2],
        settings: &PrepareSettings,
        place: &str,
    ) -> Result<Self, CellsError> {
        // Neither a gene that was measured nor control, which is none of the names of a label.
        let is_missing = |name: &str| says_missing(name) && !genes.iter().any(|gene| gene == name);
        let rows: Vec<usize> = match settings.drop_unlabelled {
            true => Conditions::rows_where(labels, genes, &settings.labels, |alone| {
                !alone.is_some_and(is_missing)
            }),
            false => (0..labels.len()).collect(),
        };
        let unlabelled = labels.len() - rows.len();
        if rows.is_empty() {
            return Err(CellsError::cells(place, "no cell has a label"));
        }
        let conditions = match unlabelled {
            0 => Conditions::unify(labels, genes, &settings.labels, place, cells)?,
            _ => {
                let cells: Vec<String> = rows.iter().map(|row| cells[*row].clone()).collect();
                let labels = labels.at(&rows);
                Conditions::unify(&labels, genes, &settings.labels, place, &cells)?
            }
        };
        let mut kept = Self {
            rows,
            conditions,
            dropped: Dropped {
                unlabelled,
                unmeasured: Vec::new(),
            },
        };
        if settings.drop_unmeasured {
            kept.drop_unmeasured(genes, place)?;
        }
        Ok(kept)
    }

    fn drop_unmeasured(&mut self, genes: &[String], place: &str) -> Result<(), CellsError> {
        let measured: HashSet<&str> = genes.iter().map(String::as_str).collect();
        let all = self.conditions.conditions();
        let is_measured = |c: &Condition| c.targets().all(|target| measured.contains(target));
        let stays: Vec<bool> = all.iter().map(is_measured).collect();
        if stays.iter().all(|stays| *stays) {
            return Ok(());
        }
        let perturbed = all.iter().zip(&stays).filter(|(c, _)| !c.is_control());
        if !perturbed.clone().any(|(_, stays)| *stays) {
            let reason = format!(
                "none of its {} perturbations names measured genes only, and --drop-unmeasured leaves none: for drugs leave it out, \
                 for genes under other names there is --gene-col",
                perturbed.count()
            );
            return Err(CellsError::cells(place, reason));
        }
        let mut dropped: BTreeMap<&Condition, usize> = BTreeMap::new();
        let mut places = Vec::new();
        for (place, condition) in self.conditions.of_cells().iter().enumerate() {
            match stays[*condition as usize] {
                true => places.push(place),
                false => *dropped.entry(&all[*condition as usize]).or_default() += 1,
            }
        }
        self.dropped.unmeasured = dropped.into_iter().map(|(c, n)| (c.clone(), n)).collect();
        self.rows = places.iter().map(|place| self.rows[*place]).collect();
        self.conditions = self.conditions.at(&places);
        Ok(())
    }
}
