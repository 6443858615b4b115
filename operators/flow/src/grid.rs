//! Coordinates of the grid that an operator works on, as its authors place them.

use crate::FlowError;

/// Coordinates of a structured grid: one vector per axis (x, y and, in three dimensions, z).
///
/// ```
/// let grid = rheome_flow::Grid::uniform(&[5, 3], &[1.0, 2.0]);
/// assert_eq!(grid.positions()[0], [0.0, 0.25, 0.5, 0.75, 1.0]);
/// assert_eq!(grid.shape(), [5, 3, 1]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    positions: Vec<Vec<f32>>,
}

impl Grid {
    /// Equally spaced points from 0 to the length *inclusive*, per axis: `linspace(0, length, n)`, as the operators'
    /// authors place them whatever the real spacing is.
    pub fn uniform(sizes: &[usize], lengths: &[f64]) -> Self {
        let positions = sizes
            .iter()
            .zip(lengths)
            .map(|(n, length)| linspace(*length as f32, *n))
            .collect();
        Self { positions }
    }

    /// Given coordinates.
    ///
    /// # Errors
    /// [`FlowError::Shape`] unless there are two or three axes of at least one point.
    pub fn from_positions(positions: Vec<Vec<f32>>) -> Result<Self, FlowError> {
        if !(2..=3).contains(&positions.len()) || positions.iter().any(Vec::is_empty) {
            return Err(FlowError::Shape {
                what: "grid coordinates",
                found: positions.iter().map(Vec::len).collect(),
                expected: vec![1; positions.len().clamp(2, 3)],
            });
        }
        Ok(Self { positions })
    }

    /// The coordinates, one slice per axis.
    pub fn positions(&self) -> Vec<&[f32]> {
        self.positions.iter().map(Vec::as_slice).collect()
    }

    /// Points per axis, as a field has them: `[nx, ny, nz]`, nz being 1 in two dimensions.
    pub fn shape(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.positions.get(axis).map_or(1, Vec::len))
    }
}

/// `torch.linspace(0, end, n)`, which counts from both ends towards the middle.
fn linspace(end: f32, n: usize) -> Vec<f32> {
    let step = end / n.saturating_sub(1).max(1) as f32;
    (0..n)
        .map(|i| {
            if i < n.div_ceil(2) || n == 1 {
                step * i as f32
            } else {
                end - step * (n - 1 - i) as f32
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_is_the_length() {
        for n in [1, 2, 3, 16, 33] {
            let grid = Grid::uniform(&[n, 2, 1], &[4.0 * std::f64::consts::PI, 2.0, 1.0]);
            let x = grid.positions()[0];
            assert_eq!(x[0], 0.0);
            if n > 1 {
                assert_eq!(x[n - 1], (4.0 * std::f64::consts::PI) as f32);
            }
            assert!(x.windows(2).all(|p| p[0] < p[1]));
        }
    }

    #[test]
    fn a_grid_has_two_or_three_axes() {
        assert!(Grid::from_positions(vec![vec![0.0]]).is_err());
        assert!(Grid::from_positions(vec![vec![0.0], vec![]]).is_err());
        assert!(Grid::from_positions(vec![vec![0.0], vec![0.0, 1.0]]).is_ok());
    }
}
