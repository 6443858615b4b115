//! Perturbations that a file lists: one a line, or the first column of a table.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use rheome_cells::Condition;
use rheome_cli::Failure;
use rheome_cli::files::cannot;

use super::request::{Named, parse};
use crate::cells::PreparedCells;

/// What the first line of a list may call its first column, in upper or lower case, each also with an s.
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

/// One perturbation a line; of a table (CSV) the first column. Empty lines, comments and a heading are passed over, and the mark
/// that Excel begins files with.
pub(super) fn read(path: &Path, cells: &PreparedCells) -> Result<Vec<Named>, Failure> {
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
    let place = |line: &Line| format!("{}: line {}", path.display(), line.number);
    let known = KnownNames::of(cells);
    let lines = lines(&text);
    let table = Table::of(&lines, &known);
    let mut found = Vec::new();
    for line in &lines[usize::from(table.heading.is_some())..] {
        let told = |reason| Failure::new(format!("{}: {reason}", place(line)));
        let label = table.label(line, &known).map_err(told)?;
        if label.is_empty() {
            continue;
        }
        let condition = parse(&label, &place(line), cells)?;
        // What stands above other lines may have been meant for a heading.
        let may_be_heading = table.heading.is_none() && line.number == lines[0].number;
        let hint = match may_be_heading && lines.len() > 1 {
            true => format!(
                "; if it is a heading: these are passed over: {}",
                HEADINGS.join(", ")
            ),
            false => String::new(),
        };
        found.push(Named {
            condition,
            place: place(line),
            hint,
        });
    }
    Ok(found)
}

/// A line with something in it.
struct Line<'a> {
    /// Its number in the file, from 1.
    number: usize,
    text: &'a str,
}

/// The lines that are neither empty nor comments.
fn lines(text: &str) -> Vec<Line<'_>> {
    let text = text.trim_start_matches('\u{feff}');
    let numbered = text.lines().enumerate().map(|(place, text)| Line {
        number: place + 1,
        text: text.trim(),
    });
    let is_told = |line: &Line| {
        let start = line.text.trim_start_matches('"').trim_start();
        !line.text.is_empty() && !start.starts_with('#')
    };
    numbered.filter(is_told).collect()
}

impl Line<'_> {
    /// Its cells, without the quotes that a cell may stand in and without the blanks around it; none where a quote has no end.
    fn cells(&self, separators: &[char]) -> Option<Vec<String>> {
        let mut cells = Vec::new();
        let mut cell = String::new();
        let mut is_quoted = false;
        let mut letters = self.text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '"' if is_quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    cell.push('"');
                }
                // Elsewhere than at the beginning of a cell it is part of a name.
                '"' if is_quoted || cell.trim().is_empty() => is_quoted = !is_quoted,
                _ if !is_quoted && separators.contains(&letter) => {
                    cells.push(std::mem::take(&mut cell));
                }
                _ => cell.push(letter),
            }
        }
        cells.push(cell);
        let trimmed = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        (!is_quoted).then_some(trimmed)
    }

    /// The first cell.
    fn first(&self, separators: &[char]) -> String {
        let cells = self.cells(separators).unwrap_or_default();
        cells.into_iter().next().unwrap_or_default()
    }
}

/// What the data have names for.
struct KnownNames<'a> {
    genes: HashSet<&'a str>,
    targets: BTreeSet<&'a str>,
}

impl<'a> KnownNames<'a> {
    fn of(cells: &'a PreparedCells) -> Self {
        Self {
            genes: cells.genes.iter().map(String::as_str).collect(),
            targets: cells.conditions.targets(),
        }
    }

    /// Whether something is called so.
    fn has(&self, name: &str) -> bool {
        self.genes.contains(name) || self.targets.contains(name)
    }

    /// Whether a label is control, or consists of names that something has.
    fn are_in(&self, label: &str) -> bool {
        let condition = Condition::written(label, |part| self.targets.contains(part));
        !label.is_empty() && condition.targets().all(|target| self.has(target))
    }

    /// Whether the first cell of a list is no perturbation.
    fn is_heading(&self, label: &str) -> bool {
        let word = label.to_lowercase();
        let word = word.strip_suffix('s').unwrap_or(&word);
        HEADINGS.contains(&word) && !self.has(label)
    }
}

/// How the columns of a list are told.
struct Table {
    /// The number of cells of its heading, if it has one.
    heading: Option<usize>,
    /// What separates them.
    separators: Vec<char>,
}

impl Table {
    /// A semicolon may as well be part of a name, or join two that were perturbed together: it separates columns where the heading
    /// has it, or where as many numbers follow the first cell of every line. Commas and tabs always do, as far as a heading does not
    /// say which of them.
    fn of(lines: &[Line], known: &KnownNames) -> Self {
        let usual = SEPARATORS[..2].to_vec();
        let Some(first) = lines.first() else {
            return Self {
                heading: None,
                separators: usual,
            };
        };
        for separator in SEPARATORS {
            let cells = first.cells(&[separator]).unwrap_or_default();
            if cells.len() > 1 && known.is_heading(&cells[0]) {
                return Self {
                    heading: Some(cells.len()),
                    separators: vec![separator],
                };
            }
        }
        let columns = first.cells(&[';']).map_or(1, |cells| cells.len());
        let is_row = |line: &Line| {
            let cells = line.cells(&[';']).unwrap_or_default();
            let is_first = cells.first() == Some(&line.first(&SEPARATORS));
            is_first && cells.len() == columns && cells[1..].iter().all(|c| is_number(c, known))
        };
        Self {
            heading: known.is_heading(&first.first(&[])).then_some(1),
            separators: match columns > 1 && lines.iter().all(is_row) {
                true => vec![';'],
                false => usual,
            },
        }
    }

    /// The label of a line: its first cell, or more of it where that is a name of the data.
    ///
    /// # Errors
    /// What is wrong with it.
    fn label(&self, line: &Line, known: &KnownNames) -> Result<String, String> {
        let wholes = [&[][..], &SEPARATORS[..2]].map(|separators| line.first(separators));
        if let Some(name) = wholes.into_iter().find(|whole| known.are_in(whole)) {
            return Ok(name);
        }
        let cells = line.cells(&self.separators);
        let cells =
            cells.ok_or("a quote has no end, expected another one before the end of the line")?;
        let filled = cells.iter().rposition(|cell| !cell.is_empty());
        let count = filled.map_or(0, |last| last + 1);
        if let Some(heading) = self.heading.filter(|heading| count > *heading)
            && self.separators == [';']
        {
            return Err(format!(
                "found {count} cells between its ;, expected {heading} as in the heading; a name with a ; in it is to stand in quotes"
            ));
        }
        Ok(cells.into_iter().next().unwrap_or_default())
    }
}

/// Whether a cell is a number, with a point or a comma in it, or empty, and no name.
fn is_number(cell: &str, known: &KnownNames) -> bool {
    let number = cell.replace(',', ".").parse::<f64>();
    (cell.is_empty() || number.is_ok()) && !known.has(cell)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use rheome_cells::CONTROL;

    use super::super::test_cells;
    use super::*;
    use crate::arguments::Arguments;

    /// Prepared cells, of which some were perturbed with B and `2,4-D`, which was not measured.
    fn cells(folder: &Path) -> PreparedCells {
        test_cells::cells(folder, &["A", "B", "P1", "P1;P2"], &[CONTROL, "B", "2,4-D"])
    }

    /// What a list is read as, a perturbation and the number of its line each, or the message.
    fn told(text: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, text).unwrap();
        match read(&path, &cells(folder.path())) {
            Err(failure) => failure.line().to_owned(),
            Ok(found) => {
                let told = found.iter().map(|named| {
                    let (_, line) = named.place.rsplit_once(' ').unwrap();
                    format!("{} {line}", named.condition)
                });
                told.collect::<Vec<_>>().join(", ")
            }
        }
    }

    #[test]
    fn a_list_may_be_plain_lines_or_a_table() {
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
            ("A;1\nB+A;2,5\n", "A 1, A+B 2"),
            ("A;1;\nB;;nan\n", "A 1, B 2"),
            // A heading is the first line with something in it.
            ("\n\"# made, today\"\ncondition\nA\n", "A 4"),
            ("\u{feff}\r\n", ""),
            (",,\n\"A\",\"x, y\"\n", "A 2"),
        ] {
            assert_eq!(told(text.as_bytes()), expected, "{text:?}");
        }
    }

    /// What is rather a pair, or a name, is not taken for a row of a table: its first part would be another perturbation.
    #[test]
    fn a_semicolon_is_part_of_a_name_where_no_table_is_told() {
        for (text, expected) in [
            ("A;B\n", "A;B 1"),
            ("condition\nA;B\n", "A;B 2"),
            ("condition\nA;1\n", "A;1 2"),
            ("A;b\n", "A;b 1"),
            ("A;1\nB;C\n", "A;1 1, B;C 2"),
            ("A;B\tx\n", "A;B 1"),
            ("perturbation,n\nA;B,1\n", "A;B 2"),
            ("perturbation;n\n\"A;B\";3\n", "A;B 2"),
            ("\"A;B\";3\n\"B\";4\n", "A;B 1, B 2"),
            // Genes (and a drug) that are called so.
            ("P1;P2\nP1\n", "P1;P2 1, P1 2"),
            ("gene;n\n\"P1;P2\";3\nP1;4\n", "P1;P2 2, P1 3"),
            ("gene\tn\nP1;P2\t3\n", "P1;P2 2"),
            ("P1;P2+A,1\n", "A+P1;P2 1"),
            ("2,4-D\n\"2,4-D\",1\n", "2,4-D 1, 2,4-D 2"),
        ] {
            assert_eq!(told(text.as_bytes()), expected, "{text:?}");
        }
        let line = told(b"gene;n\nA;1\nP1;P2;3\n");
        let words = "list.csv: line 3: found 3 cells between its ;, expected 2 as in the heading; a name with a ; in it is to \
                     stand in quotes";
        assert!(line.ends_with(words), "{line}");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bytes in [&b"\xff\xfeA\0\n\0"[..], b"A\0\n\0", b"\xe4\n"] {
            let line = told(bytes);
            assert!(line.contains("list.csv: is no text in UTF-8"), "{line}");
            assert!(line.contains("save as \"CSV UTF-8\""), "{line}");
        }
        let line = told(b"A\n+B\n");
        assert!(line.contains("list.csv: line 2: "), "{line}");
        for (text, number) in [
            ("A,\"of two\nB\"\n", 1),
            ("A\nx;\"a,\"b\n", 2),
            ("\"A\n", 1),
        ] {
            let line = told(text.as_bytes());
            let words = format!("list.csv: line {number}: a quote has no end");
            assert!(line.contains(&words), "{line}");
        }
    }

    #[test]
    fn help_tells_all_headings() {
        let mut arguments = Arguments::command();
        let predict = arguments.find_subcommand_mut("predict").unwrap();
        let help = predict.render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for heading in HEADINGS {
            assert!(help.contains(heading), "{heading} is not in {help}");
        }
        let words = "first line whose first cell is perturbation, condition, gene, target, drug, guide, label or name";
        assert!(help.contains(words), "{help}");
    }
}
