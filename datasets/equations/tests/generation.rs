//! Generated data: the same for the same seed and any number of threads.

use rheome_equations::{
    DataConfig, EquationData, EquationError, Tolerances, families_from_toml, generate,
    published_families,
};

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

#[test]
fn trajectories_that_leave_the_bound_are_dropped() {
    // du/dt = u^2 from u in [0, 2]: u = u(0)/(1 - u(0) t) reaches 1e3 before t = 1 from u(0) > 1/(1 + 1e-3), about a half.
    let text = "[[family]]\nname = \"square\"\nequations = \"u_0^2\"\ninitial = [0.0, 2.0]\n";
    let families = families_from_toml(text, "a.toml").unwrap();
    let config = DataConfig {
        equations: 1,
        trajectories: 200,
        end: 1.0,
        ..DataConfig::default()
    };
    let result: Result<(), EquationError> = generate(&families, &config, |data| {
        assert_eq!(data.trajectories.len() + data.dropped, 200);
        assert!((60..140).contains(&data.dropped), "{}", data.dropped);
        for trajectory in &data.trajectories {
            assert!(trajectory.iter().all(|value| value.abs() < 1e3));
            assert!(trajectory[[0, 0]] < 1.0);
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn settings_that_cannot_be_are_named() {
    let families = published_families(false);
    let refused = |config: DataConfig| {
        let result: Result<(), EquationError> = generate(&families, &config, |_| Ok(()));
        result.unwrap_err().to_string()
    };
    let config = DataConfig::default;
    let cases = [
        (
            DataConfig {
                equations: 0,
                ..config()
            },
            "equations: found 0, expected 1 to",
        ),
        (
            DataConfig {
                trajectories: 0,
                ..config()
            },
            "trajectories: found 0",
        ),
        (
            DataConfig {
                points: usize::MAX,
                ..config()
            },
            "points: found 184",
        ),
        (
            DataConfig {
                spread: 1.0,
                ..config()
            },
            "spread: found 1, expected 0 to 1",
        ),
        (
            DataConfig {
                end: f64::NAN,
                ..config()
            },
            "end: found NaN, expected a finite time",
        ),
    ];
    for (config, expected) in cases {
        let message = refused(config);
        assert!(
            message.starts_with(&format!("data.{expected}")),
            "{message}"
        );
    }
    let tolerances = Tolerances {
        relative: 0.0,
        ..Tolerances::default()
    };
    let message = refused(DataConfig {
        tolerances,
        ..config()
    });
    assert!(
        message.starts_with("integration of thomas: found tolerances 0"),
        "{message}"
    );
}
