//! What the passes share: kernels applied to a tile, tiles read and written.

use super::geometry::{Axis, Sizes, Tile};
use crate::fused::disjoint::Disjoint;
use crate::fused::product::{Matrix, MatrixMut};

/// The arguments of the operation: numbers in the memory of the CPU.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    /// Their sizes.
    pub sizes: Sizes,
    /// `[batch, heads, points, channels]`
    pub values: &'a [f32],
    /// `[batch, heads, kernel numbers]`
    pub kernels: &'a [f32],
    /// `[heads, axes, channels, outputs]`
    pub map: &'a [f32],
}

impl<'a> Arguments<'a> {
    /// The values of a head within a tile as `[n, places channels]`; `copy` is used where they do not lie in rows.
    pub fn values_of<'b>(
        &self,
        axis: &Axis,
        tile: &Tile,
        head: usize,
        copy: &'b mut [f32],
    ) -> Matrix<'b>
    where
        'a: 'b,
    {
        let channels = self.sizes.channels;
        let width = tile.places() * channels;
        let shape = [axis.n, width];
        let values = &self.values[self.sizes.of_head(tile.batch, head)..];
        if let Some((first, step)) = tile.in_place(axis) {
            return Matrix::new(&values[first * channels..], shape, step * channels);
        }
        let mut to = 0;
        for (first, length) in tile.runs(axis) {
            let (from, length) = (first * channels, length * channels);
            copy[to..to + length].copy_from_slice(&values[from..from + length]);
            to += length;
        }
        Matrix::rows(&copy[..to], shape)
    }

    /// The kernel of a head along an axis, `[n, n]`.
    pub fn kernel(&self, axis: &Axis, batch: usize, head: usize) -> Matrix<'a> {
        let kernel = &self.kernels[self.sizes.kernel(axis, batch, head)];
        Matrix::rows(kernel, [axis.n, axis.n])
    }

    /// Applies the kernel of a head: `[n, places, channels]` into `applied`.
    pub fn apply(
        &self,
        axis: &Axis,
        tile: &Tile,
        head: usize,
        copy: &mut [f32],
        applied: &mut [f32],
    ) {
        let width = tile.places() * self.sizes.channels;
        let values = self.values_of(axis, tile, head, copy);
        MatrixMut::rows(applied, [axis.n, width]).set(self.kernel(axis, tile.batch, head), values);
    }

    /// Points of a tile times channels of a head.
    pub fn head_numbers(&self, axis: &Axis, tile: &Tile) -> usize {
        axis.n * tile.places() * self.sizes.channels
    }
}

/// Numbers per point, `[batch, points, width]` or of one head: read or written tile by tile.
#[derive(Debug)]
pub struct PerPoint<'a> {
    numbers: Disjoint<'a>,
    width: usize,
}

impl<'a> PerPoint<'a> {
    /// Shares `numbers` among threads that write different tiles.
    pub fn new(numbers: &'a mut [f32], width: usize) -> Self {
        Self {
            numbers: Disjoint::new(numbers),
            width,
        }
    }

    /// Writes or adds a tile's numbers, `[n, places, width]`, behind `start`.
    ///
    /// # Safety
    /// No other thread may write this tile of this array at the same time: the tiles of one axis share no point
    /// (`the_tiles_of_an_axis_hold_every_point_once`), those of two axes do.
    #[allow(unsafe_code, reason = "the tiles of an axis have no point in common")]
    #[inline(always)]
    pub unsafe fn put(&self, start: usize, axis: &Axis, tile: &Tile, numbers: &[f32], keep: bool) {
        let mut from = 0;
        for (first, length) in tile.runs(axis) {
            let length = length * self.width;
            // SAFETY: the caller writes this tile alone, and its runs do not overlap.
            let to = unsafe { self.numbers.range(start + first * self.width, length) };
            let numbers = &numbers[from..from + length];
            if keep {
                for (to, n) in to.iter_mut().zip(numbers) {
                    *to += n;
                }
            } else {
                to.copy_from_slice(numbers);
            }
            from += length;
        }
    }
}

/// Copies a tile of `[points, width]` to `[n, places, width]`.
pub fn gather(numbers: &[f32], width: usize, axis: &Axis, tile: &Tile, into: &mut [f32]) {
    let mut to = 0;
    for (first, length) in tile.runs(axis) {
        let (from, length) = (first * width, length * width);
        into[to..to + length].copy_from_slice(&numbers[from..from + length]);
        to += length;
    }
}
