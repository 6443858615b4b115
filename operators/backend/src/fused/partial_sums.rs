//! Sums over points that threads share: each group of points has a sum of its own, and those are added in order, so that the
//! result does not depend on the number of threads.

use super::vectorized;

/// Most groups whose sums are kept apart: their rounding depends on it, and the memory that they take.
pub const GROUPS: usize = 32;

/// How many of `count` parts a group has.
pub fn group_size(count: usize) -> usize {
    count.div_ceil(GROUPS).max(1)
}

/// `sum += numbers`.
pub fn add(sum: &mut [f32], numbers: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (sum, x) in sum.iter_mut().zip(numbers) {
                *sum += x;
            }
        },
    );
}

/// Writes the sum of what the groups found, in their order.
pub fn in_order<'a>(sum: &mut [f32], partials: impl IntoIterator<Item = &'a [f32]>) {
    sum.fill(0.0);
    for partial in partials {
        add(sum, partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_all_parts_and_are_no_more_than_the_limit() {
        for count in [0, 1, 31, 32, 33, 64, 65, 1000] {
            let size = group_size(count);
            assert!(count.div_ceil(size) <= GROUPS, "{count}");
            assert!(size >= 1);
        }
    }

    #[test]
    fn sums_replace_what_was_there() {
        let parts = [vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0]];
        let mut sum = vec![7.0; 3];
        in_order(&mut sum, parts.iter().map(Vec::as_slice));
        assert_eq!(sum, [11.0, 22.0, 33.0]);
    }
}
