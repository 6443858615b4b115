//! Snapshots on the coarse uniform grid that neural operators work on.

use std::f64::consts::PI;

use rayon::prelude::*;
use rustfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::chebyshev;
use crate::error::ChannelError;
use crate::transforms::{PlaneTransform, synthesize};

/// How small scales are removed before sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// Keep exactly the Fourier modes that the coarse grid can hold.
    Sharp,
    /// Average over a box of one coarse spacing in x and z, then keep the modes that the coarse grid can hold.
    Box,
}

/// A uniform grid: x_i = i Lx/nx and z_k = k Lz/nz (the periodic end point is not repeated), y_j = 2 j/(ny - 1) from the
/// lower wall to the upper, both included. Nothing is filtered in y.
#[derive(Debug, Clone, PartialEq)]
pub struct UniformGrid {
    /// Points along x, y, z.
    pub points: [usize; 3],
    /// Coordinates along x, y (from the lower wall), z, in h.
    pub coordinates: [Vec<f64>; 3],
}

impl UniformGrid {
    /// The grid of `points` [x, y, z] on a box of `lengths` [x, z].
    ///
    /// # Errors
    /// [`ChannelError::Setting`] if a number of points is zero, or below 2 along y.
    pub fn new(points: [usize; 3], lengths: [f64; 2]) -> Result<Self, ChannelError> {
        let [nx, ny, nz] = points;
        if nx == 0 || ny < 2 || nz == 0 || points.iter().any(|&n| n > 8192) {
            return Err(ChannelError::Setting {
                key: "output.grid",
                found: format!("{points:?}"),
                expected: "1 to 8192 points along x and z, and at least 2 along y",
            });
        }
        let periodic = |n: usize, l: f64| (0..n).map(|i| i as f64 * l / n as f64).collect();
        let y = (0..ny).map(|j| 2.0 * j as f64 / (ny - 1) as f64).collect();
        Ok(Self {
            points,
            coordinates: [periodic(nx, lengths[0]), y, periodic(nz, lengths[1])],
        })
    }
}

impl Channel {
    /// The velocity on `grid` in the frame of the walls, after `filter`: `[x, y, z, component]`, in u_tau.
    pub fn sample(&mut self, grid: &UniformGrid, filter: Filter) -> Vec<f32> {
        let [nx, ny, nz] = grid.points;
        let heights: Vec<f64> = grid.coordinates[1].iter().map(|y| y - 1.0).collect();
        let factors = self.mode_factors([nx, nz], filter);
        let mut sample = vec![0.0; nx * ny * nz * 3];
        self.evaluate(&heights, [nx, nz], &factors, |place, velocity| {
            sample[place] = velocity as f32;
        });
        sample
    }

    /// The velocity on the solver's own points in the frame of the walls, nothing removed: `[x, y, z, component]` with the
    /// `points` of the settings, in u_tau. y runs over the Gauss-Lobatto points [`Channel::heights`], x and z as in
    /// [`UniformGrid`].
    pub fn velocity(&mut self) -> Vec<f64> {
        let [nx, ny, nz] = self.config.points;
        let heights: Vec<f64> = self.heights().iter().map(|y| y - 1.0).collect();
        let factors = self.mode_factors([nx, nz], Filter::Sharp);
        let mut velocity = vec![0.0; nx * ny * nz * 3];
        self.evaluate(&heights, [nx, nz], &factors, |place, value| {
            velocity[place] = value
        });
        velocity
    }

    /// The Gauss-Lobatto points along y, from the lower wall (0) to the upper (2), in h.
    pub fn heights(&self) -> Vec<f64> {
        chebyshev::nodes(self.degrees - 1)
            .iter()
            .map(|y| 1.0 - y)
            .collect()
    }

    /// Hands every velocity on `heights` (from -1 to 1) and `nx` by `nz` points, its modes multiplied by `factors`, to
    /// `put` with its place in `[x, y, z, component]`.
    fn evaluate(
        &mut self,
        heights: &[f64],
        [nx, nz]: [usize; 2],
        factors: &[Complex64],
        mut put: impl FnMut(usize, f64),
    ) {
        let ny = heights.len();
        let table = chebyshev::values(heights, self.degrees);
        let plane = PlaneTransform::new(&self.modes, nx, nz);
        let rows = self.modes.rows();
        let frame = self.config.frame_velocity;
        let (velocity, _) = self.convection.fields(&self.state, &self.modes);
        let mut values = vec![0.0; ny * rows];
        for (component, field) in velocity.iter().enumerate() {
            synthesize(&table, field, &mut values);
            let shift = if component == 0 { frame } else { 0.0 };
            let planes: Vec<Vec<f64>> = values
                .par_chunks_mut(rows)
                .map_init(
                    || plane.scratch(),
                    |scratch, modes| {
                        for (pair, factor) in modes.chunks_exact_mut(2).zip(factors) {
                            let shifted = Complex64::new(pair[0], pair[1]) * factor;
                            (pair[0], pair[1]) = (shifted.re, shifted.im);
                        }
                        let mut points = vec![0.0; plane.points()];
                        plane.to_points(modes, &mut points, scratch);
                        points
                    },
                )
                .collect();
            for (j, points) in planes.iter().enumerate() {
                for (k, line) in points.chunks(nx).enumerate() {
                    for (i, value) in line.iter().enumerate() {
                        put(((i * ny + j) * nz + k) * 3 + component, value + shift);
                    }
                }
            }
        }
    }

    /// Per mode: the shift from the moving frame to that of the walls, times the filter's response.
    fn mode_factors(&self, [nx, nz]: [usize; 2], filter: Filter) -> Vec<Complex64> {
        let travelled = self.config.frame_velocity * self.time;
        let width = [
            self.config.lengths[0] / nx as f64,
            self.config.lengths[1] / nz as f64,
        ];
        let response = |k: f64, width: f64| {
            let half = 0.5 * k * width;
            if filter == Filter::Sharp || half == 0.0 {
                1.0
            } else {
                half.sin() / half
            }
        };
        // The phase is reduced before the sine is taken: after long times it is thousands of turns.
        let phase = |kx: f64| -(kx * travelled) % (2.0 * PI);
        self.modes
            .kx
            .iter()
            .zip(&self.modes.kz)
            .map(|(&kx, &kz)| {
                Complex64::cis(phase(kx)) * (response(kx, width[0]) * response(kz, width[1]))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ChannelConfig, Forcing, Initial, Walls};

    /// A flow between free-slip walls whose wall-normal vorticity is cos(kx x + kz z), and its wavenumbers.
    fn wave(mode: [i64; 2]) -> (Channel, [f64; 2]) {
        let config = ChannelConfig {
            points: [16, 9, 16],
            lengths: [3.0, 2.0],
            forcing: Forcing::None,
            walls: Walls::FreeSlip,
            frame_velocity: 0.0,
            initial: Initial::TaylorGreen { amplitude: 0.0 },
            ..Default::default()
        };
        let mut channel = Channel::new(&config, 0).unwrap();
        let m = channel.modes.index(mode[0] as usize, mode[1]).unwrap();
        // A mode and its conjugate stand for twice the real part.
        channel.state.vorticity[2 * m * channel.degrees] = 0.5;
        let k = [channel.modes.kx[m], channel.modes.kz[m]];
        (channel, k)
    }

    /// Checks a sample on 8 by 8 points against `amplitude` times the exact wave.
    fn assert_sample(mode: [i64; 2], filter: Filter, amplitude: impl Fn([f64; 2]) -> f64) {
        let (mut channel, [kx, kz]) = wave(mode);
        let grid = UniformGrid::new([8, 3, 8], channel.config.lengths).unwrap();
        let factor = amplitude([kx, kz]) / (kx * kx + kz * kz);
        let sample = channel.sample(&grid, filter);
        let [xs, _, zs] = &grid.coordinates;
        for (p, point) in sample.chunks(3).enumerate() {
            // omega_y = du/dz - dw/dx = cos(kx x + kz z) with du/dx + dw/dz = 0.
            let sine = (kx * xs[p / 24] + kz * zs[p % 8]).sin();
            let exact = [kz * factor * sine, 0.0, -kx * factor * sine];
            for (value, exact) in point.iter().zip(exact) {
                approx::assert_abs_diff_eq!(f64::from(*value), exact, epsilon = 1e-6);
            }
        }
    }

    #[test]
    fn what_the_coarse_grid_can_hold_passes_the_sharp_filter_unchanged() {
        assert_sample([3, -2], Filter::Sharp, |_| 1.0);
    }

    #[test]
    fn what_it_cannot_hold_is_removed() {
        assert_sample([4, 1], Filter::Sharp, |_| 0.0);
        assert_sample([1, -5], Filter::Sharp, |_| 0.0);
        assert_sample([4, 1], Filter::Box, |_| 0.0);
    }

    #[test]
    fn the_box_filter_averages_over_one_coarse_cell() {
        // Averages of a wave over a box of widths 3/8 and 2/8.
        let mean =
            |k: f64, width: f64| ((0.5 * k * width).sin() - (-0.5 * k * width).sin()) / (k * width);
        assert_sample([3, -2], Filter::Box, |[kx, kz]| {
            mean(kx, 3.0 / 8.0) * mean(kz, 2.0 / 8.0)
        });
    }

    #[test]
    fn a_sample_on_the_solvers_own_plane_is_its_velocity() {
        let config = ChannelConfig {
            points: [8, 17, 8],
            ..Default::default()
        };
        let mut channel = Channel::new(&config, 5).unwrap();
        channel.step().unwrap();
        let velocity = channel.velocity();
        let heights = channel.heights();
        approx::assert_abs_diff_eq!(heights[0], 0.0, epsilon = 1e-15);
        // The centre plane lies on both grids.
        approx::assert_abs_diff_eq!(heights[8], 1.0, epsilon = 1e-15);
        let grid = UniformGrid::new([8, 3, 8], config.lengths).unwrap();
        let sample = channel.sample(&grid, Filter::Sharp);
        for x in 0..8 {
            for rest in 0..24 {
                let (own, coarse) = (
                    velocity[(x * 17 + 8) * 24 + rest],
                    sample[(x * 3 + 1) * 24 + rest],
                );
                approx::assert_relative_eq!(own as f32, coarse, epsilon = 1e-6);
            }
        }
    }
}
