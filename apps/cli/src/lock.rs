//! Locks that a thread's panic does not keep from the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what threads share. A poisoned lock means that a thread panicked while it held it; the others may go on to the end.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
