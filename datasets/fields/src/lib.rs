//! Flow fields in files: npy, HDF5 and NetCDF, read snapshot by snapshot and written so that a kill loses nothing.
//!
//! [`open`] reads any of the formats by the ending of the name, [`create`] writes them, [`append_to`] continues a file whose
//! writer was killed. `FORMAT.md` beside this crate specifies the files that are written. [`Split`] and [`BatchReader`] turn a
//! file into training pairs, [`FieldStatistics`] and [`EnergyChange`] sum it up.
#![warn(missing_docs)]

mod classic;
mod error;
mod field;
mod format;
mod hdf;
mod npy;
mod sampling;
mod statistics;
mod writer;
mod xdmf;

pub use error::FieldError;
pub use field::{Attribute, FieldHeader, FieldReader, FieldShape, FirstComponents, expect_grid};
pub use format::{SETTINGS, append_to, create, open, resume};
pub use hdf::{FORMAT_VERSION, attributes, scales};
pub use sampling::{
    Batch, BatchReader, Split, Window, WindowStatistics, Windows, all_windows,
    ends_of_trajectories, normalization_statistics,
};
pub use statistics::{EnergyChange, FieldStatistics};
pub use writer::{FieldWriter, WriteOptions};
pub use xdmf::write_xdmf;
