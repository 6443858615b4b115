//! Verification on systems whose constants are known.

use ndarray::Array2;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use rheome_equations::verification::{continuation, rank, refine, residual};
use rheome_equations::{Program, Series, System, Tolerances, integrate, published_families};

const LOTKA_VOLTERRA: &str = "1.1*u_0 - 0.4*u_0*u_1 | 0.1*u_0*u_1 - 0.4*u_1";

fn exact(system: &System, initial: &[f64], times: &[f64]) -> Array2<f64> {
    let tolerances = Tolerances {
        relative: 1e-9,
        absolute: 1e-9,
        ..Tolerances::default()
    };
    integrate(&Program::new(system).unwrap(), initial, times, &tolerances).unwrap()
}

fn times(points: usize, end: f64) -> Vec<f64> {
    let last = (points - 1) as f64;
    (0..points).map(|point| end * point as f64 / last).collect()
}

/// A series with additive noise of `level` times the root mean square.
fn measured(system: &System, initial: &[f64], points: usize, end: f64, level: f64) -> Series {
    let mut states = exact(system, initial, &times(points, end));
    let rms = (states.iter().map(|value| value.powi(2)).sum::<f64>() / states.len() as f64).sqrt();
    let mut random = Pcg64Mcg::seed_from_u64(3);
    states.mapv_inplace(|value| {
        let normal: f64 = StandardNormal.sample(&mut random);
        value + level * rms * normal
    });
    Series::new(times(points, end), states).unwrap()
}

#[test]
fn the_true_equation_has_the_residual_of_the_noise() {
    let system: System = LOTKA_VOLTERRA.parse().unwrap();
    let clean = measured(&system, &[10.0, 5.0], 100, 10.0, 0.0);
    assert!(residual(&system, &clean).unwrap() < 1e-6);
    let noisy = measured(&system, &[10.0, 5.0], 100, 10.0, 0.02);
    let found = residual(&system, &noisy).unwrap();
    // The first datum is noisy too, so that the trajectory is not quite the right one.
    assert!((0.015..0.1).contains(&found), "{found}");
}

#[test]
fn constants_are_recovered_from_noisy_data() {
    let truth: System = LOTKA_VOLTERRA.parse().unwrap();
    let series = measured(&truth, &[10.0, 5.0], 200, 20.0, 0.02);
    let guess = truth.with_numbers(&[1.0, 0.44, 0.11, 0.36]).unwrap();
    let refined = refine(&guess, &series).unwrap();
    assert!(refined.before.unwrap() > 0.3, "{:?}", refined.before);
    assert!(
        (0.017..0.023).contains(&refined.residual),
        "{}",
        refined.residual
    );
    for (constant, truth) in refined.constants.iter().zip(truth.numbers()) {
        let error = (constant.value - truth).abs();
        println!("{truth}: {constant:?}");
        assert!(error < 0.01 * truth, "{truth}: {constant:?}");
        assert!(error < 4.0 * constant.deviation, "{truth}: {constant:?}");
        assert!(constant.deviation < 0.01 * truth, "{truth}: {constant:?}");
    }
    assert_eq!(refined.system.skeleton(), truth.skeleton());
    assert!(
        (refined.initial[0] / 10.0 - 1.0).abs() < 0.02,
        "{:?}",
        refined.initial
    );
}

#[test]
fn a_measured_series_gives_the_constants_of_another_optimiser() {
    // Lotka & Volterra's equations on the pelts of the Hudson's Bay Company, 1900 to 1920, by SciPy: least_squares on
    // solve_ivp (RK45, rtol 1e-10) without a prior, which is worth 3e-4 here.
    let scipy = [0.481199, 0.0248318, 0.0275329, 0.926018];
    let deviations = [0.0351, 0.00164, 0.00209, 0.0731];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hudson-bay.csv");
    let series = Series::from_csv(path.as_ref()).unwrap();
    let rough: System = "0.6*u_0 - 0.03*u_0*u_1 | 0.025*u_0*u_1 - 0.8*u_1"
        .parse()
        .unwrap();
    let refined = refine(&rough, &series).unwrap();
    let near = |found: f64, expected: f64, within: f64| {
        assert!(
            (found / expected - 1.0).abs() < within,
            "{found}, expected {expected}"
        );
    };
    for (index, constant) in refined.constants.iter().enumerate() {
        near(constant.value, scipy[index], 1e-3);
        near(constant.deviation, deviations[index], 0.1);
    }
    near(refined.initial[0], 34.9143, 1e-3);
    near(refined.initial[1], 3.86187, 1e-3);
    near(refined.residual, 0.111718, 1e-4);
    near(refined.before.unwrap(), 0.153, 1e-2);
}

#[test]
fn constants_of_every_family_are_refined() {
    // The window of PROSE: 64 of 192 points up to t = 6, 2 % noise; the guess is each constant off by 3 %.
    for family in published_families(true) {
        let truth = family.system(family.parameters()).unwrap();
        let initial = [0.8, -0.5, 1.1, 0.3, -0.7];
        let window = measured(
            &truth,
            &initial[..family.dimension()],
            64,
            63.0 * 6.0 / 191.0,
            0.02,
        );
        let numbers: Vec<f64> = truth.numbers();
        let off = |(index, value): (usize, &f64)| value * if index % 2 == 0 { 1.03 } else { 0.97 };
        let guess = truth.with_numbers(&numbers.iter().enumerate().map(off).collect::<Vec<_>>());
        let guess = guess.unwrap();
        let refined = refine(&guess, &window).unwrap();
        println!(
            "{}: {:.4?} to {:.4}",
            family.name(),
            refined.before.unwrap(),
            refined.residual
        );
        assert!(
            refined.residual < 0.022,
            "{}: {}",
            family.name(),
            refined.residual
        );
        assert!(
            refined.residual < refined.before.unwrap(),
            "{}",
            family.name()
        );
    }
}

#[test]
fn the_true_equation_is_ranked_first() {
    let truth: System = LOTKA_VOLTERRA.parse().unwrap();
    let series = measured(&truth, &[10.0, 5.0], 60, 6.0, 0.02);
    let candidates: Vec<System> = [
        "u_0^2 | u_1^2",
        "1.2*u_0 - 0.4*u_0*u_1 | 0.1*u_0*u_1 - 0.4*u_1",
        LOTKA_VOLTERRA,
        "u_0 | u_1 | u_2",
        "0.0*u_0 | 0.0*u_1",
    ]
    .map(|formula| formula.parse().unwrap())
    .to_vec();
    let ranked = rank(&candidates, &series);
    let order: Vec<usize> = ranked.iter().map(|ranked| ranked.index).collect();
    assert_eq!(order, [2, 1, 4, 0, 3]);
    assert!(ranked[2].residual.is_ok());
    let reason = |place: usize| ranked[place].residual.as_ref().unwrap_err().to_string();
    assert!(reason(3).contains("reached"), "{}", reason(3));
    assert!(
        reason(4).contains("found 2 component(s), expected 3"),
        "{}",
        reason(4)
    );
}

#[test]
fn what_fits_is_continued() {
    let system: System = "u_1 | -u_0".parse().unwrap();
    let states = continuation(
        &system,
        1.0,
        &[1.0_f64.sin(), 1.0_f64.cos()],
        &[1.5, 4.0],
        &[1.0; 2],
    )
    .unwrap();
    for (time, state) in [1.5_f64, 4.0].iter().zip(states.rows()) {
        assert!((state[0] - time.sin()).abs() < 1e-6, "{state}");
    }
    let same = continuation(&system, 1.0, &[0.3, 0.1], &[1.0, 2.0], &[1.0; 2]).unwrap();
    assert_eq!(same.row(0).to_vec(), [0.3, 0.1]);
    assert!(continuation(&system, 1.0, &[0.3, 0.1], &[0.5], &[1.0; 2]).is_err());
}

#[test]
fn too_few_data_are_refused() {
    let system: System = LOTKA_VOLTERRA.parse().unwrap();
    let series = measured(&system, &[10.0, 5.0], 60, 6.0, 0.0).beginning(3);
    let message = refine(&system, &series).unwrap_err().to_string();
    assert!(
        message.contains("found 3 points, expected at least 4"),
        "{message}"
    );
}
