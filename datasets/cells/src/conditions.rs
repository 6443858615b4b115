//! The conditions of the cells of a file.

mod understanding;

use std::collections::{BTreeSet, HashSet};

use rheome_anndata::{Categorical, Column, Values};
use serde::{Deserialize, Serialize};

use crate::condition::{CONTROL, Condition};
use crate::error::CellsError;
use understanding::Understanding;

/// How labels are understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelSettings {
    /// What stands for "nothing was done", alone (`ctrl`) or beside a gene (`KLF1+ctrl`), in upper or lower case.
    pub control: Vec<String>,
    /// What separates the parts of a label for certain.
    pub separator: String,
    /// What separates them if both sides are known: names of genes, control, or other labels. A gene may be called `A_B`.
    pub weak_separator: String,
}

impl Default for LabelSettings {
    fn default() -> Self {
        Self {
            control: vec!["ctrl".into(), CONTROL.into()],
            separator: "+".into(),
            weak_separator: "_".into(),
        }
    }
}

/// The condition of every cell: `KLF1+ctrl`, `ctrl+KLF1`, `control_KLF1` and `KLF1` are one, `A+B` and `B_A` as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    conditions: Vec<Condition>,
    of_cells: Vec<u32>,
}

impl Conditions {
    /// Unifies the labels of a column. `genes` are names that a label may consist of, `place` (file and column) and `cells`
    /// (names of the cells) are for messages.
    ///
    /// # Errors
    /// [`CellsError::Label`] for a cell without a label or one with an empty part, and for names that could not be told apart in
    /// what is written: a `+` in a name, `ctrl` or `control` where other words are control (a measured gene may be called `CTRL`);
    /// [`CellsError::Setting`] for separators that are empty or the same.
    pub fn unify(
        labels: &Column,
        genes: &[String],
        settings: &LabelSettings,
        place: &str,
        cells: &[String],
    ) -> Result<Self, CellsError> {
        check(settings)?;
        let labels = labels.to_categorical();
        let names = labels.names();
        let understood = Understanding::new(&names, genes, settings);
        Self::of_labels(&labels, place, cells, |label| understood.parse(label))
    }

    /// Conditions as [`Conditions::to_column`] writes them; no word but `control` is control.
    pub(crate) fn written(
        labels: &Column,
        place: &str,
        cells: &[String],
    ) -> Result<Self, CellsError> {
        Self::of_labels(&labels.to_categorical(), place, cells, |label| {
            Condition::printed(label).map_err(|reason| {
                format!("{reason}; prepare the raw file again, or rename these cells")
            })
        })
    }

    /// Whether some label is that of control, alone or joined to itself (`ctrl+ctrl`), whatever becomes of the others.
    pub(crate) fn have_control(
        labels: &Column,
        genes: &[String],
        settings: &LabelSettings,
    ) -> bool {
        let labels = labels.to_categorical();
        let names = labels.names();
        let understood = Understanding::new(&names, genes, settings);
        let mut used = labels.codes().iter().collect::<HashSet<_>>().into_iter();
        used.any(|code| {
            let name = usize::try_from(*code).ok().and_then(|code| names.get(code));
            let condition = name.map(|name| understood.parse(name));
            matches!(condition, Some(Ok(condition)) if condition.is_control())
        })
    }

    /// The rows whose label is one that `is_meant`: it is told what the label names, if that is one thing alone or beside control.
    /// What has no label is not among them, nor text without a letter.
    pub(crate) fn rows_where(
        labels: &Column,
        genes: &[String],
        settings: &LabelSettings,
        is_meant: impl Fn(Option<&str>) -> bool,
    ) -> Vec<usize> {
        let labels = labels.to_categorical();
        let names = labels.names();
        let understood = Understanding::new(&names, genes, settings);
        let is_chosen = |name: &String| {
            let condition = understood.parse(name).ok();
            let mut targets = condition.iter().flat_map(Condition::targets);
            let alone = match (targets.next(), targets.next()) {
                (Some(target), None) => Some(target),
                _ => None,
            };
            !name.trim().is_empty() && is_meant(alone)
        };
        let chosen: Vec<bool> = names.iter().map(is_chosen).collect();
        let codes = labels.codes().iter().enumerate();
        let of_chosen = codes.filter(|(_, code)| usize::try_from(**code).is_ok_and(|c| chosen[c]));
        of_chosen.map(|(row, _)| row).collect()
    }

    fn of_labels(
        labels: &Categorical,
        place: &str,
        cells: &[String],
        parse: impl Fn(&str) -> Result<Condition, String>,
    ) -> Result<Self, CellsError> {
        let names = labels.names();
        let fail = |code: i32, reason: String| {
            let row = labels.codes().iter().position(|c| *c == code);
            let cell = row.and_then(|row| cells.get(row));
            let label = usize::try_from(code).ok().and_then(|code| names.get(code));
            CellsError::Label {
                place: place.into(),
                label: label.cloned().unwrap_or_default(),
                cell: cell.cloned().unwrap_or_default(),
                reason,
            }
        };
        // Text without a letter is no label either.
        let is_missing = |code: &i32| {
            let name = usize::try_from(*code).ok().and_then(|code| names.get(code));
            name.is_none_or(|name| name.trim().is_empty())
        };
        let mut without = labels.codes().iter().filter(|code| is_missing(code));
        if let Some(first) = without.next() {
            let missing = 1 + without.count();
            let reason = format!(
                "is missing, as those of {missing} of {} cells are, expected one for every cell; name another column, or leave such \
                 cells out: perturb prepare --drop-unlabelled",
                labels.codes().len()
            );
            return Err(fail(*first, reason));
        }
        // A category that no cell has may be anything.
        let mut used = vec![false; names.len()];
        labels
            .codes()
            .iter()
            .for_each(|code| used[*code as usize] = true);
        let mut of_names = vec![None; names.len()];
        for (code, name) in names.iter().enumerate().filter(|(code, _)| used[*code]) {
            let parsed = parse(name);
            of_names[code] = Some(parsed.map_err(|reason| fail(code as i32, reason))?);
        }
        Ok(Self::of_places(&of_names, labels.codes()))
    }

    /// The different ones of `of_names`, and which of them each cell has by its code.
    fn of_places(of_names: &[Option<Condition>], codes: &[i32]) -> Self {
        let distinct: BTreeSet<&Condition> = of_names.iter().flatten().collect();
        let conditions: Vec<Condition> = distinct.into_iter().cloned().collect();
        let place_of = |condition: &Option<Condition>| {
            let found = condition.as_ref().map(|c| conditions.binary_search(c));
            found.and_then(Result::ok).unwrap_or_default() as u32
        };
        let places: Vec<u32> = of_names.iter().map(place_of).collect();
        let of_cells = codes.iter().map(|code| places[*code as usize]);
        Self {
            of_cells: of_cells.collect(),
            conditions,
        }
    }

    /// Those of the cells at `cells` alone, in that order.
    ///
    /// # Panics
    /// If a cell is not below [`Conditions::n_cells`].
    pub fn at(&self, cells: &[usize]) -> Self {
        let codes: Vec<i32> = cells.iter().map(|c| self.of_cells[*c] as i32).collect();
        let mut of_names: Vec<Option<Condition>> = vec![None; self.conditions.len()];
        for code in &codes {
            let place = *code as usize;
            of_names[place].get_or_insert_with(|| self.conditions[place].clone());
        }
        Self::of_places(&of_names, &codes)
    }

    /// The different conditions, in order: control, if there is any, is the first.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.of_cells.len()
    }

    /// The place of every cell's condition in [`Conditions::conditions`].
    pub fn of_cells(&self) -> &[u32] {
        &self.of_cells
    }

    /// The cells of every condition, in the order of [`Conditions::conditions`].
    pub fn cells_by_condition(&self) -> Vec<Vec<usize>> {
        let mut cells = vec![Vec::new(); self.conditions.len()];
        for (cell, condition) in self.of_cells.iter().enumerate() {
            cells[*condition as usize].push(cell);
        }
        cells
    }

    /// The control cells.
    pub fn control_cells(&self) -> Vec<usize> {
        let control = self.conditions.iter().position(Condition::is_control);
        let is_control = |(_, c): &(usize, &u32)| Some(**c as usize) == control;
        let cells = self.of_cells.iter().enumerate().filter(is_control);
        cells.map(|(cell, _)| cell).collect()
    }

    /// Every gene (or drug) that some cell was perturbed with, in order.
    pub fn targets(&self) -> BTreeSet<&str> {
        self.conditions
            .iter()
            .flat_map(Condition::targets)
            .collect()
    }

    /// As a column of categories, named as [`Condition`] prints.
    pub fn to_column(&self) -> Column {
        let names = self.conditions.iter().map(ToString::to_string).collect();
        let codes = self.of_cells.iter().map(|c| *c as i32).collect();
        match Categorical::new(codes, Values::Text(names), false) {
            Ok(categorical) => categorical.into(),
            // Every code is the place of a condition.
            Err(_) => unreachable!("codes are places of conditions"),
        }
    }
}

fn check(settings: &LabelSettings) -> Result<(), CellsError> {
    if settings.separator.is_empty() {
        return Err(CellsError::setting(
            "labels.separator",
            "nothing",
            "text such as +",
        ));
    }
    if settings.separator == settings.weak_separator {
        let found = &settings.weak_separator;
        return Err(CellsError::setting(
            "labels.weak_separator",
            found,
            "another text than separator, or nothing",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unify(labels: &[&str], genes: &[&str]) -> Result<Vec<String>, CellsError> {
        let genes: Vec<String> = genes.iter().map(|g| g.to_string()).collect();
        let cells: Vec<String> = (0..labels.len()).map(|i| format!("cell{i}")).collect();
        let column = Column::from(labels.to_vec());
        let found = Conditions::unify(
            &column,
            &genes,
            &LabelSettings::default(),
            "a.h5ad: obs/condition",
            &cells,
        )?;
        Ok((0..labels.len())
            .map(|i| found.conditions()[found.of_cells()[i] as usize].to_string())
            .collect())
    }

    #[test]
    fn one_perturbation_has_many_spellings() {
        let labels = [
            "ctrl",
            "KLF1+ctrl",
            "ctrl+KLF1",
            "control_KLF1",
            "KLF1",
            "CTRL",
            "ctrl+ctrl",
            "B_KLF1",
            " KLF1 + B",
        ];
        let found = unify(&labels, &["KLF1", "B"]).unwrap();
        assert_eq!(
            found,
            [
                "control", "KLF1", "KLF1", "KLF1", "KLF1", "control", "control", "B+KLF1", "B+KLF1"
            ]
        );
    }

    #[test]
    fn an_underscore_may_belong_to_a_name() {
        assert_eq!(
            unify(&["HLA_A", "HLA", "HLA_A+X"], &["HLA_A", "HLA", "A"]).unwrap(),
            ["HLA_A", "HLA", "HLA_A+X"]
        );
        // Nothing tells that these are two names.
        assert_eq!(
            unify(&["drug_7", "control"], &[]).unwrap(),
            ["drug_7", "control"]
        );
        // Here something does.
        assert_eq!(
            unify(&["a_b", "a", "control+b"], &[]).unwrap(),
            ["a+b", "a", "b"]
        );
    }

    /// Written, these would be other conditions.
    #[test]
    fn names_that_cannot_be_written_are_refused() {
        let told = |labels: &[&str], control: &str, separator: &str| {
            let settings = LabelSettings {
                control: vec![control.into()],
                separator: separator.into(),
                weak_separator: String::new(),
            };
            let cells: Vec<String> = (0..labels.len()).map(|i| format!("cell{i}")).collect();
            let column = Column::from(labels.to_vec());
            let genes = ["CTRL".to_owned()];
            let found = Conditions::unify(&column, &genes, &settings, "obs/drug", &cells);
            found.map(|_| ()).map_err(|error| error.to_string())
        };
        let beside = "obs/drug: the label \"control\" of cell \"cell1\" has \"control\" for a name, which usually is control, but only \
                      DMSO was named so; if such cells are unperturbed as well, give --control DMSO --control control, else call them \
                      otherwise in the file or leave them out";
        assert_eq!(
            told(&["DMSO", "control", "A"], "DMSO", "+").unwrap_err(),
            beside
        );
        let filler = told(&["NT", "A+ctrl", "A+B"], "NT", "+").unwrap_err();
        assert!(
            filler.contains("the label \"A+ctrl\" of cell \"cell1\" has \"ctrl\" for a name"),
            "{filler}"
        );
        let plus = told(&["control", "CD4+"], "control", "_").unwrap_err();
        assert!(
            plus.contains(
                "the label \"CD4+\" of cell \"cell1\" has \"CD4+\" for a name, but + joins"
            ),
            "{plus}"
        );
        // A measured gene.
        assert_eq!(told(&["NT", "CTRL"], "NT", "+"), Ok(()));
    }

    /// What lies within brackets is of one name, which is not to be taken to pieces.
    #[test]
    fn separators_within_brackets_are_refused() {
        let plus = unify(&["control", "(+)-JQ1", "A"], &[]).unwrap_err();
        let plus = plus.to_string();
        assert!(
            plus.contains("the label \"(+)-JQ1\" of cell \"cell1\" has \"+\" within brackets")
                && plus.contains("\"(\" is none; call it otherwise in the file"),
            "{plus}"
        );
        let settings = LabelSettings {
            separator: ";".into(),
            ..LabelSettings::default()
        };
        let column = Column::from(vec!["A[1;2]"]);
        let other = Conditions::unify(&column, &[], &settings, "", &["c".into()]).unwrap_err();
        assert!(other.to_string().contains("--separator"), "{other}");
        // Closed in every part, or in none of any way.
        let found = unify(&["A(1)+B[2]", "odd)+B", "control"], &[]).unwrap();
        assert_eq!(found, ["A(1)+B[2]", "B+odd)", "control"]);
    }

    #[test]
    fn conditions_of_some_cells_are_those_that_they_have() {
        let column = Column::from(vec!["A+B", "ctrl", "C", "A"]);
        let all = Conditions::unify(&column, &[], &LabelSettings::default(), "", &[]).unwrap();
        let some = all.at(&[3, 1, 3]);
        let names: Vec<String> = some.conditions().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["control", "A"]);
        assert_eq!(some.of_cells(), [1, 0, 1]);
    }

    #[test]
    fn labels_that_say_nothing_name_the_cell() {
        let error = unify(&["KLF1", "KLF1+"], &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.h5ad: obs/condition: the label \"KLF1+\" of cell \"cell1\" has an empty part, expected ctrl, control or names \
             separated by \"+\""
        );
        let error = unify(&["KLF1", " ", "ctrl", ""], &[]).unwrap_err();
        let words = "the label \" \" of cell \"cell1\" is missing, as those of 2 of 4 cells are";
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("--drop-unlabelled"), "{error}");
        let missing: Column = Categorical::new(vec![0, -1], vec!["ctrl"].into(), false)
            .unwrap()
            .into();
        let cells = ["a".into(), "b".into()];
        let error = Conditions::unify(&missing, &[], &LabelSettings::default(), "place", &cells)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("of cell \"b\" is missing, as those of 1 of 2 cells are"),
            "{error}"
        );
    }

    #[test]
    fn cells_are_found_by_condition() {
        let column = Column::from(vec!["A+B", "ctrl", "B+A", "A"]);
        let found = Conditions::unify(&column, &[], &LabelSettings::default(), "", &[]).unwrap();
        let names: Vec<String> = found.conditions().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["control", "A", "A+B"]);
        assert_eq!(found.cells_by_condition(), [vec![1], vec![3], vec![0, 2]]);
        assert_eq!(found.control_cells(), [1]);
        assert_eq!(found.targets().into_iter().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(found.to_column().text(2).as_deref(), Some("A+B"));
    }
}
