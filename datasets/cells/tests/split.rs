//! Splits hold out what their method says, by seed and fold alone.

use std::collections::BTreeSet;

use rheome_anndata::Value;
use rheome_cells::{Condition, Part, Protocol, Split, SplitMethod, SplitSettings};

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
        "split.conditions: found \"G1+G77\", expected a condition of these cells, such as G1, G7, G1+G2, G1+G3, G1+G4"
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
