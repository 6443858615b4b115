//! The solver against flows whose course is known.

use std::f64::consts::PI;

use rheome_channel::{
    Channel, ChannelConfig, Filter, Forcing, Initial, TimeStep, UniformGrid, Walls, orr_sommerfeld,
};

fn turbulent() -> ChannelConfig {
    ChannelConfig {
        points: [16, 33, 16],
        time_step: TimeStep::Fixed { dt: 5e-4 },
        ..Default::default()
    }
}

fn run(config: &ChannelConfig, steps: u64) -> Channel {
    let mut channel = Channel::new(config, 3).unwrap();
    for _ in 0..steps {
        channel.step().unwrap();
    }
    channel
}

#[test]
fn poiseuille_flow_is_held_exactly_under_both_forcings() {
    for forcing in [
        Forcing::PressureGradient,
        Forcing::BulkVelocity {
            velocity: 20.0 / 3.0,
        },
    ] {
        let config = ChannelConfig {
            re_tau: 20.0,
            points: [8, 17, 8],
            initial: Initial::Laminar,
            time_step: TimeStep::Fixed { dt: 0.01 },
            forcing,
            ..Default::default()
        };
        let mut channel = run(&config, 50);
        let grid = UniformGrid::new([2, 9, 2], config.lengths).unwrap();
        for (p, point) in channel.sample(&grid, Filter::Sharp).chunks(3).enumerate() {
            let y = grid.coordinates[1][(p / 2) % 9] - 1.0;
            approx::assert_abs_diff_eq!(point[0], (10.0 * (1.0 - y * y)) as f32, epsilon = 2e-6);
        }
        let diagnostics = channel.diagnostics();
        approx::assert_abs_diff_eq!(diagnostics.bulk_velocity, 20.0 / 3.0, epsilon = 1e-10);
        approx::assert_abs_diff_eq!(diagnostics.wall_shear[0], 1.0, epsilon = 1e-9);
        approx::assert_abs_diff_eq!(diagnostics.wall_shear[1], 1.0, epsilon = 1e-9);
        approx::assert_abs_diff_eq!(
            diagnostics.production,
            diagnostics.dissipation,
            epsilon = 1e-8
        );
    }
}

/// Energy left of a decaying flow after `steps` of `dt`.
fn decay(config: &ChannelConfig, dt: f64, steps: u64) -> f64 {
    let config = ChannelConfig {
        time_step: TimeStep::Fixed { dt },
        ..config.clone()
    };
    let start = Channel::new(&config, 0).unwrap().diagnostics().energy;
    run(&config, steps).diagnostics().energy / start
}

#[test]
fn a_stokes_mode_decays_at_its_analytic_rate_with_second_order() {
    let config = ChannelConfig {
        re_tau: 1.0,
        points: [4, 25, 4],
        forcing: Forcing::None,
        frame_velocity: 0.0,
        initial: Initial::Stokes { amplitude: 1.0 },
        ..Default::default()
    };
    let exact = (-2.0 * PI * PI / 4.0 * 0.4f64).exp();
    let errors = [0.04, 0.02].map(|dt| (decay(&config, dt, (0.4 / dt) as u64) / exact - 1.0).abs());
    assert!(errors[1] < 2e-4, "{errors:?}");
    let order = (errors[0] / errors[1]).log2();
    assert!((1.8..2.2).contains(&order), "order {order}");
}

#[test]
fn taylor_green_vortices_between_free_slip_walls_decay_exactly() {
    let config = ChannelConfig {
        re_tau: 10.0,
        lengths: [2.0 * PI, 2.0 * PI],
        points: [8, 9, 8],
        forcing: Forcing::None,
        walls: Walls::FreeSlip,
        frame_velocity: 0.0,
        initial: Initial::TaylorGreen { amplitude: 3.0 },
        ..Default::default()
    };
    // Velocity decays as exp(-2 nu k^2 t), energy twice as fast.
    let exact = (-4.0 * 0.1 * 0.5f64).exp();
    assert!((decay(&config, 0.005, 100) / exact - 1.0).abs() < 1e-6);
}

#[test]
fn a_tollmien_schlichting_wave_grows_at_the_orr_sommerfeld_rate() {
    // Re = 7500 of the centreline velocity is re_tau = sqrt(2 Re).
    let config = ChannelConfig {
        re_tau: 15_000f64.sqrt(),
        lengths: [2.0 * PI, 2.0 * PI],
        points: [4, 65, 4],
        time_step: TimeStep::Fixed { dt: 2e-4 },
        frame_velocity: 15.0,
        initial: Initial::TollmienSchlichting { amplitude: 1e-5 },
        ..Default::default()
    };
    let centre = 0.5 * config.re_tau;
    let rate = orr_sommerfeld::least_stable(7500.0, 1.0, 64).c.im;
    approx::assert_abs_diff_eq!(rate, 0.00223497565, epsilon = 1e-8);
    let mut channel = Channel::new(&config, 0).unwrap();
    let before = channel.diagnostics().fluctuation_energy;
    // One period of the wave, 25.1436 in half-heights over centreline velocity.
    channel.advance_to(25.1436 / centre).unwrap();
    let growth = (channel.diagnostics().fluctuation_energy / before).ln() / 25.1436;
    assert!(
        (growth / (2.0 * rate) - 1.0).abs() < 1e-3,
        "growth {growth}, theory {}",
        2.0 * rate
    );
}

#[test]
fn a_turbulent_field_is_divergence_free_sticks_to_the_walls_and_balances_its_energy() {
    let mut channel = run(&turbulent(), 40);
    let before = channel.diagnostics();
    assert!(
        before.divergence < 1e-10 * before.energy.sqrt(),
        "{before:?}"
    );
    assert!(channel.wall_violation() < 1e-10);
    assert!(before.fluctuation_energy > 1.0);
    channel.step().unwrap();
    let after = channel.diagnostics();
    let change = (after.energy - before.energy) / channel.dt();
    let balance =
        0.5 * (before.production + after.production - before.dissipation - after.dissipation);
    // Production and dissipation are both of order 15; what is left is the error of a second-order step.
    assert!(
        (change - balance).abs() < 2e-3 * after.dissipation,
        "{change} against {balance}"
    );
}

#[test]
fn the_order_in_time_of_a_turbulent_step_is_at_least_two() {
    let grid = UniformGrid::new([8, 17, 8], turbulent().lengths).unwrap();
    let mut start = run(&turbulent(), 20);
    let blob = start.checkpoint();
    let end = |dt: f64| {
        let mut channel = Channel::restore(&blob, &turbulent()).unwrap();
        channel.set_time_step(TimeStep::Fixed { dt }).unwrap();
        channel.advance_to(channel.time() + 8e-3).unwrap();
        channel.sample(&grid, Filter::Sharp)
    };
    let _ = start.diagnostics();
    let distance = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(x - y).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let [coarse, middle, fine] = [1e-3, 5e-4, 2.5e-4].map(end);
    let order = (distance(&coarse, &middle) / distance(&middle, &fine)).log2();
    assert!(order > 1.8, "order {order}");
}

#[test]
fn a_restored_run_continues_bit_for_bit_on_any_number_of_threads() {
    let config = turbulent();
    let mut whole = run(&config, 3);
    let blob = whole.checkpoint();
    whole.advance_to(4e-3).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let restored = pool.install(|| {
            let mut channel = Channel::restore(&blob, &config).unwrap();
            channel.advance_to(4e-3).unwrap();
            channel.checkpoint()
        });
        assert!(restored == whole.checkpoint(), "{threads} threads");
    }
}

#[test]
fn damaged_checkpoints_are_refused() {
    let config = turbulent();
    let blob = run(&config, 1).checkpoint();
    let mut flipped = blob.clone();
    flipped[blob.len() / 2] ^= 1;
    let other = ChannelConfig {
        re_tau: 181.0,
        ..config.clone()
    };
    let tries = [
        (&blob[..0], &config),
        (&blob[..100], &config),
        (&flipped[..], &config),
        (&blob[..], &other),
    ];
    for (bytes, config) in tries {
        let Err(error) = Channel::restore(bytes, config) else {
            panic!("accepted")
        };
        assert!(
            error
                .to_string()
                .starts_with("not a usable channel checkpoint"),
            "{error}"
        );
    }
}

#[test]
fn the_frame_of_the_computation_does_not_show() {
    let grid = UniformGrid::new([16, 9, 16], turbulent().lengths).unwrap();
    let sample = |frame_velocity| {
        let config = ChannelConfig {
            frame_velocity,
            time_step: TimeStep::Fixed { dt: 1e-4 },
            ..turbulent()
        };
        run(&config, 40).sample(&grid, Filter::Sharp)
    };
    for (a, b) in sample(0.0).iter().zip(sample(9.0)) {
        approx::assert_abs_diff_eq!(*a, b, epsilon = 2e-4);
    }
}

#[test]
fn reflecting_the_span_reflects_the_flow() {
    let config = turbulent();
    let grid = UniformGrid::new([8, 9, 16], config.lengths).unwrap();
    let advance = |mut channel: Channel| {
        channel.advance_to(channel.time() + 5e-3).unwrap();
        channel.sample(&grid, Filter::Sharp)
    };
    let mut mirrored = run(&config, 2);
    mirrored.reflect_span();
    let (plain, mirrored) = (advance(run(&config, 2)), advance(mirrored));
    for x in 0..8 {
        for y in 0..9 {
            for z in 0..16 {
                let at = |z: usize| ((x * 9 + y) * 16 + z) * 3;
                for (c, sign) in [1.0, 1.0, -1.0].into_iter().enumerate() {
                    let (a, b) = (plain[at(z) + c], sign * mirrored[at((16 - z) % 16) + c]);
                    approx::assert_abs_diff_eq!(a, b, epsilon = 1e-5);
                }
            }
        }
    }
}

#[test]
fn settings_that_cannot_work_are_named() {
    let cases = [
        (
            ChannelConfig {
                re_tau: -1.0,
                ..turbulent()
            },
            "channel.re_tau",
        ),
        (
            ChannelConfig {
                points: [15, 33, 16],
                ..turbulent()
            },
            "channel.points",
        ),
        (
            ChannelConfig {
                time_step: TimeStep::Cfl {
                    number: 0.0,
                    max: 1.0,
                },
                ..turbulent()
            },
            "time_step.number",
        ),
        (
            ChannelConfig {
                walls: Walls::FreeSlip,
                ..turbulent()
            },
            "channel.walls",
        ),
    ];
    for (config, key) in cases {
        let Err(error) = Channel::new(&config, 0) else {
            panic!("{key} accepted")
        };
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
fn a_step_far_too_long_is_reported_as_a_blow_up() {
    let config = ChannelConfig {
        time_step: TimeStep::Fixed { dt: 5.0 },
        ..turbulent()
    };
    let mut channel = Channel::new(&config, 1).unwrap();
    let error = (0..200).find_map(|_| channel.step().err());
    assert!(
        matches!(error, Some(rheome_channel::ChannelError::BlowUp { .. })),
        "{error:?}"
    );
}
