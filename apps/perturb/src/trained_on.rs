//! What a model has seen, kept in its folder: which conditions, and how their counts were scaled.

use std::collections::BTreeSet;
use std::path::Path;

use rheome_cells::Condition;
use rheome_cli::files::{read_json, write_json};
use rheome_cli::{Console, Failure};
use serde::{Deserialize, Serialize};

use crate::cells::PreparedCells;

/// Its file in a model folder.
pub const TRAINED_ON: &str = "trained_on.json";
/// Conditions that are named in a message.
const MOST_NAMES: usize = 4;
/// Share by which two totals differ that are not worth a word.
const ALIKE: f64 = 1e-3;

/// What a model has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// Conditions that it learnt or was validated with.
    pub seen: BTreeSet<String>,
    /// Conditions that the split of its data held out; none where they had no split.
    pub held_out: Option<BTreeSet<String>>,
    /// What the counts of every cell were scaled to; none where the data did not tell.
    pub target_total: Option<f64>,
}

impl TrainedOn {
    /// What a training on these cells sees.
    pub fn of(cells: &PreparedCells) -> Self {
        let all = cells.conditions.conditions().iter();
        let seen = all.filter(|c| !c.is_control() && cells.is_learnt(c));
        let names = |test: &BTreeSet<Condition>| test.iter().map(ToString::to_string).collect();
        Self {
            seen: seen.map(ToString::to_string).collect(),
            held_out: cells.held_out.as_ref().map(names),
            target_total: cells.target_total,
        }
    }

    /// Reads it from a model folder; none where there is none, as in folders of before there was such a file.
    ///
    /// # Errors
    /// [`Failure`] naming a file that cannot be read.
    pub fn load(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(TRAINED_ON);
        match path.exists() {
            true => Ok(Some(read_json(&path)?)),
            false => Ok(None),
        }
    }

    /// Writes it into a model folder.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        write_json(&folder.join(TRAINED_ON), self)
    }

    /// Fails where conditions that are to test the model were seen by it: its own split was another one than that of the data.
    ///
    /// # Errors
    /// [`Failure`] naming the first of them, and `data`.
    pub fn refuse_seen(&self, test: &[Condition], data: &Path) -> Result<(), Failure> {
        let seen: Vec<String> = test.iter().map(ToString::to_string).collect();
        let seen: Vec<&String> = seen
            .iter()
            .filter(|name| self.seen.contains(*name))
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        let told: Vec<&str> = seen
            .iter()
            .take(MOST_NAMES)
            .map(|name| name.as_str())
            .collect();
        let more = match seen.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let its_own = match &self.held_out {
            Some(held_out) => format!("its own data held out {} others", held_out.len()),
            None => "its own data had no split".into(),
        };
        Err(Failure::new(format!(
            "{}: uns/split: holds out {} conditions that the model has seen in its training ({}{more}), which test nothing; {its_own} \
             ({TRAINED_ON} in its folder): give --data the split that it was trained with, or name perturbations with --perturbations",
            data.display(),
            seen.len(),
            told.join(", ")
        )))
    }

    /// Says where the counts of the data were scaled to another total than those of the training.
    pub fn note_other_scale(&self, cells: &PreparedCells, console: Console) {
        let (Some(learnt), Some(found)) = (self.target_total, cells.target_total) else {
            return;
        };
        if (found / learnt - 1.0).abs() > ALIKE {
            console.note(format!(
                "note: counts of {} are scaled to {found} a cell, those that the model learnt from to {learnt}; prepare the cells \
                 with --target-total {learnt}",
                cells.path.display()
            ));
        }
    }
}
