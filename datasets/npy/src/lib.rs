//! What the readers and writers of NumPy's `.npy` files share.
//!
//! - [`Header`]: what a file says of its array, read from any version of the format and written;
//! - [`Element`]: how a number is stored;
//! - [`Array::read`]: an array that fits in memory, read as a whole.

mod array;
mod element;
mod header;

use thiserror::Error;

pub use array::Array;
pub use element::Element;
pub use header::Header;

/// What can be wrong with a `.npy` file. The messages do not name it: whoever opened it does.
#[derive(Debug, Error)]
pub enum NpyError {
    /// The system refuses to read.
    #[error("cannot read: {0}")]
    System(#[from] std::io::Error),
    /// This is no such file, a damaged one, or one of other numbers.
    #[error("{0}")]
    Format(String),
}
