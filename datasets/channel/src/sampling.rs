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
        let table = chebyshev::values(&heights, self.degrees);
        let factors = self.mode_factors([nx, nz], filter);
        let plane = PlaneTransform::new(&self.modes, nx, nz);
        let rows = self.modes.rows();
        let frame = self.config.frame_velocity;
        let (velocity, _) = self.convection.fields(&self.state, &self.modes);
        let mut values = vec![0.0; ny * rows];
        let mut sample = vec![0.0f32; nx * ny * nz * 3];
        for (component, field) in velocity.iter().enumerate() {
            synthesize(&table, field, &mut values);
            let shift = if component == 0 { frame } else { 0.0 };
            let planes: Vec<Vec<f64>> = values
                .par_chunks_mut(rows)
                .map_init(
                    || plane.scratch(),
                    |scratch, modes| {
                        for (pair, factor) in modes.chunks_exact_mut(2).zip(&factors) {
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
                        sample[((i * ny + j) * nz + k) * 3 + component] = (value + shift) as f32;
                    }
                }
            }
        }
        sample
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
