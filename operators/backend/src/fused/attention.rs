//! Attention on the CPU, some rows of the map at a time: a tile of it never leaves the cache, forward or backward.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;
use rayon::prelude::*;

use super::buffers::with_buffers;
use super::elementary::exp_of_negative;
use super::product::{Matrix, MatrixMut};
use super::{HostMemory, vectorized};

/// Numbers of a tile of the map: 512 kB.
const TILE: usize = 1 << 17;

/// Most rows of a tile: what the products of a tile gain from more is little.
const MOST_ROWS: usize = 192;

#[derive(Debug, Clone, Copy)]
struct Sizes {
    queries: usize,
    keys: usize,
    features: usize,
    values: usize,
}

/// Query, key and value of one map.
#[derive(Clone, Copy)]
struct Map<'a> {
    sizes: Sizes,
    query: &'a [f32],
    key: Matrix<'a>,
    value: Matrix<'a>,
}

impl Sizes {
    fn new(query: &Shape, key: &Shape, value: &Shape) -> Self {
        let [_, _, queries, features] = query.dims::<4>();
        Self {
            queries,
            keys: key.dims::<4>()[2],
            features,
            values: value.dims::<4>()[3],
        }
    }

    /// Rows of a tile.
    fn rows(&self) -> usize {
        (TILE / self.keys).clamp(1, MOST_ROWS)
    }

    fn map<'a>(&self, [query, key, value]: [&'a [f32]; 3], index: usize) -> Map<'a> {
        let part = |numbers: &'a [f32], rows: usize, width: usize| {
            &numbers[index * rows * width..(index + 1) * rows * width]
        };
        Map {
            sizes: *self,
            query: part(query, self.queries, self.features),
            key: Matrix::rows(
                part(key, self.keys, self.features),
                [self.keys, self.features],
            ),
            value: Matrix::rows(
                part(value, self.keys, self.values),
                [self.keys, self.values],
            ),
        }
    }
}

/// `softmax(query key^T / sqrt(features)) value`; none of the tensors is empty.
///
/// # Shapes
/// - query: `[batch, heads, n, features]`
/// - key: `[batch, heads, m, features]`
/// - value: `[batch, heads, m, values]`
/// - output: `[batch, heads, n, values]`
pub(crate) fn forward<B: HostMemory>(tensors: [FloatTensor<B>; 3]) -> FloatTensor<B> {
    let [query, key, value] = tensors.map(B::contiguous);
    let sizes = Sizes::new(&query.shape(), &key.shape(), &value.shape());
    let numbers = [&query, &key, &value].map(B::numbers);
    let [batch, heads, queries, _] = query.shape().dims::<4>();
    let shape = Shape::new([batch, heads, queries, sizes.values]);
    let rows = sizes.rows();
    let [output] = B::create([shape], |[output]| {
        let maps = output.par_chunks_mut(queries * sizes.values);
        maps.enumerate().for_each(|(index, output)| {
            let map = sizes.map(numbers, index);
            let parts = output.par_chunks_mut(rows * sizes.values);
            parts
                .enumerate()
                .for_each(|(tile, output)| map.forward(tile * rows, output));
        });
    });
    output
}

/// Gradients of query, key and value for that of the output.
pub(crate) fn backward<B: HostMemory>(
    tensors: [FloatTensor<B>; 3],
    output: FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let [query, key, value] = tensors.map(B::contiguous);
    let output = B::contiguous(output);
    let sizes = Sizes::new(&query.shape(), &key.shape(), &value.shape());
    let numbers = [&query, &key, &value].map(B::numbers);
    let slopes = B::numbers(&output);
    let shapes = [&query, &key, &value].map(|tensor| tensor.shape());
    B::create(shapes, |[of_query, of_key, of_value]| {
        let of_queries = of_query.par_chunks_mut(sizes.queries * sizes.features);
        let of_keys = of_key.par_chunks_mut(sizes.keys * sizes.features);
        let of_values = of_value.par_chunks_mut(sizes.keys * sizes.values);
        let each = of_queries.zip(of_keys).zip(of_values).enumerate();
        each.for_each(|(index, ((of_query, of_key), of_value))| {
            let length = sizes.queries * sizes.values;
            let slopes = &slopes[index * length..(index + 1) * length];
            sizes
                .map(numbers, index)
                .backward(slopes, [of_query, of_key, of_value]);
        });
    })
}

impl Map<'_> {
    /// Writes the rows of the map from `first` on, as many as `map` takes.
    fn rows(&self, first: usize, map: &mut [f32]) {
        let Sizes { keys, features, .. } = self.sizes;
        let count = map.len() / keys;
        let query = Matrix::rows(&self.query[first * features..], [count, features]);
        MatrixMut::rows(map, [count, keys]).set(query, self.key.transposed());
        let scale = self.scale();
        vectorized(
            #[inline(always)]
            || {
                for row in map.chunks_exact_mut(keys) {
                    softmax(row, scale);
                }
            },
        );
    }

    fn scale(&self) -> f32 {
        1.0 / (self.sizes.features as f32).sqrt()
    }

    fn forward(&self, first: usize, output: &mut [f32]) {
        let Sizes { keys, values, .. } = self.sizes;
        let count = output.len() / values;
        with_buffers([count * keys], |[map]| {
            self.rows(first, map);
            MatrixMut::rows(output, [count, values])
                .set(Matrix::rows(map, [count, keys]), self.value);
        });
    }

    fn backward(&self, slopes: &[f32], [of_query, of_key, of_value]: [&mut [f32]; 3]) {
        let Sizes {
            queries,
            keys,
            features,
            values,
            ..
        } = self.sizes;
        of_key.fill(0.0);
        of_value.fill(0.0);
        let rows = self.sizes.rows();
        for first in (0..queries).step_by(rows) {
            let count = rows.min(queries - first);
            let length = count * keys;
            with_buffers([length, length], |[map, of_map]| {
                self.rows(first, map);
                let slopes = Matrix::rows(&slopes[first * values..], [count, values]);
                let tile = Matrix::rows(map, [count, keys]);
                MatrixMut::rows(of_value, [keys, values]).add(tile.transposed(), slopes);
                MatrixMut::rows(of_map, [count, keys]).set(slopes, self.value.transposed());
                let scale = self.scale();
                vectorized(
                    #[inline(always)]
                    || {
                        for (row, of_row) in
                            map.chunks_exact(keys).zip(of_map.chunks_exact_mut(keys))
                        {
                            of_scores(row, of_row, scale);
                        }
                    },
                );
                let of_map = Matrix::rows(of_map, [count, keys]);
                let of_query = &mut of_query[first * features..(first + count) * features];
                MatrixMut::rows(of_query, [count, features]).set(of_map, self.key);
                let query = Matrix::rows(&self.query[first * features..], [count, features]);
                MatrixMut::rows(of_key, [keys, features]).add(of_map.transposed(), query);
            });
        }
    }
}

/// `exp(scale (x - largest))`, divided by the sum.
#[inline(always)]
fn softmax(row: &mut [f32], scale: f32) {
    let largest = fold(row, f32::NEG_INFINITY, f32::max);
    for x in &mut *row {
        *x = exp_of_negative(scale * (*x - largest));
    }
    let share = 1.0 / fold(row, 0.0, |a, b| a + b);
    for x in row {
        *x *= share;
    }
}

/// From the gradient of a row of the map to that of its scores: `map * (of_map - sum of map * of_map)`, times the scale.
#[inline(always)]
fn of_scores(map: &[f32], of_map: &mut [f32], scale: f32) {
    for (of_map, map) in of_map.iter_mut().zip(map) {
        *of_map *= map;
    }
    let sum = fold(of_map, 0.0, |a, b| a + b);
    for (of_map, map) in of_map.iter_mut().zip(map) {
        *of_map = scale * (*of_map - map * sum);
    }
}

/// Folds a row in sixteen lanes: floating-point sums in one lane would not be turned into vector instructions.
#[inline(always)]
fn fold(row: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; 16];
    let mut parts = row.chunks_exact(16);
    for part in &mut parts {
        for (lane, x) in lanes.iter_mut().zip(part) {
            *lane = join(*lane, *x);
        }
    }
    let mut all = start;
    for x in parts.remainder().iter().chain(&lanes) {
        all = join(all, *x);
    }
    all
}
