//! Generated data: the same for the same seed.

use rheome_equations::{DataConfig, EquationData, EquationError, generate, published_families};

fn generated(config: &DataConfig, threads: usize) -> Vec<EquationData> {
    let families = published_families(false);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let mut data = Vec::new();
    let result: Result<(), EquationError> = pool.install(|| {
        generate(&families, config, |equation| {
            data.push(equation);
            Ok(())
        })
    });
    result.unwrap();
    data
}

#[test]
fn data_follow_from_the_seed_alone() {
    let config = DataConfig {
        equations: 2,
        trajectories: 2,
        seed: 7,
        ..DataConfig::default()
    };
    let data = generated(&config, 1);
    assert_eq!(data.len(), 24);
    assert_eq!(data, generated(&config, 4));
    assert_ne!(
        data,
        generated(
            &DataConfig {
                seed: 8,
                ..config.clone()
            },
            4
        )
    );
    for equation in &data {
        assert_eq!(equation.trajectories.len() + equation.dropped, 2);
        for trajectory in &equation.trajectories {
            assert_eq!(trajectory.dim(), (192, equation.system.dimension()));
            assert!(trajectory.iter().all(|value| value.abs() < 1e3));
        }
    }
    let dropped: usize = data.iter().map(|equation| equation.dropped).sum();
    assert!(dropped < 12, "{dropped} of 48 trajectories were dropped");
}
