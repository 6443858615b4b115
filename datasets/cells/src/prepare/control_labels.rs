//! Labels that control cells may have.

use std::collections::BTreeMap;

use rheome_anndata::{Column, nearest_first};

use crate::conditions::LabelSettings;
use crate::error::CellsError;

/// Labels told of either kind.
const TOLD: usize = 4;

/// Words that control cells are called by, a number behind them or not.
const CONTROLS: [&str; 33] = [
    "aavs",
    "control",
    "ctl",
    "ctrl",
    "dmso",
    "egfp",
    "gfp",
    "harbor",
    "harbour",
    "intergenic",
    "lacz",
    "luciferase",
    "mock",
    "neg",
    "negative",
    "negctrl",
    "nontarget",
    "nontargeting",
    "nt",
    "ntc",
    "pbs",
    "rosa",
    "safe",
    "scr",
    "scramble",
    "scrambled",
    "sgnt",
    "sgntc",
    "unperturbed",
    "unstimulated",
    "untreated",
    "vehicle",
    "wildtype",
];
/// Words for control that are made of two: `no_target`, `NO_SITE_5`, `wild type`.
const TOGETHER: [&str; 4] = ["nontarget", "nosite", "notarget", "wildtype"];
/// Words that may be beside these.
const BESIDE: [&str; 13] = [
    "cells",
    "gene",
    "grna",
    "guide",
    "no",
    "non",
    "sg",
    "sgrna",
    "site",
    "target",
    "targeting",
    "type",
    "wild",
];

/// The labels of a column that control cells are known to have, `non-targeting`, `NT_1`, `NTC`, `DMSO`, `safe harbor`, ..., and the
/// cells of each; those of the most cells first.
pub fn likely_controls(labels: &Column) -> Vec<(String, usize)> {
    let counted = counted(labels).into_iter();
    counted.filter(|(label, _)| is_of_control(label)).collect()
}

/// Whether a label consists of words for control, and nothing else: `KLF1_NegCtrl0` has a gene in it.
fn is_of_control(label: &str) -> bool {
    let label = label.to_lowercase();
    // Alone: WT1 is a gene.
    if label.trim() == "wt" {
        return true;
    }
    let words = label.split(|c: char| !c.is_alphanumeric());
    let words = words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    // A guide of control: sgGFP.
    let guided = |word: &str| {
        word.strip_prefix("sg")
            .is_some_and(|w| CONTROLS.contains(&w))
    };
    let is_control = |word: &&str| CONTROLS.contains(word) || guided(word);
    let together = words.concat();
    (words.iter().any(is_control) || TOGETHER.iter().any(|word| together.contains(word)))
        && words
            .iter()
            .all(|word| is_control(word) || BESIDE.contains(word))
}

/// The labels that some cell has, those of the most cells first.
fn counted(labels: &Column) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for label in (0..labels.len()).filter_map(|row| labels.text(row)) {
        *counts.entry(label).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    counts
}

/// The [`likely_controls`] in words: `"NT" (12 cells), "NTC" (3 cells)`; none where there are none.
pub fn told_controls(labels: &Column) -> Option<String> {
    let likely = likely_controls(labels);
    (!likely.is_empty()).then(|| listed(&likely))
}

/// Says that no label is one of `control`, and which may be: those of known spellings, else the nearest to a
/// name that was given, and those of the most cells.
pub(super) fn no_control(place: String, labels: &Column, control: &[String]) -> CellsError {
    let likely = likely_controls(labels);
    let all = counted(labels);
    let mut told = Vec::new();
    if likely.is_empty() {
        let usual = LabelSettings::default().control;
        for name in control.iter().filter(|name| !usual.contains(name)) {
            let names = all.iter().map(|(label, _)| label.clone()).collect();
            let nearest = nearest_first(name, names).into_iter().next();
            told.extend(nearest.map(|label| format!("the nearest to {name:?} is {label:?}")));
        }
        told.push(format!("{} have the most cells", listed(&all)));
    } else {
        told.push(format!("{} may be", listed(&likely)));
    }
    let reason = format!(
        "no control cells: no label is {}; of its {} labels {}; name the one of unperturbed cells with --control",
        control.join(" or "),
        all.len(),
        told.join(", ")
    );
    CellsError::cells(place, reason)
}

/// The first labels with their cells, and how many more there are.
fn listed(labels: &[(String, usize)]) -> String {
    let first = labels.iter().take(TOLD);
    let told: Vec<String> = first
        .map(|(label, cells)| format!("{label:?} ({cells} cells)"))
        .collect();
    let more = match labels.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_spellings_are_told_from_genes() {
        for label in [
            "non-targeting",
            "Non_Targeting_00012",
            "NT",
            "NT_1",
            "NTC-3",
            "sgNT-2",
            "NegCtrl0_NegCtrl10",
            "negative control",
            "scrambled",
            "Safe harbor",
            "AAVS1",
            "DMSO",
            "vehicle",
            "control_2",
            "sgGFP",
            "sgControl",
            "no_target",
            "NO_SITE_5",
            "WT",
            "wild type",
        ] {
            assert!(is_of_control(label), "{label}");
        }
        // The first five are genes; of the next it cannot be told whether its cells have a second guide.
        for label in [
            "NT5E",
            "NTS",
            "CTR9",
            "WT1",
            "SGCA",
            "NTC_CD8",
            "no",
            "targeting",
            "KLF1+ctrl",
            "KLF1_NegCtrl0",
            "",
            "7",
        ] {
            assert!(!is_of_control(label), "{label}");
        }
    }

    fn message(labels: &[(&str, usize)], control: &str) -> String {
        let of_cells = |(label, cells): &(&str, usize)| vec![label.to_string(); *cells];
        let column = Column::from(labels.iter().flat_map(of_cells).collect::<Vec<String>>());
        no_control("obs/gene".into(), &column, &[control.into()]).to_string()
    }

    #[test]
    fn what_may_be_control_comes_first() {
        // All but one are nearer to "ctrl" by their letters.
        let screen = [("CTCF", 3), ("CTSL", 3), ("CTLA4", 9), ("non-targeting", 2)];
        let expected = "obs/gene: no control cells: no label is ctrl; of its 4 labels \"non-targeting\" (2 cells) may be; name the \
                        one of unperturbed cells with --control";
        assert_eq!(message(&screen, "ctrl"), expected);
    }

    #[test]
    fn else_the_labels_with_the_most_cells_do() {
        let screen = [("CTCF", 3), ("Luc", 40), ("A", 1), ("B", 1), ("C", 2)];
        let expected = "of its 5 labels \"Luc\" (40 cells), \"CTCF\" (3 cells), \"C\" (2 cells), \"A\" (1 cells) and 1 more \
                        have the most cells";
        assert!(message(&screen, "ctrl").contains(expected));
        // What was typed may be misspelt.
        let nearest = "of its 5 labels the nearest to \"luk\" is \"Luc\", \"Luc\" (40 cells)";
        let said = message(&screen, "luk");
        assert!(said.contains(nearest), "{said}");
    }
}
