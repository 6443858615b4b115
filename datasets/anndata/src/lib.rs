//! AnnData files (`.h5ad`) in and out: every encoding that anndata 0.7 to 0.12 writes, and older files, by rows and in bounded
//! memory.
//!
//! [`AnnData`] opens a file lazily: tables ([`FrameReader`]) column by column, matrices ([`MatrixReader`], dense, CSR or CSC) by
//! rows, `uns` as [`Value`]s. [`AnnDataWriter`] writes files that anndata and scanpy open, rows as they come. The format is
//! anndata's own: <https://anndata.readthedocs.io/en/stable/fileformat-prose.html>.
#![warn(missing_docs)]

mod anndata;
mod error;
mod frame;
mod matrix;
mod place;
mod value;
mod values;
mod writer;

pub use anndata::{AnnData, Annotation, Axis, Raw};
pub use error::{AnnDataError, MissingKey, nearest_first};
pub use frame::{Categorical, Column, Frame, FrameReader};
pub use matrix::{Blocks, MatrixReader, Number, RowBlock, Storage};
pub use value::{Array, SparseMatrix, Value};
pub use values::{ElementType, Values};
pub use writer::{AnnDataWriter, Compression, MatrixId, Part, WriteOptions};
