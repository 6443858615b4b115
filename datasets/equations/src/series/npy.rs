//! Series from NumPy's `.npy` files.

use std::path::Path;

use ndarray::Array2;
use rheome_npy::Array;

use super::{Place, Series};
use crate::error::EquationError;

pub(super) fn read(path: &Path) -> Result<Series, EquationError> {
    let Array { extents, values } = Array::read(path).map_err(|error| EquationError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let place = Place {
        path,
        name: "the array",
    };
    let table = match extents.as_slice() {
        &[points, columns] => Array2::from_shape_vec((points, columns), values).ok(),
        _ => None,
    };
    let table = table.ok_or_else(|| {
        let expected = "[points, 1 + components], with the times in the first column";
        place.wrong(format!("shape {extents:?}"), expected.to_owned())
    })?;
    place.of_table(&table)
}
