//! How the grid is cut into tiles that fit in a core's cache.

use std::ops::Range;

use crate::fused::lines::Layout;
use crate::fused::partial_sums::group_size;

/// Points of a tile: at 96 channels its values, what the kernel makes of them and its outputs are 600 kB.
const TILE_POINTS: usize = 512;

/// Sizes of a factorized attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Samples.
    pub batch: usize,
    /// Heads.
    pub heads: usize,
    /// Points along x, y and z.
    pub grid: [usize; 3],
    /// Axes with a kernel: the first of the grid.
    pub axes: usize,
    /// Channels of a head.
    pub channels: usize,
    /// Outputs per point.
    pub outputs: usize,
}

/// An axis of the grid: the index of a point is `(outer n + i) inner + j`.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Its number: 0 is x.
    pub index: usize,
    /// Points along it.
    pub n: usize,
    outer: usize,
    inner: usize,
    /// Where its kernels begin within those of a head.
    kernel: usize,
}

/// All points along an axis for some of the places across it. Copied, its numbers lie as `[n, places, channels]`; along the last axis, whose
/// lines follow each other, they are whole lines, `[places, n, channels]`, as they are in memory.
#[derive(Debug, Clone)]
pub struct Tile {
    /// The sample.
    pub batch: usize,
    outers: Range<usize>,
    inners: Range<usize>,
}

impl Sizes {
    /// Points of the grid.
    pub fn points(&self) -> usize {
        self.grid.iter().product()
    }

    /// Numbers of all kernels of one head.
    pub fn kernel_numbers(&self) -> usize {
        self.grid[..self.axes].iter().map(|n| n * n).sum()
    }

    /// The axes with a kernel.
    pub fn each_axis(&self) -> impl Iterator<Item = Axis> + use<> {
        let grid = self.grid;
        (0..self.axes).map(move |index| Axis {
            index,
            n: grid[index],
            outer: grid[..index].iter().product(),
            inner: grid[index + 1..].iter().product(),
            kernel: grid[..index].iter().map(|n| n * n).sum(),
        })
    }

    /// Where the numbers of `head` begin in `[batch, heads, points, channels]`.
    pub fn of_head(&self, batch: usize, head: usize) -> usize {
        (batch * self.heads + head) * self.points() * self.channels
    }

    /// Where the kernel of an axis lies in `[batch, heads, kernel numbers]`.
    pub fn kernel(&self, axis: &Axis, batch: usize, head: usize) -> Range<usize> {
        let start = (batch * self.heads + head) * self.kernel_numbers() + axis.kernel;
        start..start + axis.n * axis.n
    }

    /// Where the map of a head's part lies in `[heads, axes, channels, outputs]`.
    pub fn map(&self, axis: &Axis, head: usize) -> Range<usize> {
        let length = self.channels * self.outputs;
        let start = (head * self.axes + axis.index) * length;
        start..start + length
    }

    /// Where a head's part lies in `[batch, axes, heads, channels]`.
    pub fn part(&self, axis: &Axis, batch: usize, head: usize) -> Range<usize> {
        let start = ((batch * self.axes + axis.index) * self.heads + head) * self.channels;
        start..start + self.channels
    }
}

/// So many parts, or some more, that threads have as many of `sets` such parts to do, be they two, four or eight: tiles are
/// few enough that one of them would leave the other cores waiting for a noticeable time.
fn shared_evenly(parts: usize, sets: usize) -> usize {
    let threads = match parts {
        0 | 1 => return parts,
        2..=8 => 2,
        _ => 8,
    };
    (parts..)
        .find(|parts| (parts * sets).is_multiple_of(threads))
        .unwrap_or(parts)
}

impl Axis {
    /// The tiles of all samples.
    pub fn tiles(&self, batch: usize) -> Vec<Tile> {
        // Places next to each other in memory first: whole rows of them can be read where they lie.
        let along_inner = self.inner > 1;
        let (places, sets) = match along_inner {
            true => (self.inner, self.outer),
            false => (self.outer, 1),
        };
        let parts = (places * self.n).div_ceil(TILE_POINTS + TILE_POINTS / 4);
        let parts = shared_evenly(parts, sets).clamp(1, places.max(1));
        let chunks = || {
            let start = move |part: usize| part * places / parts;
            (0..parts).map(move |part| start(part)..start(part + 1))
        };
        let of_sample = |batch| -> Vec<Tile> {
            if along_inner {
                let of_outer = |outer| {
                    chunks().map(move |inners| Tile {
                        batch,
                        outers: outer..outer + 1,
                        inners,
                    })
                };
                (0..self.outer).flat_map(of_outer).collect()
            } else {
                let of_chunk = |outers| Tile {
                    batch,
                    outers,
                    inners: 0..1,
                };
                chunks().map(of_chunk).collect()
            }
        };
        (0..batch).flat_map(of_sample).collect()
    }
}

impl Axis {
    /// The tiles in groups of one sample each.
    pub fn groups(&self, batch: usize) -> Vec<Vec<Tile>> {
        let tiles = self.tiles(batch);
        let of_sample = tiles.len() / batch.max(1);
        let samples = tiles.chunks(of_sample.max(1));
        samples
            .flat_map(|tiles| tiles.chunks(group_size(tiles.len())))
            .map(<[Tile]>::to_vec)
            .collect()
    }
}

impl Tile {
    /// Places across the axis.
    pub fn places(&self) -> usize {
        self.outers.len() * self.inners.len()
    }

    /// Where the lines of the tile lie among numbers per point, `width` of them: behind that number, and how.
    pub fn in_place(&self, axis: &Axis, width: usize) -> (usize, Layout) {
        let first = self.outers.start * axis.n * axis.inner + self.inners.start;
        let layout = Layout {
            outer: self.outers.len(),
            n: axis.n,
            width: self.inners.len() * width,
            outer_step: axis.n * axis.inner * width,
            step: axis.inner * width,
        };
        (first * width, layout)
    }

    /// How they lie in a copy of the tile.
    pub fn copied(&self, axis: &Axis, width: usize) -> Layout {
        let (_, layout) = self.in_place(axis, width);
        Layout {
            outer_step: axis.n * layout.width,
            step: layout.width,
            ..layout
        }
    }

    /// The runs of neighbouring points that make up the tile, in the order of a copy: first point and length.
    pub fn runs<'a>(&'a self, axis: &'a Axis) -> impl Iterator<Item = (usize, usize)> + 'a {
        let (first, lines) = self.in_place(axis, 1);
        // Lines that follow each other are one run.
        let (runs, length) = match axis.inner {
            1 => (1, lines.outer * axis.n),
            _ => (axis.n, lines.width),
        };
        (0..runs).map(move |i| (first + i * lines.step, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What makes it right that threads write the tiles of an axis without locks.
        #[test]
        fn the_tiles_of_an_axis_hold_every_point_once(
            grid in [1_usize..40, 1_usize..40, 1_usize..40],
            axes in 1_usize..=3,
            batch in 1_usize..3,
        ) {
            let sizes = Sizes { batch, heads: 1, grid, axes, channels: 1, outputs: 1 };
            for axis in sizes.each_axis() {
                let mut seen = vec![0; batch * sizes.points()];
                for tile in axis.tiles(batch) {
                    let mut points = 0;
                    for (first, length) in tile.runs(&axis) {
                        for point in first..first + length {
                            seen[tile.batch * sizes.points() + point] += 1;
                        }
                        points += length;
                    }
                    prop_assert_eq!(points, axis.n * tile.places());
                    // A copy holds them in the order in which it says that they lie.
                    let copy: Vec<usize> = tile.runs(&axis).flat_map(|(first, length)| first..first + length).collect();
                    let ((first, lines), copied) = (tile.in_place(&axis, 1), tile.copied(&axis, 1));
                    for (line, i, j) in (0..lines.outer).flat_map(|l| (0..lines.n).flat_map(move |i| (0..lines.width).map(move |j| (l, i, j)))) {
                        let place = line * copied.outer_step + i * copied.step + j;
                        prop_assert_eq!(copy[place], first + line * lines.outer_step + i * lines.step + j);
                    }
                }
                prop_assert!(seen.iter().all(|n| *n == 1));
            }
        }
    }
}
