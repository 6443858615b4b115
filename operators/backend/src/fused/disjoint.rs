//! One slice that several threads write, each its own part.
#![allow(
    unsafe_code,
    reason = "the parts that the threads write do not form the chunks that safe code could split off"
)]

use std::marker::PhantomData;

/// A slice shared by threads that write disjoint ranges of it.
#[derive(Debug)]
pub struct Disjoint<'a> {
    start: *mut f32,
    length: usize,
    borrowed: PhantomData<&'a mut [f32]>,
}

// SAFETY: only `range` reaches the numbers, and its caller promises that no two threads hold overlapping ranges.
unsafe impl Sync for Disjoint<'_> {}
// SAFETY: as above; the slice itself may be sent.
unsafe impl Send for Disjoint<'_> {}

impl<'a> Disjoint<'a> {
    /// Shares `numbers` for as long as they are borrowed.
    pub fn new(numbers: &'a mut [f32]) -> Self {
        Self {
            start: numbers.as_mut_ptr(),
            length: numbers.len(),
            borrowed: PhantomData,
        }
    }

    /// The range of `length` numbers from `start`.
    ///
    /// # Safety
    /// No other range that overlaps it may be in use.
    ///
    /// # Panics
    /// If the range does not lie in the slice.
    #[allow(
        clippy::mut_from_ref,
        reason = "the safety contract is what makes it right"
    )]
    pub unsafe fn range(&self, start: usize, length: usize) -> &mut [f32] {
        assert!(
            start <= self.length && length <= self.length - start,
            "a range beyond its slice"
        );
        // SAFETY: it lies in the borrowed slice, and the caller promises that it is used alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), length) }
    }
}
