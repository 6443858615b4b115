//! Equality of systems by evaluation: what holds at many random points holds everywhere, but for bad luck.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::compile::Program;
use crate::error::EquationError;
use crate::system::System;

/// Points are drawn from cubes with these half-edges in turn: near the origin and further out.
const EXTENTS: [f64; 2] = [2.0, 10.0];
/// Two values are equal if they differ by less than this part of their size.
const TOLERANCE: f64 = 1e-9;

/// How the right-hand sides of two systems differ at random points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Points at which both are finite, which alone are compared.
    pub finite: usize,
    /// All points.
    pub points: usize,
    /// Relative L2 error of the second with respect to the first, over all components and points; 0 where both vanish.
    pub relative_error: f64,
    /// Points at which a component differs by more than rounding.
    pub different: usize,
}

impl Comparison {
    /// Whether the systems are the same function, as far as the points tell: at least a quarter of them must be finite.
    pub fn equal(&self) -> bool {
        self.different == 0 && 4 * self.finite >= self.points && self.finite > 0
    }
}

/// Compares the right-hand sides of two systems at random points (states and time), the same for the same seed.
///
/// # Errors
/// Where the systems differ in dimension or cannot be evaluated.
pub fn compare(
    reference: &System,
    other: &System,
    points: usize,
    seed: u64,
) -> Result<Comparison, EquationError> {
    if reference.dimension() != other.dimension() {
        return Err(EquationError::Unsuitable {
            context: "systems to compare".to_owned(),
            found: format!("{} components", other.dimension()),
            expected: format!("{}", reference.dimension()),
        });
    }
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut coordinate = |point: usize| {
        let extent = EXTENTS[point % EXTENTS.len()];
        random.random_range(-extent..=extent)
    };
    let states = Array2::from_shape_fn((points, reference.dimension()), |(point, _)| {
        coordinate(point)
    });
    let times = Array1::from_shape_fn(points, coordinate);
    let a = Program::new(reference)?.evaluate_points(times.view(), states.view())?;
    let b = Program::new(other)?.evaluate_points(times.view(), states.view())?;
    Ok(compare_values(&a, &b))
}

fn compare_values(a: &Array2<f64>, b: &Array2<f64>) -> Comparison {
    let (mut finite, mut different) = (0, 0);
    let (mut error, mut norm) = (0.0, 0.0);
    let typical = typical_sizes(a);
    for (a, b) in a.rows().into_iter().zip(b.rows()) {
        if !a.iter().chain(b).all(|value| value.is_finite()) {
            continue;
        }
        finite += 1;
        let apart =
            a.iter().zip(b).zip(&typical).any(|((a, b), typical)| {
                (a - b).abs() > TOLERANCE * (a.abs() + b.abs()).max(*typical)
            });
        different += usize::from(apart);
        error += a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        norm += a.iter().map(|a| a.powi(2)).sum::<f64>();
    }
    Comparison {
        finite,
        points: a.nrows(),
        relative_error: if error == 0.0 {
            0.0
        } else {
            (error / norm).sqrt()
        },
        different,
    }
}

/// The median size of each component, below which differences are rounding of terms that cancel.
fn typical_sizes(values: &Array2<f64>) -> Vec<f64> {
    let median = |component: ndarray::ArrayView1<f64>| {
        let mut sizes: Vec<f64> = component
            .iter()
            .map(|v| v.abs())
            .filter(|v| v.is_finite())
            .collect();
        sizes.sort_by(f64::total_cmp);
        sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
    };
    values.columns().into_iter().map(median).collect()
}
