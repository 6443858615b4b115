//! What a model has seen, kept in its folder: which conditions, and how their counts were scaled.

use std::collections::BTreeSet;
use std::path::Path;

use rheome_backend::weights::split_set;
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
    /// Conditions that it learnt or was validated with, and those that its first weights had seen before.
    pub seen: BTreeSet<String>,
    /// Whether that is all: nothing tells what the weights saw with which its training began, where these came without this file.
    #[serde(default = "all_is_told")]
    pub is_complete: bool,
    /// Conditions that the split of its data held out; none where they had no split.
    pub held_out: Option<BTreeSet<String>>,
    /// What the counts of every cell were scaled to; none where the data did not tell.
    pub target_total: Option<f64>,
}

/// Of folders of before weights could be begun with.
fn all_is_told() -> bool {
    true
}

impl TrainedOn {
    /// What a training on these cells sees.
    pub fn of(cells: &PreparedCells) -> Self {
        let all = cells.conditions.conditions().iter();
        let seen = all.filter(|c| !c.is_control() && cells.is_learnt(c));
        let names = |test: &BTreeSet<Condition>| test.iter().map(ToString::to_string).collect();
        Self {
            seen: seen.map(ToString::to_string).collect(),
            is_complete: true,
            held_out: cells.held_out.as_ref().map(names),
            target_total: cells.target_total,
        }
    }

    /// With what weights have seen before, or with nothing known of it: what a training that begins with them has seen in all.
    #[must_use]
    pub fn after(mut self, before: Option<Self>) -> Self {
        self.is_complete &= before.as_ref().is_some_and(|before| before.is_complete);
        self.seen
            .extend(before.into_iter().flat_map(|before| before.seen));
        self
    }

    /// What weights (`FILE`, or `FILE:SET`) have seen, where they lie in a model folder that tells.
    ///
    /// # Errors
    /// Those of [`TrainedOn::load`].
    pub fn of_weights(weights: &Path) -> Result<Option<Self>, Failure> {
        let (file, _) = split_set(weights);
        match file.parent() {
            Some(folder) => Self::load(folder),
            None => Ok(None),
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
        let its_own = match &self.held_out {
            Some(held_out) => format!("its own data held out {}", shortened(held_out)),
            None => "its own data had no split".into(),
        };
        Err(Failure::new(format!(
            "{}: uns/split: holds out what the model has seen in its training, {}, which tests nothing; {its_own} ({TRAINED_ON} in its \
             folder): give --data the split that it was trained with, or name perturbations with --perturbations",
            data.display(),
            shortened(seen),
        )))
    }

    /// Says where something that tests the model may have been seen by it, which nothing tells.
    pub fn note_unknown(trained_on: Option<&Self>, weights: &Path, console: Console) {
        if trained_on.is_none_or(|trained_on| !trained_on.is_complete) {
            console.note(format!(
                "note: what {} have seen is not known (no {TRAINED_ON} tells all of it), what the data hold out may be among it",
                weights.display()
            ));
        }
    }

    /// Says where the data hold out what first weights have seen.
    pub fn note_held_out(&self, cells: &PreparedCells, console: Console) {
        let held_out = cells.held_out.iter().flatten().map(Condition::to_string);
        let seen: Vec<String> = held_out.filter(|name| self.seen.contains(name)).collect();
        if !seen.is_empty() {
            console.note(format!(
                "note: {} holds out what the weights have seen before, {}, which will not test the model",
                cells.path.display(),
                shortened(seen)
            ));
        }
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

/// The first names, and how many more there are.
fn shortened(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut names = names.into_iter();
    let told: Vec<String> = names
        .by_ref()
        .take(MOST_NAMES)
        .map(|name| name.as_ref().to_owned())
        .collect();
    match (told.as_slice(), names.count()) {
        ([], _) => "nothing".into(),
        (told, 0) => told.join(", "),
        (told, more) => format!("{} and {more} more", told.join(", ")),
    }
}
