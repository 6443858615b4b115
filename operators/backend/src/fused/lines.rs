//! Products along the lines of a tile: a small square kernel applied to numbers where they lie, and the sums of products of two such
//! fields of numbers that its gradient is.
//!
//! A general product packs both of its arguments before it multiplies, which costs a fifth of the time where one of them is as
//! small as a kernel, half of it where the result is. Here the numbers are read from where they lie, and those of a few points at a time
//! are in the cache while they are read again.

use pulp::{Simd, WithSimd};

/// Rows of a kernel that are applied at a time: their sums fill the registers.
const ROWS: usize = 12;

/// Vectors after which sums of products are added up.
const VECTORS: usize = 128;

/// Where the numbers `[outer, n, width]` of a tile lie in a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Lines side by side that do not follow each other.
    pub outer: usize,
    /// Points of a line.
    pub n: usize,
    /// Numbers of a point, and of those next to it.
    pub width: usize,
    /// From one to the next of the outer lines.
    pub outer_step: usize,
    /// From a point of a line to the next.
    pub step: usize,
}

impl Layout {
    /// Numbers of a slice that hold all of it.
    fn length(&self) -> usize {
        if self.outer == 0 || self.n == 0 {
            return 0;
        }
        (self.outer - 1) * self.outer_step + (self.n - 1) * self.step + self.width
    }

    fn check(&self, length: usize) {
        assert!(self.length() <= length, "lines beyond their slice");
    }

    /// The numbers of `N` points of a line, from `first` on.
    #[inline(always)]
    fn points<'a, const N: usize>(
        &self,
        numbers: &'a [f32],
        line: usize,
        first: usize,
    ) -> [&'a [f32]; N] {
        let mut all: [&[f32]; N] = [&[]; N];
        for (i, points) in all.iter_mut().enumerate() {
            let start = line * self.outer_step + (first + i) * self.step;
            *points = &numbers[start..start + self.width];
        }
        all
    }
}

/// A kernel `[n, n]` as [`apply`](Self::apply) reads it: blocks of rows, column by column.
#[derive(Debug, Clone)]
pub struct LineKernel {
    n: usize,
    rows: usize,
    packed: Vec<f32>,
}

impl LineKernel {
    /// Packs a kernel, or its transpose.
    ///
    /// # Panics
    /// If it is not square.
    pub fn new(kernel: &[f32], n: usize, transposed: bool) -> Self {
        assert_eq!(kernel.len(), n * n, "a square kernel");
        // Blocks as even as they can be.
        let rows = n.div_ceil(n.div_ceil(ROWS).max(1)).max(1);
        let mut packed = Vec::with_capacity(n * n);
        for start in (0..n).step_by(rows) {
            let block = start..(start + rows).min(n);
            for i in 0..n {
                packed.extend(block.clone().map(|r| match transposed {
                    false => kernel[r * n + i],
                    true => kernel[i * n + r],
                }));
            }
        }
        Self { n, rows, packed }
    }

    /// Writes `sum over j of kernel[i, j] from[j]` for every line, or adds it to what is there.
    ///
    /// # Panics
    /// If the lines have other lengths, or lie beyond their slices.
    pub fn apply(&self, from: (&[f32], Layout), to: (&mut [f32], Layout), keep: bool) {
        assert_eq!([from.1.n, to.1.n], [self.n; 2], "points of a line");
        assert_eq!(
            [from.1.outer, from.1.width],
            [to.1.outer, to.1.width],
            "lines"
        );
        from.1.check(from.0.len());
        to.1.check(to.0.len());
        pulp::Arch::new().dispatch(Application {
            kernel: self,
            from,
            to,
            keep,
        });
    }
}

struct Application<'a> {
    kernel: &'a LineKernel,
    from: (&'a [f32], Layout),
    to: (&'a mut [f32], Layout),
    keep: bool,
}

impl WithSimd for Application<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (from, at) = self.from;
        let (to, into) = self.to;
        // Two vectors a row where there are registers for them.
        let wide = if S::REGISTER_COUNT >= 32 { 2 } else { 1 } * S::F32_LANES;
        for outer in 0..at.outer {
            let (from, to) = (
                &from[outer * at.outer_step..],
                &mut to[outer * into.outer_step..],
            );
            let mut start = 0;
            while start < at.width {
                let left = at.width - start;
                let length = if left >= wide {
                    wide
                } else {
                    left.min(S::F32_LANES)
                };
                let (from, to) = ((&from[start..], at.step), (&mut to[start..], into.step));
                self.kernel.blocks(simd, from, to, length, self.keep);
                start += length;
            }
        }
    }
}

impl LineKernel {
    /// Applies all blocks of rows to `length` numbers of each point: to one or two vectors, or to less than one.
    #[inline(always)]
    fn blocks<S: Simd>(
        &self,
        simd: S,
        from: (&[f32], usize),
        to: (&mut [f32], usize),
        length: usize,
        keep: bool,
    ) {
        let (to, step) = to;
        for (block, packed) in self.packed.chunks(self.rows * self.n).enumerate() {
            let to = (&mut to[block * self.rows * step..], step);
            let rows = packed.len() / self.n;
            if length == 2 * S::F32_LANES {
                by_rows::<S, 2>(simd, rows, packed, from, to, length, keep);
            } else {
                by_rows::<S, 1>(simd, rows, packed, from, to, length, keep);
            }
        }
    }
}

/// Chooses the code for a number of rows.
#[inline(always)]
fn by_rows<S: Simd, const V: usize>(
    simd: S,
    rows: usize,
    packed: &[f32],
    from: (&[f32], usize),
    to: (&mut [f32], usize),
    length: usize,
    keep: bool,
) {
    match rows {
        1 => block::<S, V, 1>(simd, packed, from, to, length, keep),
        2 => block::<S, V, 2>(simd, packed, from, to, length, keep),
        3 => block::<S, V, 3>(simd, packed, from, to, length, keep),
        4 => block::<S, V, 4>(simd, packed, from, to, length, keep),
        5 => block::<S, V, 5>(simd, packed, from, to, length, keep),
        6 => block::<S, V, 6>(simd, packed, from, to, length, keep),
        7 => block::<S, V, 7>(simd, packed, from, to, length, keep),
        8 => block::<S, V, 8>(simd, packed, from, to, length, keep),
        9 => block::<S, V, 9>(simd, packed, from, to, length, keep),
        10 => block::<S, V, 10>(simd, packed, from, to, length, keep),
        11 => block::<S, V, 11>(simd, packed, from, to, length, keep),
        _ => block::<S, V, ROWS>(simd, packed, from, to, length, keep),
    }
}

/// `R` rows of a kernel on `V` vectors of each point, or on `length` numbers, less than a vector.
#[inline(always)]
fn block<S: Simd, const V: usize, const R: usize>(
    simd: S,
    packed: &[f32],
    (from, step): (&[f32], usize),
    (to, to_step): (&mut [f32], usize),
    length: usize,
    keep: bool,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    let lanes = S::F32_LANES;
    if keep {
        for (r, sums) in sums.iter_mut().enumerate() {
            let numbers = &to[r * to_step..][..length];
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = match V {
                    1 => simd.partial_load_f32s(numbers),
                    _ => S::as_simd_f32s(&numbers[v * lanes..][..lanes]).0[0],
                };
            }
        }
    }
    for (i, factors) in packed.as_chunks::<R>().0.iter().enumerate() {
        let numbers = &from[i * step..][..length];
        let numbers: [S::f32s; V] = std::array::from_fn(|v| match V {
            1 => simd.partial_load_f32s(numbers),
            _ => S::as_simd_f32s(&numbers[v * lanes..][..lanes]).0[0],
        });
        for (sums, factor) in sums.iter_mut().zip(factors) {
            let factor = simd.splat_f32s(*factor);
            for (sum, x) in sums.iter_mut().zip(numbers) {
                *sum = simd.mul_add_e_f32s(factor, x, *sum);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        let numbers = &mut to[r * to_step..][..length];
        for (v, sum) in sums.into_iter().enumerate() {
            match V {
                1 => simd.partial_store_f32s(numbers, sum),
                _ => S::as_mut_simd_f32s(&mut numbers[v * lanes..][..lanes]).0[0] = sum,
            }
        }
    }
}

/// Adds `sum over lines of a[i] b[j]` to `sums[i, j]`.
///
/// # Panics
/// If the lines have other shapes, or lie beyond their slices.
pub fn add_products(a: (&[f32], Layout), b: (&[f32], Layout), sums: &mut [f32]) {
    let n = a.1.n;
    assert_eq!(
        [a.1.outer, n, a.1.width],
        [b.1.outer, b.1.n, b.1.width],
        "lines"
    );
    assert_eq!(sums.len(), n * n, "a square of sums");
    a.1.check(a.0.len());
    b.1.check(b.0.len());
    pulp::Arch::new().dispatch(Products { a, b, sums });
}

struct Products<'a> {
    a: (&'a [f32], Layout),
    b: (&'a [f32], Layout),
    sums: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.a.1.n;
        if n >= 6 && S::REGISTER_COUNT >= 32 {
            // The size with which the fewest sums are found twice.
            let found = |[r, c]: [usize; 2]| n.next_multiple_of(r) * n.next_multiple_of(c);
            match [[4, 6], [3, 6], [4, 4]]
                .into_iter()
                .min_by_key(|size| found(*size))
            {
                Some([3, 6]) => self.by_blocks::<S, 3, 6>(simd),
                Some([4, 4]) => self.by_blocks::<S, 4, 4>(simd),
                _ => self.by_blocks::<S, 4, 6>(simd),
            }
        } else if n >= 4 {
            self.by_blocks::<S, 2, 4>(simd);
        } else {
            self.by_blocks::<S, 1, 1>(simd);
        }
    }
}

impl Products<'_> {
    /// Adds up block by block of `R` by `C` sums, some of the lines at a time: those stay in the cache.
    #[inline(always)]
    fn by_blocks<S: Simd, const R: usize, const C: usize>(self, simd: S) {
        let Self {
            a: (a, at),
            b: (b, bt),
            sums,
        } = self;
        let together = (VECTORS * S::F32_LANES / at.width.max(1)).max(1);
        for first in (0..at.outer).step_by(together) {
            let lines = first..(first + together).min(at.outer);
            for row in (0..at.n).step_by(R) {
                for column in (0..at.n).step_by(C) {
                    // The last block begins before its place, so that it is whole.
                    let (r, c) = (row.min(at.n - R), column.min(at.n - C));
                    let mut found = [[simd.splat_f32s(0.0); C]; R];
                    for line in lines.clone() {
                        let rows = at.points::<R>(a, line, r);
                        let columns = bt.points::<C>(b, line, c);
                        add_line(simd, rows, columns, &mut found);
                    }
                    for (i, found) in found.into_iter().enumerate().skip(row - r) {
                        for (j, found) in found.into_iter().enumerate().skip(column - c) {
                            sums[(r + i) * at.n + c + j] += simd.reduce_sum_f32s(found);
                        }
                    }
                }
            }
        }
    }
}

/// Vectors of some points, and the numbers behind the last whole one.
type Vectors<'a, S, const N: usize> = [(&'a [<S as Simd>::f32s], &'a [f32]); N];

/// Adds the products of some rows and columns, vector by vector.
#[inline(always)]
fn add_line<S: Simd, const R: usize, const C: usize>(
    simd: S,
    rows: [&[f32]; R],
    columns: [&[f32]; C],
    sums: &mut [[S::f32s; C]; R],
) {
    let rows = vectors::<S, R>(rows);
    let columns = vectors::<S, C>(columns);
    let (mut x, mut y) = ([simd.splat_f32s(0.0); R], [simd.splat_f32s(0.0); C]);
    let whole = rows[0].0.len();
    // The compiler then knows that no index of the loop lies beyond.
    assert!(
        rows.iter()
            .chain(&columns)
            .all(|line| line.0.len() == whole)
    );
    for k in 0..whole {
        for (x, row) in x.iter_mut().zip(&rows) {
            *x = row.0[k];
        }
        for (y, column) in y.iter_mut().zip(&columns) {
            *y = column.0[k];
        }
        add_vectors(simd, x, y, sums);
    }
    if !rows[0].1.is_empty() {
        for (x, row) in x.iter_mut().zip(rows) {
            *x = simd.partial_load_f32s(row.1);
        }
        for (y, column) in y.iter_mut().zip(columns) {
            *y = simd.partial_load_f32s(column.1);
        }
        add_vectors(simd, x, y, sums);
    }
}

#[inline(always)]
fn vectors<S: Simd, const N: usize>(lines: [&[f32]; N]) -> Vectors<'_, S, N> {
    let mut all: Vectors<'_, S, N> = [(&[], &[]); N];
    for (to, line) in all.iter_mut().zip(lines) {
        *to = S::as_simd_f32s(line);
    }
    all
}

#[inline(always)]
fn add_vectors<S: Simd, const R: usize, const C: usize>(
    simd: S,
    x: [S::f32s; R],
    y: [S::f32s; C],
    sums: &mut [[S::f32s; C]; R],
) {
    for (sums, x) in sums.iter_mut().zip(x) {
        for (sum, y) in sums.iter_mut().zip(y) {
            *sum = simd.mul_add_e_f32s(x, y, *sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers between -1 and 1 that look random.
    fn numbers(length: usize, seed: u32) -> Vec<f32> {
        let next = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        let mut state = seed;
        std::iter::from_fn(|| next(&mut state))
            .take(length)
            .collect()
    }

    /// Lines with gaps between points and lines, or one after the other.
    fn layout(outer: usize, n: usize, width: usize, gap: usize) -> Layout {
        let step = width + gap;
        Layout {
            outer,
            n,
            width,
            outer_step: n * step + gap,
            step,
        }
    }

    fn at(layout: Layout, outer: usize, i: usize, c: usize) -> usize {
        outer * layout.outer_step + i * layout.step + c
    }

    proptest! {
        #[test]
        fn kernels_are_applied_and_products_are_summed_along_every_line(
            (outer, n, width) in prop_oneof![
                (1_usize..4, 1_usize..40, 1_usize..70),
                // More than are summed at a time.
                (2_usize..12, 1_usize..10, 600_usize..900),
            ],
            gaps in [0_usize..3, 0_usize..3],
            transposed: bool,
        ) {
            let [from, to] = gaps.map(|gap| layout(outer, n, width, gap));
            let (kernel, x) = (numbers(n * n, 1), numbers(from.length(), 2));
            // What lies between the lines stays.
            let mut y = vec![7.0; to.length()];
            let kernel_of_lines = LineKernel::new(&kernel, n, transposed);
            kernel_of_lines.apply((&x, from), (&mut y, to), false);
            let weight = |i: usize, j: usize| if transposed { kernel[j * n + i] } else { kernel[i * n + j] };
            let mut expected = vec![7.0; to.length()];
            for (o, i, c) in (0..outer).flat_map(|o| (0..n).flat_map(move |i| (0..width).map(move |c| (o, i, c)))) {
                let terms = (0..n).map(|j| f64::from(weight(i, j)) * f64::from(x[at(from, o, j, c)]));
                expected[at(to, o, i, c)] = terms.sum::<f64>() as f32;
            }
            prop_assert!(y.iter().zip(&expected).all(|(y, e)| (y - e).abs() < 1e-5));
            let mut twice = y.clone();
            kernel_of_lines.apply((&x, from), (&mut twice, to), true);
            let between = |e: f32| if e == 7.0 { 7.0 } else { 2.0 * e };
            prop_assert!(twice.iter().zip(&expected).all(|(y, e)| (y - between(*e)).abs() < 2e-5));

            let mut sums = vec![1.0; n * n];
            add_products((&y, to), (&x, from), &mut sums);
            for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let terms = (0..outer).flat_map(|o| (0..width).map(move |c| (o, c)));
                let terms = terms.map(|(o, c)| f64::from(y[at(to, o, i, c)]) * f64::from(x[at(from, o, j, c)]));
                let expected = 1.0 + terms.sum::<f64>();
                // Each term of a sum is rounded.
                let tolerance = 1e-4 + 1e-6 * (outer * width) as f64;
                prop_assert!((f64::from(sums[i * n + j]) - expected).abs() < tolerance, "{i} {j}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "lines beyond their slice")]
    fn lines_must_lie_in_their_slice() {
        let at = layout(2, 3, 4, 1);
        add_products((&[0.0; 20], at), (&[0.0; 40], at), &mut [0.0; 9]);
    }
}
