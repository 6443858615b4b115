//! Space-time slices: the streamwise velocity along one line against time, where streaks are seen to pass.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::grid::FlowGrid;
use crate::wall_units::WallUnits;

/// Stored times, at most: then every second one is dropped, and half as many follow.
const LARGEST: usize = 512;

/// Height of the slices near the wall in wall units, where u fluctuates most.
const NEAR_WALL: f64 = 15.0;

/// The same in half-heights, where wall units are not known.
const NEAR_WALL_HALF_HEIGHTS: f64 = 0.1;

/// Streamwise velocity on lines along x (at z = 0) and along z (at x = 0) against time: streaks and their passing.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceTimeSlices {
    /// Heights of the lines: near the wall (y+ = 15, or 0.1 half-heights without wall units) and in the centre.
    pub heights: Vec<f64>,
    /// Times, evenly spread over the first trajectory.
    pub time: Vec<f64>,
    /// Coordinates along x (in parts of the box where its length is not known).
    pub x: Vec<f64>,
    /// Coordinates along z.
    pub z: Vec<f64>,
    /// u at z = 0: `[time, height, x]`.
    pub along_x: Array3<f32>,
    /// u at x = 0: `[time, height, z]`.
    pub along_z: Array3<f32>,
}

/// Slices gathered so far, of the trajectory that came first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SliceStatistics {
    /// Indices of the heights.
    planes: Vec<usize>,
    trajectory: Option<usize>,
    /// Snapshots of the trajectory so far, of which every `stride`-th is stored.
    seen: u64,
    stride: u64,
    time: Vec<f64>,
    along_x: Vec<f32>,
    along_z: Vec<f32>,
}

impl SliceStatistics {
    pub fn new(grid: &FlowGrid, units: Option<&WallUnits>) -> Self {
        let lower = grid.heights()[0];
        let near = units.map_or(NEAR_WALL_HALF_HEIGHTS * grid.half_height(), |units| {
            units.height(NEAR_WALL)
        });
        let heights = [lower + near, lower + grid.half_height()];
        let mut planes: Vec<usize> = heights.iter().map(|y| grid.nearest_height(*y)).collect();
        planes.sort_unstable();
        planes.dedup();
        Self {
            planes,
            trajectory: None,
            seen: 0,
            stride: 1,
            time: Vec::new(),
            along_x: Vec::new(),
            along_z: Vec::new(),
        }
    }

    /// Adds a snapshot `[x, y, z, component]`.
    pub fn add<T: Copy + Into<f64>>(
        &mut self,
        trajectory: usize,
        time: f64,
        velocity: &[T],
        [nx, ny, nz]: [usize; 3],
        components: usize,
    ) {
        if *self.trajectory.get_or_insert(trajectory) != trajectory {
            return;
        }
        if self.seen.is_multiple_of(self.stride) {
            if self.time.len() == LARGEST {
                self.thin(nx, nz);
            }
            if self.seen.is_multiple_of(self.stride) {
                let u = |i: usize, j: usize, k: usize| {
                    let value: f64 = velocity[((i * ny + j) * nz + k) * components].into();
                    value as f32
                };
                self.time.push(time);
                for &j in &self.planes {
                    self.along_x.extend((0..nx).map(|i| u(i, j, 0)));
                    self.along_z.extend((0..nz).map(|k| u(0, j, k)));
                }
            }
        }
        self.seen += 1;
    }

    /// Keeps every second time.
    fn thin(&mut self, nx: usize, nz: usize) {
        fn every_second<T: Copy>(values: &[T], width: usize) -> Vec<T> {
            let kept = values.chunks(width).step_by(2);
            kept.flatten().copied().collect()
        }
        self.stride *= 2;
        self.time = every_second(&self.time, 1);
        self.along_x = every_second(&self.along_x, self.planes.len() * nx);
        self.along_z = every_second(&self.along_z, self.planes.len() * nz);
    }

    /// Keeps these slices, or takes those of `other` where there are none.
    pub fn merge(&mut self, other: &Self) {
        if self.trajectory.is_none() {
            self.clone_from(other);
        }
    }

    /// The slices; none if nothing was added.
    pub fn finish(&self, grid: &FlowGrid) -> Option<SpaceTimeSlices> {
        let [nx, _, nz] = grid.points();
        let (times, heights) = (self.time.len(), self.planes.len());
        let table = |values: &[f32], n: usize| {
            // Both are filled together, one line a height and time.
            Array3::from_shape_vec((times, heights, n), values.to_vec()).ok()
        };
        if times == 0 {
            return None;
        }
        Some(SpaceTimeSlices {
            heights: self.planes.iter().map(|j| grid.heights()[*j]).collect(),
            time: self.time.clone(),
            x: grid.periodic_coordinates(0),
            z: grid.periodic_coordinates(1),
            along_x: table(&self.along_x, nx)?,
            along_z: table(&self.along_z, nz)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_times_are_bounded_and_evenly_spread() {
        let grid = FlowGrid::new([2, 3], &[0.0, 0.1, 1.0, 1.9, 2.0], None).unwrap();
        let mut slices = SliceStatistics::new(&grid, None);
        let total = 3 * LARGEST + 5;
        for t in 0..total {
            // u = time + height index.
            let velocity: Vec<f64> = (0..2 * 5 * 3)
                .flat_map(|p| [(t + p / 3 % 5) as f64, 0.0, 0.0])
                .collect();
            slices.add(4, t as f64, &velocity, grid.points(), 3);
            slices.add(5, -1.0, &velocity, grid.points(), 3);
        }
        let slices = slices.finish(&grid).unwrap();
        assert_eq!(slices.heights, [0.1, 1.0]);
        let expected: Vec<f64> = (0..total).step_by(4).map(|t| t as f64).collect();
        assert_eq!(slices.time, expected);
        for (t, time) in expected.iter().enumerate() {
            assert_eq!(slices.along_x[[t, 0, 1]], *time as f32 + 1.0);
            assert_eq!(slices.along_z[[t, 1, 2]], *time as f32 + 2.0);
        }
    }
}
