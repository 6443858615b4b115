//! Subgrid models against what is known: WALE in pure shear and at a wall, energy taken from the flow, the moving frame, laminar flow,
//! the balance of stresses.

use super::*;
use crate::{Channel, ChannelConfig, TimeStep};

fn turbulent(subgrid: SubgridModel) -> Channel {
    let config = ChannelConfig {
        points: [12, 33, 12],
        subgrid,
        time_step: TimeStep::Fixed { dt: 1e-3 },
        ..Default::default()
    };
    let mut channel = Channel::new(&config, 4).unwrap();
    for _ in 0..20 {
        channel.step().unwrap();
    }
    channel
}

const WALE: SubgridModel = SubgridModel::Wale { coefficient: 0.325 };

#[test]
fn wale_sees_nothing_in_pure_shear_and_in_its_rotations() {
    for shear in [[0, 1], [1, 0], [2, 1], [0, 2]] {
        let mut g = [[0.0; 3]; 3];
        g[shear[0]][shear[1]] = 7.0;
        assert_eq!(wale::frequency(&g), 0.0);
    }
    // Solid rotation is not pure shear: S^d = diag(-1/3, -1/3, 2/3) of the square -1, -1, 0.
    let rotation = [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
    let square: f64 = 6.0 / 9.0;
    approx::assert_relative_eq!(
        wale::frequency(&rotation),
        square.powf(1.5 - 1.25),
        epsilon = 1e-12
    );
}

#[test]
fn the_eddy_viscosity_of_wale_vanishes_with_the_cube_of_the_distance_from_the_wall() {
    let config = ChannelConfig {
        points: [12, 65, 12],
        subgrid: WALE,
        ..Default::default()
    };
    let mut channel = Channel::new(&config, 4).unwrap();
    channel.step().unwrap();
    let heights = channel.heights();
    let profiles = channel.subgrid_profiles();
    let nu_t = &profiles.eddy_viscosity;
    assert!(nu_t[0].abs() < 1e-12 * nu_t[32], "{nu_t:?}");
    // The filter width varies along y with the spacing: nu_t / Delta^2 is what follows the cube.
    let spacing = |j: usize| {
        let y = 1.0 - heights[j];
        std::f64::consts::PI / 64.0 * (1.0 - y * y).sqrt()
    };
    let reduced = |j: usize| {
        let volume: f64 = config.lengths.iter().product::<f64>() / 144.0 * spacing(j);
        nu_t[j] / volume.powf(2.0 / 3.0)
    };
    for wall in [[1, 2], [63, 62]] {
        let [near, far] = wall;
        let distance = |j: usize| heights[j].min(2.0 - heights[j]);
        let slope = (reduced(far) / reduced(near)).ln() / (distance(far) / distance(near)).ln();
        assert!((slope - 3.0).abs() < 0.25, "slope {slope}");
    }
}

#[test]
fn both_models_take_energy_from_the_resolved_flow_and_the_force_does_that_work() {
    for model in [WALE, SubgridModel::DynamicSmagorinsky] {
        let mut channel = turbulent(model);
        let profiles = channel.subgrid_profiles();
        let nodes = crate::chebyshev::quadrature(32);
        let drain: f64 = 0.5
            * nodes
                .iter()
                .zip(&profiles.dissipation)
                .map(|(w, d)| w * d)
                .sum::<f64>();
        assert!(drain > 0.0, "{model:?}: {drain}");
        if model == WALE {
            // Its eddy viscosity is never negative; that of the dynamic model may be.
            assert!(profiles.dissipation.iter().all(|d| *d >= 0.0));
        }
        assert!(
            profiles
                .eddy_viscosity
                .iter()
                .all(|nu| *nu >= -channel.config().viscosity())
        );
        // The work of the force on the velocity, from the difference that the model makes to the right-hand side.
        let with = channel.convection.product.clone();
        let subgrid = channel.convection.subgrid.take();
        channel.convection.evaluate(&channel.state, &channel.modes);
        let force: [Vec<f64>; 3] = std::array::from_fn(|c| {
            let without = &channel.convection.product[c];
            with[c].iter().zip(without).map(|(a, b)| a - b).collect()
        });
        channel.convection.subgrid = subgrid;
        let work = mean_product(&mut channel, &force);
        assert!(
            (work + drain).abs() < 0.02 * drain,
            "{model:?}: work {work}, drain {drain}"
        );
    }
}

/// Mean over the box of u_i f_i for a force given by coefficients.
fn mean_product(channel: &mut Channel, force: &[Vec<f64>; 3]) -> f64 {
    let degrees = channel.degrees;
    let spanwise = channel.modes.spanwise;
    let table = crate::chebyshev::values(&crate::chebyshev::nodes(2 * degrees), degrees);
    let weights = crate::chebyshev::quadrature(2 * degrees);
    let (velocity, _) = channel.convection.fields(&channel.state, &channel.modes);
    let mut sum = 0.0;
    for (u, f) in velocity.iter().zip(force) {
        let rows = u.len() / degrees;
        let (mut a, mut b) = (
            vec![0.0; rows * weights.len()],
            vec![0.0; rows * weights.len()],
        );
        crate::transforms::synthesize(&table, u, &mut a);
        crate::transforms::synthesize(&table, f, &mut b);
        for (y, weight) in weights.iter().enumerate() {
            for row in 0..rows {
                // A mean of products over [-1, 1]; modes of kx > 0 stand for their conjugates too.
                let times = if row < 2 * spanwise { 0.5 } else { 1.0 };
                sum += times * weight * a[y * rows + row] * b[y * rows + row];
            }
        }
    }
    sum
}

#[test]
fn the_model_does_not_see_the_moving_frame() {
    for model in [WALE, SubgridModel::DynamicSmagorinsky] {
        let profiles = [0.0, 10.0].map(|frame_velocity| {
            let config = ChannelConfig {
                points: [12, 33, 12],
                subgrid: model,
                frame_velocity,
                ..Default::default()
            };
            Channel::new(&config, 4).unwrap().subgrid_profiles()
        });
        let [still, moving] = profiles.map(|p| p.eddy_viscosity);
        let scale = still.iter().copied().fold(0.0, f64::max);
        for (a, b) in still.iter().zip(&moving) {
            assert!((a - b).abs() < 1e-9 * scale, "{a} {b}");
        }
    }
}

#[test]
fn laminar_flow_is_held_and_has_no_eddy_viscosity() {
    for model in [WALE, SubgridModel::DynamicSmagorinsky] {
        let config = ChannelConfig {
            re_tau: 20.0,
            points: [8, 17, 8],
            subgrid: model,
            initial: crate::Initial::Laminar,
            time_step: TimeStep::Fixed { dt: 0.01 },
            ..Default::default()
        };
        let mut channel = Channel::new(&config, 0).unwrap();
        for _ in 0..20 {
            channel.step().unwrap();
        }
        approx::assert_abs_diff_eq!(
            channel.diagnostics().bulk_velocity,
            20.0 / 3.0,
            epsilon = 1e-9
        );
        assert!(
            channel
                .subgrid_profiles()
                .eddy_viscosity
                .iter()
                .all(|nu| nu.abs() < 1e-12)
        );
    }
}

/// Mean over the plane of -u'v' of velocities `[x, y, z, component]`, by point along y.
fn resolved_stress(velocity: &[f64], [nx, ny, nz]: [usize; 3]) -> Vec<f64> {
    let plane = (nx * nz) as f64;
    let (mut uv, mut mean) = (vec![0.0; ny], vec![[0.0; 2]; ny]);
    for (p, velocity) in velocity.chunks_exact(3).enumerate() {
        let y = p / nz % ny;
        uv[y] += velocity[0] * velocity[1] / plane;
        mean[y][0] += velocity[0] / plane;
        mean[y][1] += velocity[1] / plane;
    }
    uv.iter().zip(mean).map(|(uv, [u, v])| u * v - uv).collect()
}

/// Values on the points of [`Channel::heights`] of a series.
fn on_heights(series: &[f64]) -> Vec<f64> {
    let nodes = crate::chebyshev::nodes(series.len() - 1);
    let table = crate::chebyshev::values(&nodes, series.len());
    // Nodes run from the upper wall to the lower.
    let values = table.dot(&ndarray::aview1(series));
    values.iter().rev().copied().collect()
}

/// Root mean square over y of the part of `stress` less `balance` that is odd about the middle; that of a shear stress is.
fn imbalance(stress: &[f64], balance: &[f64]) -> f64 {
    let difference: Vec<f64> = stress.iter().zip(balance).map(|(a, b)| a - b).collect();
    let odd = difference
        .iter()
        .zip(difference.iter().rev())
        .map(|(lower, upper)| 0.5 * (lower - upper));
    let weights = crate::chebyshev::quadrature(stress.len() - 1);
    let mean: f64 = odd.zip(weights).map(|(d, w)| 0.5 * w * d * d).sum();
    mean.sqrt()
}

#[test]
fn resolved_modelled_and_viscous_stress_balance_the_pressure_gradient() {
    // With 33 points along y the aliasing of the products alone leaves a third of the modelled stress.
    let ny = 49;
    let config = ChannelConfig {
        points: [12, ny, 12],
        subgrid: SubgridModel::Wale { coefficient: 0.5 },
        ..Default::default()
    };
    let mut channel = Channel::new(&config, 4).unwrap();
    let (start, interval, samples) = (2.0, 1.0 / 60.0, 60);
    channel.advance_to(start).unwrap();
    let before = channel.state.mean[0].clone();
    let (mut without, mut total) = (vec![0.0; ny], vec![0.0; ny]);
    let mut slope = vec![0.0; ny];
    for sample in 0..samples {
        // In the middle of each interval.
        let time = start + interval * (f64::from(sample) + 0.5);
        channel.advance_to(time).unwrap();
        crate::chebyshev::differentiate(&channel.state.mean[0], &mut slope);
        let resolved = resolved_stress(&channel.velocity(), config.points);
        let modelled = channel.subgrid_profiles().shear_stress;
        for (j, shear) in on_heights(&slope).into_iter().enumerate() {
            let stress = resolved[j] + config.viscosity() * shear;
            without[j] += stress / f64::from(samples);
            total[j] += (stress - modelled[j]) / f64::from(samples);
        }
    }
    let duration = interval * f64::from(samples);
    channel.advance_to(start + duration).unwrap();
    // 1 - y/h, and what has gone into the acceleration of the mean flow since the start: dU/dt = 1 + d(stress)/dy.
    let after = &channel.state.mean[0];
    let drift = after.iter().zip(before).map(|(a, b)| (a - b) / duration);
    let mut accelerated = vec![0.0; ny];
    crate::chebyshev::antiderivative(&drift.collect::<Vec<_>>(), &mut accelerated);
    let balance: Vec<f64> = on_heights(&accelerated)
        .iter()
        .zip(channel.heights())
        .map(|(accelerated, y)| 1.0 - y + accelerated)
        .collect();
    let (with, without) = (imbalance(&total, &balance), imbalance(&without, &balance));
    assert!(
        with < 0.05 * without,
        "{with} with the modelled stress, {without} without it"
    );
}
