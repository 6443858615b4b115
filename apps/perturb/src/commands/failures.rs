//! What is wrong with cells, in the words of the command line.

use rheome_cells::CellsError;
use rheome_cli::Failure;

/// A failure that names the option at fault, where a setting is.
pub fn of_options(error: CellsError, split_method: &str) -> Failure {
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
        "split.method" => split_method,
        "split.share" => "--share",
        "split.combinations" => "--combinations",
        "split.conditions" => "--conditions",
        other => other,
    };
    Failure::new(format!("{option}: found {found}, expected {expected}"))
}
