//! Which tensors of a checkpoint are the wanted weights: it may hold several sets of them, and the state of an optimizer.

use std::collections::BTreeMap;

use super::traversal::Slot;
use super::{StateDict, WeightsError};

/// Keys that hold the weights in a checkpoint by custom, the more specific ones first.
const CUSTOMARY_KEYS: [&str; 8] = [
    "",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
    "module",
    "weights",
];

/// What `DataParallel`, `DistributedDataParallel` and `torch.compile` call the module that they wrap.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// Keeps what lies below the key with most of the expected names, without the other sets and the optimizers that lie there too.
///
/// # Errors
/// [`WeightsError::Ambiguous`] where several sets fit as well and none has a customary name.
pub(super) fn select(
    state: &mut StateDict,
    expected: &BTreeMap<String, Slot>,
) -> Result<(), WeightsError> {
    if !expected.keys().any(|name| is_of_optimizer(name)) {
        state.tensors.retain(|name, _| !is_of_optimizer(name));
    }
    unwrap_modules(state, expected);
    let counts = counts_by_key(state, expected);
    let Some(&most) = counts.values().max() else {
        return Ok(());
    };
    let best: Vec<&String> = counts
        .iter()
        .filter_map(|(key, count)| (*count == most).then_some(key))
        .collect();
    let custom = |key: &&&String| {
        CUSTOMARY_KEYS
            .iter()
            .position(|c| key.trim_end_matches('.') == *c)
    };
    let chosen = match best.as_slice() {
        [only] => only,
        several => several
            .iter()
            .filter(|key| custom(key).is_some())
            .min_by_key(custom)
            .ok_or_else(|| WeightsError::Ambiguous {
                path: state.path.clone(),
                candidates: best.iter().map(|key| state.key_in_file(key)).collect(),
            })?,
    };
    let others = other_sets(chosen, &counts, expected);
    warn_of(&others, state, chosen);
    let is_other = |name: &str| others.iter().any(|key| name.starts_with(key));
    state.tensors.retain(|name, _| !is_other(name));
    if !chosen.is_empty() {
        state.keep_below(chosen);
    }
    Ok(())
}

/// How many of the expected names lie below each key, which ends in a dot; "" is the file itself.
fn counts_by_key(state: &StateDict, expected: &BTreeMap<String, Slot>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in state.tensors.keys() {
        // Every way to read the name as "some key, a dot, an expected name".
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(i, _)| i + 1));
        for start in starts.filter(|&i| expected.contains_key(&name[i..])) {
            *counts.entry(name[..start].to_string()).or_default() += 1;
        }
    }
    counts
}

/// Whether a name is one of an optimizer's `state_dict()`: `state`, the number of a parameter, a quantity.
fn is_of_optimizer(name: &str) -> bool {
    let segments: Vec<&str> = name.split('.').collect();
    let [.., state, number, _] = segments.as_slice() else {
        return false;
    };
    *state == "state" && number.bytes().all(|b| b.is_ascii_digit())
}

/// Takes the names of wrappers out of all names, unless the model has such names itself, or two would become one.
fn unwrap_modules(state: &mut StateDict, expected: &BTreeMap<String, Slot>) {
    let is_wrapper = |segment: &&str| WRAPPERS.contains(segment);
    let wrapped = |name: &String| name.split('.').any(|segment| is_wrapper(&segment));
    if expected.keys().any(wrapped) || !state.tensors.keys().any(wrapped) {
        return;
    }
    let unwrapped = |name: &String| -> String {
        let segments = name.split('.').filter(|segment| !is_wrapper(segment));
        segments.collect::<Vec<_>>().join(".")
    };
    let mut names: Vec<String> = state.tensors.keys().map(unwrapped).collect();
    names.sort();
    names.dedup();
    if names.len() < state.tensors.len() {
        return;
    }
    let tensors = std::mem::take(&mut state.tensors).into_iter();
    state.tensors = tensors
        .map(|(name, data)| (unwrapped(&name), data))
        .collect();
}

/// The keys of other sets of weights than the chosen one: with at least half as many of the expected names.
fn other_sets(
    chosen: &str,
    counts: &BTreeMap<String, usize>,
    expected: &BTreeMap<String, Slot>,
) -> Vec<String> {
    let enough = counts.get(chosen).map_or(0, |count| count.div_ceil(2));
    let is_other = |key: &str| match key.strip_prefix(chosen) {
        // Within the chosen set, or at the top of the file: no part of the model.
        Some(below) => !below.is_empty() && !expected.keys().any(|name| name.starts_with(below)),
        // What lies around the chosen set is no other one.
        None => !chosen.starts_with(key),
    };
    let others = counts
        .iter()
        .filter(|(key, count)| **count >= enough && is_other(key));
    others.map(|(key, _)| key.clone()).collect()
}

/// Tells which other sets there are.
fn warn_of(others: &[String], state: &StateDict, chosen: &str) {
    let Some(first) = others.first() else {
        return;
    };
    let others: Vec<String> = others.iter().map(|key| state.key_in_file(key)).collect();
    let (path, taken) = (state.path.display(), state.key_in_file(chosen));
    let taken = match taken.as_str() {
        "" => "at the top of the file".to_owned(),
        key => format!("below {key}"),
    };
    log::warn!(
        "{path}: taking the weights {taken}; others are there ({}): name one to take it, {path}:{}",
        others.join(", "),
        state.key_in_file(first)
    );
}
