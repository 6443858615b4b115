//! Writing AnnData files: rows as they come, published as a whole.

mod elements;
mod matrix;
mod parts;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hdf5::file::{FileAccess, LibraryVersion};
use hdf5::{File, Group};
use rheome_hdf::{Partial, check_new_file, message, unbuffered};

use crate::anndata::Axis;
use crate::error::AnnDataError;
use crate::frame::Frame;
use crate::matrix::{Number, RowBlock, Storage};
use crate::value::{Array, SparseMatrix, Value};
use crate::values::ElementType;

use elements::{Element, create_group, encode};
use matrix::MatrixWriter;
pub use parts::Part;

/// Compression of what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// None: the quickest to write and to read.
    #[default]
    None,
    /// Deflate of this level, 1 (quick) to 9 (small); 4 is what h5py takes.
    Gzip(u8),
    /// LZF: quicker and larger than gzip, but only h5py and this crate read it.
    Lzf,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Compression of every array.
    pub compression: Compression,
    /// Replace a file that is there.
    pub overwrite: bool,
}

/// A matrix that is being written; made by [`AnnDataWriter::add_x`] and [`AnnDataWriter::add_layer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatrixId(usize);

/// An AnnData file being written. It appears under its name when [`AnnDataWriter::finish`] returns; a writer that is dropped
/// before leaves nothing.
///
/// ```no_run
/// use rheome_anndata::{
///     AnnDataError, AnnDataWriter, ElementType, Frame, RowBlock, Storage, WriteOptions,
/// };
///
/// fn write(cells: &Frame, genes: &Frame, rows: &[RowBlock<f32>]) -> Result<(), AnnDataError> {
///     let mut writer = AnnDataWriter::create("pred.h5ad", genes, WriteOptions::default())?;
///     let x = writer.add_x(Storage::Csr, ElementType::F32)?;
///     for block in rows {
///         writer.append(x, block)?;
///     }
///     writer.write_uns("seed", &7.into())?;
///     writer.finish(cells)
/// }
/// ```
#[derive(Debug)]
pub struct AnnDataWriter {
    // Fields are dropped in this order: the file closes before its name goes.
    matrices: Vec<MatrixWriter>,
    groups: Groups,
    file: File,
    partial: Partial,
    path: PathBuf,
    n_vars: usize,
    options: WriteOptions,
    /// What has a row a cell, and how many it has.
    along_cells: Vec<(String, usize)>,
    /// Everything that has been written.
    names: HashSet<String>,
}

/// The groups that every file has.
#[derive(Debug)]
struct Groups {
    layers: Group,
    obsm: Group,
    obsp: Group,
    varm: Group,
    varp: Group,
    uns: Group,
}

impl AnnDataWriter {
    /// Starts a file with these genes.
    ///
    /// # Errors
    /// [`AnnDataError::NewFile`] if it is there and not to be replaced, or its folder is not,
    /// [`AnnDataError::Content`] if the table cannot be stored.
    pub fn create(
        path: impl AsRef<Path>,
        var: &Frame,
        options: WriteOptions,
    ) -> Result<Self, AnnDataError> {
        let path = path.as_ref();
        check_new_file(path, options.overwrite)?;
        let partial = Partial::new(path);
        let fault = |e: hdf5::Error| AnnDataError::content(path.display().to_string(), message(&e));
        // A frame of thousands of columns needs attributes longer than HDF5 1.6 had.
        let access = unbuffered(&mut FileAccess::build())
            .libver_bounds(LibraryVersion::V18, LibraryVersion::V110)
            .finish()
            .map_err(fault)?;
        let file = File::with_options()
            .set_fapl(&access)
            .map_err(fault)?
            .with_fcpl(|p| p.obj_track_times(false))
            .create(partial.place())
            .map_err(fault)?;
        encode(&file, "anndata", "0.1.0").map_err(fault)?;
        let writer = Self {
            matrices: Vec::new(),
            groups: Groups::create(&file).map_err(fault)?,
            file,
            partial,
            path: path.to_owned(),
            n_vars: var.len(),
            options,
            along_cells: Vec::new(),
            names: HashSet::new(),
        };
        writer.root().frame("var", var)?;
        Ok(writer)
    }

    /// Starts the matrix `X`, cells by genes, whose rows [`AnnDataWriter::append`] adds.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if there is an `X` already, the storage is CSC (rows cannot be added to it), or the element
    /// no number.
    pub fn add_x(
        &mut self,
        storage: Storage,
        element: ElementType,
    ) -> Result<MatrixId, AnnDataError> {
        self.claim("X")?;
        let root = self.file.clone();
        self.add(&root, "X", "X".into(), storage, element)
    }

    /// Starts a layer, cells by genes.
    ///
    /// # Errors
    /// As [`AnnDataWriter::add_x`].
    pub fn add_layer(
        &mut self,
        name: &str,
        storage: Storage,
        element: ElementType,
    ) -> Result<MatrixId, AnnDataError> {
        let full = format!("layers/{name}");
        self.claim(&full)?;
        let layers = self.groups.layers.clone();
        self.add(&layers, name, full, storage, element)
    }

    fn add(
        &mut self,
        group: &Group,
        name: &str,
        full: String,
        storage: Storage,
        element: ElementType,
    ) -> Result<MatrixId, AnnDataError> {
        let parent = Element::new(group, &self.path, self.options.compression);
        let matrix = MatrixWriter::create(&parent, name, full, storage, element, self.n_vars)?;
        self.matrices.push(matrix);
        Ok(MatrixId(self.matrices.len() - 1))
    }

    /// Adds rows to a matrix. Dense rows that go into a sparse matrix lose their zeros.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if they have another number of columns than there are genes, or the disk refuses.
    pub fn append<T: Number>(
        &mut self,
        matrix: MatrixId,
        rows: &RowBlock<T>,
    ) -> Result<(), AnnDataError> {
        match self.matrices.get_mut(matrix.0) {
            Some(writer) => writer.append(rows, &self.path),
            None => Err(self.content("matrix", "of another writer".into())),
        }
    }

    /// Writes an array with a row a cell into `obsm`, or with a row a gene into `varm`.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if its extents do not fit its values or the genes, or the name is taken.
    pub fn write_annotation(
        &mut self,
        axis: Axis,
        name: &str,
        array: &Array,
    ) -> Result<(), AnnDataError> {
        let full = format!("{}/{name}", axis.annotations());
        self.claim(&full)?;
        let rows = array.shape.first().copied().unwrap_or(0);
        self.count(axis, &full, rows)?;
        self.element(self.groups.of(axis.annotations()))
            .array(name, array)
    }

    /// Writes a matrix of pairs of cells into `obsp`, of genes into `varp`.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if it does not fit, or the name is taken.
    pub fn write_pairwise(
        &mut self,
        axis: Axis,
        name: &str,
        matrix: &SparseMatrix,
    ) -> Result<(), AnnDataError> {
        let full = format!("{}/{name}", axis.pairwise());
        self.claim(&full)?;
        let [rows, columns] = matrix.shape;
        self.count(axis, &full, rows)?;
        self.count(axis, &full, columns)?;
        self.element(self.groups.of(axis.pairwise()))
            .sparse(name, matrix)
    }

    /// Writes a value into `uns`.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if the name is taken or the value cannot be stored.
    pub fn write_uns(&mut self, name: &str, value: &Value) -> Result<(), AnnDataError> {
        self.claim(&format!("uns/{name}"))?;
        self.element(&self.groups.uns).value(name, value)
    }

    /// Writes the cells, ends the matrices and gives the file its name.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if something has another number of rows than there are cells, [`AnnDataError::File`] if the
    /// disk refuses. No file is left then; one that was to be replaced is untouched.
    pub fn finish(self, obs: &Frame) -> Result<(), AnnDataError> {
        self.end(obs)?.publish()
    }

    /// As [`AnnDataWriter::finish`], but the file has not its name yet: so that of several files all appear, or none.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if something has another number of rows than there are cells, or the disk refuses. No file is left
    /// then.
    pub fn end(mut self, obs: &Frame) -> Result<EndedFile, AnnDataError> {
        self.root().frame("obs", obs)?;
        for matrix in std::mem::take(&mut self.matrices) {
            self.along_cells
                .push((matrix.name().to_owned(), matrix.n_rows()));
            matrix.finish(&self.path)?;
        }
        if let Some((name, rows)) = self.along_cells.iter().find(|(_, n)| *n != obs.len()) {
            let reason = format!("{rows} rows, expected {}, as obs has", obs.len());
            return Err(self.content(name, reason));
        }
        let Self {
            groups,
            file,
            partial,
            path,
            ..
        } = self;
        drop(groups);
        file.close()
            .map_err(|e| AnnDataError::content(path.display().to_string(), message(&e)))?;
        Ok(EndedFile { partial, path })
    }

    /// Takes a name, so that it is not written twice.
    fn claim(&mut self, full: &str) -> Result<(), AnnDataError> {
        match self.names.insert(full.to_owned()) {
            true => Ok(()),
            false => Err(self.content(full, "written twice".into())),
        }
    }

    /// Remembers or checks the number of rows of something along an axis.
    fn count(&mut self, axis: Axis, full: &str, rows: usize) -> Result<(), AnnDataError> {
        match axis {
            Axis::Obs => self.along_cells.push((full.to_owned(), rows)),
            Axis::Var if rows == self.n_vars => {}
            Axis::Var => {
                let reason = format!("{rows} rows, expected {}, as var has", self.n_vars);
                return Err(self.content(full, reason));
            }
        }
        Ok(())
    }

    fn content(&self, place: &str, reason: String) -> AnnDataError {
        AnnDataError::content(format!("{}: {place}", self.path.display()), reason)
    }

    fn root(&self) -> Element<'_> {
        self.element(&self.file)
    }

    fn element<'a>(&'a self, group: &'a Group) -> Element<'a> {
        Element::new(group, &self.path, self.options.compression)
    }
}

/// A file that is whole and has not its name yet; dropped, it leaves nothing.
#[derive(Debug)]
pub struct EndedFile {
    partial: Partial,
    path: PathBuf,
}

impl EndedFile {
    /// Gives the file its name.
    ///
    /// # Errors
    /// [`AnnDataError::File`] if the disk refuses. No file is left then; one that was to be replaced is untouched.
    pub fn publish(self) -> Result<(), AnnDataError> {
        self.partial
            .publish()
            .map_err(|e| AnnDataError::file(&self.path, "publish", e))
    }
}

impl Groups {
    fn create(file: &File) -> hdf5::Result<Self> {
        let group = |name: &str| {
            let group = create_group(file, name)?;
            encode(&group, "dict", "0.1.0")?;
            Ok::<_, hdf5::Error>(group)
        };
        Ok(Self {
            layers: group("layers")?,
            obsm: group("obsm")?,
            obsp: group("obsp")?,
            varm: group("varm")?,
            varp: group("varp")?,
            uns: group("uns")?,
        })
    }

    fn of(&self, name: &str) -> &Group {
        match name {
            "obsm" => &self.obsm,
            "obsp" => &self.obsp,
            "varm" => &self.varm,
            "varp" => &self.varp,
            "layers" => &self.layers,
            _ => &self.uns,
        }
    }
}
