//! Statistics of flows whose statistics are known.

use std::f64::consts::{PI, TAU};

use approx::assert_abs_diff_eq;
use ndarray::Axis;
use proptest::prelude::*;
use rheome_statistics::{
    ExactValues, FlowGrid, FlowResults, FlowStatistics, LineSpectra, Snapshot, StatisticsError,
    WallUnits,
};

/// A box of 2 pi x 2 x pi.
const LENGTHS: [f64; 2] = [TAU, PI];

fn grid(points: [usize; 2], heights: &[f64]) -> FlowGrid {
    FlowGrid::new(points, heights, Some(LENGTHS)).unwrap()
}

fn uniform_heights(n: usize) -> Vec<f64> {
    (0..n).map(|j| 2.0 * j as f64 / (n - 1) as f64).collect()
}

/// The velocity `f(x, y, z)` on all points of `grid`.
fn field(grid: &FlowGrid, f: impl Fn(f64, f64, f64) -> [f64; 3]) -> Vec<f64> {
    let (xs, zs) = (grid.periodic_coordinates(0), grid.periodic_coordinates(1));
    let mut values = Vec::new();
    for x in &xs {
        for y in grid.heights() {
            for z in &zs {
                values.extend(f(*x, *y, *z));
            }
        }
    }
    values
}

fn both(results: &FlowResults) -> [&LineSpectra; 2] {
    [&results.streamwise, &results.spanwise].map(|s| s.as_ref().unwrap())
}

#[test]
fn a_single_wave_has_its_energy_in_one_bin_and_a_cosine_for_its_correlation() {
    let grid = grid([12, 9], &uniform_heights(3));
    let mut statistics = FlowStatistics::new(&grid, None);
    // u: wave 2 along x, 3 along z (k_z = 6); v: half of it in phase; w: the highest wave of 12 points along x.
    let wave = |x: f64, y: f64, z: f64| {
        let phase = 2.0 * x + 6.0 * z;
        [
            4.0 * y + 3.0 * phase.cos(),
            1.5 * phase.cos(),
            (6.0 * x).cos(),
        ]
    };
    statistics.add(0.0, &field(&grid, wave)).unwrap();
    let results = statistics.finish();
    for (spectra, bin, step) in both(&results)
        .into_iter()
        .zip([2, 3])
        .zip([1.0, 2.0])
        .map(|((s, b), d)| (s, b, d))
    {
        assert_abs_diff_eq!(spectra.wavenumber[bin], bin as f64 * step, epsilon = 1e-12);
        for j in 0..3 {
            for k in 0..spectra.wavenumber.len() {
                let share = |variance: f64| if k == bin { variance / step } else { 0.0 };
                assert_abs_diff_eq!(spectra.energy[[0, j, k]], share(4.5), epsilon = 1e-12);
                assert_abs_diff_eq!(spectra.energy[[1, j, k]], share(1.125), epsilon = 1e-12);
                assert_abs_diff_eq!(spectra.cospectrum[[j, k]], share(2.25), epsilon = 1e-12);
            }
            for (r, separation) in spectra.separation.iter().enumerate() {
                let cosine = (spectra.wavenumber[bin] * separation).cos();
                assert_abs_diff_eq!(spectra.correlation[[0, j, r]], cosine, epsilon = 1e-12);
            }
        }
    }
    // The highest wave: all of the mean square at x = 0, 2 pi / 12, ..., where it is +-1. It is the mean along z.
    let [streamwise, spanwise] = both(&results);
    assert_abs_diff_eq!(streamwise.energy[[2, 1, 6]], 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(spanwise.energy[[2, 1, 0]], 0.5, epsilon = 1e-12);
    assert_abs_diff_eq!(results.profiles.rms[0][1], 4.5_f64.sqrt(), epsilon = 1e-12);
    assert_abs_diff_eq!(results.profiles.shear_stress[2], 2.25, epsilon = 1e-12);
    // A cosine has the flatness 3/2.
    let shape = results.profiles.shape.unwrap();
    assert_abs_diff_eq!(shape.flatness[0][0], 1.5, epsilon = 1e-12);
    assert_abs_diff_eq!(shape.skewness[0][0], 0.0, epsilon = 1e-12);
}

/// Points of the planes and values of a few snapshots, with a mean that differs from one to the next.
fn snapshots() -> impl Strategy<Value = ([usize; 2], Vec<Vec<f32>>)> {
    (1_usize..8, 1_usize..8, 1_usize..5).prop_flat_map(|(nx, nz, count)| {
        let values = prop::collection::vec(-5.0f32..20.0, nx * 3 * nz * 4);
        let snapshot = (values, -3.0f32..3.0).prop_map(|(mut values, shift)| {
            values.iter_mut().for_each(|v| *v += shift);
            values
        });
        (Just([nx, nz]), prop::collection::vec(snapshot, count))
    })
}

/// Average over all points and snapshots of the product of fluctuations of a component a separation `r` apart.
fn two_point(
    snapshots: &[Vec<f32>],
    [nx, nz]: [usize; 2],
    j: usize,
    c: usize,
    r: [usize; 2],
) -> f64 {
    let at = |s: &[f32], i: usize, k: usize| f64::from(s[((i * 3 + j) * nz + k) * 4 + c]);
    let points = || (0..nx).flat_map(move |i| (0..nz).map(move |k| (i, k)));
    let count = (snapshots.len() * nx * nz) as f64;
    let total = |f: &dyn Fn(&[f32], usize, usize) -> f64| -> f64 {
        let one = |s: &Vec<f32>| points().map(|(i, k)| f(s, i, k)).sum::<f64>();
        snapshots.iter().map(one).sum::<f64>() / count
    };
    let mean = total(&|s, i, k| at(s, i, k));
    total(&|s, i, k| (at(s, i, k) - mean) * (at(s, (i + r[0]) % nx, (k + r[1]) % nz) - mean))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn spectra_add_up_to_the_variance_and_transform_into_the_correlation((points, snapshots) in snapshots()) {
        let grid = grid(points, &[0.0, 0.7, 2.0]);
        let mut statistics = FlowStatistics::new(&grid, None);
        for (t, snapshot) in snapshots.iter().enumerate() {
            statistics.add(t as f64, snapshot).unwrap();
        }
        let results = statistics.finish();
        for (axis, spectra) in both(&results).into_iter().enumerate() {
            let step = [1.0, 2.0][axis];
            for c in 0..3 {
                for j in 0..3 {
                    let variance = results.profiles.rms[c][j].powi(2);
                    let sum = step * spectra.energy.index_axis(Axis(0), c).row(j).sum();
                    prop_assert!((sum - variance).abs() < 1e-10 * 100.0, "{sum} {variance}");
                    if variance < 1e-6 {
                        continue;
                    }
                    for r in 0..spectra.separation.len() {
                        let shift = if axis == 0 { [r, 0] } else { [0, r] };
                        let exact = two_point(&snapshots, points, j, c, shift) / variance;
                        let found = spectra.correlation[[c, j, r]];
                        prop_assert!((found - exact).abs() < 1e-8, "{found} {exact}");
                    }
                }
            }
            for j in 0..3 {
                let sum = step * spectra.cospectrum.row(j).sum();
                prop_assert!((sum - results.profiles.shear_stress[j]).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn merged_parts_are_the_whole((points, snapshots) in snapshots(), at in 0.0..1.0_f64) {
        let grid = grid(points, &[0.0, 0.7, 2.0]);
        let [mut whole, mut first, mut second] = [0; 3].map(|_| FlowStatistics::new(&grid, None));
        let cut = (at * (snapshots.len() + 1) as f64) as usize;
        for (t, velocity) in snapshots.iter().enumerate() {
            let snapshot = Snapshot { velocity, time: t as f64, trajectory: 0, exact: None };
            whole.add_snapshot(&snapshot).unwrap();
            let part = if t < cut { &mut first } else { &mut second };
            part.add_snapshot(&snapshot).unwrap();
        }
        first.merge(&second).unwrap();
        let (merged, whole) = (first.finish(), whole.finish());
        prop_assert_eq!(merged.snapshots, whole.snapshots);
        prop_assert_eq!(&merged.history, &whole.history);
        for (a, b) in both(&merged).into_iter().zip(both(&whole)) {
            for (a, b) in a.energy.iter().zip(&b.energy) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
        for c in 0..3 {
            for j in 0..3 {
                prop_assert!((merged.profiles.mean[c][j] - whole.profiles.mean[c][j]).abs() < 1e-9);
                prop_assert!((merged.profiles.rms[c][j] - whole.profiles.rms[c][j]).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn statistics_continue_bit_for_bit_after_they_were_stored() {
    let grid = grid([6, 5], &uniform_heights(7));
    let units = WallUnits::new(1.0, 1.0 / 180.0).ok();
    let snapshot = |t: usize| {
        let time = t as f64;
        field(&grid, |x, y, z| {
            [
                y * (x + 0.3 * time).sin(),
                (z - time).cos() * y,
                (x * z + time).sin(),
            ]
        })
    };
    let mut statistics = FlowStatistics::new(&grid, units);
    for t in 0..3 {
        statistics.add(t as f64, &snapshot(t)).unwrap();
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&statistics, &mut bytes).unwrap();
    let mut continued: FlowStatistics = ciborium::from_reader(bytes.as_slice()).unwrap();
    assert_eq!(continued, statistics);
    for t in 3..6 {
        statistics.add(t as f64, &snapshot(t)).unwrap();
        continued.add(t as f64, &snapshot(t)).unwrap();
    }
    assert_eq!(continued, statistics);
    assert_eq!(continued.snapshots(), 6);
}

/// A flow without divergence: u = sin x cos 2z g'(y), v = -3 cos x cos 2z g(y), w = cos x sin 2z g'(y), g = sin^2(pi y / 2).
fn solenoidal(x: f64, y: f64, z: f64) -> [f64; 3] {
    let g = (0.5 * PI * y).sin().powi(2);
    let slope = 0.5 * PI * (PI * y).sin();
    let (sx, cx) = x.sin_cos();
    let (sz, cz) = (2.0 * z).sin_cos();
    [sx * cz * slope, -3.0 * cx * cz * g, cx * sz * slope]
}

#[test]
fn a_flow_without_divergence_shows_only_the_error_of_the_differences() {
    let relative = |heights: &[f64]| {
        let grid = grid([8, 8], heights);
        let mut statistics = FlowStatistics::new(&grid, None);
        statistics.add(0.0, &field(&grid, solenoidal)).unwrap();
        let divergence = statistics.finish().history[0].divergence.unwrap();
        // Mean square of a derivative along y: 3^2 (pi/2)^2 / 2 times the mean squares 1/2 of both waves; with those of
        // u and w along x and z, 1 and 4 times (pi/2)^2 / 2 / 4.
        let gradients = (9.0 + 1.0 + 4.0) * (0.5 * PI).powi(2) / 2.0 / 4.0;
        assert_abs_diff_eq!(
            divergence.rms,
            divergence.relative * gradients.sqrt(),
            epsilon = 1e-2 * divergence.rms
        );
        divergence.relative
    };
    let order = (relative(&uniform_heights(33)) / relative(&uniform_heights(65))).log2();
    assert!((3.5..4.6).contains(&order), "{order}");
    let gauss_lobatto: Vec<f64> = (0..129)
        .map(|j| 1.0 - (PI * f64::from(j) / 128.0).cos())
        .collect();
    let fine = relative(&gauss_lobatto);
    assert!(fine < 1e-5, "{fine}");
}

#[test]
fn terms_that_do_not_balance_are_told() {
    let grid = grid([8, 8], &uniform_heights(9));
    let mut statistics = FlowStatistics::new(&grid, None);
    statistics
        .add(0.0, &field(&grid, |x, _, _| [x.sin(), 0.0, 0.0]))
        .unwrap();
    let divergence = statistics.finish().history[0].divergence.unwrap();
    assert_abs_diff_eq!(divergence.rms, 0.5_f64.sqrt(), epsilon = 1e-12);
    assert_abs_diff_eq!(divergence.relative, 1.0, epsilon = 1e-12);
    let still = vec![0.0_f32; 8 * 9 * 8 * 3];
    statistics.add(1.0, &still).unwrap();
    let results = statistics.finish();
    assert_eq!(results.history[1].divergence.unwrap().relative, 0.0);
    // Without lengths there are no derivatives.
    let mut unknown = FlowStatistics::new(&FlowGrid::uniform([8, 9, 8]).unwrap(), None);
    unknown.add(0.0, &still).unwrap();
    let results = unknown.finish();
    assert_eq!(results.history[0].divergence, None);
    assert_eq!(
        results.streamwise.unwrap().wavenumber,
        [0.0, 1.0, 2.0, 3.0, 4.0]
    );
}

#[test]
fn the_history_follows_energy_bulk_velocity_and_wall_shear() {
    let grid = grid([4, 4], &uniform_heights(5));
    let units = WallUnits::new(1.0, 0.5).ok();
    let mut statistics = FlowStatistics::new(&grid, units);
    let velocity = field(&grid, |x, y, _| {
        [4.0 - 4.0 * (y - 1.0) * (y - 1.0), 0.0, x.cos()]
    });
    let add = |statistics: &mut FlowStatistics, trajectory, time, exact| {
        let snapshot = Snapshot {
            velocity: &velocity,
            time,
            trajectory,
            exact,
        };
        statistics.add_snapshot(&snapshot).unwrap();
    };
    add(&mut statistics, 1, 0.0, None);
    let exact = ExactValues {
        bulk_velocity: 8.0 / 3.0,
        wall_shear_rate: [8.5, 7.5],
    };
    add(&mut statistics, 0, 3.0, Some(exact));
    add(&mut statistics, 1, 0.5, None);
    let results = statistics.finish();
    let order: Vec<_> = results
        .history
        .iter()
        .map(|e| (e.trajectory, e.time))
        .collect();
    assert_eq!(order, [(0, 3.0), (1, 0.0), (1, 0.5)]);
    let [given, measured, _] = results.history[..] else {
        panic!("three entries");
    };
    assert_eq!(given.bulk_velocity, 8.0 / 3.0);
    assert_eq!(given.wall_shear_rate, [8.5, 7.5]);
    // The trapezoidal rule on 0, 3, 4, 3, 0.
    assert_abs_diff_eq!(measured.bulk_velocity, 2.5, epsilon = 1e-12);
    assert_abs_diff_eq!(measured.wall_shear_rate[0], 8.0, epsilon = 1e-12);
    assert_abs_diff_eq!(measured.wall_shear_rate[1], 8.0, epsilon = 1e-12);
    // w^2 / 2 = cos^2 / 2 has the mean 1/4; u^2 / 2 = 0, 4.5, 8, 4.5, 0.
    assert_abs_diff_eq!(measured.fluctuation_energy, 0.25, epsilon = 1e-12);
    assert_abs_diff_eq!(measured.kinetic_energy, 0.25 + 4.25, epsilon = 1e-12);
    // u_tau^2 = nu 8 = 4.
    let units = results.measured_wall_units().unwrap();
    assert_abs_diff_eq!(units.u_tau(), 2.0, epsilon = 1e-12);
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_no_trace() {
    let grid = grid([4, 2], &uniform_heights(3));
    let mut statistics = FlowStatistics::new(&grid, None);
    let good = vec![1.0_f32; 4 * 3 * 2 * 3];
    statistics.add(0.0, &good).unwrap();
    let before = statistics.clone();
    let mut broken = good.clone();
    broken[3 * (2 * 3 + 2 * 2)] = f32::INFINITY;
    let other = FlowStatistics::new(&FlowGrid::uniform([4, 3, 2]).unwrap(), None);
    let units = FlowStatistics::new(&grid, WallUnits::new(1.0, 0.1).ok());
    let exact = ExactValues {
        bulk_velocity: f64::NAN,
        wall_shear_rate: [1.0; 2],
    };
    let unknown = Snapshot {
        velocity: &good,
        time: 0.0,
        trajectory: 0,
        exact: Some(exact),
    };
    let refused = [
        (
            statistics.add(1.0, &good[1..]),
            "found 71 numbers, expected 72",
        ),
        (statistics.add(1.0, &good[..48]), "found 2 components"),
        (statistics.add(f64::NAN, &good), "found the time NaN"),
        (statistics.add(1.0, &broken), "in the plane y[2]"),
        (statistics.add(1.0, &vec![1e200_f64; 72]), "non-finite"),
        (
            statistics.add_snapshot(&unknown),
            "found NaN for the bulk velocity",
        ),
        (statistics.merge(&other), "another grid"),
        (statistics.merge(&units), "another viscosity"),
    ];
    for (result, message) in refused {
        let error: StatisticsError = result.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    assert_eq!(statistics, before);
}
