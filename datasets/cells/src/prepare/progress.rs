//! How far the passes over a matrix are, and whether to go on.

use std::ops::ControlFlow;

use crate::error::CellsError;

/// Cells read so far, in several passes over a matrix.
pub(crate) struct Progress<'a> {
    done: u64,
    total: u64,
    tell: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
}

impl<'a> Progress<'a> {
    /// Nothing read yet of a matrix of `cells` that is read `passes` times; `tell` is told cells read and their
    /// number, and answers whether to go on.
    pub(crate) fn new(
        cells: usize,
        passes: u64,
        tell: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Self {
        Self {
            done: 0,
            total: cells as u64 * passes,
            tell,
        }
    }

    /// Some more were read.
    pub(crate) fn advance(&mut self, cells: usize) -> Result<(), CellsError> {
        self.done += cells as u64;
        go_on((self.tell)(self.done, self.total))
    }
}

/// An error where the answer was not to go on.
pub(crate) fn go_on(answer: ControlFlow<()>) -> Result<(), CellsError> {
    match answer {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(CellsError::Stopped),
    }
}
