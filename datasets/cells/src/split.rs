//! Which conditions are held out to test what was learnt.

use std::collections::BTreeSet;
use std::fmt;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rheome_anndata::{Array, Categorical, Column, Value, Values};
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::protocol::Protocol;

/// The seven conditions that scDFM (arXiv 2602.07103) holds out of ComboSciPlex.
pub const COMBOSCIPLEX_HELD_OUT: [&str; 7] = [
    "Panobinostat+Crizotinib",
    "Panobinostat+Curcumin",
    "Panobinostat+SRT1720",
    "Panobinostat+Sorafenib",
    "SRT2104+Alvespimycin",
    "control+Alvespimycin",
    "control+Dacinostat",
];

/// What is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitMethod {
    /// A share of the combinations; what each gene of them does alone is learnt.
    #[default]
    Additive,
    /// A share of the genes (or drugs): every condition that has one of them.
    Unseen,
    /// The first few of the combinations that [`SplitMethod::Additive`] holds out, and what their genes do alone.
    Combinations,
    /// The conditions that are listed.
    Given,
}

/// How conditions are split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitSettings {
    /// What is held out.
    pub method: SplitMethod,
    /// Which of the repetitions, counted from 0: each draws anew. Published: 5 of them.
    pub fold: u64,
    /// What is drawn is decided by `seed + fold` and the names of the conditions alone. Published: 42.
    pub seed: u64,
    /// Share of the combinations (or, for `unseen`, of the genes) that are held out. Published: 0.3.
    pub share: f64,
    /// Combinations that `combinations` holds out. Published: 15.
    pub combinations: usize,
    /// Conditions that `given` holds out, such as `KLF1` or `CEBPA+KLF1`, in any order.
    pub conditions: Vec<String>,
}

impl Default for SplitSettings {
    fn default() -> Self {
        Self {
            method: SplitMethod::Additive,
            fold: 0,
            seed: 42,
            share: 0.3,
            combinations: 15,
            conditions: Vec::new(),
        }
    }
}

/// Where a condition belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is learnt; control always is.
    Train,
    /// It is held out.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Train => "train",
            Self::Test => "test",
        })
    }
}

/// Conditions that are learnt and conditions that are held out.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    settings: SplitSettings,
    protocol: Protocol,
    test: BTreeSet<Condition>,
}

impl Split {
    /// Draws a split of these conditions. The order in which they come does not matter.
    ///
    /// # Errors
    /// [`CellsError::Setting`] if there is nothing to hold out, or nothing would be left to learn.
    pub fn new(
        conditions: &[Condition],
        settings: &SplitSettings,
        protocol: Protocol,
    ) -> Result<Self, CellsError> {
        if !(settings.share > 0.0 && settings.share < 1.0) {
            return Err(CellsError::setting(
                "split.share",
                settings.share,
                "between 0 and 1",
            ));
        }
        let all: BTreeSet<&Condition> = conditions.iter().filter(|c| !c.is_control()).collect();
        let test: BTreeSet<Condition> = match settings.method {
            SplitMethod::Additive => held_out_combinations(&all, settings, protocol)?
                .into_iter()
                .collect(),
            SplitMethod::Combinations => combinations(&all, settings, protocol)?,
            SplitMethod::Unseen => unseen(&all, settings)?,
            SplitMethod::Given => given(&all, settings)?,
        };
        if test.len() == all.len() {
            let expected = "a split that leaves some conditions to be learnt";
            return Err(CellsError::setting(
                "split.method",
                format!("all {} conditions held out", all.len()),
                expected,
            ));
        }
        Ok(Self {
            settings: settings.clone(),
            protocol,
            test,
        })
    }

    /// How it was drawn.
    pub fn settings(&self) -> &SplitSettings {
        &self.settings
    }

    /// The protocol that it was drawn under.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The conditions that are held out, in order.
    pub fn test(&self) -> &BTreeSet<Condition> {
        &self.test
    }

    /// Where a condition belongs.
    pub fn part(&self, condition: &Condition) -> Part {
        match self.test.contains(condition) {
            true => Part::Test,
            false => Part::Train,
        }
    }

    /// Where the cells of a file belong, as a column of categories.
    pub fn to_column(&self, conditions: &Conditions) -> Column {
        let parts: Vec<Part> = conditions
            .conditions()
            .iter()
            .map(|c| self.part(c))
            .collect();
        let code = |condition: &u32| i32::from(parts[*condition as usize] == Part::Test);
        let codes = conditions.of_cells().iter().map(code).collect();
        match Categorical::new(codes, vec!["train", "test"].into(), false) {
            Ok(categorical) => categorical.into(),
            Err(_) => unreachable!("codes are 0 and 1"),
        }
    }

    /// How it was drawn and what is held out, to be stored in `uns`.
    pub fn to_value(&self) -> Value {
        let settings = &self.settings;
        let names: Vec<String> = self.test.iter().map(ToString::to_string).collect();
        let text = |value: &dyn fmt::Debug| Value::from(lowercase(&format!("{value:?}")));
        Value::Dict(vec![
            ("method".into(), text(&settings.method)),
            ("protocol".into(), text(&self.protocol)),
            ("fold".into(), (settings.fold as i64).into()),
            ("seed".into(), (settings.seed as i64).into()),
            ("share".into(), settings.share.into()),
            (
                "test".into(),
                Value::Array(Array {
                    shape: vec![names.len()],
                    values: Values::Text(names),
                }),
            ),
        ])
    }

    /// What [`Split::to_value`] stored: the conditions that are held out. None if this is no such value.
    pub fn held_out(value: &Value) -> Option<BTreeSet<Condition>> {
        let Some(Value::Array(Array {
            values: Values::Text(names),
            ..
        })) = value.get("test")
        else {
            return None;
        };
        let stored = |name: &String| Condition::of(name.split('+').map(str::trim));
        Some(names.iter().map(stored).collect())
    }
}

/// A variant's name, of one word, as it is written in settings.
fn lowercase(name: &str) -> String {
    name.to_lowercase()
}

fn generator(settings: &SplitSettings) -> Pcg64 {
    Pcg64::seed_from_u64(settings.seed.wrapping_add(settings.fold))
}

/// A share of a number, but at least one.
fn part_of(count: usize, share: f64) -> usize {
    ((count as f64 * share).round() as usize).max(1)
}

/// The combinations that are held out, in the order in which they were drawn.
fn held_out_combinations(
    all: &BTreeSet<&Condition>,
    settings: &SplitSettings,
    protocol: Protocol,
) -> Result<Vec<Condition>, CellsError> {
    let alone = |target: &str| all.contains(&Condition::of([target]));
    let counts = |c: &&Condition| protocol == Protocol::Paper || c.targets().all(alone);
    let mut drawn: Vec<Condition> = all
        .iter()
        .filter(|c| c.is_combination())
        .filter(|c| counts(c))
        .map(|c| (*c).clone())
        .collect();
    if drawn.is_empty() {
        let found = format!(
            "{} conditions, no combination of genes that were each perturbed alone",
            all.len()
        );
        return Err(CellsError::setting(
            "split.method",
            found,
            "unseen or given for such cells",
        ));
    }
    drawn.shuffle(&mut generator(settings));
    drawn.truncate(part_of(drawn.len(), settings.share));
    Ok(drawn)
}

fn combinations(
    all: &BTreeSet<&Condition>,
    settings: &SplitSettings,
    protocol: Protocol,
) -> Result<BTreeSet<Condition>, CellsError> {
    if settings.combinations == 0 {
        return Err(CellsError::setting("split.combinations", 0, "1 or more"));
    }
    let drawn = held_out_combinations(all, settings, protocol)?;
    let mut test = BTreeSet::new();
    for pair in drawn.into_iter().take(settings.combinations) {
        test.extend(
            pair.targets()
                .map(|target| Condition::of([target]))
                .filter(|c| all.contains(c)),
        );
        test.insert(pair);
    }
    Ok(test)
}

fn unseen(
    all: &BTreeSet<&Condition>,
    settings: &SplitSettings,
) -> Result<BTreeSet<Condition>, CellsError> {
    let targets: BTreeSet<&str> = all.iter().flat_map(|c| c.targets()).collect();
    if targets.len() < 2 {
        let found = format!("{} perturbed genes", targets.len());
        return Err(CellsError::setting(
            "split.method",
            found,
            "two or more, to hold out one",
        ));
    }
    let mut drawn: Vec<&str> = targets.into_iter().collect();
    drawn.shuffle(&mut generator(settings));
    drawn.truncate(part_of(drawn.len(), settings.share));
    let held_out = |c: &&&Condition| drawn.iter().any(|target| c.has(target));
    Ok(all.iter().filter(held_out).map(|c| (*c).clone()).collect())
}

fn given(
    all: &BTreeSet<&Condition>,
    settings: &SplitSettings,
) -> Result<BTreeSet<Condition>, CellsError> {
    if settings.conditions.is_empty() {
        return Err(CellsError::setting(
            "split.conditions",
            "none",
            "the conditions to hold out",
        ));
    }
    let known: BTreeSet<&str> = all.iter().flat_map(|c| c.targets()).collect();
    let mut test = BTreeSet::new();
    for name in &settings.conditions {
        // What is no name in this file stands for control: `control+Dacinostat`.
        let parts = name.split('+').map(str::trim);
        let condition = Condition::of(parts.filter(|part| known.contains(part)));
        let foreign = name
            .split('+')
            .map(str::trim)
            .filter(|part| !known.contains(part));
        let is_control = |part: &str| ["control", "ctrl"].contains(&part.to_lowercase().as_str());
        if !foreign.clone().all(is_control) || !all.contains(&condition) {
            let some: Vec<String> = all.iter().take(5).map(ToString::to_string).collect();
            let expected = format!("a condition of these cells, such as {}", some.join(", "));
            return Err(CellsError::setting(
                "split.conditions",
                format!("{name:?}"),
                expected,
            ));
        }
        test.insert(condition);
    }
    Ok(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten genes alone, and all pairs of the first six.
    fn conditions() -> Vec<Condition> {
        let gene = |i: usize| format!("G{i}");
        let mut all = vec![Condition::control()];
        all.extend((0..10).map(|i| Condition::of([gene(i)])));
        for i in 0..6 {
            all.extend((i + 1..6).map(|j| Condition::of([gene(i), gene(j)])));
        }
        all
    }

    fn split(settings: SplitSettings) -> Split {
        Split::new(&conditions(), &settings, Protocol::Strict).unwrap()
    }

    #[test]
    fn additive_holds_out_pairs_whose_genes_are_learnt_alone() {
        let found = split(SplitSettings::default());
        assert_eq!(found.test().len(), 5, "30 % of 15, rounded");
        for condition in found.test() {
            assert!(condition.is_combination());
            for target in condition.targets() {
                assert_eq!(found.part(&Condition::of([target])), Part::Train);
            }
        }
        assert_eq!(found.part(&Condition::control()), Part::Train);
    }

    #[test]
    fn a_split_is_decided_by_seed_and_fold_not_by_the_order_of_cells() {
        let mut reversed = conditions();
        reversed.reverse();
        let again = Split::new(&reversed, &SplitSettings::default(), Protocol::Strict).unwrap();
        assert_eq!(split(SplitSettings::default()), again);
        let folds: BTreeSet<Vec<String>> = (0..5)
            .map(|fold| {
                split(SplitSettings {
                    fold,
                    ..SplitSettings::default()
                })
            })
            .map(|s| s.test().iter().map(ToString::to_string).collect())
            .collect();
        assert!(folds.len() > 1, "folds differ");
    }

    #[test]
    fn unseen_genes_are_nowhere_in_training() {
        let found = split(SplitSettings {
            method: SplitMethod::Unseen,
            ..SplitSettings::default()
        });
        let all = conditions();
        let trained: BTreeSet<&str> = all
            .iter()
            .filter(|c| found.part(c) == Part::Train)
            .flat_map(Condition::targets)
            .collect();
        assert_eq!(trained.len(), 7, "30 % of the 10 genes are unseen");
        assert!(
            found
                .test()
                .iter()
                .all(|c| c.targets().any(|t| !trained.contains(t)))
        );
    }

    #[test]
    fn combinations_hold_out_what_their_genes_do_alone() {
        let method = SplitMethod::Combinations;
        let found = split(SplitSettings {
            method,
            combinations: 2,
            ..SplitSettings::default()
        });
        let pairs: Vec<&Condition> = found.test().iter().filter(|c| c.is_combination()).collect();
        assert_eq!(pairs.len(), 2);
        for target in pairs.iter().flat_map(|c| c.targets()) {
            assert_eq!(found.part(&Condition::of([target])), Part::Test);
        }
        let additive = split(SplitSettings::default());
        assert!(
            pairs.iter().all(|c| additive.test().contains(c)),
            "of those that additive holds out"
        );
    }

    #[test]
    fn given_conditions_are_those_named() {
        let given = |names: &[&str]| {
            let conditions_named = names.iter().map(|n| n.to_string()).collect();
            let settings = SplitSettings {
                method: SplitMethod::Given,
                conditions: conditions_named,
                ..SplitSettings::default()
            };
            Split::new(&conditions(), &settings, Protocol::Strict)
        };
        let found = given(&["G3+G1", "control+G9"]).unwrap();
        assert_eq!(
            found
                .test()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["G1+G3", "G9"]
        );
        let error = given(&["G1+G77"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "split.conditions: found \"G1+G77\", expected a condition of these cells, such as G0, G0+G1, G0+G2, G0+G3, G0+G4"
        );
        assert!(given(&[]).is_err() && given(&["control"]).is_err());
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let found = split(SplitSettings {
            fold: 3,
            ..SplitSettings::default()
        });
        let stored = found.to_value();
        assert_eq!(Split::held_out(&stored).as_ref(), Some(found.test()));
        assert_eq!(
            stored.get("method").and_then(Value::as_text),
            Some("additive")
        );
        assert_eq!(Split::held_out(&Value::Null), None);
    }

    #[test]
    fn strict_leaves_pairs_of_unknown_genes_to_training() {
        let conditions = [
            Condition::of(["A"]),
            Condition::of(["B"]),
            Condition::of(["A", "B"]),
            Condition::of(["A", "C"]),
        ];
        for fold in 0..8 {
            let settings = SplitSettings {
                fold,
                ..SplitSettings::default()
            };
            let strict = Split::new(&conditions, &settings, Protocol::Strict).unwrap();
            assert_eq!(
                strict
                    .test()
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
                ["A+B"]
            );
        }
        let unknown = [Condition::of(["A"]), Condition::of(["A", "C"])];
        assert!(Split::new(&unknown, &SplitSettings::default(), Protocol::Strict).is_err());
        assert!(Split::new(&unknown, &SplitSettings::default(), Protocol::Paper).is_ok());
    }
}
