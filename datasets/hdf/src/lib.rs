//! What the readers and writers of HDF5 files share: text and numbers however they were stored, fields of compound types, filters, a limit on
//! what a file may claim to hold, `FILE:dataset`, and files that are published as a whole.
#![warn(missing_docs)]

pub mod compound;
mod limits;
pub mod number;
mod partial;
mod place;
pub mod text;

pub use limits::{holds_claim, unreadable_filter};
pub use partial::Partial;
pub use place::split_place;

/// The library's message as one line.
pub fn message(error: &hdf5::Error) -> String {
    error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
