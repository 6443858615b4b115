//! Errors by lead time of predictions whose errors are known.

use std::f64::consts::TAU;

use approx::assert_abs_diff_eq;
use rheome_statistics::{
    FlowGrid, LeadTimeComparison, QUANTITIES, StatisticsError, decorrelation_time,
};

const NX: usize = 16;

fn grid() -> FlowGrid {
    FlowGrid::new([NX, 2], &[0.0, 1.0, 2.0], Some([TAU, 1.0])).unwrap()
}

/// A wave about the mean profile 2 - 2 (y - 1)^2, at the phase `phase`; v is twice as large as u, w is zero.
fn wave(phase: f64) -> Vec<f64> {
    let mut values = Vec::new();
    for i in 0..NX {
        for y in [0.0, 1.0, 2.0] {
            for _ in 0..2 {
                let sine = (TAU * i as f64 / NX as f64 - phase).sin();
                values.extend([2.0 - 2.0 * (y - 1.0) * (y - 1.0) + sine, 2.0 * sine, 0.0]);
            }
        }
    }
    values
}

fn mean() -> [Vec<f64>; 3] {
    [vec![0.0, 2.0, 0.0], vec![0.0; 3], vec![0.0; 3]]
}

#[test]
fn a_wave_out_of_phase_has_the_error_and_the_correlation_of_its_lag() {
    let mut comparison = LeadTimeComparison::new(&grid(), &mean()).unwrap();
    // The prediction lags by 0.1 a unit of time; persistence by all of the time.
    let times: Vec<f64> = (1..=20).map(|t| 0.1 * f64::from(t)).collect();
    for &t in &times {
        comparison
            .add(t, &wave(0.9 * t), &wave(t), &wave(0.0))
            .unwrap();
    }
    let errors = comparison.finish().unwrap();
    assert_eq!(errors.pairs, [1; 20]);
    let v = QUANTITIES.iter().position(|q| *q == "v").unwrap();
    for (l, &t) in times.iter().enumerate() {
        for (curves, lag) in [(&errors.prediction, 0.1 * t), (&errors.persistence, t)] {
            // |sin(a - lag) - sin a|^2 has the mean 2 sin^2(lag / 2); that of the mean profile squared is 4/3.
            let error = 2.0 * (0.5 * lag).sin().powi(2);
            let whole = (5.0 * error / (5.0 * 0.5 + 4.0 / 3.0)).sqrt();
            assert_abs_diff_eq!(curves.relative_error[[l, 0]], whole, epsilon = 1e-12);
            let of_v = (error / 0.5).sqrt();
            assert_abs_diff_eq!(curves.relative_error[[l, v]], of_v, epsilon = 1e-12);
            assert!(curves.relative_error[[l, 3]].is_nan());
            assert_abs_diff_eq!(curves.correlation[[l, 0]], lag.cos(), epsilon = 1e-12);
            assert_abs_diff_eq!(curves.correlation[[l, 1]], lag.cos(), epsilon = 1e-12);
            assert!(curves.correlation[[l, 3]].is_nan());
        }
    }
    // cos t = 1/2 at t = pi / 3; linear interpolation over 0.1 is within its square.
    let persistence = errors.persistence.decorrelation_time.unwrap();
    assert_abs_diff_eq!(persistence, std::f64::consts::FRAC_PI_3, epsilon = 1e-3);
    assert_eq!(errors.prediction.decorrelation_time, None);
}

#[test]
fn decorrelation_is_interpolated_from_the_start_on() {
    assert_eq!(decorrelation_time(&[1.0, 2.0], &[0.75, 0.25]), Some(1.5));
    assert_eq!(decorrelation_time(&[4.0, 5.0], &[0.0, 0.9]), Some(2.0));
    assert_eq!(decorrelation_time(&[0.0, 1.0], &[0.2, 0.1]), Some(0.0));
    assert_eq!(decorrelation_time(&[1.0, 2.0], &[0.9, 0.5]), None);
    assert_eq!(decorrelation_time(&[1.0], &[f64::NAN]), None);
}

#[test]
fn members_at_the_same_lead_time_are_joined_whatever_their_order() {
    let new = || LeadTimeComparison::new(&grid(), &mean()).unwrap();
    let (mut whole, mut first, mut second) = (new(), new(), new());
    for t in [3.0, 1.0, 2.0] {
        for (part, lag) in [(&mut first, 0.2), (&mut second, 0.4)] {
            let rounded = t * (1.0 + 1e-12);
            part.add(t, &wave(t - lag), &wave(t), &wave(0.0)).unwrap();
            whole
                .add(rounded, &wave(t - lag), &wave(t), &wave(0.0))
                .unwrap();
        }
    }
    first.merge(&second).unwrap();
    let (merged, whole) = (first.finish().unwrap(), whole.finish().unwrap());
    assert_eq!(merged.lead_time, [1.0, 2.0, 3.0]);
    assert_eq!((&merged.pairs, &whole.pairs), (&vec![2; 3], &vec![2; 3]));
    for (a, b) in merged
        .prediction
        .correlation
        .iter()
        .zip(&whole.prediction.correlation)
    {
        assert!(a.is_nan() && b.is_nan() || (a - b).abs() < 1e-12);
    }
    // Sums are joined, not quotients: the mean of both errors' squares.
    let square = |lag: f64| 10.0 * (0.5 * lag).sin().powi(2) / (2.5 + 4.0 / 3.0);
    let expected = (0.5 * (square(0.2) + square(0.4))).sqrt();
    assert_abs_diff_eq!(
        merged.prediction.relative_error[[0, 0]],
        expected,
        epsilon = 1e-12
    );
}

#[test]
fn what_cannot_be_compared_is_refused_and_leaves_no_trace() {
    let mut comparison = LeadTimeComparison::new(&grid(), &mean()).unwrap();
    let fresh = comparison.clone();
    let (good, mut broken) = (wave(0.0), wave(0.0));
    broken[(NX - 1) * 18 + 6] = f64::NAN;
    let unknown = FlowGrid::uniform([NX, 3, 2]).unwrap();
    let other = LeadTimeComparison::new(&unknown, &mean()).unwrap();
    let refused = [
        (comparison.add(1.0, &broken, &good, &good), "plane y[1]"),
        (comparison.add(1.0, &good, &good, &broken), "plane y[1]"),
        (
            comparison.add(1.0, &good, &good[3..], &good),
            "found 285 numbers",
        ),
        (
            comparison.add(f64::INFINITY, &good, &good, &good),
            "found the time inf",
        ),
        (comparison.merge(&other), "another grid"),
    ];
    for (result, message) in refused {
        let error: StatisticsError = result.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    assert_eq!(comparison, fresh);
    assert_eq!(comparison.finish(), None);
    let short = [vec![0.0; 2], vec![0.0; 3], vec![0.0; 3]];
    assert!(LeadTimeComparison::new(&grid(), &short).is_err());
}
