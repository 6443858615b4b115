//! Which conditions each method holds out.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rheome_anndata::nearest_first;

use super::settings::{COMBOSCIPLEX_HELD_OUT, SplitMethod, SplitSettings};
use crate::condition::Condition;
use crate::error::CellsError;
use crate::protocol::Protocol;

/// Names told of those that are like an unknown one.
const MOST_NAMES: usize = 5;

/// The conditions that are held out of `all`, which has no control.
pub(super) fn held_out(
    all: &BTreeSet<&Condition>,
    settings: &SplitSettings,
    protocol: Protocol,
) -> Result<BTreeSet<Condition>, CellsError> {
    if !(settings.share > 0.0 && settings.share < 1.0) {
        let expected = "a number between 0 and 1";
        return Err(CellsError::setting("split.share", settings.share, expected));
    }
    match settings.method {
        SplitMethod::Additive => Ok(draw_combinations(all, settings, protocol)?
            .into_iter()
            .collect()),
        SplitMethod::Combinations => combinations(all, settings, protocol),
        SplitMethod::Unseen => unseen(all, settings),
        SplitMethod::ComboSciPlex => given(all, &COMBOSCIPLEX_HELD_OUT.map(String::from)),
        SplitMethod::Given => given(all, &settings.conditions),
    }
}

fn generator(settings: &SplitSettings) -> Pcg64 {
    Pcg64::seed_from_u64(settings.seed.wrapping_add(settings.fold))
}

/// A share of a number, but at least one.
fn part_of(count: usize, share: f64) -> usize {
    ((count as f64 * share).round() as usize).max(1)
}

/// The combinations that are held out, in the order in which they were drawn.
fn draw_combinations(
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
            "{} with {} conditions, no combination among them of genes that were each perturbed alone",
            settings.method.name(),
            all.len()
        );
        let expected = "unseen or given for such cells";
        return Err(CellsError::setting("split.method", found, expected));
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
    let drawn = draw_combinations(all, settings, protocol)?;
    let mut test = BTreeSet::new();
    for pair in drawn.into_iter().take(settings.combinations) {
        let alone = pair.targets().map(|target| Condition::of([target]));
        test.extend(alone.filter(|c| all.contains(c)));
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
        let found = format!("unseen with {} perturbed genes", targets.len());
        let expected = "two or more, to hold out one";
        return Err(CellsError::setting("split.method", found, expected));
    }
    let mut drawn: Vec<&str> = targets.into_iter().collect();
    drawn.shuffle(&mut generator(settings));
    drawn.truncate(part_of(drawn.len(), settings.share));
    let held_out = |c: &&&Condition| drawn.iter().any(|target| c.has(target));
    Ok(all.iter().filter(held_out).map(|c| (*c).clone()).collect())
}

fn given(all: &BTreeSet<&Condition>, names: &[String]) -> Result<BTreeSet<Condition>, CellsError> {
    if names.is_empty() {
        let expected = "the conditions to hold out";
        return Err(CellsError::setting("split.conditions", "none", expected));
    }
    names.iter().map(|name| named(all, name)).collect()
}

/// The condition of this name, in any order; `control+Dacinostat` is `Dacinostat`.
fn named(all: &BTreeSet<&Condition>, name: &str) -> Result<Condition, CellsError> {
    let known: BTreeSet<&str> = all.iter().flat_map(|c| c.targets()).collect();
    let condition = Condition::written(name, |part| known.contains(part));
    if all.contains(&condition) {
        return Ok(condition);
    }
    let names = all.iter().map(ToString::to_string).collect();
    let mut nearest = nearest_first(&condition.to_string(), names);
    nearest.truncate(MOST_NAMES);
    let expected = format!("a condition of these cells, such as {}", nearest.join(", "));
    Err(CellsError::setting(
        "split.conditions",
        format!("{name:?}"),
        expected,
    ))
}
