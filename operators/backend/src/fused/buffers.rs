//! Memory that a thread keeps from one tile to the next.

use std::cell::RefCell;

thread_local! {
    static BUFFERS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends a thread's buffers of the given lengths, with whatever is in them.
///
/// # Panics
/// If `work` asks for buffers again.
pub fn with_buffers<const N: usize, R>(
    lengths: [usize; N],
    work: impl FnOnce([&mut [f32]; N]) -> R,
) -> R {
    BUFFERS.with_borrow_mut(|all| {
        let total = lengths.iter().sum();
        if all.len() < total {
            all.resize(total, 0.0);
        }
        let mut rest = &mut all[..total];
        let parts = lengths.map(|length| {
            let (part, behind) = std::mem::take(&mut rest).split_at_mut(length);
            rest = behind;
            part
        });
        work(parts)
    })
}
