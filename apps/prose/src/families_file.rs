//! `families.toml` of a model folder: the families of the data that it learnt, in the format of files of families
//! (`datasets/equations/FORMAT.md`). Where a prediction is told nothing, it tries these.

use std::path::Path;

use rheome_atomic::write_atomically;
use rheome_cli::Failure;
use rheome_equations::{DataFile, Family, families_from_file, families_to_toml};

/// Name of the file in a model folder.
pub const FAMILIES: &str = "families.toml";

/// Writes the families of the data into a model folder; nothing where the data file does not tell them in full.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn save(data: &DataFile, folder: &Path) -> Result<(), Failure> {
    let families = data.families().iter().map(|record| record.family.clone());
    let Some(families) = families.collect::<Option<Vec<Family>>>() else {
        return Ok(());
    };
    let path = folder.join(FAMILIES);
    write_atomically(&path, families_to_toml(&families).as_bytes())
        .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))
}

/// The families in the file, if there is one: older model folders have none.
///
/// # Errors
/// [`Failure`] naming the file, and the family at fault.
pub fn load(path: Option<&Path>) -> Result<Vec<Family>, Failure> {
    match path {
        Some(path) => Ok(families_from_file(path)?),
        None => Ok(Vec::new()),
    }
}
