//! What the readers and writers of HDF5 files share: how files are opened to be read, text and numbers however they were stored, fields
//! of compound types, what a dataset has to fulfil to be read, what is in a file, `FILE:dataset`, and files that are published as a whole,
//! where they may be written.
//!
//! # Example
//!
//! ```
//! use rheome_hdf::{Partial, text};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("results.h5");
//! // Nobody ever sees half of this file: it gets its name when it is complete.
//! let partial = Partial::new(&path);
//! let file = partial.create()?;
//! text::write_attribute(&file, "units", "u_tau")?;
//! file.close()?;
//! partial.publish()?;
//!
//! let file = rheome_hdf::open(&path)?;
//! assert_eq!(text::attribute(&file, "units").as_deref(), Some("u_tau"));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod compound;
pub mod contents;
mod driver;
mod new_file;
pub mod number;
mod partial;
mod place;
mod readable;
pub mod text;

pub use driver::open;
pub use new_file::{NewFileError, check_new_file};
pub use partial::{Partial, unbuffered};
pub use place::{ENDINGS, has_ending, split_place};
pub use readable::{Unreadable, check_chunks, check_readable};

/// The library's message as one line.
pub fn message(error: &hdf5::Error) -> String {
    error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
