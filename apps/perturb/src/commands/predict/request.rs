//! Which perturbations are asked for.

use std::path::Path;

use rheome_cells::Condition;
use rheome_cli::Failure;
use rheome_cli::files::cannot;

use super::distinct;
use crate::arguments::{PartOfSplit, PredictArguments};
use crate::cells::PreparedCells;

/// The perturbations that the options name, each once, in their order.
///
/// # Errors
/// [`Failure`] if they name none.
pub fn conditions(
    arguments: &PredictArguments,
    cells: &PreparedCells,
) -> Result<Vec<Condition>, Failure> {
    let request = &arguments.request;
    let found = if let Some(list) = &request.perturbations {
        let place = "--perturbations";
        list.split(',')
            .map(|label| parse(label, place))
            .collect::<Result<_, _>>()?
    } else if let Some(path) = &request.perturbations_file {
        from_file(path)?
    } else if let Some(part) = request.split {
        from_split(part, cells)?
    } else {
        all_pairs(cells)
    };
    if found.is_empty() {
        return Err(Failure::new(format!(
            "{}: found no perturbation of the kind asked for",
            cells.path.display()
        )));
    }
    Ok(distinct(found))
}

/// `KLF1`, `KLF1+ctrl`, `ctrl+KLF1`, `A+B` or `B + A`.
fn parse(label: &str, place: &str) -> Result<Condition, Failure> {
    if label.split('+').any(|part| part.trim().is_empty()) {
        return Err(Failure::new(format!(
            "{place}: {label:?} has an empty part, expected names like KLF1 or KLF1+CEBPA"
        )));
    }
    Ok(Condition::written(label, |_| false))
}

/// One perturbation a line; of a table (CSV) the first column. Empty lines, comments and a heading are passed over.
fn from_file(path: &Path) -> Result<Vec<Condition>, Failure> {
    let text = std::fs::read_to_string(path).map_err(cannot("read", path))?;
    let labels = text.lines().enumerate().filter_map(|(number, line)| {
        let label = line.split([',', '\t']).next()?.trim().trim_matches('"');
        let is_heading = number == 0 && label == rheome_cells::PERTURBATION;
        (!label.is_empty() && !label.starts_with('#') && !is_heading).then_some((number, label))
    });
    labels
        .map(|(number, label)| parse(label, &format!("{}: line {}", path.display(), number + 1)))
        .collect()
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
    use super::*;

    #[test]
    fn a_perturbation_may_be_written_in_many_ways() {
        let read = |label| parse(label, "here").unwrap().to_string();
        for label in ["KLF1", " KLF1+ctrl", "Control + KLF1"] {
            assert_eq!(read(label), "KLF1");
        }
        assert_eq!(read("B+A"), "A+B");
        assert_eq!(read("ctrl"), "control");
        let message = parse("A++B", "here").unwrap_err();
        assert!(
            message
                .line()
                .starts_with("here: \"A++B\" has an empty part")
        );
    }

    #[test]
    fn a_list_may_be_plain_lines_or_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(
            &path,
            "perturbation,score\nA,1\n\n# later\nB+A,2\nctrl+C,3\n",
        )
        .unwrap();
        let found: Vec<String> = from_file(&path)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["A", "A+B", "C"]);
        std::fs::write(&path, "A\n+B\n").unwrap();
        let message = from_file(&path).unwrap_err();
        assert!(
            message.line().contains("list.csv: line 2: "),
            "{}",
            message.line()
        );
    }
}
