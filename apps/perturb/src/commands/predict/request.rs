//! Which perturbations are asked for.

use std::collections::HashSet;

use rheome_cells::Condition;
use rheome_cli::Failure;

use super::list;
use crate::arguments::{PartOfSplit, PredictArguments};
use crate::cells::PreparedCells;

/// A perturbation that was asked for.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) condition: Condition,
    /// Where it was named, for messages.
    pub(super) place: String,
    /// What else may be meant, to be told where it is not known.
    pub(super) hint: String,
}

/// The perturbations that are asked for, each once, in their order.
#[derive(Debug)]
pub struct Requested {
    /// The perturbations.
    pub conditions: Vec<Condition>,
    /// Where each was named, and what else may be meant.
    places: Vec<[String; 2]>,
}

impl Requested {
    /// The perturbations that the options name.
    ///
    /// # Errors
    /// [`Failure`] if they name none.
    pub fn of(arguments: &PredictArguments, cells: &PreparedCells) -> Result<Self, Failure> {
        let request = &arguments.request;
        let data = cells.path.display().to_string();
        let named = |condition: Condition, place: &str| Named {
            condition,
            place: place.to_owned(),
            hint: String::new(),
        };
        let of_data = |found: Vec<Condition>| found.into_iter().map(|c| named(c, &data)).collect();
        let found: Vec<Named> = if let Some(list) = &request.perturbations {
            let place = "--perturbations";
            list.split(',')
                .map(|label| Ok(named(parse(label, place, cells)?, place)))
                .collect::<Result<_, Failure>>()?
        } else if let Some(path) = &request.perturbations_file {
            list::read(path, cells)?
        } else if let Some(part) = request.split {
            of_data(from_split(part, cells)?)
        } else {
            of_data(all_pairs(cells))
        };
        if found.is_empty() {
            return Err(match &request.perturbations_file {
                Some(path) => Failure::new(format!("{}: names no perturbation", path.display())),
                None => Failure::new(format!(
                    "{data}: found no perturbation of the kind asked for"
                )),
            });
        }
        let mut seen = HashSet::new();
        let first = |named: &Named| seen.insert(named.condition.clone());
        let found = found.into_iter().filter(first);
        let (conditions, places) = found.map(|n| (n.condition, [n.place, n.hint])).unzip();
        Ok(Self { conditions, places })
    }

    /// A failure of one of them, with the place where it was named.
    pub fn at_fault(&self, number: usize, failure: &Failure) -> Failure {
        let [place, hint] = &self.places[number];
        Failure::new(format!("{place}: {}{hint}", failure.line()))
    }
}

/// `KLF1`, `KLF1+ctrl`, `ctrl+KLF1`, `A+B` or `B + A`. What some cell was perturbed with is no control, whatever its name.
pub(super) fn parse(label: &str, place: &str, cells: &PreparedCells) -> Result<Condition, Failure> {
    if label.split('+').any(|part| part.trim().is_empty()) {
        return Err(Failure::new(format!(
            "{place}: {label:?} has an empty part, expected names like KLF1 or KLF1+CEBPA"
        )));
    }
    let targets = cells.conditions.targets();
    Ok(Condition::written(label, |part| targets.contains(part)))
}

fn from_split(part: PartOfSplit, cells: &PreparedCells) -> Result<Vec<Condition>, Failure> {
    if cells.held_out.is_none() {
        return Err(Failure::new(format!(
            "{}: uns/{} is missing, needed for --split; make one: perturb split {0} --split-method additive --overwrite",
            cells.path.display(),
            rheome_cells::SPLIT
        )));
    }
    let all = cells.conditions.conditions().iter();
    let wanted = all.filter(|condition| {
        !condition.is_control() && cells.is_learnt(condition) == (part == PartOfSplit::Train)
    });
    Ok(wanted.cloned().collect())
}

/// All pairs of the genes that were perturbed.
fn all_pairs(cells: &PreparedCells) -> Vec<Condition> {
    let targets: Vec<&str> = cells.conditions.targets().into_iter().collect();
    let mut pairs = Vec::new();
    for (i, first) in targets.iter().enumerate() {
        pairs.extend(
            targets[i + 1..]
                .iter()
                .map(|second| Condition::of([*first, *second])),
        );
    }
    pairs
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::test_cells;
    use super::*;

    use rheome_cells::CONTROL;

    /// Prepared cells of the genes A, B and CTRL, of which the last two were perturbed.
    fn cells(folder: &Path) -> PreparedCells {
        test_cells::cells(folder, &["A", "B", "CTRL"], &[CONTROL, "B", "CTRL"])
    }

    #[test]
    fn a_perturbation_may_be_written_in_many_ways() {
        let folder = tempfile::tempdir().unwrap();
        let cells = cells(folder.path());
        let read = |label| parse(label, "here", &cells).unwrap().to_string();
        for label in ["KLF1", " KLF1+ctrl", "Control + KLF1"] {
            assert_eq!(read(label), "KLF1");
        }
        assert_eq!(read("B+A"), "A+B");
        assert_eq!(read("ctrl"), CONTROL);
        // A gene, and perturbed.
        assert_eq!(read("CTRL+A"), "A+CTRL");
        let message = parse("A++B", "here", &cells).unwrap_err();
        assert!(
            message
                .line()
                .starts_with("here: \"A++B\" has an empty part")
        );
    }
}
