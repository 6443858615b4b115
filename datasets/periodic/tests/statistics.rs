//! Statistics of flows whose numbers are known.

use std::f64::consts::TAU;

use rheome_periodic::{FlowAnalysis, PeriodicConfig, PeriodicError, PeriodicFlow, resample};

fn field(points: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let at = |i: usize| TAU * i as f64 / points as f64;
    (0..points * points)
        .map(|i| value(at(i / points), at(i % points)))
        .collect()
}

#[test]
fn a_taylor_green_vortex_has_its_numbers() {
    // Stream function cos 2x cos y in a box of length 3: all of the energy in one mode of each pair of signs.
    let n = 16;
    let unit = TAU / 3.0;
    let u = field(n, |x, y| -unit * (2.0 * x).cos() * y.sin());
    let v = field(n, |x, y| 2.0 * unit * (2.0 * x).sin() * y.cos());
    let found = FlowAnalysis::new(n, 3.0).unwrap().of([&u, &v]).unwrap();
    let energy = unit * unit * (1.0 + 4.0) / 8.0;
    assert!((found.energy / energy - 1.0).abs() < 1e-12);
    // Vorticity is k^2 times the stream function: k^2 = 5 unit^2.
    let enstrophy = 0.125 * (5.0 * unit * unit).powi(2);
    assert!((found.enstrophy / enstrophy - 1.0).abs() < 1e-12);
    let vorticity = field(n, |x, y| 5.0 * unit * unit * (2.0 * x).cos() * y.cos());
    let pairs = found.vorticity.iter().zip(&vorticity);
    assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-11);
    assert!(found.divergence < 1e-12);
    // The mean of cos^4 is 3/8, that of cos^2 1/2.
    assert!((found.flatness - (9.0 / 64.0) / (1.0 / 16.0)).abs() < 1e-12);
    // sqrt 5 waves are around 2.
    assert!((found.energy_spectrum[1] / energy - 1.0).abs() < 1e-12);
}

#[test]
fn divergence_is_noticed_and_a_uniform_wind_is_energy_alone() {
    let n = 12;
    let mut analysis = FlowAnalysis::new(n, TAU).unwrap();
    let (u, v) = (field(n, |x, _| x.sin()), field(n, |x, _| (2.0 * x).sin()));
    // Divergence cos x, vorticity 2 cos 2x.
    let found = analysis.of([&u, &v]).unwrap();
    assert!(
        (found.divergence - 0.5).abs() < 1e-12,
        "{}",
        found.divergence
    );
    let (wind, calm) = (field(n, |_, _| 3.0), field(n, |_, _| 0.0));
    let found = analysis.of([&wind, &calm]).unwrap();
    assert!((found.energy - 4.5).abs() < 1e-12);
    assert!(found.enstrophy < 1e-24 && found.energy_spectrum.iter().all(|e| *e < 1e-24));
    assert!(found.divergence.is_finite() && found.flatness.is_finite());
}

#[test]
fn a_simulated_flow_is_what_its_solver_says() {
    let config = PeriodicConfig {
        points: 32,
        viscosity: 0.01,
        peak: 4.0,
        ..PeriodicConfig::default()
    };
    let mut flow = PeriodicFlow::decaying(&config, 3).unwrap();
    flow.advance(0.3).unwrap();
    let [u, v] = flow.velocity();
    let mut analysis = FlowAnalysis::new(32, config.length).unwrap();
    let found = analysis.of([&u, &v]).unwrap();
    let told = flow.diagnostics();
    assert!((found.energy / told.energy - 1.0).abs() < 1e-10);
    assert!((found.enstrophy / told.enstrophy - 1.0).abs() < 1e-10);
    assert!(found.divergence < 1e-10);
    let pairs = found.energy_spectrum.iter().zip(flow.energy_spectrum());
    assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-12);
}

#[test]
fn waves_that_both_grids_have_survive_another_grid() {
    let wave = |x: f64, y: f64| 0.5 + (3.0 * x - 2.0 * y).sin() + (x + 3.0 * y).cos();
    let (fine, coarse) = (field(24, wave), field(8, wave));
    let difference = |a: &[f64], b: &[f64]| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(difference(&resample(&fine, 24, 8).unwrap(), &coarse) < 1e-13);
    assert!(difference(&resample(&coarse, 8, 24).unwrap(), &fine) < 1e-13);
    // What the coarse grid cannot have is left out, not folded back.
    let both = field(24, |x, y| wave(x, y) + (9.0 * x).sin());
    assert!(difference(&resample(&both, 24, 8).unwrap(), &coarse) < 1e-13);
    let wrong = resample(&coarse, 24, 8);
    assert!(matches!(
        wrong,
        Err(PeriodicError::Shape {
            found: 64,
            expected: 576
        })
    ));
    assert!(resample(&coarse, 8, 7).is_err());
}

#[test]
fn what_cannot_be_a_box_is_an_error() {
    assert!(FlowAnalysis::new(9, 1.0).is_err());
    assert!(FlowAnalysis::new(16, 0.0).is_err());
    let mut analysis = FlowAnalysis::new(8, 1.0).unwrap();
    let wrong = analysis.of([&[0.0; 64], &[0.0; 3]]);
    assert!(matches!(wrong, Err(PeriodicError::Shape { found: 3, .. })));
}
