//! What the passes share: kernels applied to a tile, tiles read and written.

use super::geometry::{Axis, Pass, Sizes, Tile};
use crate::fused::disjoint::Disjoint;
use crate::fused::lines::{Layout, LineKernel};

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
    /// The values of a head, from a tile on, and how its lines lie in them.
    pub fn values_of(&self, axis: &Axis, tile: &Tile, head: usize) -> (&'a [f32], Layout) {
        let values = &self.values[self.sizes.of_head(tile.batch, head)..];
        let (first, lines) = tile.in_place(axis, self.sizes.channels);
        (&values[first..], lines)
    }

    /// The kernels of all samples and heads along an axis, or their transposes: `[batch, heads]`.
    fn kernels_along(&self, axis: &Axis, transposed: bool) -> Vec<LineKernel> {
        let of_head = |(batch, head)| {
            let kernel = &self.kernels[self.sizes.kernel(axis, batch, head)];
            LineKernel::new(kernel, axis.n, transposed)
        };
        self.sizes.each_head().map(of_head).collect()
    }

    /// Applies the kernel of a head, of those [along an axis](Self::kernels_along): a copy of the tile into `applied`.
    pub fn apply(
        &self,
        (axis, kernels): (&Axis, &[LineKernel]),
        tile: &Tile,
        head: usize,
        applied: &mut [f32],
    ) {
        let kernel = &kernels[tile.batch * self.sizes.heads + head];
        let copied = tile.copied(axis, self.sizes.channels);
        kernel.apply(self.values_of(axis, tile, head), (applied, copied), false);
    }

    /// The same for each axis of a pass.
    pub fn kernels_of(&self, pass: &Pass, transposed: bool) -> Vec<Vec<LineKernel>> {
        let axes = pass.axes.iter();
        axes.map(|axis| self.kernels_along(axis, transposed))
            .collect()
    }

    /// Points of a tile times channels of a head.
    pub fn head_numbers(&self, tile: &Tile) -> usize {
        tile.points() * self.sizes.channels
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

    /// Writes or adds the numbers of a copy of a tile behind `start`.
    ///
    /// # Safety
    /// No other thread may write this tile of this array at the same time: the tiles of one pass share no point
    /// (`the_tiles_of_a_pass_hold_every_point_once`), those of two passes do.
    #[allow(unsafe_code, reason = "the tiles of a pass have no point in common")]
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

/// A tile of `[points, width]`: where it lies, if that is in the order of a copy, or a copy in `buffer`.
pub fn gather<'a>(
    numbers: &'a [f32],
    width: usize,
    axis: &Axis,
    tile: &Tile,
    buffer: &'a mut [f32],
) -> &'a [f32] {
    let mut to = 0;
    for (first, length) in tile.runs(axis) {
        let (from, length) = (first * width, length * width);
        let run = &numbers[from..from + length];
        if length == buffer.len() {
            return run;
        }
        buffer[to..to + length].copy_from_slice(run);
        to += length;
    }
    buffer
}
