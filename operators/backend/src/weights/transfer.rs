//! Between a [`StateDict`] and the parameters of a module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::module::Module;

use crate::memory::give_back_freed_memory;

use super::sets::select;
use super::traversal::{Filler, Reader, Slot, slots};
use super::{Listing, Misfit, NameTable, StateDict, WeightsError};

/// Fills `module` from `path` (see [`StateDict::read`]) and returns it; devices and which parameters are trained stay.
///
/// Numbers of another precision are converted to the parameter's.
///
/// # Errors
/// Those of [`StateDict::read`], and those of [`import`].
pub fn load<M: Module>(module: M, names: &NameTable, path: &Path) -> Result<M, WeightsError> {
    let loaded = import(module, names, StateDict::read(path)?);
    // What the file was read to lies between the parameters.
    give_back_freed_memory();
    loaded
}

/// Writes the parameters of `module` to the safetensors file `path` under the names of `names`, with `metadata`.
///
/// # Errors
/// Those of [`export`] and [`StateDict::write`]; an old file is then untouched.
pub fn save<M: Module>(
    module: &M,
    names: &NameTable,
    path: &Path,
    metadata: &[(&str, &str)],
) -> Result<(), WeightsError> {
    let mut state = export(module, names)?;
    state.metadata = metadata
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    state.write(path)
}

/// Fills `module` from tensors in hand.
///
/// Where the dictionary holds the parameters below some key of a checkpoint, that key is found by itself: it is the one
/// below which most of the expected names lie. Where several sets fit as well, that with a customary name is taken, and a warning in the
/// log tells the others; [`StateDict::read`] takes the one that is named. Names that PyTorch's wrappers put between (`module`,
/// `_orig_mod`) and the state of an optimizer are left out.
///
/// # Errors
/// [`WeightsError::Mismatch`] tells the first missing, unexpected and misshapen names, the log all; [`WeightsError::Ambiguous`];
/// [`WeightsError::DuplicateName`]; [`WeightsError::NonFinite`] for a parameter that holds NaN or infinite values.
pub fn import<M: Module>(
    module: M,
    names: &NameTable,
    mut state: StateDict,
) -> Result<M, WeightsError> {
    let expected = slots(&module, names)?;
    select(&mut state, &expected)?;
    let listing = compare(&state, &expected, names);
    if !listing.is_empty() {
        log::info!("{}: {}", state.path.display(), listing.whole());
        return Err(WeightsError::Mismatch {
            path: state.path,
            listing: Box::new(listing),
        });
    }
    check_finite(&state, &expected)?;
    Ok(module.map(&mut Filler::new(names, state.tensors)))
}

/// Whether all numbers of the expected parameters are finite.
fn check_finite(state: &StateDict, expected: &BTreeMap<String, Slot>) -> Result<(), WeightsError> {
    for (name, data) in &state.tensors {
        if !expected.contains_key(name) || !data.dtype().is_float() {
            continue;
        }
        let found = data.iter::<f32>().enumerate();
        if let Some((index, value)) = found.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(WeightsError::NonFinite {
                path: state.path.clone(),
                name: name.clone(),
                value,
                index,
                count: data.num_elements(),
            });
        }
    }
    Ok(())
}

/// The parameters of `module` on the host, under the names and in the layout of PyTorch.
///
/// # Errors
/// [`WeightsError::DuplicateName`], [`WeightsError::Device`].
pub fn export<M: Module>(module: &M, names: &NameTable) -> Result<StateDict, WeightsError> {
    slots(module, names)?;
    let mut reader = Reader::new(names);
    module.visit(&mut reader);
    Ok(StateDict {
        tensors: reader.finish()?,
        ..StateDict::default()
    })
}

fn compare(state: &StateDict, expected: &BTreeMap<String, Slot>, names: &NameTable) -> Listing {
    let mut listing = Listing::default();
    for (name, slot) in expected {
        let Some(data) = state.tensors.get(name) else {
            listing.missing.push((name.clone(), slot.shape.clone()));
            continue;
        };
        let shape = data.shape().to_vec();
        if shape != slot.shape || !slot.kind.accepts(data.dtype()) {
            listing.misfits.push(Misfit {
                name: name.clone(),
                found: (data.dtype().name().to_owned(), shape),
                expected: (slot.kind.name().to_owned(), slot.shape.clone()),
            });
        }
    }
    let known: BTreeSet<&String> = expected.keys().collect();
    for (name, data) in &state.tensors {
        if !known.contains(name) && !names.ignores(name) {
            listing
                .unexpected
                .push((name.clone(), data.shape().to_vec()));
        }
    }
    listing
}
