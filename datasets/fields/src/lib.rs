//! Flow fields in files: npy, HDF5 and NetCDF, read snapshot by snapshot and written so that a kill loses nothing.
//!
//! [`open`] reads any of the formats ([`FieldFormat`]) by the ending of the name, [`create`] writes them, [`append_to`] continues a file whose
//! writer was killed. `FORMAT.md` beside this crate specifies the files that are written. [`Split`] and [`BatchReader`] turn a
//! file into training pairs, [`FieldStatistics`] and [`EnergyChange`] sum it up.
//!
//! # Example
//!
//! ```
//! use rheome_fields::{FieldHeader, FieldShape, WriteOptions, create, open};
//!
//! # fn main() -> Result<(), rheome_fields::FieldError> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("flow.h5");
//! let shape = FieldShape {
//!     has_trajectories: false,
//!     trajectories: 1,
//!     snapshots: 2,
//!     grid: [4, 5, 4],
//!     components: 3,
//! };
//! let mut writer = create(&path, &shape, &FieldHeader::default(), WriteOptions::default())?;
//! // Each snapshot, [x, y, z, component], is safe as soon as it is appended.
//! writer.append(0, 0.0, &vec![1.0; shape.snapshot_len()])?;
//! writer.append(0, 0.5, &vec![2.0; shape.snapshot_len()])?;
//! writer.finish()?;
//!
//! let flow = open(path.to_str().unwrap())?;
//! let mut snapshot = vec![0.0; flow.shape().snapshot_len()];
//! flow.read(0, 1, &mut snapshot)?;
//! assert_eq!((flow.times().unwrap()[1], snapshot[0]), (0.5, 2.0));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod axes;
mod classic;
mod error;
mod field;
mod format;
mod hdf;
mod joined;
mod npy;
mod sampling;
mod statistics;
mod writer;
mod xdmf;

pub use error::FieldError;
pub use field::{
    Attribute, FieldHeader, FieldReader, FieldShape, FirstComponents, expect_grid, mean_spacing,
};
pub use format::{FieldFormat, SETTINGS, append_to, begin_or_resume, create, open, resume};
pub use hdf::{FORMAT_VERSION, attributes, scales};
pub use rheome_hdf::NewFileError;
pub use sampling::{
    Batch, BatchReader, Split, Window, WindowStatistics, Windows, all_windows,
    ends_of_trajectories, normalization_statistics,
};
pub use statistics::{EnergyChange, FieldStatistics};
pub use writer::{Appears, FieldWriter, WriteOptions};
pub use xdmf::{description_of, write_xdmf};
