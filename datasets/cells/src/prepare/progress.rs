/// Cells read so far, in several passes over a matrix.
pub(crate) struct Progress<'a> {
    done: u64,
    total: u64,
    tell: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Progress<'a> {
    /// Nothing read yet of a matrix of `cells` that is read `passes` times; `tell` is told cells read and their number.
    pub(crate) fn new(cells: usize, passes: u64, tell: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self {
            done: 0,
            total: cells as u64 * passes,
            tell,
        }
    }

    /// Some more were read.
    pub(crate) fn advance(&mut self, cells: usize) {
        self.done += cells as u64;
        (self.tell)(self.done, self.total);
    }
}
