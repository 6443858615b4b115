//! The metrics of cell-eval 0.8.2 and the differential expression of pdex 0.3, from the same files.

use std::collections::BTreeMap;
use std::path::Path;

use rheome_perturbation_metrics::{Cells, Comparison, DifferentialExpression, Keys, Results};
use rheome_tests::golden::folders_with;

const FILES: [&str; 6] = [
    "real.h5ad",
    "pred.h5ad",
    "results.csv",
    "agg_results.csv",
    "real_de.csv",
    "pred_de.csv",
];
/// Of values that are computed in double precision; cell-eval's means are in single.
const TOLERANCE: f64 = 1e-6;

/// A table by its first `keys` columns and the names of the others.
fn table(path: &Path, keys: usize) -> BTreeMap<(String, String), String> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let mut cells = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let key = record.iter().take(keys).collect::<Vec<_>>().join("|");
        for (name, text) in header.iter().zip(&record).skip(keys) {
            cells.insert((key.clone(), name.to_owned()), text.to_owned());
        }
    }
    cells
}

/// Compares two tables; gives back the largest difference, relative to numbers above 1.
fn compare(found: &Path, expected: &Path, keys: usize) -> f64 {
    let (found, expected) = (table(found, keys), table(expected, keys));
    let names = |t: &BTreeMap<(String, String), String>| t.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "the same rows and columns");
    let mut worst = 0.0_f64;
    for (key, expected) in &expected {
        let found = &found[key];
        let (Ok(a), Ok(b)) = (found.parse::<f64>(), expected.parse::<f64>()) else {
            assert_eq!(found, expected, "{key:?}");
            continue;
        };
        if a == b || (a.is_nan() && b.is_nan()) {
            continue;
        }
        let difference = (a - b).abs() / b.abs().max(1.0);
        assert!(difference <= TOLERANCE, "{key:?}: {a} {b}");
        worst = worst.max(difference);
    }
    worst
}

#[test]
fn results_are_those_of_cell_eval() {
    for folder in folders_with(&FILES) {
        let keys = Keys::default();
        let read = |name: &str| Cells::read(&folder.join(name), &keys, None, None).unwrap();
        let (real, predicted) = (read("real.h5ad"), read("pred.h5ad"));
        let comparison = Comparison::new(real, predicted, &keys).unwrap();
        let [control, of_predicted] = comparison.control();
        let tests_of_real = DifferentialExpression::new(&comparison.real, control);
        let tests_of_predicted = DifferentialExpression::new(&comparison.predicted, of_predicted);
        let results = Results::new(&comparison, &tests_of_real, &tests_of_predicted);
        let output = tempfile::tempdir().unwrap();
        let path = |name: &str| output.path().join(name);
        tests_of_real.write_csv(&path("real_de.csv")).unwrap();
        tests_of_predicted.write_csv(&path("pred_de.csv")).unwrap();
        results.write_csv(&path("results.csv")).unwrap();
        results
            .write_aggregate_csv(&path("agg_results.csv"))
            .unwrap();
        for (name, keys) in [
            ("real_de.csv", 2),
            ("pred_de.csv", 2),
            ("results.csv", 1),
            ("agg_results.csv", 1),
        ] {
            let worst = compare(&path(name), &folder.join(name), keys);
            println!(
                "{}: {name}: {worst:.2e} <= {TOLERANCE:.0e}",
                folder.display()
            );
        }
    }
}
