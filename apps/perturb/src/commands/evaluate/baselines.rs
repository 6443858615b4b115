//! Baselines beside the prediction.

use std::path::Path;

use rheome_cli::{Failure, say};
use rheome_perturbation_metrics::baselines::{Method, Score, Scores, score};
use rheome_perturbation_metrics::{Cells, Comparison, Keys, write_csv};

use crate::arguments::EvaluateArguments;

/// A value of a score.
type Value = fn(&Score) -> f64;

/// Column and value of the scores.
const COLUMNS: [(&str, Value); 4] = [
    ("pearson_delta", |s| s.pearson_delta),
    ("mse_delta", |s| s.mse_delta),
    ("mae_delta", |s| s.mae_delta),
    ("mmd", |s| s.mmd),
];

/// The file of the scores.
pub const TABLE: &str = "baselines.csv";

/// The scores of all methods.
///
/// # Errors
/// [`Failure`] if the single perturbations cannot be read.
pub fn scores(
    arguments: &EvaluateArguments,
    keys: &Keys,
    comparison: &Comparison,
) -> Result<Vec<Scores>, Failure> {
    let singles = arguments.data.as_ref().unwrap_or(&arguments.real);
    let mut wanted: Vec<String> = comparison
        .perturbations
        .iter()
        .flat_map(|name| name.split('+').map(str::to_owned))
        .collect();
    wanted.push(keys.control.clone());
    let genes = Some(comparison.real.genes());
    let singles = Cells::read(singles, keys, Some(&wanted), genes)?;
    Ok(score(comparison, &singles, &keys.control))
}

/// Writes them as a table.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write(path: &Path, scores: &[Scores]) -> Result<(), Failure> {
    let mut header = vec!["perturbation", "method"];
    header.extend(COLUMNS.map(|(name, _)| name));
    let rows = scores.iter().flat_map(|of_one| {
        let methods = Method::ALL.into_iter().zip(&of_one.methods);
        methods.map(|(method, score)| {
            let mut row = vec![of_one.perturbation.clone(), method.name().to_owned()];
            row.extend(COLUMNS.map(|(_, value)| {
                score
                    .as_ref()
                    .map_or(String::new(), |score| format!("{:?}", value(score)))
            }));
            row
        })
    });
    Ok(write_csv(path, &header, rows)?)
}

/// Tells the means over the perturbations that all methods have a score for.
pub fn tell(scores: &[Scores]) {
    let whole: Vec<&Scores> = scores
        .iter()
        .filter(|s| s.methods.iter().all(Option::is_some))
        .collect();
    if whole.is_empty() {
        say("baselines: no combination of single perturbations that were measured");
        return;
    }
    say(format!(
        "baselines, means over {} combinations:",
        whole.len()
    ));
    let heading: String = COLUMNS
        .iter()
        .map(|(name, _)| format!("{name:>15}"))
        .collect();
    say(format!("  {:<16}{heading}", "method"));
    for (place, method) in Method::ALL.into_iter().enumerate() {
        let mean = |value: Value| {
            let values = whole
                .iter()
                .filter_map(|s| s.methods[place].as_ref().map(value));
            values.sum::<f64>() / whole.len() as f64
        };
        let values: String = COLUMNS
            .iter()
            .map(|(_, value)| format!("{:>15.5}", mean(*value)))
            .collect();
        say(format!("  {:<16}{values}", method.name()));
    }
}
