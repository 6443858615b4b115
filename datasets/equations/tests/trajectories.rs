//! Trajectories against those of the published code (SciPy's BDF, rtol 1e-5, atol 1e-6), and against themselves.

use ndarray::{Array2, ArrayView2, s};
use rheome_equations::{DataConfig, IntegrationError, Program, System, Tolerances, integrate};
use safetensors::SafeTensors;
use serde_json::Value;

/// Until when published and exact trajectories differ by less than 1 % of the largest |u|: chaos multiplies the error of the
/// published solver (about 1e-4). All but one family stay together to the end.
fn horizon(family: &str) -> f64 {
    if family == "double_pendulum" {
        5.3
    } else {
        6.0
    }
}

struct Published {
    family: String,
    program: Program,
    solution: Array2<f64>,
}

fn published() -> Vec<Published> {
    let symbols: Value = serde_json::from_str(include_str!("fixtures/symbols.json")).unwrap();
    let solutions =
        SafeTensors::deserialize(include_bytes!("fixtures/solutions.safetensors")).unwrap();
    let families = symbols["families"].as_array().unwrap().iter();
    let read = |equation: &Value| {
        let family = equation["family"].as_str().unwrap().to_owned();
        let words: Vec<&str> = equation["prefix"].as_str().unwrap().split(',').collect();
        let tensor = solutions.tensor(&family).unwrap();
        let values = tensor
            .data()
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        let shape = (tensor.shape()[0], tensor.shape()[1]);
        Published {
            family,
            program: Program::new(&System::from_words(&words).unwrap()).unwrap(),
            solution: Array2::from_shape_vec(shape, values.collect()).unwrap(),
        }
    };
    families.map(read).collect()
}

impl Published {
    fn integrate(&self, relative: f64) -> Array2<f64> {
        let tolerances = Tolerances {
            relative,
            absolute: 0.1 * relative,
            ..Tolerances::default()
        };
        let initial = self.solution.row(0).to_vec();
        integrate(
            &self.program,
            &initial,
            &DataConfig::default().times(),
            &tolerances,
        )
        .unwrap()
    }

    /// Largest difference up to the horizon, relative to the largest |u|.
    fn difference(&self, a: ArrayView2<f64>, b: ArrayView2<f64>) -> f64 {
        let times = DataConfig::default().times();
        let end = times
            .iter()
            .filter(|time| **time <= horizon(&self.family))
            .count();
        let largest = self
            .solution
            .iter()
            .fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let (a, b) = (a.slice(s![..end, ..]), b.slice(s![..end, ..]));
        a.iter()
            .zip(b)
            .fold(0.0_f64, |worst, (a, b)| worst.max((a - b).abs()))
            / largest
    }
}

#[test]
fn every_family_follows_its_published_solution() {
    let families = published();
    assert_eq!(families.len(), 15);
    for family in families {
        let published = family.difference(family.integrate(1e-8).view(), family.solution.view());
        println!(
            "{}: {published:.1e} to {}",
            family.family,
            horizon(&family.family)
        );
        assert!(published < 1e-2, "{}: {published:.1e}", family.family);
    }
}

#[test]
fn errors_fall_with_the_tolerance() {
    for family in published() {
        let exact = family.integrate(1e-10);
        let error = |relative| family.difference(family.integrate(relative).view(), exact.view());
        let (published, tight) = (error(1e-5), error(1e-8));
        println!(
            "{}: {published:.1e} at 1e-5, {tight:.1e} at 1e-8",
            family.family
        );
        assert!(published < 3e-2, "{}: {published:.1e}", family.family);
        assert!(
            tight < 1e-4 && tight < 0.1 * published,
            "{}: {tight:.1e}",
            family.family
        );
    }
}

fn program(formulas: &str) -> Program {
    Program::new(&formulas.parse().unwrap()).unwrap()
}

#[test]
fn stiff_equations_have_their_known_solution() {
    // u_0 relaxes at rate 1e5 to cos t, which u_1 and u_2 turn: u_0 = cos t + O(1e-5).
    let program = program("-1e5*(u_0 - u_1) | -u_2 | u_1");
    let times: Vec<f64> = (0..=60).map(|point| 0.1 * f64::from(point)).collect();
    let tolerances = Tolerances {
        relative: 1e-7,
        absolute: 1e-8,
        ..Tolerances::default()
    };
    let trajectory = integrate(&program, &[0.0, 1.0, 0.0], &times, &tolerances).unwrap();
    for (time, state) in times.iter().zip(trajectory.rows()).skip(1) {
        assert!((state[0] - time.cos()).abs() < 3e-5, "at {time}: {state}");
        assert!((state[2] - time.sin()).abs() < 1e-5, "at {time}: {state}");
    }
}

#[test]
fn the_time_enters_the_right_hand_side() {
    let times = [1.0, 2.0, 3.0];
    let trajectory = integrate(&program("2.0*t"), &[1.0], &times, &Tolerances::default()).unwrap();
    for (time, value) in times.iter().zip(trajectory) {
        assert!((value - time * time).abs() < 1e-4, "{value} at {time}");
    }
}

#[test]
fn trajectories_that_leave_the_bound_are_refused() {
    let times = [0.0, 0.5, 6.0];
    let singular = integrate(&program("u_0^2"), &[1.0], &times, &Tolerances::default());
    assert!(
        matches!(singular, Err(IntegrationError::Unbounded { time, .. }) if time < 1.01),
        "{singular:?}"
    );
    let undefined = integrate(
        &program("inv(u_0 - u_0)"),
        &[1.0],
        &times,
        &Tolerances::default(),
    );
    assert!(undefined.is_err(), "{undefined:?}");
    let decreasing = integrate(&program("u_0"), &[1.0], &[1.0, 0.0], &Tolerances::default());
    assert!(
        matches!(decreasing, Err(IntegrationError::Input { .. })),
        "{decreasing:?}"
    );
}
