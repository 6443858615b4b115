//! Copying parts of another file.

use hdf5::Group;

use super::AnnDataWriter;
use super::elements::Element;
use crate::anndata::{AnnData, Annotation, Axis};
use crate::error::AnnDataError;
use crate::frame::{FrameReader, LEGACY_CATEGORIES};
use crate::matrix::MatrixReader;
use crate::place::{Node, member_names};
use crate::value::{Array, DEEPEST};
use crate::values::Values;

/// Bytes of rows held while a matrix is copied row by row.
const BLOCK: usize = 32 << 20;

/// A part of an AnnData file that [`AnnDataWriter::copy`] takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The matrix `X`.
    X,
    /// A layer.
    Layer(&'a str),
    /// A member of `obsm` or `varm`.
    Annotation(Axis, &'a str),
    /// A member of `obsp` or `varp`.
    Pairwise(Axis, &'a str),
    /// What was measured before genes were selected.
    Raw,
    /// All of `uns`.
    Uns,
    /// A member of `uns`.
    UnsMember(&'a str),
}

impl AnnDataWriter {
    /// Takes over a part of another file as it is stored there, also what is not read ([`crate::Value::Unread`]); a part that
    /// is not there is left out.
    ///
    /// The cells (and genes) of both files have to be the same ones; that there are as many is checked.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] for a layer or member that is not there, [`AnnDataError::Shape`] if it does not fit the other
    /// file, [`AnnDataError::Content`] if it does not fit this one or has been written already.
    pub fn copy(&mut self, source: &AnnData, part: Part<'_>) -> Result<(), AnnDataError> {
        match part {
            Part::X if !source.has_x() => Ok(()),
            Part::X => {
                let x = source.x()?;
                self.copy_matrix(source, &x, "", "X")
            }
            Part::Layer(name) => {
                let layer = source.layer(name)?;
                self.copy_matrix(source, &layer, "layers", name)
            }
            Part::Annotation(axis, name) => self.copy_annotation(source, axis, name),
            Part::Pairwise(axis, name) => {
                let [rows, columns] = source.pairwise(axis, name)?.shape();
                let full = format!("{}/{name}", axis.pairwise());
                self.claim(&full)?;
                self.count(axis, &full, rows)?;
                self.count(axis, &full, columns)?;
                self.copy_as_stored(source, axis.pairwise(), name)
            }
            Part::Raw => self.copy_raw(source),
            Part::Uns => self.copy_uns(source),
            Part::UnsMember(name) => {
                source.member("uns", "key", name)?;
                self.claim(&format!("uns/{name}"))?;
                self.copy_as_stored(source, "uns", name)
            }
        }
    }

    /// Copies a matrix of cells by genes.
    fn copy_matrix(
        &mut self,
        source: &AnnData,
        matrix: &MatrixReader,
        group: &str,
        name: &str,
    ) -> Result<(), AnnDataError> {
        let full = [group, name].join("/");
        let full = full.trim_start_matches('/');
        if matrix.n_cols() != self.n_vars {
            let reason = format!("{} columns, expected {}", matrix.n_cols(), self.n_vars);
            return Err(self.content(full, reason));
        }
        let node = match group {
            "" => Node::open(source.root(), source.place(), name)?,
            group => source.member(group, "layer", name)?,
        };
        if !node.encoding().is_empty() {
            self.claim(full)?;
            self.along_cells.push((full.to_owned(), matrix.n_rows()));
            return self.copy_as_stored(source, group, name);
        }
        // Older than anndata 0.7: in the encoding of today.
        self.claim(full)?;
        self.along_cells.push((full.to_owned(), matrix.n_rows()));
        let parent: &hdf5::Group = match group {
            "" => &self.file,
            _ => &self.groups.layers,
        };
        self.element(parent).matrix(name, matrix, BLOCK)
    }

    fn copy_annotation(
        &mut self,
        source: &AnnData,
        axis: Axis,
        name: &str,
    ) -> Result<(), AnnDataError> {
        let group = axis.annotations();
        let annotation = source.annotation(axis, name)?;
        let rows = match &annotation {
            Annotation::Matrix(matrix) => matrix.n_rows(),
            Annotation::Frame(frame) => frame.len(),
        };
        if let (Annotation::Matrix(matrix), false) = (&annotation, source.is_group(group)?) {
            let values = matrix.rows::<f64>(0..rows)?.to_dense();
            let array = Array {
                shape: matrix.shape().to_vec(),
                values: Values::F64(values),
            };
            return self.write_annotation(axis, name, &array);
        }
        let full = format!("{group}/{name}");
        self.claim(&full)?;
        self.count(axis, &full, rows)?;
        self.copy_as_stored(source, group, name)
    }

    fn copy_raw(&mut self, source: &AnnData) -> Result<(), AnnDataError> {
        let Some(raw) = source.raw()? else {
            return Ok(());
        };
        self.claim("raw")?;
        self.along_cells.push(("raw/X".into(), raw.x.n_rows()));
        if source.root().link_exists("raw") {
            return self.copy_as_stored(source, "", "raw");
        }
        // Older than anndata 0.7: in the encoding of today.
        let group = self.root().start("raw", "raw", "0.1.0")?;
        let inside = self.element(&group);
        inside.frame("var", &raw.var.read()?)?;
        inside.matrix("X", &raw.x, BLOCK)
    }

    /// Copies `uns`, but not what a file older than anndata 0.7 has there of its tables.
    fn copy_uns(&mut self, source: &AnnData) -> Result<(), AnnDataError> {
        let names = source.uns_keys()?;
        names
            .iter()
            .try_for_each(|name| self.copy(source, Part::UnsMember(name)))
    }

    /// Copies a member of a group (of the root, where `group` is empty), compressed as it is.
    fn copy_as_stored(
        &self,
        source: &AnnData,
        group: &str,
        name: &str,
    ) -> Result<(), AnnDataError> {
        let (from, place, to): (_, _, &Group) = match group {
            "" => (source.root().clone(), source.place().clone(), &self.file),
            _ => {
                let (from, place) = Node::open(source.root(), source.place(), group)?.group()?;
                (from, place, self.groups.of(group))
            }
        };
        let node = Node::open(&from, &place, name)?;
        copy_node(node, &self.element(to), name, 0)
    }
}

/// Copies a group or dataset. Dictionaries are gone through: a table of anndata 0.7 somewhere in them points to its
/// categories, which a copy would no longer do; it is written in the encoding of today.
fn copy_node(node: Node, to: &Element, name: &str, depth: usize) -> Result<(), AnnDataError> {
    let (encoding, place) = (node.encoding(), node.place().clone());
    if depth > DEEPEST {
        return Err(place.format(format!("more than {DEEPEST} groups inside one another")));
    }
    match node {
        Node::Group(group, _)
            if encoding == "dataframe" && group.link_exists(LEGACY_CATEGORIES) =>
        {
            let frame = FrameReader::open(Node::Group(group, place), None)?;
            to.frame(name, &frame.read()?)
        }
        Node::Group(group, _) if is_dictionary(&group, &encoding) => {
            let kind = if encoding == "raw" { "raw" } else { "dict" };
            let copied = to.start(name, kind, "0.1.0")?;
            let names = member_names(&group, &place)?;
            names.iter().try_for_each(|name| {
                let member = Node::open(&group, &place, name)?;
                copy_node(member, &to.inside(&copied), name, depth + 1)
            })
        }
        Node::Group(group, _) => group.copy_to(to.group, name).map_err(place.fault()),
        Node::Dataset(dataset, _) => dataset.copy_to(to.group, name).map_err(place.fault()),
    }
}

fn is_dictionary(group: &Group, encoding: &str) -> bool {
    match encoding {
        "dict" | "mapping" | "raw" => true,
        "" => group.attr("h5sparse_format").is_err(),
        _ => false,
    }
}
