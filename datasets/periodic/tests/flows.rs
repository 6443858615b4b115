//! Flows with known behaviour.

use std::f64::consts::TAU;

use rheome_periodic::{PeriodicConfig, PeriodicError, PeriodicFlow};

fn config(points: usize, viscosity: f64) -> PeriodicConfig {
    PeriodicConfig {
        points,
        viscosity,
        peak: 4.0,
        ..PeriodicConfig::default()
    }
}

fn field(points: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let at = |i: usize| TAU * i as f64 / points as f64;
    (0..points * points)
        .map(|i| value(at(i / points), at(i % points)))
        .collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

/// The vortices of Taylor and Green (1937) do not convect: they decay at the rate of their wave number.
#[test]
fn taylor_green_vortices_decay_at_their_exact_rate() {
    let config = config(16, 0.05);
    let start = field(16, |x, y| 2.0 * x.cos() * y.cos());
    let mut flow = PeriodicFlow::from_vorticity(&config, &start).unwrap();
    // w = 2 cos x cos y is the vorticity of u = -cos x sin y ... with the stream function cos x cos y.
    let [u, v] = flow.velocity();
    assert!(largest_difference(&u, &field(16, |x, y| -x.cos() * y.sin())) < 1e-13);
    assert!(largest_difference(&v, &field(16, |x, y| x.sin() * y.cos())) < 1e-13);
    flow.advance(2.0).unwrap();
    let decay = (-2.0_f64 * 0.05 * 2.0).exp();
    let expected: Vec<f64> = start.iter().map(|w| w * decay).collect();
    assert!(largest_difference(&flow.vorticity(), &expected) < 1e-13);
    assert_eq!(flow.time(), 2.0);
}

#[test]
fn energy_and_enstrophy_are_kept_without_viscosity() {
    let mut flow = PeriodicFlow::decaying(&config(48, 0.0), 3).unwrap();
    let before = flow.diagnostics();
    assert!(
        (before.energy - 1.0).abs() < 1e-12,
        "two components of velocity 1"
    );
    flow.advance(0.5).unwrap();
    let after = flow.diagnostics();
    assert!((after.energy / before.energy - 1.0).abs() < 1e-5);
    assert!((after.enstrophy / before.enstrophy - 1.0).abs() < 1e-4);
}

#[test]
fn energy_is_lost_at_the_rate_of_the_enstrophy() {
    let viscosity = 0.01;
    let mut flow = PeriodicFlow::decaying(&config(64, viscosity), 5).unwrap();
    flow.advance(0.2).unwrap();
    let mut samples = Vec::new();
    for _ in 0..3 {
        samples.push(flow.diagnostics());
        flow.advance(0.01).unwrap();
    }
    let slope = (samples[2].energy - samples[0].energy) / 0.02;
    let expected = -2.0 * viscosity * samples[1].enstrophy;
    assert!((slope / expected - 1.0).abs() < 1e-4, "{slope} {expected}");
}

/// Halving the steps divides the error by 16.
#[test]
fn steps_are_of_order_four() {
    let run = |cfl: f64| {
        let config = PeriodicConfig {
            cfl,
            ..config(24, 0.02)
        };
        let mut flow = PeriodicFlow::decaying(&config, 2).unwrap();
        flow.advance(0.4).unwrap();
        flow.vorticity()
    };
    let exact = run(0.02);
    let errors = [0.4, 0.2].map(|cfl| largest_difference(&run(cfl), &exact));
    let order = (errors[0] / errors[1]).log2();
    assert!((3.3..5.0).contains(&order), "{order} {errors:?}");
}

#[test]
fn the_velocity_has_no_divergence_and_the_spectrum_holds_all_energy() {
    let mut flow = PeriodicFlow::decaying(&config(32, 1e-3), 9).unwrap();
    flow.advance(0.3).unwrap();
    let total: f64 = flow.energy_spectrum().iter().sum();
    let energy = flow.diagnostics().energy;
    assert!((total / energy - 1.0).abs() < 1e-6, "{total} {energy}");
    // The vorticity of a velocity of the stream function is the field itself, so its velocity is the one of a flow made of it.
    let vorticity = flow.vorticity();
    let again = PeriodicFlow::from_vorticity(flow.config(), &vorticity)
        .unwrap()
        .velocity();
    for (a, b) in flow.velocity().iter().zip(&again) {
        assert!(largest_difference(a, b) < 1e-12);
    }
    let [u, v] = flow.velocity();
    let mean = |f: &[f64]| f.iter().sum::<f64>().abs() / f.len() as f64;
    assert!(mean(&u) < 1e-13 && mean(&v) < 1e-13);
}

#[test]
fn a_seed_is_one_flow_with_any_number_of_threads_and_on_any_grid() {
    let run = |threads: usize, points: usize, time: f64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut flow = PeriodicFlow::decaying(&config(points, 0.01), 11).unwrap();
            flow.advance(time).unwrap();
            flow.vorticity()
        })
    };
    assert_eq!(run(1, 48, 0.05), run(2, 48, 0.05));
    let (start, fine) = (run(2, 48, 0.0), run(2, 96, 0.0));
    let coarse: Vec<f64> = (0..48 * 48)
        .map(|i| fine[(i / 48 * 2) * 96 + i % 48 * 2])
        .collect();
    let largest = start.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    let difference = largest_difference(&start, &coarse);
    assert!(difference < 1e-5 * largest, "{difference} of {largest}");
}

#[test]
fn what_cannot_work_is_an_error() {
    let broken = [
        (
            "points",
            PeriodicConfig {
                points: 9,
                ..config(9, 0.1)
            },
        ),
        ("viscosity", config(16, -1.0)),
        (
            "peak",
            PeriodicConfig {
                peak: 9.0,
                ..config(16, 0.1)
            },
        ),
        (
            "cfl",
            PeriodicConfig {
                cfl: f64::NAN,
                ..config(16, 0.1)
            },
        ),
    ];
    for (name, config) in broken {
        match PeriodicFlow::decaying(&config, 1).map(|_| ()) {
            Err(PeriodicError::Setting { key, .. }) => assert_eq!(key, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    let other = PeriodicFlow::from_vorticity(&config(16, 0.1), &[0.0; 3]).map(|_| ());
    assert_eq!(
        other,
        Err(PeriodicError::Shape {
            found: 3,
            expected: 256
        })
    );
    let mut start = field(16, |x, y| x.sin() * y.sin());
    start[7] = f64::NAN;
    let mut broken = PeriodicFlow::from_vorticity(&config(16, 0.1), &start).unwrap();
    assert!(matches!(
        broken.advance(0.1),
        Err(PeriodicError::NonFinite { .. })
    ));
    let mut calm = PeriodicFlow::decaying(&config(16, 0.1), 1).unwrap();
    for duration in [-1.0, f64::NAN] {
        let refused = calm.advance(duration);
        assert!(matches!(
            refused,
            Err(PeriodicError::Setting {
                key: "duration",
                ..
            })
        ));
    }
    assert_eq!(calm.time(), 0.0);
}

/// The waves that products do not keep are nowhere: energy is that of the velocity.
#[test]
fn energy_is_that_of_the_velocity_whatever_the_flow_began_as() {
    let start = field(16, |x, y| x.sin() * y.sin() + (7.0 * x).cos());
    let mut flow = PeriodicFlow::from_vorticity(&config(16, 0.0), &start).unwrap();
    let [u, v] = flow.velocity();
    let squares: f64 = u.iter().chain(&v).map(|u| u * u).sum();
    let expected = 0.5 * squares / 256.0;
    assert!((flow.diagnostics().energy / expected - 1.0).abs() < 1e-12);
    assert!(largest_difference(&flow.vorticity(), &field(16, |x, y| x.sin() * y.sin())) < 1e-13);
}
