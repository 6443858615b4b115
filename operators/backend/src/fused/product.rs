//! Products of small matrices, on the thread that asks for them.
#![allow(
    unsafe_code,
    reason = "gemm takes pointers; the views have checked that every index lies in their slice"
)]

use gemm::Parallelism;

/// A matrix whose numbers lie in a slice.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

/// A matrix to be written.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    numbers: &'a mut [f32],
    shape: [usize; 2],
    stride: usize,
}

impl<'a> Matrix<'a> {
    /// `shape` is rows and columns; from row to row it is `stride` numbers.
    ///
    /// # Panics
    /// If the slice is too short.
    pub fn new(numbers: &'a [f32], shape: [usize; 2], stride: usize) -> Self {
        assert!(
            fits(numbers.len(), shape, stride),
            "a matrix beyond its slice"
        );
        Self {
            numbers,
            shape,
            strides: [stride, 1],
        }
    }

    /// Rows without gaps between them.
    ///
    /// # Panics
    /// If the slice is too short.
    pub fn rows(numbers: &'a [f32], shape: [usize; 2]) -> Self {
        Self::new(numbers, shape, shape[1])
    }

    /// Rows as columns.
    pub fn transposed(self) -> Self {
        Self {
            shape: [self.shape[1], self.shape[0]],
            strides: [self.strides[1], self.strides[0]],
            ..self
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// As [`Matrix::new`].
    ///
    /// # Panics
    /// If the slice is too short.
    pub fn new(numbers: &'a mut [f32], shape: [usize; 2], stride: usize) -> Self {
        assert!(
            fits(numbers.len(), shape, stride),
            "a matrix beyond its slice"
        );
        Self {
            numbers,
            shape,
            stride,
        }
    }

    /// As [`Matrix::rows`].
    ///
    /// # Panics
    /// If the slice is too short.
    pub fn rows(numbers: &'a mut [f32], shape: [usize; 2]) -> Self {
        Self::new(numbers, shape, shape[1])
    }

    /// Writes `left right`.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    pub fn set(self, left: Matrix<'_>, right: Matrix<'_>) {
        self.product(false, left, right);
    }

    /// Adds `left right`.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    pub fn add(self, left: Matrix<'_>, right: Matrix<'_>) {
        self.product(true, left, right);
    }

    fn product(self, keep: bool, left: Matrix<'_>, right: Matrix<'_>) {
        let [m, n] = self.shape;
        let inner = left.shape[1];
        assert_eq!(
            [left.shape, right.shape],
            [[m, inner], [inner, n]],
            "the shapes of a product"
        );
        let signed = |stride: usize| stride as isize;
        // SAFETY: `fits` holds for the three matrices, transposition keeps the set of their indices, the shapes agree, and the
        // destination is borrowed alone.
        unsafe {
            gemm::gemm(
                m,
                n,
                inner,
                self.numbers.as_mut_ptr(),
                1,
                signed(self.stride),
                keep,
                left.numbers.as_ptr(),
                signed(left.strides[1]),
                signed(left.strides[0]),
                right.numbers.as_ptr(),
                signed(right.strides[1]),
                signed(right.strides[0]),
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

/// Whether the last number of the last row lies within `length`.
fn fits(length: usize, [rows, columns]: [usize; 2], stride: usize) -> bool {
    let last = || (rows - 1).checked_mul(stride)?.checked_add(columns);
    rows == 0 || columns == 0 || last().is_some_and(|last| last <= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_transposed_and_gapped_matrices() {
        // Rows of two numbers, three apart.
        let gapped = [1.0, 2.0, -9.0, 3.0, 4.0, -9.0, 5.0, 6.0];
        let a = Matrix::new(&gapped, [3, 2], 3);
        let b = [1.0, 0.0, 2.0, 1.0, 1.0, 0.0];
        let mut c = [10.0; 4];
        MatrixMut::rows(&mut c, [2, 2]).add(a.transposed(), Matrix::rows(&b, [3, 2]));
        assert_eq!(c, [22.0, 13.0, 26.0, 14.0]);
        MatrixMut::rows(&mut c, [2, 2]).set(a.transposed(), Matrix::rows(&b, [3, 2]));
        assert_eq!(c, [12.0, 3.0, 16.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "beyond its slice")]
    fn a_matrix_must_lie_in_its_slice() {
        let _ = Matrix::new(&[0.0; 7], [3, 2], 3);
    }

    #[test]
    #[should_panic(expected = "beyond its slice")]
    fn nor_does_one_fit_whose_size_no_number_holds() {
        let _ = Matrix::new(&[0.0], [(1 << 33) + 1, 1], 1 << 31);
    }
}
