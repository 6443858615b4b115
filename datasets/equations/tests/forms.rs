//! Constants of equations of which only the form is known, from series with noise.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use rheome_equations::verification::{Refined, fit};
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
    let start = std::time::Instant::now();
    let found = fit(&form, series, 1).unwrap();
    println!("{form}: {:.4} in {:?}", found.residual, start.elapsed());
    let truth: System = truth.parse().unwrap();
    for (constant, truth) in found.constants.iter().zip(truth.numbers()) {
        println!("  {truth}: {constant:?}");
    }
    for (constant, truth) in found.constants.iter().zip(truth.numbers()) {
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
    let found = recovered("C y - C x | C x - y - x z | x y - C z", truth, &series, 0.02);
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
