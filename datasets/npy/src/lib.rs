//! What the readers and writers of NumPy's `.npy` files share.
//!
//! - [`Header`]: what a file says of its array, read from any version of the format and written;
//! - [`Element`]: how a number is stored;
//! - [`Array::read`]: an array that fits in memory, read as a whole.
//!
//! # Example
//!
//! ```
//! use rheome_npy::{Array, Header};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("series.npy");
//! // numpy.save(path, numpy.array([[1, 2, 3], [4, 5, 6]], dtype="f4"))
//! let mut bytes = Header::encode(&[2, 3], 64);
//! bytes.extend([1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()));
//! std::fs::write(&path, bytes)?;
//!
//! let array = Array::read(&path)?;
//! assert_eq!(array.extents, [2, 3]);
//! assert_eq!(array.values[4], 5.0);
//! # Ok(())
//! # }
//! ```

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
