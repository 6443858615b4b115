//! AnnData files (`.h5ad`) in and out: every encoding that anndata 0.7 to 0.12 writes, and older files, by rows and in bounded
//! memory.
//!
//! [`AnnData`] opens a file lazily: tables ([`FrameReader`]) column by column, matrices ([`MatrixReader`], dense, CSR or CSC) by
//! rows, `uns` as [`Value`]s. [`AnnDataWriter`] writes files that anndata and scanpy open, rows as they come. The format is
//! anndata's own: <https://anndata.readthedocs.io/en/stable/fileformat-prose.html>.
//!
//! # Example
//!
//! ```
//! use rheome_anndata::{AnnData, AnnDataWriter, ElementType, Frame, RowBlock, Storage, WriteOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("cells.h5ad");
//! let genes = Frame::new(vec!["CEBPA", "KLF1", "SPI1"]);
//! let mut writer = AnnDataWriter::create(&path, &genes, WriteOptions::default())?;
//! let x = writer.add_x(Storage::Csr, ElementType::F32)?;
//! // Two cells, row by row; as many blocks as there are.
//! writer.append(x, &RowBlock::<f32>::dense(2, 3, vec![0.0, 2.5, 0.0, 1.0, 0.0, 0.5])?)?;
//! writer.finish(&Frame::new(vec!["cell 1", "cell 2"]))?;
//!
//! let cells = AnnData::open(&path)?;
//! assert_eq!((cells.n_obs(), cells.n_vars()), (2, 3));
//! let second = cells.x()?.rows::<f32>(1..2)?;
//! assert_eq!(second.row(0).collect::<Vec<_>>(), [(0, 1.0), (2, 0.5)]);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod anndata;
mod error;
mod frame;
mod matrix;
mod place;
mod unique;
mod value;
mod values;
mod writer;

pub use anndata::{AnnData, Annotation, Axis, Raw};
pub use error::{AnnDataError, MissingKey, nearest_first};
pub use frame::{Categorical, Column, Frame, FrameReader};
pub use matrix::{Blocks, MatrixReader, Number, RowBlock, Storage};
pub use unique::make_unique;
pub use value::{Array, SparseMatrix, Value};
pub use values::{ElementType, Values};
pub use writer::{AnnDataWriter, Compression, EndedFile, MatrixId, Part, WriteOptions};
