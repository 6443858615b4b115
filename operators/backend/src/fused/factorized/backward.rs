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
use super::geometry::{Axis, Pass, Tile};
use super::tiles::{Arguments, PerPoint, gather};
use crate::fused::buffers::with_buffers;
use crate::fused::lines::{LineKernel, add_products};
use crate::fused::partial_sums::in_order;
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
    // Pass after pass: tiles of different passes cross.
    for pass in sizes.passes() {
        let groups = pass.groups();
        let kernels = [false, true].map(|transposed| arguments.kernels_of(&pass, transposed));
        let partials: Vec<Vec<Vec<f32>>> = groups
            .par_iter()
            .map(|tiles| {
                let empty = |axis: &Axis| vec![0.0; sizes.heads * axis.n * axis.n];
                let mut of_kernels: Vec<Vec<f32>> = pass.axes.iter().map(empty).collect();
                for tile in *tiles {
                    let task = TileTask {
                        arguments,
                        pass: &pass,
                        kernels: &kernels,
                        tile,
                    };
                    let maps = (folded.maps.as_slice(), &slopes);
                    task.of_values_and_kernels(maps, output, &values, &mut of_kernels);
                }
                of_kernels
            })
            .collect();
        for (index, axis) in pass.axes.iter().enumerate() {
            let length = axis.n * axis.n;
            for (batch, head) in sizes.each_head() {
                let sum = &mut gradients.kernels[sizes.kernel(axis, batch, head)];
                let of_groups = of_sample(&groups, &partials, batch);
                let part = head * length..(head + 1) * length;
                in_order(sum, of_groups.map(|partial| &partial[index][part.clone()]));
            }
        }
    }
}

/// What was found in the groups of a sample, in their order.
fn of_sample<'a, T>(
    groups: &'a [&[Tile]],
    partials: &'a [T],
    batch: usize,
) -> impl Iterator<Item = &'a T> {
    let both = groups.iter().zip(partials);
    both.filter(move |(tiles, _)| tiles[0].batch == batch)
        .map(|(_, partial)| partial)
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
    for pass in sizes.passes() {
        let groups = pass.groups();
        let kernels = arguments.kernels_of(&pass, false);
        let partials: Vec<Vec<f32>> = groups
            .par_iter()
            .map(|tiles| products_with_outputs(arguments, (&pass, &kernels), tiles, output))
            .collect();
        for (index, axis) in pass.axes.iter().enumerate() {
            for (batch, head) in sizes.each_head() {
                let mut product = vec![0.0; length];
                let start = (index * sizes.heads + head) * length;
                let of_groups = of_sample(&groups, &partials, batch);
                in_order(
                    &mut product,
                    of_groups.map(|all| &all[start..start + length]),
                );
                let sums = &sums[batch * sizes.outputs..(batch + 1) * sizes.outputs];
                let map = sizes.map(axis, head);
                let (of_map, map) = (&mut of_map[map.clone()], &arguments.map[map]);
                for (d, k) in sizes.part(axis, batch, head).enumerate() {
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

/// `y^T G` of some tiles, `[axes of the pass, heads, channels, outputs]`.
fn products_with_outputs(
    arguments: &Arguments<'_>,
    (pass, kernels): (&Pass, &[Vec<LineKernel>]),
    tiles: &[Tile],
    output: &[f32],
) -> Vec<f32> {
    let sizes = arguments.sizes;
    let length = sizes.channels * sizes.outputs;
    let mut products = vec![0.0; pass.axes.len() * sizes.heads * length];
    for tile in tiles {
        let points = tile.points();
        let lengths = [arguments.head_numbers(tile), points * sizes.outputs];
        with_buffers(lengths, |[applied, slopes]| {
            let slopes = gather(
                sizes.outputs_of(output, tile),
                sizes.outputs,
                &pass.axes[0],
                tile,
                slopes,
            );
            for head in 0..sizes.heads {
                for (index, (axis, kernels)) in pass.axes.iter().zip(kernels).enumerate() {
                    arguments.apply((axis, kernels), tile, head, applied);
                    let start = (index * sizes.heads + head) * length;
                    let product = &mut products[start..start + length];
                    MatrixMut::rows(product, [sizes.channels, sizes.outputs]).add(
                        Matrix::rows(applied, [points, sizes.channels]).transposed(),
                        Matrix::rows(slopes, [points, sizes.outputs]),
                    );
                }
            }
        });
    }
    products
}

/// A tile of the second pass over the points.
struct TileTask<'a> {
    arguments: &'a Arguments<'a>,
    pass: &'a Pass,
    /// Those of each axis, and their transposes.
    kernels: &'a [Vec<Vec<LineKernel>>; 2],
    tile: &'a Tile,
}

impl TileTask<'_> {
    /// Writes the tile's part of the values' gradient, adds to the kernels', per axis `[heads, n, n]`.
    fn of_values_and_kernels(
        &self,
        maps: (&[f32], &Slopes),
        output: &[f32],
        of_values: &PerPoint<'_>,
        of_kernels: &mut [Vec<f32>],
    ) {
        let (arguments, pass, tile) = (self.arguments, self.pass, self.tile);
        let sizes = arguments.sizes;
        let numbers = arguments.head_numbers(tile);
        let lengths = [numbers, numbers, numbers, tile.points() * sizes.outputs];
        with_buffers(lengths, |[applied, of_applied, sums, of_outputs]| {
            let first = &pass.axes[0];
            let of_outputs = gather(
                sizes.outputs_of(output, tile),
                sizes.outputs,
                first,
                tile,
                of_outputs,
            );
            for head in 0..sizes.heads {
                for (index, of_kernels) in of_kernels.iter_mut().enumerate() {
                    let buffers = [&mut *applied, &mut *of_applied, &mut *sums];
                    self.of_axis(maps, of_outputs, (head, index), buffers, of_kernels);
                }
                let start = sizes.of_head(tile.batch, head);
                let keep = !pass.is_first();
                vectorized(
                    #[inline(always)]
                    #[allow(unsafe_code, reason = "the tiles of a pass have no point in common")]
                    // SAFETY: each task has tiles of its own, all of one pass, and writes head after head.
                    || unsafe { of_values.put(start, first, tile, sums, keep) },
                );
            }
        });
    }

    /// Adds what one axis gives a head: to the gradient of its kernel, and of its values in the last buffer, which the first axis
    /// writes.
    fn of_axis(
        &self,
        (maps, slopes): (&[f32], &Slopes),
        of_outputs: &[f32],
        (head, index): (usize, usize),
        [applied, of_applied, sums]: [&mut [f32]; 3],
        of_kernels: &mut [f32],
    ) {
        let (arguments, tile, axis) = (self.arguments, self.tile, &self.pass.axes[index]);
        let sizes = arguments.sizes;
        let points = tile.points();
        let copied = tile.copied(axis, sizes.channels);
        let [kernels, transposed] = self.kernels;
        let part = sizes.part(axis, tile.batch, head);
        arguments.apply((axis, &kernels[index]), tile, head, applied);
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
        let kernel = &transposed[index][tile.batch * sizes.heads + head];
        kernel.apply((of_applied, copied), (sums, copied), index > 0);
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
