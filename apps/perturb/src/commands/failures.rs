//! What is wrong with cells, in the words of the command line.

use rheome_cells::CellsError;
use rheome_cli::Failure;

/// A signal asked to stop before the file was whole.
pub fn interrupted() -> Failure {
    Failure::interrupted("nothing is written, and what --output named before is still there")
}

/// A failure that names the option at fault, where a setting is.
pub fn of_options(error: CellsError) -> Failure {
    if let CellsError::Stopped = error {
        return interrupted();
    }
    let CellsError::Setting {
        key,
        found,
        expected,
    } = &error
    else {
        return error.into();
    };
    let option = match *key {
        "flavor" => "--flavor",
        "variable_genes" => "--genes",
        "evaluated_genes" => "--evaluated-genes",
        "target_total" => "--target-total",
        "labels.separator" => "--separator",
        "labels.weak_separator" => "--weak-separator",
        "split.method" => "--split-method",
        "split.share" => "--share",
        "split.combinations" => "--combinations",
        "split.conditions" => "--conditions",
        other => other,
    };
    Failure::new(format!("{option}: found {found}, expected {expected}"))
}
