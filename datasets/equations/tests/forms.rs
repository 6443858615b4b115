//! Constants of equations of which only the form is known, from series with noise.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use rheome_equations::verification::{Refined, continuation, fit, sizes};
use rheome_equations::{Program, Series, System, Tolerances, integrate};

/// A series of a system with normal noise, `level` times the root mean square of each component.
fn measured(truth: &str, initial: &[f64], times: &[f64], level: f64) -> Series {
    let program = Program::new(&truth.parse().unwrap()).unwrap();
    let tolerances = Tolerances {
        relative: 1e-9,
        absolute: 1e-9,
        bound: 1e9,
    };
    let mut states = integrate(&program, initial, times, &tolerances).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(5);
    for mut column in states.columns_mut() {
        let squares: f64 = column.iter().map(|value| value.powi(2)).sum();
        let rms = (squares / column.len() as f64).sqrt();
        column.mapv_inplace(|value| {
            let normal: f64 = StandardNormal.sample(&mut random);
            value + level * rms * normal
        });
    }
    Series::new(times.to_vec(), states).unwrap()
}

fn times(points: usize, end: f64) -> Vec<f64> {
    let last = (points - 1) as f64;
    (0..points).map(|point| end * point as f64 / last).collect()
}

/// Fits a form; its constants must be those of `truth`, one after another, within this part of each.
fn recovered(form: &str, truth: &str, series: &Series, within: f64) -> Refined {
    let form: System = form.parse().unwrap();
    let found = fit(&form, series, 1).unwrap();
    println!("{form}: {:.4}", found.residual);
    let truth: System = truth.parse().unwrap();
    for (constant, truth) in found.constants.iter().zip(truth.numbers()) {
        println!("  {truth}: {constant:?}");
        let error = (constant.value / truth - 1.0).abs();
        assert!(error < within, "{truth}: {constant:?}");
    }
    assert_eq!(found.constants.len(), truth.numbers().len());
    found
}

#[test]
fn lotka_and_volterra() {
    let truth = "1.1 x - 0.4 x y | 0.1 x y - 0.4 y";
    let series = measured(truth, &[10.0, 5.0], &times(120, 40.0), 0.05);
    let found = recovered("C x - C x y | C x y - C y", truth, &series, 0.03);
    assert!((0.03..0.07).contains(&found.residual), "{}", found.residual);
}

#[test]
fn a_chaotic_series() {
    let truth = "10.0 y - 10.0 x | 28.0 x - y - x z | x y - 2.667 z";
    let series = measured(truth, &[-8.0, 7.0, 27.0], &times(200, 5.0), 0.02);
    let found = recovered(
        "C y - C x | C x - y - x z | x y - C z",
        truth,
        &series,
        0.02,
    );
    assert!(found.residual < 0.03, "{}", found.residual);
}

#[test]
fn constants_that_do_not_enter_linearly() {
    // Prey that saturate their predators (Rosenzweig & MacArthur 1963): in thousands and in units.
    let truth = "0.8 x - 0.0001 x^2 - 30.0 x y/(2000.0 + x) | 0.6 x y/(2000.0 + x) - 0.2 y";
    let form = "C x - C x^2 - C x y/(C + x) | C x y/(C + x) - C y";
    let series = measured(truth, &[3000.0, 60.0], &times(150, 60.0), 0.02);
    recovered(form, truth, &series, 0.15);
    // A driven oscillator, whose frequency nobody knows.
    let truth = "y | 3.0 sin(1.3 t) - 4.0 x - 0.2 y";
    let series = measured(truth, &[1.0, 0.0], &times(200, 30.0), 0.03);
    recovered("y | C sin(C t) - C x - C y", truth, &series, 0.03);
}

#[test]
fn numbers_that_are_given_are_start_values() {
    let truth = "0.5 x - 0.25 x^2 + 1.5 sin(6.0 t)";
    let series = measured(truth, &[0.5], &times(150, 12.0), 0.02);
    // From 5.5 on the frequency is found; the other constants are not known at all.
    let found = recovered("C x - 0.4 x^2 + C sin(5.5 t)", truth, &series, 0.05);
    assert_eq!(found.before, None);
    // With all numbers the equation has an error before it is fitted.
    let found = recovered("0.6 x - 0.2 x^2 + 1.2 sin(6.3 t)", truth, &series, 0.05);
    assert!(found.before.unwrap() > 2.0 * found.residual);
}

#[test]
fn units_do_not_matter() {
    // Lotka & Volterra, in thousands of prey and millionths of predators, in seconds of days.
    let truth = "0.55 x - 0.028 x y | 0.024 x y - 0.8 y";
    let series = measured(truth, &[30.0, 5.0], &times(60, 20.0), 0.03);
    let mut states = series.states().clone();
    states.column_mut(0).mapv_inplace(|value| 1e3 * value);
    states.column_mut(1).mapv_inplace(|value| 1e-6 * value);
    let seconds = series.times().iter().map(|t| 1.7e9 + 86400.0 * t);
    let series = Series::new(seconds.collect(), states).unwrap();
    let rates = [0.55, 0.028e6, 0.024e-3, 0.8].map(|rate| rate / 86400.0);
    let truth = format!(
        "{:?}*x - {:?}*x*y | {:?}*x*y - {:?}*y",
        rates[0], rates[1], rates[2], rates[3]
    );
    recovered("C x - C x y | C x y - C y", &truth, &series, 0.05);
}

#[test]
fn a_component_in_other_units_hides_none() {
    // What decays is a million, then a thousand million times as large as what oscillates.
    for scale in [1.0, 1e6, 1e9] {
        let mut series = measured(
            "-0.1 x | 5.0 z | -5.0 y",
            &[1.0, 0.0, 1.0],
            &times(100, 10.0),
            0.0,
        );
        let mut states = series.states().clone();
        states.column_mut(0).mapv_inplace(|value| scale * value);
        series = Series::new(series.times().to_vec(), states).unwrap();
        let found = recovered("C x | C z | C y", "-0.1*x | 5.0*z | -5.0*y", &series, 1e-3);
        let continued = continuation(
            &found.system,
            series.times()[99],
            &found.last,
            &[10.5],
            &sizes(series.states()),
        );
        let sine = continued.unwrap()[(0, 1)];
        assert!((sine - 52.5_f64.sin()).abs() < 1e-3, "{scale}: {sine}");
    }
}

#[test]
fn a_clock_that_counts_from_long_ago_leaves_short_steps() {
    let series = measured("-3.0 x", &[2.0], &times(80, 1.0), 0.0);
    let times = series.times().iter().map(|t| 1.7e9 + 0.01 * t).collect();
    let series = Series::new(times, series.states().clone()).unwrap();
    recovered("C x", "-300.0*x", &series, 1e-3);
}

#[test]
fn sizes_whose_squares_are_no_numbers() {
    for scale in [1e-160, 1e140] {
        let series = measured("-0.7 x", &[2.0], &times(40, 3.0), 0.0);
        let states = series.states() * scale;
        let series = Series::new(series.times().to_vec(), states).unwrap();
        recovered("C x", "-0.7*x", &series, 1e-3);
    }
}

#[test]
fn a_measured_series() {
    // Hares and lynxes, as in tests/verification.rs, where another optimiser begins near the end; here it begins from nothing.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hudson-bay.csv");
    let series = Series::from_csv(path.as_ref()).unwrap();
    let truth = "0.481199 x - 0.0248318 x y | 0.0275329 x y - 0.926018 y";
    let found = recovered("C x - C x y | C x y - C y", truth, &series, 2e-3);
    assert!(
        (0.11..0.112).contains(&found.residual),
        "{}",
        found.residual
    );
    // The period of small oscillations is 2 pi over the root of both rates: about nine years and a half.
    let period =
        std::f64::consts::TAU / (found.constants[0].value * found.constants[3].value).sqrt();
    assert!((9.0..10.0).contains(&period), "{period}");
}

#[test]
fn what_has_no_fit_says_why() {
    let fails = |form: &str, series: &Series| {
        let found = fit(&form.parse().unwrap(), series, 1);
        found
            .map(|found| (found.residual, found.system.to_string()))
            .unwrap_err()
            .to_string()
    };
    let series = measured("-1.0 x", &[1.0], &times(40, 3.0), 0.0);
    let message = fails("C x | C y", &series);
    assert!(message.contains("1 component(s), expected 2"), "{message}");
    let message = fails("C x_0", &series);
    assert!(
        message.contains("component 0: found a placeholder, a coordinate"),
        "{message}"
    );
    let message = fails("C/(x - x)", &series);
    assert!(message.contains("no constants were found"), "{message}");
    let message = fails("C x + C x^2 + C", &series.beginning(4));
    assert!(
        message.contains("found 4 points, expected at least 5 for 3 constants"),
        "{message}"
    );
    // A form that does not hold the truth has a fit, but none that explains anything.
    let wave = measured("y | -x", &[1.0, 0.0], &times(100, 20.0), 0.0);
    let found = fit(&"C x | C y".parse().unwrap(), &wave, 1).unwrap();
    assert!(found.residual > 0.9, "{}", found.residual);
}

#[test]
fn a_fit_is_a_function_of_its_seed() {
    let series = measured("0.8 x (1.0 - x/3.0)", &[0.2], &times(30, 10.0), 0.01);
    let form: System = "C x (1 - x/C)".parse().unwrap();
    assert_eq!(
        fit(&form, &series, 3).unwrap(),
        fit(&form, &series, 3).unwrap()
    );
    for (constant, truth) in fit(&form, &series, 4)
        .unwrap()
        .constants
        .iter()
        .zip([0.8, 3.0])
    {
        assert!((constant.value / truth - 1.0).abs() < 0.02, "{constant:?}");
    }
}
