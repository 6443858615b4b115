//! The forward pass: moments first, then kernels, norm and map tile by tile.

use rayon::prelude::*;

use super::geometry::{Pass, Tile};
use super::tiles::{Arguments, PerPoint};
use crate::fused::buffers::with_buffers;
use crate::fused::lines::LineKernel;
use crate::fused::product::{Matrix, MatrixMut};
use crate::fused::vectorized;

/// Added to the variance (PyTorch's instance norm).
const EPSILON: f64 = 1e-5;

/// Mean and `1 / sqrt(variance + epsilon)` of what each kernel makes of each channel, both `[batch, axes, heads, channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Means over the points.
    pub mean: Vec<f32>,
    /// Reciprocal spreads.
    pub scale: Vec<f32>,
}

/// Sums over some points: for each head and channel the mean and the sum of squared distances from it.
struct Partial {
    points: usize,
    mean: Vec<f32>,
    squares: Vec<f32>,
}

/// The moments of an operation's arguments.
pub fn moments(arguments: &Arguments<'_>) -> Moments {
    let sizes = arguments.sizes;
    let numbers = sizes.batch * sizes.axes * sizes.heads * sizes.channels;
    let mut all = Moments {
        mean: vec![0.0; numbers],
        scale: vec![0.0; numbers],
    };
    for pass in sizes.passes() {
        let kernels = arguments.kernels_of(&pass, false);
        let partials: Vec<Vec<Partial>> = pass
            .tiles
            .par_iter()
            .map(|tile| partials(arguments, (&pass, &kernels), tile))
            .collect();
        for (index, axis) in pass.axes.iter().enumerate() {
            for batch in 0..sizes.batch {
                let of_sample = || {
                    let both = pass.tiles.iter().zip(&partials);
                    both.filter(|(tile, _)| tile.batch == batch)
                        .map(|(_, partials)| &partials[index])
                };
                // The parts of an axis lie head behind head.
                let start = sizes.part(axis, batch, 0).start;
                for k in 0..sizes.heads * sizes.channels {
                    let (mean, variance) = together(of_sample(), k);
                    all.mean[start + k] = mean as f32;
                    all.scale[start + k] = (1.0 / (variance + EPSILON).sqrt()) as f32;
                }
            }
        }
    }
    all
}

/// Mean and variance of channel `k` of all heads (Chan, Golub & LeVeque 1983).
fn together<'a>(partials: impl Iterator<Item = &'a Partial>, k: usize) -> (f64, f64) {
    let (mut points, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for partial in partials {
        let more = partial.points as f64;
        let difference = f64::from(partial.mean[k]) - mean;
        let total = points + more;
        squares += f64::from(partial.squares[k]) + difference * difference * points * more / total;
        mean += difference * more / total;
        points = total;
    }
    (mean, squares / points.max(1.0))
}

/// Those of a tile, one per axis of its pass.
fn partials(
    arguments: &Arguments<'_>,
    (pass, kernels): (&Pass, &[Vec<LineKernel>]),
    tile: &Tile,
) -> Vec<Partial> {
    let sizes = arguments.sizes;
    let width = sizes.heads * sizes.channels;
    let empty = || Partial {
        points: tile.points(),
        mean: vec![0.0; width],
        squares: vec![0.0; width],
    };
    let mut results: Vec<Partial> = pass.axes.iter().map(|_| empty()).collect();
    with_buffers([arguments.head_numbers(tile)], |[applied]| {
        for head in 0..sizes.heads {
            for ((axis, kernels), result) in pass.axes.iter().zip(kernels).zip(&mut results) {
                arguments.apply((axis, kernels), tile, head, applied);
                let part = head * sizes.channels..(head + 1) * sizes.channels;
                vectorized(
                    #[inline(always)]
                    || {
                        let mean = &mut result.mean[part.clone()];
                        let squares = &mut result.squares[part];
                        mean_and_squares(applied, mean, squares);
                    },
                );
            }
        }
    });
    results
}

/// Means of the columns and sums of squared distances from them, in one pass: distances are first taken from the first row,
/// which lies some spreads from the mean at most (Chan, Golub & LeVeque 1983: shifted data).
#[inline(always)]
fn mean_and_squares(rows: &[f32], mean: &mut [f32], squares: &mut [f32]) {
    let channels = mean.len();
    let (first, rest) = rows.split_at(channels);
    // Four rows at a time, so that the sums are loaded and stored once for all of them.
    let mut fours = rest.chunks_exact(4 * channels);
    for four in &mut fours {
        let (a, b) = four.split_at(2 * channels);
        let ((a, b), (c, d)) = (a.split_at(channels), b.split_at(channels));
        let sums = mean.iter_mut().zip(&mut *squares).zip(first);
        let numbers = a.iter().zip(b).zip(c.iter().zip(d));
        for (((sum, square), shift), ((a, b), (c, d))) in sums.zip(numbers) {
            let [a, b, c, d] = [a - shift, b - shift, c - shift, d - shift];
            *sum += (a + b) + (c + d);
            *square += (a * a + b * b) + (c * c + d * d);
        }
    }
    for row in fours.remainder().chunks_exact(channels) {
        let sums = mean.iter_mut().zip(&mut *squares).zip(first);
        for (((sum, square), shift), x) in sums.zip(row) {
            let distance = x - shift;
            *sum += distance;
            *square += distance * distance;
        }
    }
    let share = channels as f32 / rows.len() as f32;
    for ((mean, square), shift) in mean.iter_mut().zip(squares).zip(first) {
        let rest = *square - *mean * *mean * share;
        // Round-off may leave it just below zero. Not f32::max, which would make a number of NaN.
        *square = if rest < 0.0 { 0.0 } else { rest };
        *mean = shift + *mean * share;
    }
}

/// Maps with the scale in them, `[batch, axes, heads, channels, outputs]`, and the sums `[batch, outputs]` of mean times these.
pub struct Folded {
    pub maps: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Folded {
    /// Folds the norm into the maps.
    pub fn new(arguments: &Arguments<'_>, moments: &Moments) -> Self {
        let sizes = arguments.sizes;
        let outputs = sizes.outputs;
        let mut maps = vec![0.0; sizes.batch * arguments.map.len()];
        let mut bias = vec![0.0_f64; sizes.batch * outputs];
        for batch in 0..sizes.batch {
            let bias = &mut bias[batch * outputs..(batch + 1) * outputs];
            for axis in sizes.each_axis() {
                for head in 0..sizes.heads {
                    let part = sizes.part(&axis, batch, head);
                    let folded = &mut maps[part.start * outputs..part.end * outputs];
                    let map = &arguments.map[sizes.map(&axis, head)];
                    let rows = map
                        .chunks_exact(outputs)
                        .zip(folded.chunks_exact_mut(outputs));
                    for ((row, folded), k) in rows.zip(part) {
                        let (mean, scale) = (f64::from(moments.mean[k]), moments.scale[k]);
                        for ((w, folded), bias) in row.iter().zip(folded).zip(&mut *bias) {
                            *folded = w * scale;
                            *bias += mean * f64::from(*folded);
                        }
                    }
                }
            }
        }
        Self {
            maps,
            bias: bias.into_iter().map(|sum| sum as f32).collect(),
        }
    }
}

/// Writes the outputs, `[batch, points, outputs]`.
pub fn outputs(arguments: &Arguments<'_>, moments: &Moments, output: &mut [f32]) {
    let sizes = arguments.sizes;
    let folded = Folded::new(arguments, moments);
    let output = PerPoint::new(output, sizes.outputs);
    // Pass after pass: tiles of different passes cross.
    for pass in sizes.passes() {
        let kernels = arguments.kernels_of(&pass, false);
        pass.tiles.par_iter().for_each(|tile| {
            let lengths = [arguments.head_numbers(tile), tile.points() * sizes.outputs];
            with_buffers(lengths, |[applied, sums]| {
                map_tile(arguments, &folded, (&pass, &kernels), tile, [applied, sums]);
                let start = tile.batch * sizes.points() * sizes.outputs;
                let (axis, keep) = (&pass.axes[0], !pass.is_first());
                vectorized(
                    #[inline(always)]
                    #[allow(unsafe_code, reason = "the tiles of a pass have no point in common")]
                    // SAFETY: each task has a tile of its own, all of one pass.
                    || unsafe { output.put(start, axis, tile, sums, keep) },
                );
            });
        });
    }
}

/// What the axes of a pass add to the outputs of a tile, into the last buffer.
fn map_tile(
    arguments: &Arguments<'_>,
    folded: &Folded,
    (pass, kernels): (&Pass, &[Vec<LineKernel>]),
    tile: &Tile,
    [applied, sums]: [&mut [f32]; 2],
) {
    let sizes = arguments.sizes;
    let (points, outputs) = (tile.points(), sizes.outputs);
    let bias = &folded.bias[tile.batch * outputs..(tile.batch + 1) * outputs];
    for head in 0..sizes.heads {
        for (index, (axis, kernels)) in pass.axes.iter().zip(kernels).enumerate() {
            arguments.apply((axis, kernels), tile, head, applied);
            let part = sizes.part(axis, tile.batch, head);
            let map = &folded.maps[part.start * outputs..part.end * outputs];
            let applied = Matrix::rows(applied, [points, sizes.channels]);
            let map = Matrix::rows(map, [sizes.channels, outputs]);
            let sums = MatrixMut::rows(sums, [points, outputs]);
            if head == 0 && index == 0 {
                sums.set(applied, map);
            } else {
                sums.add(applied, map);
            }
        }
    }
    if pass.is_first() {
        vectorized(
            #[inline(always)]
            || {
                for sums in sums.chunks_exact_mut(outputs) {
                    for (sum, bias) in sums.iter_mut().zip(bias) {
                        *sum -= bias;
                    }
                }
            },
        );
    }
}
