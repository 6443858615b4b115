//! How the grid is cut into tiles that fit in a core's cache.

use std::ops::Range;

use crate::fused::lines::Layout;
use crate::fused::partial_sums::group_size;

/// Most points of a tile, unless one line is longer: at 96 channels its values, what the kernel makes of them and its outputs are 740 kB.
const MOST_POINTS: usize = 640;

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

/// Some points of a sample with all others on the lines through them along the axes of a [`Pass`].
///
/// A copy of one holds the numbers of its points in the order of its [runs](Tile::runs).
#[derive(Debug, Clone)]
pub struct Tile {
    /// The sample.
    pub batch: usize,
    first: usize,
    points: usize,
    /// Places next to each other, whose lines along the one axis it is: `[n, places]` points. Otherwise its points follow each
    /// other in memory.
    across: Option<usize>,
}

/// Axes that are done together, tile by tile.
///
/// The planes or lines that the last axes span are often small enough for a tile: their values are then read once for all of
/// these axes, and their gradients written once.
#[derive(Debug)]
pub struct Pass {
    /// Its axes.
    pub axes: Vec<Axis>,
    /// Tiles that hold every point once, sample after sample.
    pub tiles: Vec<Tile>,
    batch: usize,
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

    /// All heads of all samples: sample and head.
    pub fn each_head(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (batch, heads) = (self.batch, self.heads);
        (0..batch).flat_map(move |batch| (0..heads).map(move |head| (batch, head)))
    }

    /// The sample of a tile, of `[batch, points, outputs]`.
    pub fn outputs_of<'a>(&self, numbers: &'a [f32], tile: &Tile) -> &'a [f32] {
        let length = self.points() * self.outputs;
        &numbers[tile.batch * length..(tile.batch + 1) * length]
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

    /// All axes, in their order.
    pub fn passes(&self) -> Vec<Pass> {
        let axes: Vec<Axis> = self.each_axis().collect();
        // From this axis on they are done together.
        let together = (0..axes.len())
            .find(|first| self.points_from(*first) <= MOST_POINTS)
            .unwrap_or(axes.len());
        let alone = axes[..together]
            .iter()
            .map(|axis| (vec![*axis], axis.tiles()));
        let planes = (together < axes.len())
            .then(|| (axes[together..].to_vec(), self.tiles_of_planes(together)));
        alone
            .chain(planes)
            .map(|(axes, of_sample)| {
                let in_sample = |batch| {
                    of_sample.iter().map(move |tile| Tile {
                        batch,
                        ..tile.clone()
                    })
                };
                let tiles = (0..self.batch).flat_map(in_sample).collect();
                Pass {
                    axes,
                    tiles,
                    batch: self.batch,
                }
            })
            .collect()
    }

    /// Points of the planes, or whatever, that the axes from this one on span.
    fn points_from(&self, axis: usize) -> usize {
        self.grid[axis..].iter().product()
    }

    /// Whole planes of the axes from this one on.
    fn tiles_of_planes(&self, axis: usize) -> Vec<Tile> {
        let planes: usize = self.grid[..axis].iter().product();
        let plane = self.points_from(axis);
        let together = (MOST_POINTS / plane.max(1)).max(1);
        let parts = shared_evenly(planes.div_ceil(together), 1);
        let of_planes = |planes: Range<usize>| Tile {
            batch: 0,
            first: planes.start * plane,
            points: planes.len() * plane,
            across: None,
        };
        evenly(planes, parts).map(of_planes).collect()
    }
}

/// So many parts, or some more, that threads have as many of `sets` such parts to do: two threads where there are few parts, up to
/// eight where there are more than eight. Tiles are so few that one of them would leave the other cores waiting for a noticeable time.
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

/// Cuts so many things into parts, none of them empty unless there is nothing.
fn evenly(things: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = parts.clamp(1, things.max(1));
    let start = move |part: usize| part * things / parts;
    (0..parts).map(move |part| start(part)..start(part + 1))
}

impl Axis {
    /// The tiles of a sample for this axis alone.
    fn tiles(&self) -> Vec<Tile> {
        let together = (MOST_POINTS / self.n.max(1)).max(1);
        let place = |first, points, across| Tile {
            batch: 0,
            first,
            points,
            across,
        };
        if self.inner == 1 {
            let parts = shared_evenly(self.outer.div_ceil(together), 1);
            let lines = evenly(self.outer, parts);
            return lines
                .map(|lines| place(lines.start * self.n, lines.len() * self.n, None))
                .collect();
        }
        // Places next to each other in memory, so that vectors of their numbers can be read where they lie.
        let parts = shared_evenly(self.inner.div_ceil(together), self.outer);
        let of_outer = |outer| {
            evenly(self.inner, parts).map(move |inners| {
                let first = outer * self.n * self.inner + inners.start;
                place(first, self.n * inners.len(), Some(inners.len()))
            })
        };
        (0..self.outer).flat_map(of_outer).collect()
    }
}

impl Pass {
    /// The tiles in groups of one sample each.
    pub fn groups(&self) -> Vec<&[Tile]> {
        let of_sample = self.tiles.len() / self.batch.max(1);
        let samples = self.tiles.chunks(of_sample.max(1));
        samples
            .flat_map(|tiles| tiles.chunks(group_size(tiles.len())))
            .collect()
    }

    /// Whether nothing was done before it.
    pub fn is_first(&self) -> bool {
        self.axes[0].index == 0
    }
}

impl Tile {
    /// Points of the tile.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Where the lines of the tile lie among numbers per point, `width` of them: behind that number, and how.
    pub fn in_place(&self, axis: &Axis, width: usize) -> (usize, Layout) {
        let step = axis.inner * width;
        let layout = Layout {
            outer: self.points / axis.n / self.across.unwrap_or(axis.inner),
            n: axis.n,
            width: self.across.unwrap_or(axis.inner) * width,
            outer_step: axis.n * step,
            step,
        };
        (self.first * width, layout)
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

    /// The runs of neighbouring points that make up the tile: first point and length. Of several, each begins as far behind
    /// the last as the points of the axis do.
    pub fn runs(&self, axis: &Axis) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (runs, length) = match self.across {
            None => (1, self.points),
            Some(places) => (axis.n, places),
        };
        let (first, step) = (self.first, axis.inner);
        (0..runs).map(move |i| (first + i * step, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What makes it right that threads write the tiles of an axis without locks.
        #[test]
        fn the_tiles_of_a_pass_hold_every_point_once(
            grid in [1_usize..40, 1_usize..40, 1_usize..40],
            axes in 1_usize..=3,
            batch in 1_usize..3,
        ) {
            let sizes = Sizes { batch, heads: 1, grid, axes, channels: 1, outputs: 1 };
            let passes = sizes.passes();
            let indices: Vec<usize> = passes.iter().flat_map(|pass| &pass.axes).map(|axis| axis.index).collect();
            prop_assert_eq!(indices, (0..axes).collect::<Vec<_>>());
            for pass in passes {
                let mut seen = vec![0; batch * sizes.points()];
                let grouped: usize = pass.groups().into_iter().map(<[Tile]>::len).sum();
                prop_assert_eq!(grouped, pass.tiles.len());
                for tile in &pass.tiles {
                    let points: Vec<usize> = tile.runs(&pass.axes[0]).flat_map(|(first, length)| first..first + length).collect();
                    prop_assert_eq!(points.len(), tile.points());
                    let line = pass.axes.iter().map(|axis| axis.n).max().unwrap_or(0);
                    prop_assert!(tile.points() <= MOST_POINTS.max(line));
                    for point in &points {
                        seen[tile.batch * sizes.points() + point] += 1;
                    }
                    // A copy holds them in the order in which it says that they lie, for every axis.
                    for axis in &pass.axes {
                        prop_assert!(tile.runs(axis).flat_map(|(first, length)| first..first + length).eq(points.iter().copied()));
                        let ((first, lines), copied) = (tile.in_place(axis, 1), tile.copied(axis, 1));
                        prop_assert_eq!(lines.outer * lines.n * lines.width, points.len());
                        for (line, i, j) in (0..lines.outer).flat_map(|l| (0..lines.n).flat_map(move |i| (0..lines.width).map(move |j| (l, i, j)))) {
                            let place = line * copied.outer_step + i * copied.step + j;
                            prop_assert_eq!(points[place], first + line * lines.outer_step + i * lines.step + j);
                        }
                    }
                }
                prop_assert!(seen.iter().all(|n| *n == 1));
            }
        }
    }
}
