//! Writing the elements that AnnData files are made of, as anndata 0.12 encodes them.

use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Extents, Group, H5Type, Location};
use rheome_hdf::{message, text};

use super::Compression;
use crate::error::AnnDataError;
use crate::frame::{Categorical, Column, Frame, NO_NAME};
use crate::value::{Array, SparseMatrix, Value};
use crate::values::{ElementType, Values};

/// Values a chunk: few enough that writing one again, where rows are added to it, costs little; many enough to compress well.
pub(super) const CHUNK: usize = 1 << 14;

/// Tells how an object is encoded.
pub(super) fn encode(object: &Location, kind: &str, version: &str) -> hdf5::Result<()> {
    text::write_attribute(object, "encoding-type", kind)?;
    text::write_attribute(object, "encoding-version", version)
}

/// An empty group that does not tell when it was made: the same content is the same file.
pub(super) fn create_group(parent: &Group, name: &str) -> hdf5::Result<Group> {
    parent
        .create_group_builder()
        .obj_track_times(false)
        .create(name)
}

/// A group of the file, to write elements into.
pub(super) struct Element<'a> {
    pub(super) group: &'a Group,
    pub(super) path: &'a Path,
    pub(super) compression: Compression,
}

impl<'a> Element<'a> {
    pub(super) fn new(group: &'a Group, path: &'a Path, compression: Compression) -> Self {
        Self {
            group,
            path,
            compression,
        }
    }

    pub(super) fn inside<'b>(&'b self, group: &'b Group) -> Element<'b> {
        Element {
            group,
            path: self.path,
            compression: self.compression,
        }
    }

    /// The fault of something in this group.
    pub(super) fn fail(&self, name: &str, reason: impl Into<String>) -> AnnDataError {
        let group = self.group.name();
        let place = format!("{group}/{name}");
        let place = place.trim_start_matches('/');
        AnnDataError::content(format!("{}: {place}", self.path.display()), reason)
    }

    pub(super) fn fault<'b>(&'b self, name: &'b str) -> impl Fn(hdf5::Error) -> AnnDataError + 'b {
        |error| self.fail(name, message(&error))
    }

    /// Whether a group or dataset may have this name.
    pub(super) fn check_name(&self, name: &str) -> Result<(), AnnDataError> {
        if name.is_empty() || name == "." || name.contains(['/', '\0']) {
            let expected = "a name that is not empty, without / and NUL, which HDF5 cannot store";
            return Err(self.fail(name, format!("the name {name:?}, expected {expected}")));
        }
        Ok(())
    }

    /// Starts a group of this encoding.
    pub(super) fn start(
        &self,
        name: &str,
        kind: &str,
        version: &str,
    ) -> Result<Group, AnnDataError> {
        self.check_name(name)?;
        let group = || {
            let group = create_group(self.group, name)?;
            encode(&group, kind, version)?;
            Ok(group)
        };
        group().map_err(self.fault(name))
    }

    /// An empty dataset, chunked and compressed where that is possible; `grows` lets rows be added.
    pub(super) fn dataset<T: H5Type>(
        &self,
        name: &str,
        shape: &[usize],
        grows: bool,
    ) -> hdf5::Result<Dataset> {
        let builder = self.group.new_dataset::<T>().obj_track_times(false);
        let filled = !shape.is_empty() && shape.iter().all(|n| *n > 0);
        if !grows && (!filled || self.compression == Compression::None) {
            return builder.shape(shape.to_vec()).create(name);
        }
        let row: usize = shape[1..].iter().product::<usize>().max(1);
        let mut chunk: Vec<usize> = shape.iter().map(|n| (*n).max(1)).collect();
        let rows = (CHUNK / row).max(1);
        chunk[0] = if grows { rows } else { rows.min(chunk[0]) };
        // A row longer than a chunk is cut.
        if let Some(last) = chunk.last_mut().filter(|_| shape.len() > 1) {
            *last = (*last).min(CHUNK);
        }
        let builder = match self.compression {
            Compression::None => builder,
            Compression::Gzip(level) => builder.deflate(level.min(9)),
            Compression::Lzf => builder.lzf(),
        };
        let mut extents: hdf5::SimpleExtents = shape.to_vec().into();
        if grows {
            let mut all: Vec<hdf5::Extent> = shape.iter().map(|n| (*n).into()).collect();
            all[0] = hdf5::Extent::resizable(shape[0]);
            extents = all.into();
        }
        builder
            .chunk(chunk)
            .shape(Extents::Simple(extents))
            .create(name)
    }

    /// Writes values of this shape; an empty shape is a scalar.
    pub(super) fn values(
        &self,
        name: &str,
        shape: &[usize],
        values: &Values,
    ) -> Result<Dataset, AnnDataError> {
        self.check_name(name)?;
        let size: Option<usize> = shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        if size != Some(values.len()) {
            return Err(self.fail(
                name,
                format!("{} values for the shape {shape:?}", values.len()),
            ));
        }
        let written = match values {
            Values::I8(v) => self.raw(name, shape, v),
            Values::I16(v) => self.raw(name, shape, v),
            Values::I32(v) => self.raw(name, shape, v),
            Values::I64(v) => self.raw(name, shape, v),
            Values::U8(v) => self.raw(name, shape, v),
            Values::U16(v) => self.raw(name, shape, v),
            Values::U32(v) => self.raw(name, shape, v),
            Values::U64(v) => self.raw(name, shape, v),
            Values::F32(v) => self.raw(name, shape, v),
            Values::F64(v) => self.raw(name, shape, v),
            Values::Bool(v) => self.raw(name, shape, v),
            Values::Text(v) => {
                let stored: hdf5::Result<Vec<VarLenUnicode>> =
                    v.iter().map(|s| text::stored(s)).collect();
                stored.and_then(|v| self.raw(name, shape, &v))
            }
        };
        written.map_err(self.fault(name))
    }

    fn raw<T: H5Type>(&self, name: &str, shape: &[usize], values: &[T]) -> hdf5::Result<Dataset> {
        let dataset = self.dataset::<T>(name, shape, false)?;
        if !values.is_empty() {
            dataset.write_raw(values)?;
        }
        Ok(dataset)
    }

    /// Writes an array.
    pub(super) fn array(&self, name: &str, array: &Array) -> Result<(), AnnDataError> {
        let kind = match array.values {
            Values::Text(_) => "string-array",
            _ => "array",
        };
        let dataset = self.values(name, &array.shape, &array.values)?;
        encode(&dataset, kind, "0.2.0").map_err(self.fault(name))
    }

    fn vector(&self, name: &str, values: &Values) -> Result<(), AnnDataError> {
        let array = Array {
            shape: vec![values.len()],
            values: values.clone(),
        };
        self.array(name, &array)
    }

    /// Writes a data frame.
    pub(super) fn frame(&self, name: &str, frame: &Frame) -> Result<(), AnnDataError> {
        let group = self.start(name, "dataframe", "0.2.0")?;
        let inside = self.inside(&group);
        let index = frame.index_name().unwrap_or(NO_NAME);
        let order: Vec<&str> = frame
            .columns()
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        if order.contains(&index) {
            let reason = "a column of the name of the index, expected another name for one of them";
            return Err(inside.fail(index, reason));
        }
        let is_part = |part: &str| !["", "."].contains(&part);
        let mut names = order.iter().chain([&index]);
        if let Some(column) = names.find(|name| name.contains('/') && !name.split('/').all(is_part))
        {
            let reason = format!(
                "the column {column:?}, expected a name without empty parts or dots between its /, which HDF5 passes over"
            );
            return Err(self.fail(name, reason));
        }
        let attributes = || {
            text::write_attribute(&group, "_index", index)?;
            let order: hdf5::Result<Vec<VarLenUnicode>> =
                order.iter().map(|name| text::stored(name)).collect();
            group
                .new_attr::<VarLenUnicode>()
                .shape(frame.columns().len())
                .create("column-order")?
                .write_raw(&order?)
        };
        attributes().map_err(self.fault(name))?;
        inside.column_of_frame(index, &Column::Plain(frame.index().clone()))?;
        frame
            .columns()
            .iter()
            .try_for_each(|(name, column)| inside.column_of_frame(name, column))
    }

    /// Writes a column of a data frame; one with a / in its name lies in a group, as anndata writes it.
    fn column_of_frame(&self, name: &str, column: &Column) -> Result<(), AnnDataError> {
        let Some((first, rest)) = name.split_once('/') else {
            return self.column(name, column);
        };
        self.check_name(first)?;
        let group = match self.group.link_exists(first) {
            true => self.group.group(first),
            false => create_group(self.group, first),
        };
        let group = group.map_err(self.fault(name))?;
        self.inside(&group).column_of_frame(rest, column)
    }

    /// Writes a column.
    pub(super) fn column(&self, name: &str, column: &Column) -> Result<(), AnnDataError> {
        match column {
            Column::Plain(values) => self.vector(name, values),
            Column::Categorical(categorical) => self.categorical(name, categorical),
            Column::Nullable { values, missing } => {
                let kind = match values.element() {
                    ElementType::Bool => "nullable-boolean",
                    ElementType::Text => "nullable-string-array",
                    ElementType::F32 | ElementType::F64 => {
                        let reason =
                            "fractions of which some are missing, expected NaN in their place";
                        return Err(self.fail(name, reason));
                    }
                    _ => "nullable-integer",
                };
                let group = self.start(name, kind, "0.1.0")?;
                let inside = self.inside(&group);
                inside.vector("values", values)?;
                inside.vector("mask", &Values::Bool(missing.clone()))
            }
        }
    }

    fn categorical(&self, name: &str, categorical: &Categorical) -> Result<(), AnnDataError> {
        let group = self.start(name, "categorical", "0.2.0")?;
        group
            .new_attr::<bool>()
            .create("ordered")
            .and_then(|a| a.write_scalar(&categorical.is_ordered()))
            .map_err(self.fault(name))?;
        let inside = self.inside(&group);
        inside.vector("categories", categorical.categories())?;
        inside.vector("codes", &smallest(categorical))
    }

    /// Writes a sparse matrix.
    pub(super) fn sparse(&self, name: &str, matrix: &SparseMatrix) -> Result<(), AnnDataError> {
        let kind = if matrix.by_rows {
            "csr_matrix"
        } else {
            "csc_matrix"
        };
        let major = matrix.shape[usize::from(!matrix.by_rows)];
        if matrix.indptr.len() != major + 1 || matrix.indices.len() != matrix.values.len() {
            return Err(self.fail(
                name,
                format!(
                    "indptr of {}, {} indices and {} values for the shape {:?}",
                    matrix.indptr.len(),
                    matrix.indices.len(),
                    matrix.values.len(),
                    matrix.shape
                ),
            ));
        }
        let group = self.start(name, kind, "0.1.0")?;
        write_shape(&group, matrix.shape).map_err(self.fault(name))?;
        let inside = self.inside(&group);
        let indices = matrix.indices.iter().map(|i| *i as i32).collect::<Vec<_>>();
        inside.values("data", &[matrix.values.len()], &matrix.values)?;
        inside.values("indices", &[indices.len()], &indices.into())?;
        inside.values("indptr", &[major + 1], &indptr_values(&matrix.indptr))?;
        Ok(())
    }

    /// Writes a value of `uns`.
    pub(super) fn value(&self, name: &str, value: &Value) -> Result<(), AnnDataError> {
        match value {
            Value::Null => {
                self.check_name(name)?;
                let null = || {
                    let dataset = self
                        .group
                        .new_dataset::<f32>()
                        .shape(Extents::Null)
                        .create(name)?;
                    encode(&dataset, "null", "0.1.0")
                };
                null().map_err(self.fault(name))
            }
            Value::Scalar(scalar) => {
                let kind = match scalar {
                    Values::Text(_) => "string",
                    _ => "numeric-scalar",
                };
                let dataset = self.values(name, &[], scalar)?;
                encode(&dataset, kind, "0.2.0").map_err(self.fault(name))
            }
            Value::Array(array) => self.array(name, array),
            Value::Column(column) => self.column(name, column),
            Value::Frame(frame) => self.frame(name, frame),
            Value::Sparse(matrix) => self.sparse(name, matrix),
            Value::Dict(members) => {
                let group = self.start(name, "dict", "0.1.0")?;
                let inside = self.inside(&group);
                members
                    .iter()
                    .try_for_each(|(name, member)| inside.value(name, member))
            }
            Value::Records(_) => Err(self.fail(
                name,
                "records are only copied from another file, expected a dictionary of vectors",
            )),
            Value::Unread(kind) => Err(self.fail(
                name,
                format!("of the encoding {kind:?}, which is only copied"),
            )),
        }
    }
}

/// Codes in the smallest integers that hold them, as pandas has them.
fn smallest(categorical: &Categorical) -> Values {
    let codes = categorical.codes().iter();
    match categorical.categories().len() {
        0..=127 => Values::I8(codes.map(|c| *c as i8).collect()),
        128..=32_767 => Values::I16(codes.map(|c| *c as i16).collect()),
        _ => Values::I32(codes.copied().collect()),
    }
}

/// In 32 bits where they fit, which scipy prefers.
pub(super) fn indptr_values(indptr: &[usize]) -> Values {
    match indptr.last() {
        Some(last) if *last > i32::MAX as usize => {
            Values::I64(indptr.iter().map(|p| *p as i64).collect())
        }
        _ => Values::I32(indptr.iter().map(|p| *p as i32).collect()),
    }
}

/// Gives a sparse matrix its attribute of rows and columns.
pub(super) fn write_shape(group: &Group, shape: [usize; 2]) -> hdf5::Result<()> {
    group
        .new_attr::<i64>()
        .shape(2)
        .create("shape")?
        .write_raw(&shape.map(|n| n as i64))
}
