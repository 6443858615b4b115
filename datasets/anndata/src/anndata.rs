//! An AnnData file, open for reading.

use std::path::Path;

use hdf5::{File, Group};
use rheome_hdf::text;

use crate::error::AnnDataError;
use crate::frame::{Frame, FrameReader, Records};
use crate::matrix::MatrixReader;
use crate::place::{Node, Place, member_names, members};
use crate::value::{Value, read_value};

/// An AnnData file. Opening it reads its structure; values are read as they are asked for.
///
/// ```no_run
/// use rheome_anndata::{AnnData, AnnDataError};
///
/// fn totals(path: &str) -> Result<Vec<f64>, AnnDataError> {
///     let cells = AnnData::open(path)?;
///     cells.obs().require("condition")?;
///     let mut totals = Vec::new();
///     for block in cells.x()?.blocks::<f32>(32 << 20) {
///         let (_, rows) = block?;
///         totals.extend((0..rows.n_rows()).map(|i| rows.row(i).map(|(_, v)| f64::from(v)).sum::<f64>()));
///     }
///     Ok(totals)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AnnData {
    file: File,
    place: Place,
    obs: FrameReader,
    var: FrameReader,
}

/// The axis that a matrix or table goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Observations, that is, cells: `obs`, `obsm`, `obsp`.
    Obs,
    /// Variables, that is, genes: `var`, `varm`, `varp`.
    Var,
}

/// What `obsm` and `varm` hold under a name.
#[derive(Debug, Clone)]
pub enum Annotation {
    /// A matrix, e.g. coordinates of an embedding.
    Matrix(MatrixReader),
    /// A data frame.
    Frame(FrameReader),
}

/// What was measured before genes were selected: `raw`.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Cells by all genes.
    pub x: MatrixReader,
    /// The genes.
    pub var: FrameReader,
    /// Names of what else is told of the genes, in `raw/varm`.
    pub annotations: Vec<String>,
}

impl AnnData {
    /// Opens a file and checks that it has cells and genes, and a matrix `X` (if any) that fits them.
    ///
    /// # Errors
    /// [`AnnDataError::File`] if there is no such file, [`AnnDataError::Format`] or [`AnnDataError::Shape`] if it is no AnnData
    /// file or damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AnnDataError> {
        let path = path.as_ref();
        // The system's reason first: HDF5's message for a missing file is a long one.
        std::fs::File::open(path).map_err(|e| AnnDataError::file(path, "open", e))?;
        let place = Place::root(path)?;
        let file = rheome_hdf::open(path).map_err(|e| {
            place.format(format!(
                "no HDF5 file, or a damaged one: {}",
                rheome_hdf::message(&e)
            ))
        })?;
        let uns = Node::find(&file, &place, "uns")?;
        let frame = |name: &str| match Node::find(&file, &place, name)? {
            Some(node) => FrameReader::open(node, uns.as_ref()),
            None => Err(place.format(foreign(&file, name))),
        };
        let opened = Self {
            obs: frame("obs")?,
            var: frame("var")?,
            file,
            place,
        };
        if opened.has_x() {
            opened.x()?;
        }
        Ok(opened)
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Number of observations (cells).
    pub fn n_obs(&self) -> usize {
        self.obs.len()
    }

    /// Number of variables (genes).
    pub fn n_vars(&self) -> usize {
        self.var.len()
    }

    /// What is known of each cell.
    pub fn obs(&self) -> &FrameReader {
        &self.obs
    }

    /// What is known of each gene.
    pub fn var(&self) -> &FrameReader {
        &self.var
    }

    /// Whether there is a matrix `X`.
    pub fn has_x(&self) -> bool {
        self.file.link_exists("X")
    }

    /// The matrix, cells by genes.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if there is none, or of an encoding that is not read; [`AnnDataError::Shape`] if it does not
    /// fit cells and genes.
    pub fn x(&self) -> Result<MatrixReader, AnnDataError> {
        self.cells_by_genes(Node::open(&self.file, &self.place, "X")?)
    }

    /// Names of the layers.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if they cannot be listed.
    pub fn layers(&self) -> Result<Vec<String>, AnnDataError> {
        self.keys("layers")
    }

    /// A layer, cells by genes.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if there is none of this name, else as [`AnnData::x`].
    pub fn layer(&self, name: &str) -> Result<MatrixReader, AnnDataError> {
        self.cells_by_genes(self.member("layers", "layer", name)?)
    }

    /// Whether there is a `raw`.
    pub fn has_raw(&self) -> bool {
        // The second before anndata 0.7.
        ["raw", "raw.X"]
            .iter()
            .any(|name| self.file.link_exists(name))
    }

    /// What was measured before genes were selected, if the file tells.
    ///
    /// # Errors
    /// As [`AnnData::x`].
    pub fn raw(&self) -> Result<Option<Raw>, AnnDataError> {
        let (x, var, annotations) = match Node::find(&self.file, &self.place, "raw")? {
            Some(node) => {
                let (group, place) = node.group()?;
                let x = Node::open(&group, &place, "X")?;
                let var = Node::open(&group, &place, "var")?;
                (x, var, keys(&group, &place, "varm")?)
            }
            // Before anndata 0.7.
            None => match Node::find(&self.file, &self.place, "raw.X")? {
                Some(x) => {
                    let var = Node::open(&self.file, &self.place, "raw.var")?;
                    (x, var, keys(&self.file, &self.place, "raw.varm")?)
                }
                None => return Ok(None),
            },
        };
        let categories = Node::find(&self.file, &self.place, "raw.cat")?;
        let var = FrameReader::open(var, categories.as_ref())?;
        let x = MatrixReader::open(x)?
            .expect(0, self.n_obs())?
            .expect(1, var.len())?;
        Ok(Some(Raw {
            x,
            var,
            annotations,
        }))
    }

    /// Names in `obsm` or `varm`.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if they cannot be listed.
    pub fn annotations(&self, axis: Axis) -> Result<Vec<String>, AnnDataError> {
        self.keys(axis.annotations())
    }

    /// What `obsm` or `varm` holds under a name.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if there is nothing of this name, else as [`AnnData::x`].
    pub fn annotation(&self, axis: Axis, name: &str) -> Result<Annotation, AnnDataError> {
        let length = self.length(axis);
        let group = axis.annotations();
        if let Some(Node::Dataset(records, place)) = Node::find(&self.file, &self.place, group)? {
            let (values, width) = Records::open(records, &place, None)?.matrix(name, &place)?;
            let matrix = MatrixReader::in_memory(place.at(name), values, width);
            return Ok(Annotation::Matrix(matrix.expect(0, length)?));
        }
        let node = self.member(group, "key", name)?;
        if node.encoding() == "dataframe" {
            let place = node.place().clone();
            let frame = FrameReader::open(node, None)?;
            return match frame.len() == length {
                true => Ok(Annotation::Frame(frame)),
                false => Err(place.shape(format!("{} rows", frame.len()), length.to_string())),
            };
        }
        Ok(Annotation::Matrix(
            MatrixReader::open(node)?.expect(0, length)?,
        ))
    }

    /// Names in `obsp` or `varp`.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if they cannot be listed.
    pub fn pairwise_keys(&self, axis: Axis) -> Result<Vec<String>, AnnDataError> {
        self.keys(axis.pairwise())
    }

    /// A matrix of pairs of cells or genes, e.g. their distances.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if there is none of this name, else as [`AnnData::x`].
    pub fn pairwise(&self, axis: Axis, name: &str) -> Result<MatrixReader, AnnDataError> {
        let node = self.member(axis.pairwise(), "key", name)?;
        let length = self.length(axis);
        MatrixReader::open(node)?
            .expect(0, length)?
            .expect(1, length)
    }

    /// Names in `uns`.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if they cannot be listed.
    pub fn uns_keys(&self) -> Result<Vec<String>, AnnDataError> {
        let mut names = self.keys("uns")?;
        names.retain(|name| !self.is_of_table(name));
        Ok(names)
    }

    /// Everything in `uns`: an empty dictionary where there is none.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if something in it is damaged.
    pub fn uns(&self) -> Result<Value, AnnDataError> {
        let Some(node) = Node::find(&self.file, &self.place, "uns")? else {
            return Ok(Value::Dict(Vec::new()));
        };
        let mut value = read_value(node, 0)?;
        if let Value::Dict(members) = &mut value {
            members.retain(|(name, _)| !self.is_of_table(name));
        }
        Ok(value)
    }

    /// Whether a member of `uns` is the categories of a column, as before anndata 0.7.
    pub(crate) fn is_of_table(&self, name: &str) -> bool {
        let column = name.strip_suffix("_categories");
        [&self.obs, &self.var]
            .into_iter()
            .any(|frame| frame.is_of_records() && column.is_some_and(|c| frame.has(c)))
    }

    /// One value of `uns`, at a path of names: `neighbors/params`.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if it is not there, [`AnnDataError::Format`] if it is damaged.
    pub fn uns_at(&self, path: &str) -> Result<Value, AnnDataError> {
        let mut group = "uns".to_owned();
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let node = self.member(&group, "key", name)?;
            if names.peek().is_none() {
                return read_value(node, 0);
            }
            group = format!("{group}/{name}");
        }
        self.uns()
    }

    /// Checks before any work that columns and layers are there, all that are needed in one call: the first that is missing is
    /// the error, which tells what is there instead.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`].
    pub fn require(&self, obs: &[&str], var: &[&str], layers: &[&str]) -> Result<(), AnnDataError> {
        obs.iter().try_for_each(|name| self.obs.require(name))?;
        var.iter().try_for_each(|name| self.var.require(name))?;
        layers
            .iter()
            .try_for_each(|name| self.member("layers", "layer", name).map(|_| ()))
    }

    /// Reads all of `obs` or `var`.
    ///
    /// # Errors
    /// As [`FrameReader::read`].
    pub fn frame(&self, axis: Axis) -> Result<Frame, AnnDataError> {
        match axis {
            Axis::Obs => self.obs.read(),
            Axis::Var => self.var.read(),
        }
    }

    fn length(&self, axis: Axis) -> usize {
        match axis {
            Axis::Obs => self.n_obs(),
            Axis::Var => self.n_vars(),
        }
    }

    fn cells_by_genes(&self, node: Node) -> Result<MatrixReader, AnnDataError> {
        MatrixReader::open(node)?
            .expect(0, self.n_obs())?
            .expect(1, self.n_vars())
    }

    fn keys(&self, group: &str) -> Result<Vec<String>, AnnDataError> {
        keys(&self.file, &self.place, group)
    }

    /// A member of a group that has to be there.
    pub(crate) fn member(
        &self,
        group: &str,
        what: &'static str,
        name: &str,
    ) -> Result<Node, AnnDataError> {
        let missing =
            |there: Vec<String>| AnnDataError::missing(self.place.path(), group, what, name, there);
        let Some(node) = Node::find(&self.file, &self.place, group)? else {
            return Err(missing(Vec::new()));
        };
        let (found, place) = node.group()?;
        match Node::find(&found, &place, name)? {
            Some(node) => Ok(node),
            None => Err(missing(member_names(&found, &place)?)),
        }
    }

    /// Whether a member of the root is a group, not a dataset of records as before anndata 0.7.
    pub(crate) fn is_group(&self, name: &str) -> Result<bool, AnnDataError> {
        let node = Node::find(&self.file, &self.place, name)?;
        Ok(!matches!(node, Some(Node::Dataset(..))))
    }

    pub(crate) fn root(&self) -> &Group {
        &self.file
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

impl Axis {
    pub(crate) fn annotations(self) -> &'static str {
        match self {
            Self::Obs => "obsm",
            Self::Var => "varm",
        }
    }

    pub(crate) fn pairwise(self) -> &'static str {
        match self {
            Self::Obs => "obsp",
            Self::Var => "varp",
        }
    }
}

/// Names of the members of a group in `parent`, or of the fields of records (before anndata 0.7).
fn keys(parent: &Group, place: &Place, name: &str) -> Result<Vec<String>, AnnDataError> {
    match Node::find(parent, place, name)? {
        None => Ok(Vec::new()),
        Some(Node::Group(group, place)) => member_names(&group, &place),
        Some(Node::Dataset(records, place)) => {
            let records = Records::open(records, &place, None)?;
            Ok(records.fields().iter().map(|f| f.name.clone()).collect())
        }
    }
}

/// Why a file without `obs` or `var` is none of AnnData, with what it may be instead.
fn foreign(file: &File, missing: &str) -> String {
    let kind = text::attribute(file, "encoding-type").unwrap_or_default();
    let advice = if kind == "MuData" || file.link_exists("mod") {
        "; it looks like MuData: write the modality that is needed as a file of its own, in Python \
         mudata.read(...)[\"rna\"].write_h5ad(...)"
    } else if file.link_exists("matrix") {
        "; it looks like 10x Genomics' format: convert it, in Python \
         scanpy.read_10x_h5(...).write_h5ad(...)"
    } else {
        ""
    };
    format!(
        "no {missing} in it, expected an AnnData file; {}{advice}",
        members(file)
    )
}
