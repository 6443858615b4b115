//! Baselines where the truth is known.

use rheome_perturbation_metrics::baselines::{Method, Score, score};
use rheome_perturbation_metrics::{Cells, Comparison, Keys};

/// Cells around a mean; the noise is the same in every group.
fn cells(mean: [f32; 3]) -> Vec<f32> {
    let noise = |cell: usize, gene: usize| ((cell * 7 + gene * 3) % 5) as f32 * 0.1 - 0.2;
    (0..20)
        .flat_map(|cell| (0..3).map(move |gene| mean[gene] + noise(cell, gene)))
        .collect()
}

fn group(name: &str, mean: [f32; 3]) -> (String, Vec<f32>) {
    (name.to_owned(), cells(mean))
}

#[test]
fn effects_that_add_up_are_predicted_by_their_sum() {
    let genes: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let singles = [
        group("control", [2.0, 2.0, 2.0]),
        group("a", [4.0, 2.0, 2.0]),
        group("b", [2.0, 3.0, 1.0]),
    ];
    let mut measured = vec![singles[0].clone()];
    measured.push(group("a+b", [4.0, 3.0, 1.0]));
    let mut predicted = vec![singles[0].clone()];
    predicted.push(group("a+b", [4.0, 3.0, 1.5]));
    let of = |groups: &[(String, Vec<f32>)]| Cells::from_dense(genes.clone(), groups);
    let comparison = Comparison::new(of(&measured), of(&predicted), &Keys::default()).unwrap();
    let scores = score(&comparison, &of(&singles), "control");
    assert_eq!(scores.len(), 1);
    let found = |method: Method| -> Score {
        let place = Method::ALL.iter().position(|m| *m == method).unwrap();
        scores[0].methods[place].unwrap()
    };
    let additive = found(Method::Additive);
    assert!(additive.mse_delta < 1e-10 && additive.pearson_delta > 1.0 - 1e-6);
    // The same cells: unbiased, so that it may be a little below zero.
    assert!(additive.mmd < 1e-6);
    assert!((found(Method::Prediction).mse_delta - 0.25 / 3.0).abs() < 1e-6);
    // Half of (2, 1, -1) is missing.
    assert!((found(Method::Average).mse_delta - 1.5 / 3.0).abs() < 1e-6);
    assert!((found(Method::Control).mse_delta - 6.0 / 3.0).abs() < 1e-6);
    assert!((found(Method::NearestSingle).mse_delta - 2.0 / 3.0).abs() < 1e-6);
    assert!(found(Method::Control).mmd > found(Method::NearestSingle).mmd);
    assert!(found(Method::Control).pearson_delta.is_nan());
}

#[test]
fn a_single_perturbation_has_no_baseline_of_singles() {
    let genes: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let groups = [
        group("control", [2.0, 2.0, 2.0]),
        group("a", [4.0, 2.0, 2.0]),
    ];
    let all = Cells::from_dense(genes, &groups);
    let comparison = Comparison::new(all.clone(), all.clone(), &Keys::default()).unwrap();
    let scores = score(&comparison, &all, "control");
    let known: Vec<bool> = scores[0].methods.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, true, false, false, false]);
}
