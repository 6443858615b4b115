//! Reading the next cells while the last are worked on.

use std::ops::Range;
use std::sync::mpsc::sync_channel;
use std::thread;

use rheome_anndata::{MatrixReader, Number, RowBlock};

use crate::error::CellsError;
use crate::normalization::BLOCK;

/// Blocks that may wait: with the one that is read and the one that is worked on, three are in memory.
const WAITING: usize = 1;

/// Gives the rows `kept` (ascending) of a matrix to `work`, block by block and in order, with their places in `kept`; another
/// thread reads ahead unless this process is to use one thread.
///
/// # Errors
/// [`CellsError::AnnData`] if the matrix cannot be read; what `work` fails with.
pub(crate) fn each_block<T: Number + Send>(
    matrix: &MatrixReader,
    kept: &[usize],
    mut work: impl FnMut(Range<usize>, RowBlock<T>) -> Result<(), CellsError>,
) -> Result<(), CellsError> {
    let mut work = |rows: Range<usize>, block: RowBlock<T>| {
        let place = |row: usize| kept.partition_point(|kept| *kept < row);
        let places = place(rows.start)..place(rows.end);
        if places.len() == rows.len() {
            return work(places, block);
        }
        let of_block = kept[places.clone()].iter().map(|row| row - rows.start);
        work(places, block.at(&of_block.collect::<Vec<_>>()))
    };
    if rayon::current_num_threads() == 1 {
        for block in matrix.blocks::<T>(BLOCK) {
            let (rows, block) = block?;
            work(rows, block)?;
        }
        return Ok(());
    }
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        scope.spawn(move || {
            for block in matrix.blocks::<T>(BLOCK) {
                // Nobody waits for more after a failure.
                if sender.send(block).is_err() {
                    break;
                }
            }
        });
        // The receiver is dropped before the thread is waited for, whatever ends the loop.
        for block in receiver {
            let (rows, block) = block?;
            work(rows, block)?;
        }
        Ok(())
    })
}
