//! The backward pass. What the kernels make of the values is computed again, twice, tile by tile.
//!
//! With y the result of a kernel for a head, m and s its mean and reciprocal spread, z = (y - m) s, G the gradient of the
//! outputs, W the map and P the number of points:
//!
//! - `dW = s (y^T G - m sum G)`;
//! - `dz = G W^T`, so that `mean(dz) = W sum(G) / P` and `mean(z dz) = sum over outputs of W dW / P`;
//! - `dy = s (dz - mean(dz) - z mean(z dz)) = G (s W)^T + a + b y` with `b = - s^2 mean(z dz)` and `a = - s mean(dz) - m b`;
//! - `dK = dy v^T`, `dv = K^T dy`.

use rayon::prelude::*;

use super::forward::{Folded, Moments};
use super::geometry::{Axis, Tile};
use super::tiles::{Arguments, PerPoint, gather};
use crate::fused::buffers::with_buffers;
use crate::fused::lines::{LineKernel, add_products};
use crate::fused::partial_sums::add;
use crate::fused::product::{Matrix, MatrixMut};
use crate::fused::vectorized;

/// Points whose sum a thread takes at a time.
const POINTS_SUMMED: usize = 1024;

/// Where the gradients go: as long as the arguments.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// `[batch, heads, points, channels]`
    pub values: &'a mut [f32],
    /// `[batch, heads, kernel numbers]`
    pub kernels: &'a mut [f32],
    /// `[heads, axes, channels, outputs]`
    pub map: &'a mut [f32],
}

/// Per `[batch, axes, heads, channels]`: a and b of dy above.
struct Slopes {
    constant: Vec<f32>,
    linear: Vec<f32>,
}

/// Writes the gradients for the gradient of the outputs, `[batch, points, outputs]`.
pub fn gradients(
    arguments: &Arguments<'_>,
    moments: &Moments,
    output: &[f32],
    gradients: Gradients<'_>,
) {
    let slopes = of_map(arguments, moments, output, gradients.map);
    let folded = Folded::new(arguments, moments);
    let sizes = arguments.sizes;
    let values = PerPoint::new(gradients.values, sizes.channels);
    // Axis after axis: tiles of different axes cross.
    for axis in sizes.each_axis() {
        let groups = axis.groups(sizes.batch);
        let applied = [false, true].map(|transposed| arguments.kernels_along(&axis, transposed));
        let partials: Vec<Vec<f32>> = groups
            .par_iter()
            .map(|tiles| {
                let mut kernels = vec![0.0; sizes.heads * axis.n * axis.n];
                for tile in tiles {
                    let task = TileTask {
                        arguments,
                        axis: &axis,
                        kernels: &applied,
                        tile,
                    };
                    task.of_values_and_kernels(
                        &folded.maps,
                        &slopes,
                        output,
                        &values,
                        &mut kernels,
                    );
                }
                kernels
            })
            .collect();
        for head in 0..sizes.heads {
            for batch in 0..sizes.batch {
                let sum = &mut gradients.kernels[sizes.kernel(&axis, batch, head)];
                sum.fill(0.0);
                let both = groups.iter().zip(&partials);
                for (_, partial) in both.filter(|(tiles, _)| tiles[0].batch == batch) {
                    let length = sum.len();
                    add(sum, &partial[head * length..(head + 1) * length]);
                }
            }
        }
    }
}

/// Writes the gradient of the map; what is left to know of dy.
fn of_map(
    arguments: &Arguments<'_>,
    moments: &Moments,
    output: &[f32],
    of_map: &mut [f32],
) -> Slopes {
    let sizes = arguments.sizes;
    let sums = output_sums(arguments, output);
    let numbers = moments.mean.len();
    let mut slopes = Slopes {
        constant: vec![0.0; numbers],
        linear: vec![0.0; numbers],
    };
    of_map.fill(0.0);
    let length = sizes.channels * sizes.outputs;
    for axis in sizes.each_axis() {
        let groups = axis.groups(sizes.batch);
        let kernels = arguments.kernels_along(&axis, false);
        let along = (&axis, kernels.as_slice());
        let partials: Vec<Vec<f32>> = groups
            .par_iter()
            .map(|tiles| products_with_outputs(arguments, along, tiles, output))
            .collect();
        for batch in 0..sizes.batch {
            let sums = &sums[batch * sizes.outputs..(batch + 1) * sizes.outputs];
            for head in 0..sizes.heads {
                let mut product = vec![0.0; length];
                let both = groups.iter().zip(&partials);
                for (_, partial) in both.filter(|(tiles, _)| tiles[0].batch == batch) {
                    add(&mut product, &partial[head * length..(head + 1) * length]);
                }
                let map = sizes.map(&axis, head);
                let (of_map, map) = (&mut of_map[map.clone()], &arguments.map[map]);
                for (d, k) in sizes.part(&axis, batch, head).enumerate() {
                    let row = d * sizes.outputs..(d + 1) * sizes.outputs;
                    let (mean, scale) = (f64::from(moments.mean[k]), f64::from(moments.scale[k]));
                    let (mut of_normal, mut with_normal) = (0.0, 0.0);
                    for (c, i) in row.enumerate() {
                        let slope = scale * (f64::from(product[i]) - mean * sums[c]);
                        of_map[i] += slope as f32;
                        of_normal += f64::from(map[i]) * sums[c];
                        with_normal += f64::from(map[i]) * slope;
                    }
                    let share = 1.0 / sizes.points() as f64;
                    let linear = -scale * scale * with_normal * share;
                    slopes.linear[k] = linear as f32;
                    slopes.constant[k] = (-scale * of_normal * share - mean * linear) as f32;
                }
            }
        }
    }
    slopes
}

/// Sums of the outputs' gradient over the points, `[batch, outputs]`.
fn output_sums(arguments: &Arguments<'_>, output: &[f32]) -> Vec<f64> {
    let sizes = arguments.sizes;
    let samples = output.par_chunks_exact(sizes.points() * sizes.outputs);
    let of_sample = |sample: &[f32]| {
        let of_points = |points: &[f32]| {
            let mut sums = vec![0.0; sizes.outputs];
            for row in points.chunks_exact(sizes.outputs) {
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += f64::from(*x);
                }
            }
            sums
        };
        let parts: Vec<Vec<f64>> = sample
            .par_chunks(POINTS_SUMMED * sizes.outputs)
            .map(of_points)
            .collect();
        let in_order = |mut sums: Vec<f64>, part: Vec<f64>| {
            for (sum, x) in sums.iter_mut().zip(part) {
                *sum += x;
            }
            sums
        };
        parts.into_iter().fold(vec![0.0; sizes.outputs], in_order)
    };
    samples.flat_map_iter(of_sample).collect()
}

/// `y^T G` of some tiles, `[heads, channels, outputs]`.
fn products_with_outputs(
    arguments: &Arguments<'_>,
    along: (&Axis, &[LineKernel]),
    tiles: &[Tile],
    output: &[f32],
) -> Vec<f32> {
    let (sizes, axis) = (arguments.sizes, along.0);
    let length = sizes.channels * sizes.outputs;
    let mut products = vec![0.0; sizes.heads * length];
    for tile in tiles {
        let numbers = arguments.head_numbers(axis, tile);
        let points = axis.n * tile.places();
        let width = points * sizes.outputs;
        with_buffers([numbers, width], |[applied, slopes]| {
            let output = of_sample(arguments, output, tile);
            let slopes = gather(output, sizes.outputs, axis, tile, slopes);
            for (head, product) in products.chunks_exact_mut(length).enumerate() {
                arguments.apply(along, tile, head, applied);
                MatrixMut::rows(product, [sizes.channels, sizes.outputs]).add(
                    Matrix::rows(applied, [points, sizes.channels]).transposed(),
                    Matrix::rows(slopes, [points, sizes.outputs]),
                );
            }
        });
    }
    products
}

fn of_sample<'a>(arguments: &Arguments<'_>, output: &'a [f32], tile: &Tile) -> &'a [f32] {
    let length = arguments.sizes.points() * arguments.sizes.outputs;
    &output[tile.batch * length..(tile.batch + 1) * length]
}

/// A tile of the second pass.
struct TileTask<'a> {
    arguments: &'a Arguments<'a>,
    axis: &'a Axis,
    /// Those of the axis, and their transposes.
    kernels: &'a [Vec<LineKernel>; 2],
    tile: &'a Tile,
}

impl TileTask<'_> {
    /// Writes the tile's part of the values' gradient, adds to the kernels', `[heads, n, n]`.
    fn of_values_and_kernels(
        &self,
        maps: &[f32],
        slopes: &Slopes,
        output: &[f32],
        of_values: &PerPoint<'_>,
        of_kernels: &mut [f32],
    ) {
        let (arguments, axis, tile) = (self.arguments, self.axis, self.tile);
        let sizes = arguments.sizes;
        let numbers = arguments.head_numbers(axis, tile);
        let points = axis.n * tile.places();
        let copied = tile.copied(axis, sizes.channels);
        let [kernels, transposed] = self.kernels;
        let lengths = [numbers, numbers, points * sizes.outputs];
        with_buffers(lengths, |[applied, of_applied, of_outputs]| {
            let output = of_sample(arguments, output, tile);
            let of_outputs = gather(output, sizes.outputs, axis, tile, of_outputs);
            for head in 0..sizes.heads {
                let part = sizes.part(axis, tile.batch, head);
                arguments.apply((axis, kernels), tile, head, applied);
                let map = &maps[part.start * sizes.outputs..part.end * sizes.outputs];
                MatrixMut::rows(of_applied, [points, sizes.channels]).set(
                    Matrix::rows(of_outputs, [points, sizes.outputs]),
                    Matrix::rows(map, [sizes.channels, sizes.outputs]).transposed(),
                );
                let (constant, linear) = (&slopes.constant[part.clone()], &slopes.linear[part]);
                vectorized(
                    #[inline(always)]
                    || add_linear(of_applied, applied, constant, linear),
                );
                let length = axis.n * axis.n;
                let of_kernel = &mut of_kernels[head * length..(head + 1) * length];
                let values = arguments.values_of(axis, tile, head);
                add_products((of_applied, copied), values, of_kernel);
                // What the kernel made of the values is no longer needed.
                let kernel = &transposed[tile.batch * sizes.heads + head];
                kernel.apply((of_applied, copied), (applied, copied));
                let start = sizes.of_head(tile.batch, head);
                vectorized(
                    #[inline(always)]
                    #[allow(unsafe_code, reason = "the tiles of an axis have no point in common")]
                    // SAFETY: each task has tiles of its own, all of one axis, and writes head after head.
                    || unsafe { of_values.put(start, axis, tile, applied, axis.index > 0) },
                );
            }
        });
    }
}

/// Adds `constant + linear y` per channel.
#[inline(always)]
fn add_linear(sums: &mut [f32], y: &[f32], constant: &[f32], linear: &[f32]) {
    let channels = constant.len();
    let rows = sums
        .chunks_exact_mut(channels)
        .zip(y.chunks_exact(channels));
    for (sums, y) in rows {
        let both = sums.iter_mut().zip(y);
        for ((sum, y), (constant, linear)) in both.zip(constant.iter().zip(linear)) {
            *sum += constant + linear * y;
        }
    }
}
