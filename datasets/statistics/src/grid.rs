//! The points of a flow between two walls, and the weights of the trapezoidal rule on them.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::error::StatisticsError;

/// How much the spacing along x or z may vary, as a part of its mean: float32 coordinates are no more exact.
const SPACING_TOLERANCE: f64 = 1e-3;

/// The points of a flow between two walls: equally spaced and periodic along x and z, at any heights along y.
///
/// ```
/// use rheome_statistics::FlowGrid;
///
/// let grid = FlowGrid::new([4, 2], &[0.0, 0.5, 1.0, 1.5, 2.0], Some([6.0, 3.0]))?;
/// assert_eq!(grid.points(), [4, 5, 2]);
/// assert_eq!(grid.nearest_height(0.8), 2);
/// # Ok::<(), rheome_statistics::StatisticsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowGrid {
    points: [usize; 3],
    heights: Vec<f64>,
    lengths: Option<[f64; 2]>,
}

impl FlowGrid {
    /// The grid of `points` along [x, z] at `heights` above the lower wall, on a box of `lengths` along [x, z] if they are
    /// known. Heights and lengths are in one unit, half-heights as a rule.
    ///
    /// Without lengths, wavenumbers count the waves in the box, separations are in parts of its length, and there is no
    /// divergence.
    ///
    /// # Errors
    /// [`StatisticsError::Grid`] without points along x or z, unless the heights are at least two and increase, or unless
    /// the lengths are positive.
    pub fn new(
        points: [usize; 2],
        heights: &[f64],
        lengths: Option<[f64; 2]>,
    ) -> Result<Self, StatisticsError> {
        let grid = [points[0], heights.len(), points[1]];
        let fail = |found: String, expected| Err(StatisticsError::Grid { found, expected });
        let total = grid.iter().try_fold(1_usize, |n, p| n.checked_mul(*p));
        if total.is_none_or(|n| n == 0) || heights.len() < 2 {
            return fail(
                format!("{grid:?} points along x, y, z"),
                "at least one along x and z, two along y, and a total that can be counted",
            );
        }
        let increases = |pair: &[f64]| pair[0] < pair[1];
        if !heights.iter().all(|y| y.is_finite()) || !heights.windows(2).all(increases) {
            return fail(
                "heights that do not increase".into(),
                "those of the points from the lower to the upper wall",
            );
        }
        if let Some(lengths) = lengths
            && !lengths.iter().all(|l| l.is_finite() && *l > 0.0)
        {
            return fail(format!("the lengths {lengths:?}"), "positive ones");
        }
        Ok(Self {
            points: grid,
            heights: heights.to_vec(),
            lengths,
        })
    }

    /// The grid with these coordinates along x, y, z. The box is one spacing longer than the coordinates along x and z;
    /// heights that begin below zero (-1 to 1) are counted from the first.
    ///
    /// # Errors
    /// [`StatisticsError::Grid`] as [`FlowGrid::new`], or unless x and z are equally spaced.
    pub fn of_coordinates([x, y, z]: [&[f64]; 3]) -> Result<Self, StatisticsError> {
        let lower = y.first().map_or(0.0, |first| first.min(0.0));
        let heights: Vec<f64> = y.iter().map(|height| height - lower).collect();
        let lengths = match (periodic_length("x", x)?, periodic_length("z", z)?) {
            (Some(lx), Some(lz)) => Some([lx, lz]),
            _ => None,
        };
        Self::new([x.len(), z.len()], &heights, lengths)
    }

    /// The grid of `points` along x, y, z whose coordinates are not known, as the published arrays come: equally spaced
    /// heights from 0 to 2, no lengths.
    ///
    /// # Errors
    /// [`StatisticsError::Grid`] as [`FlowGrid::new`].
    pub fn uniform([nx, ny, nz]: [usize; 3]) -> Result<Self, StatisticsError> {
        let spacing = 2.0 / ny.saturating_sub(1).max(1) as f64;
        let heights: Vec<f64> = (0..ny).map(|j| j as f64 * spacing).collect();
        Self::new([nx, nz], &heights, None)
    }

    /// The same points in a box of other lengths along [x, z].
    ///
    /// # Errors
    /// [`StatisticsError::Grid`] unless the lengths are positive.
    pub fn with_lengths(&self, lengths: [f64; 2]) -> Result<Self, StatisticsError> {
        Self::new(
            [self.points[0], self.points[2]],
            &self.heights,
            Some(lengths),
        )
    }

    /// Points along x, y, z.
    pub fn points(&self) -> [usize; 3] {
        self.points
    }

    /// Heights of the points along y.
    pub fn heights(&self) -> &[f64] {
        &self.heights
    }

    /// Lengths of the box along [x, z], if known.
    pub fn lengths(&self) -> Option<[f64; 2]> {
        self.lengths
    }

    /// Half of the distance between the first and the last point along y.
    pub fn half_height(&self) -> f64 {
        0.5 * (self.heights[self.heights.len() - 1] - self.heights[0])
    }

    /// Index of the point along y that is nearest to `height`.
    pub fn nearest_height(&self, height: f64) -> usize {
        let distance = |j: &usize| (self.heights[*j] - height).abs();
        let nearest = (0..self.heights.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.unwrap_or(0)
    }

    /// Coordinates along x (`axis` 0) or z (`axis` 1), from zero; in parts of the box where its length is not known.
    pub fn periodic_coordinates(&self, axis: usize) -> Vec<f64> {
        let n = self.points[2 * axis];
        let length = self.lengths.map_or(1.0, |l| l[axis]);
        (0..n).map(|i| i as f64 * length / n as f64).collect()
    }

    /// Smallest wavenumber along x (`axis` 0) or z (`axis` 1): 2 pi over the length, or 1 where that is not known.
    pub(crate) fn wavenumber_step(&self, axis: usize) -> f64 {
        self.lengths.map_or(1.0, |l| TAU / l[axis])
    }

    /// Components a point of a snapshot of `length` numbers.
    pub(crate) fn components(&self, length: usize) -> Result<usize, StatisticsError> {
        let points = self.points.iter().product::<usize>();
        let components = length / points;
        let [nx, ny, nz] = self.points;
        if components * points != length || components == 0 {
            let claimed = components.max(3);
            return Err(StatisticsError::Length {
                found: length,
                expected: points * claimed,
                shape: [nx, ny, nz, claimed],
            });
        }
        if components < 3 {
            return Err(StatisticsError::Components { found: components });
        }
        Ok(components)
    }

    /// Weights of the mean over y by the trapezoidal rule; they sum to 1.
    pub(crate) fn mean_weights(&self) -> Vec<f64> {
        trapezoidal_weights(&self.heights)
    }
}

/// Weights of the mean over the points `y` by the trapezoidal rule; they sum to 1.
pub(crate) fn trapezoidal_weights(y: &[f64]) -> Vec<f64> {
    let n = y.len();
    let width = if n < 2 { 1.0 } else { y[n - 1] - y[0] };
    let side = |a: usize, b: usize| if b < n { y[b] - y[a] } else { 0.0 };
    (0..n)
        .map(|j| {
            let below = if j > 0 { side(j - 1, j) } else { 0.0 };
            0.5 * (below + side(j, j + 1)) / width
        })
        .collect()
}

/// The length of a box with these equally spaced points; none if a single point tells none.
fn periodic_length(name: &str, points: &[f64]) -> Result<Option<f64>, StatisticsError> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Ok(None);
    };
    let n = points.len();
    if n < 2 {
        return Ok(None);
    }
    let spacing = (last - first) / (n - 1) as f64;
    let even = |pair: &[f64]| (pair[1] - pair[0] - spacing).abs() <= SPACING_TOLERANCE * spacing;
    if spacing > 0.0 && spacing.is_finite() && points.windows(2).all(even) {
        return Ok(Some(spacing * n as f64));
    }
    Err(StatisticsError::Grid {
        found: format!("points along {name} that are not equally spaced"),
        expected: "those of a periodic direction: equally spaced, increasing, the end left out",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_give_the_periodic_lengths_and_heights_above_the_wall() {
        let (x, y) = ([0.0, 0.5, 1.0, 1.5], [-1.0, -0.25, 1.0]);
        let grid = FlowGrid::of_coordinates([&x, &y, &[0.0, 2.0]]).unwrap();
        assert_eq!(grid.points(), [4, 3, 2]);
        assert_eq!(grid.lengths(), Some([2.0, 4.0]));
        assert_eq!(grid.heights(), [0.0, 0.75, 2.0]);
        assert_eq!(grid.half_height(), 1.0);
        let flat = FlowGrid::of_coordinates([&x, &y, &[0.0]]).unwrap();
        assert_eq!(flat.lengths(), None);
    }

    #[test]
    fn grids_that_cannot_be_are_refused() {
        let y = [0.0, 1.0, 2.0];
        let refused = [
            FlowGrid::new([0, 4], &y, None),
            FlowGrid::new([4, 4], &[1.0], None),
            FlowGrid::new([4, 4], &[2.0, 1.0, 0.0], None),
            FlowGrid::new([4, 4], &[0.0, f64::NAN], None),
            FlowGrid::new([4, 4], &y, Some([1.0, 0.0])),
            FlowGrid::new([usize::MAX, 4], &y, None),
            FlowGrid::of_coordinates([&[0.0, 1.0, 3.0], &y, &y]),
        ];
        for grid in refused {
            assert!(
                matches!(grid, Err(StatisticsError::Grid { .. })),
                "{grid:?}"
            );
        }
    }

    #[test]
    fn the_trapezoidal_rule_is_exact_for_straight_lines() {
        let y = [0.0, 0.1, 0.7, 2.0];
        let weights = trapezoidal_weights(&y);
        let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
            y.iter().zip(&weights).map(|(y, w)| w * f(*y)).sum()
        };
        approx::assert_relative_eq!(mean(&|_| 1.0), 1.0, epsilon = 1e-15);
        approx::assert_relative_eq!(mean(&|y| 3.0 * y - 1.0), 2.0, epsilon = 1e-15);
    }
}
