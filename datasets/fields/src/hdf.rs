//! Field files in HDF5, which NetCDF-4 is too: one layout for both, specified in `FORMAT.md`.

pub mod attributes;
mod compressed;
mod in_place;
mod layout;
mod reader;
pub mod scales;

use std::path::Path;

use crate::error::FieldError;

pub(crate) use compressed::CompressedWriter;
pub(crate) use in_place::InPlaceWriter;
pub(crate) use layout::{POINTS, VELOCITY, check_per_trajectory};
pub(crate) use reader::Hdf5Reader;

/// Version of the layout of the files written, their attribute `rheome_field_version`.
pub const FORMAT_VERSION: i64 = 1;

/// The library's fault as one line that names the file.
pub(crate) fn fault(path: &Path) -> impl Fn(hdf5::Error) -> FieldError + '_ {
    |error| FieldError::format(path, error)
}

/// Opens an HDF5 file for reading.
pub(crate) fn open_file(path: &Path) -> Result<hdf5::File, FieldError> {
    rheome_hdf::open(path).map_err(fault(path))
}
