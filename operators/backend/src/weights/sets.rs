//! Which tensors of a checkpoint are the wanted weights: it may hold several sets of them, and the state of an optimizer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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

/// Keeps what lies below the key with most of the expected names, under the names that they have without wrappers; without other sets
/// and optimizers that lie there too.
///
/// # Errors
/// [`WeightsError::Ambiguous`] where several sets fit as well and none has a customary name.
pub(super) fn select(
    state: &mut StateDict,
    expected: &BTreeMap<String, Slot>,
) -> Result<(), WeightsError> {
    let names = Expected::new(expected);
    let counts = names.counts_by_key(state);
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
    let others = names.other_sets(chosen, &counts);
    warn_of(&others, state, chosen);
    let is_other = |name: &str| others.iter().any(|key| name.starts_with(key));
    state.tensors.retain(|name, _| !is_other(name));
    if !chosen.is_empty() {
        state.keep_below(chosen);
    }
    names.unwrap(state);
    names.leave_out_optimizers(state);
    Ok(())
}

/// The names of a model.
struct Expected<'a> {
    names: &'a BTreeMap<String, Slot>,
    /// Whether it has names of its own that wrappers have.
    has_wrappers: bool,
}

impl<'a> Expected<'a> {
    fn new(names: &'a BTreeMap<String, Slot>) -> Self {
        Self {
            names,
            has_wrappers: names.keys().any(|name| name.split('.').any(is_wrapper)),
        }
    }

    /// A name without those of wrappers.
    fn unwrapped<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.has_wrappers || !name.split('.').any(is_wrapper) {
            return name.into();
        }
        let segments = name.split('.').filter(|segment| !is_wrapper(segment));
        segments.collect::<Vec<_>>().join(".").into()
    }

    /// How many of the names lie below each key, which ends in a dot; "" is the file itself.
    fn counts_by_key(&self, state: &StateDict) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for name in state.tensors.keys() {
            // Every way to read the name as "some key, a dot, an expected name". A wrapper in front is of the key.
            let starts = std::iter::once(0).chain(name.match_indices('.').map(|(i, _)| i + 1));
            for start in starts {
                let (key, rest) = name.split_at(start);
                let is_wrapped = rest.split('.').next().is_some_and(is_wrapper);
                if (self.has_wrappers || !is_wrapped)
                    && self.names.contains_key(&*self.unwrapped(rest))
                {
                    *counts.entry(key.to_owned()).or_default() += 1;
                }
            }
        }
        counts
    }

    /// The keys of other sets of weights than the chosen one: with at least half as many of the names.
    fn other_sets(&self, chosen: &str, counts: &BTreeMap<String, usize>) -> Vec<String> {
        let enough = counts.get(chosen).map_or(0, |count| count.div_ceil(2));
        let is_other = |key: &str| match key.strip_prefix(chosen) {
            // Within the chosen set, or at the top of the file: no part of the model.
            Some(below) => !below.is_empty() && !self.has_part(&self.unwrapped(below)),
            // What lies around the chosen set is no other one.
            None => !chosen.starts_with(key),
        };
        let others = counts
            .iter()
            .filter(|(key, count)| **count >= enough && is_other(key));
        others.map(|(key, _)| key.clone()).collect()
    }

    /// Whether any name begins so.
    fn has_part(&self, start: &str) -> bool {
        self.names.keys().any(|name| name.starts_with(start))
    }

    /// Takes the names of wrappers out of those of the tensors, where that makes no two one.
    fn unwrap(&self, state: &mut StateDict) {
        let wrapped = |name: &&String| *self.unwrapped(name) != ***name;
        let wrapped: Vec<String> = state.tensors.keys().filter(wrapped).cloned().collect();
        for name in wrapped {
            let unwrapped = self.unwrapped(&name).into_owned();
            if !state.tensors.contains_key(&unwrapped)
                && let Some(data) = state.tensors.remove(&name)
            {
                state.tensors.insert(unwrapped, data);
            }
        }
    }

    /// Takes out what lies below keys of optimizers: the model has no part that begins so, and below it there is `state.NUMBER`, as in
    /// an optimizer's `state_dict()`.
    fn leave_out_optimizers(&self, state: &mut StateDict) {
        let keys: BTreeSet<String> = state.tensors.keys().filter_map(|n| optimizer(n)).collect();
        for key in keys.into_iter().filter(|key| !self.has_part(key)) {
            log::info!(
                "{}: leaving out {}, the state of an optimizer",
                state.path.display(),
                state.key_in_file(&key)
            );
            state.tensors.retain(|name, _| !name.starts_with(&key));
        }
    }
}

fn is_wrapper(segment: &str) -> bool {
    WRAPPERS.contains(&segment)
}

/// The key, with its dot, of the optimizer that a name is of.
fn optimizer(name: &str) -> Option<String> {
    let segments: Vec<&str> = name.split('.').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let at = segments
        .windows(2)
        .position(|pair| pair[0] == "state" && is_number(pair[1]))?;
    (at > 0).then(|| segments[..at].join(".") + ".")
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
