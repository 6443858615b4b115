//! Which perturbations are asked for.

use std::collections::HashSet;
use std::path::Path;

use rheome_cells::Condition;
use rheome_cli::Failure;
use rheome_cli::files::cannot;

use crate::arguments::{PartOfSplit, PredictArguments};
use crate::cells::PreparedCells;

/// What the first line of a table may call its first column, in upper or lower case.
const HEADINGS: [&str; 8] = [
    "perturbation",
    "condition",
    "gene",
    "target",
    "drug",
    "guide",
    "label",
    "name",
];

/// What is between the cells of a table; the last where a comma is that of numbers.
const SEPARATORS: [char; 3] = [',', '\t', ';'];

/// The perturbations that are asked for, each once, in their order.
#[derive(Debug)]
pub struct Requested {
    /// The perturbations.
    pub conditions: Vec<Condition>,
    /// Where each was named, for messages.
    places: Vec<String>,
}

impl Requested {
    /// The perturbations that the options name.
    ///
    /// # Errors
    /// [`Failure`] if they name none.
    pub fn of(arguments: &PredictArguments, cells: &PreparedCells) -> Result<Self, Failure> {
        let request = &arguments.request;
        let data = cells.path.display().to_string();
        let of_data =
            |found: Vec<Condition>| found.into_iter().map(|c| (c, data.clone())).collect();
        let found: Vec<(Condition, String)> = if let Some(list) = &request.perturbations {
            let place = "--perturbations";
            list.split(',')
                .map(|label| Ok((parse(label, place, cells)?, place.to_owned())))
                .collect::<Result<_, Failure>>()?
        } else if let Some(path) = &request.perturbations_file {
            from_file(path, cells)?
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
        let first = |(condition, _): &(Condition, String)| seen.insert(condition.clone());
        let (conditions, places) = found.into_iter().filter(first).unzip();
        Ok(Self { conditions, places })
    }

    /// A failure of one of them, with the place where it was named.
    pub fn at_fault(&self, number: usize, failure: &Failure) -> Failure {
        Failure::new(format!("{}: {}", self.places[number], failure.line()))
    }
}

/// `KLF1`, `KLF1+ctrl`, `ctrl+KLF1`, `A+B` or `B + A`. What some cell was perturbed with is no control, whatever its name.
fn parse(label: &str, place: &str, cells: &PreparedCells) -> Result<Condition, Failure> {
    if label.split('+').any(|part| part.trim().is_empty()) {
        return Err(Failure::new(format!(
            "{place}: {label:?} has an empty part, expected names like KLF1 or KLF1+CEBPA"
        )));
    }
    let targets = cells.conditions.targets();
    Ok(Condition::written(label, |part| targets.contains(part)))
}

/// One perturbation a line; of a table (CSV) the first column. Empty lines, comments and a heading are passed over, and the mark
/// that Excel begins files with.
fn from_file(path: &Path, cells: &PreparedCells) -> Result<Vec<(Condition, String)>, Failure> {
    let bytes = std::fs::read(path).map_err(cannot("read", path))?;
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| {
        Failure::new(format!(
            "{}: is no text in UTF-8, expected a name a line; in Excel: save as \"CSV UTF-8\"",
            path.display()
        ))
    })?;
    let mut has_heading = false;
    let mut found = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if number == 0 && is_heading(cell(line, &SEPARATORS), cells) {
            has_heading = true;
            continue;
        }
        let label = match has_heading || !joins_names(line, cells) {
            true => cell(line, &SEPARATORS),
            false => cell(line, &SEPARATORS[..2]),
        };
        if label.is_empty() || label.starts_with('#') {
            continue;
        }
        let place = format!("{}: line {}", path.display(), number + 1);
        found.push((parse(label, &place, cells)?, place));
    }
    Ok(found)
}

/// The first cell of a line of a table.
fn cell<'a>(line: &'a str, separators: &[char]) -> &'a str {
    let first = line.split(separators).next().unwrap_or_default();
    first.trim().trim_matches('"').trim()
}

/// Whether a line without a heading above it is rather one perturbation, `A;B`, than a row of a table: it is to be asked what is
/// meant.
fn joins_names(line: &str, cells: &PreparedCells) -> bool {
    let targets = cells.conditions.targets();
    let is_name = |name: &str| targets.contains(name) || cells.genes.iter().any(|g| g == name);
    line.split(';')
        .nth(1)
        .is_some_and(|second| is_name(second.trim().trim_matches('"')))
}

/// Whether the first line of a list is no perturbation: no gene is called so.
fn is_heading(label: &str, cells: &PreparedCells) -> bool {
    let word = label.to_lowercase();
    let word = word.strip_suffix('s').unwrap_or(&word);
    HEADINGS.contains(&word)
        && !cells.genes.iter().any(|gene| gene == label)
        && !cells.conditions.targets().contains(label)
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
    use rheome_anndata::{
        AnnDataWriter, Column, ElementType, Frame, RowBlock, Storage, WriteOptions,
    };

    use rheome_cells::CONTROL;

    /// Prepared cells of the genes A, B and CTRL, of which the last two were perturbed.
    fn cells(folder: &Path) -> PreparedCells {
        let path = folder.join("data.h5ad");
        let genes = Frame::new(vec!["A", "B", "CTRL"]);
        let mut writer = AnnDataWriter::create(&path, &genes, WriteOptions::default()).unwrap();
        let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
        let rows = RowBlock::dense(3, 3, vec![0.5f32; 9]).unwrap();
        writer.append(x, &rows).unwrap();
        let mut obs = Frame::new(vec!["c0", "c1", "c2"]);
        let labels = Column::from(vec![CONTROL, "B", "CTRL"]);
        obs.set("perturbation", labels).unwrap();
        writer.finish(&obs).unwrap();
        PreparedCells::read(&path).unwrap()
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

    #[test]
    fn a_list_may_be_plain_lines_or_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let cells = cells(folder.path());
        let path = folder.path().join("list.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            from_file(&path, &cells).map(|found| {
                let told = found.iter().map(|(condition, place)| {
                    let (_, line) = place.rsplit_once(' ').unwrap();
                    format!("{condition} {line}")
                });
                told.collect::<Vec<_>>().join(", ")
            })
        };
        for (text, expected) in [
            (
                "perturbation,score\nA,1\n\n# later\nB+A,2\nctrl+C,3\n",
                "A 2, A+B 5, C 6",
            ),
            // As Excel writes it.
            ("\u{feff}A,1\r\nB,2\r\n", "A 1, B 2"),
            ("\u{feff}\"Genes\"\r\nA\r\n", "A 2"),
            ("Condition\tn\nA\t1\n", "A 2"),
            ("Gene;n\nA;1,5\nB;A\n", "A 2, B 3"),
            ("A;1\nB+A;2\n", "A 1, A+B 2"),
            // Rather a pair: what the model knows is told of it.
            ("A;B\n", "A;B 1"),
            ("\u{feff}\r\n", ""),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text:?}");
        }
        for bytes in [&b"\xff\xfeA\0\n\0"[..], b"A\0\n\0", b"\xe4\n"] {
            std::fs::write(&path, bytes).unwrap();
            let message = from_file(&path, &cells).unwrap_err();
            let line = message.line();
            assert!(line.contains("list.csv: is no text in UTF-8"), "{line}");
            assert!(line.contains("save as \"CSV UTF-8\""), "{line}");
        }
        let message = read("A\n+B\n").unwrap_err();
        let line = message.line();
        assert!(line.contains("list.csv: line 2: "), "{line}");
    }
}
