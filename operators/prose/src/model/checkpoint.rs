//! Tensors of a checkpoint that are no parameters here: the scores' weights, tied to the embeddings, and the positions.

use rheome_backend::weights::StateDict;

use super::names::{POSITIONS, TIED};
use super::positions::{PUBLISHED_POSITIONS, sinusoidal_positions};
use crate::ProseError;

/// Single precision and another order of operations.
const POSITION_TOLERANCE: f32 = 1e-4;

/// Fails where a checkpoint holds tensors that contradict what is computed here.
///
/// # Errors
/// [`ProseError::Checkpoint`] naming the tensor.
pub(super) fn check_derived(state: &StateDict) -> Result<(), ProseError> {
    let wrong = |name: &str, reason: String| {
        Err(ProseError::Checkpoint {
            path: state.path.display().to_string(),
            name: name.to_owned(),
            reason,
        })
    };
    for (name, data) in &state.tensors {
        if let Some(above) = name.strip_suffix(TIED.0)
            && let Some(tied) = state.tensors.get(&format!("{above}{}", TIED.1))
            && !data.iter::<f32>().eq(tied.iter::<f32>())
        {
            return wrong(
                name,
                format!("differs from {}, to which it is tied here", TIED.1),
            );
        }
        if POSITIONS.iter().any(|table| name.ends_with(table)) {
            let &[rows, width] = data.shape().as_slice() else {
                return wrong(
                    name,
                    format!("found shape {:?}, expected a table", data.shape()),
                );
            };
            let expected = sinusoidal_positions(0, rows, width);
            let mut pairs = data.iter::<f32>().zip(expected.iter::<f32>());
            if !pairs.all(|(found, expected)| (found - expected).abs() < POSITION_TOLERANCE) {
                return wrong(
                    name,
                    "learned positions; only sinusoidal ones are known here".into(),
                );
            }
        }
    }
    Ok(())
}

/// Adds what PyTorch's `load_state_dict` expects besides the parameters.
pub(super) fn add_derived(state: &mut StateDict, width: usize) {
    if let Some(embeddings) = state.tensors.get(TIED.1).cloned() {
        state.tensors.insert(TIED.0.to_owned(), embeddings);
    }
    for table in POSITIONS {
        let module = table.split('.').next().unwrap_or_default();
        let embedding = format!("{module}.embeddings.weight");
        if state.tensors.contains_key(&embedding) {
            let numbers = sinusoidal_positions(0, PUBLISHED_POSITIONS, width);
            state.tensors.insert(table.to_owned(), numbers);
        }
    }
}
