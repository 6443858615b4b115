//! Data frames of files older than anndata 0.7: a dataset of records, whose categories are in `uns`.

use hdf5::Dataset;
use hdf5::types::{
    CompoundField, FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use rheome_hdf::{compound, message};

use super::reader::codes_of;
use super::{Categorical, Column, wrong_code};
use crate::error::AnnDataError;
use crate::place::{Node, Place};
use crate::values::{self, ElementType, Values};

/// A dataset of records.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    dataset: Dataset,
    fields: Vec<CompoundField>,
    uns: Option<Node>,
}

impl Records {
    pub(crate) fn open(
        dataset: Dataset,
        place: &Place,
        uns: Option<&Node>,
    ) -> Result<Self, AnnDataError> {
        let fields = compound::fields(&dataset).map_err(|e| {
            place.format(format!(
                "a dataset that {}, expected a data frame",
                message(&e)
            ))
        })?;
        if fields.is_empty() || dataset.ndim() != 1 {
            let found = format!("{} fields, shape {:?}", fields.len(), dataset.shape());
            return Err(place.shape(
                found,
                "one dimension of records, the first field their names",
            ));
        }
        Ok(Self {
            dataset,
            fields,
            uns: uns.cloned(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.dataset.size()
    }

    pub(crate) fn fields(&self) -> &[CompoundField] {
        &self.fields
    }

    /// Name of the index, which is the first field, and of the columns.
    pub(crate) fn names(&self) -> (String, Vec<String>) {
        let mut names = self.fields.iter().map(|field| field.name.clone());
        let index = names.next().unwrap_or_default();
        (index, names.collect())
    }

    /// Reads a field of one value a record.
    pub(crate) fn values(&self, name: &str, place: &Place) -> Result<Values, AnnDataError> {
        let place = place.at(name);
        let field = self.fields.iter().find(|field| field.name == name);
        let kind = &field.ok_or_else(|| place.format("no such field"))?.ty;
        let Some(element) = values::describe(kind) else {
            return Err(place.format(format!(
                "holds {kind}, expected numbers, truth values or strings"
            )));
        };
        self.read(name, element, kind).map_err(place.fault())
    }

    fn read(
        &self,
        name: &str,
        element: ElementType,
        kind: &TypeDescriptor,
    ) -> hdf5::Result<Values> {
        let data = &self.dataset;
        Ok(match element {
            ElementType::I8 => compound::read_field::<i8>(data, name, None)?.into(),
            ElementType::I16 => compound::read_field::<i16>(data, name, None)?.into(),
            ElementType::I32 => compound::read_field::<i32>(data, name, None)?.into(),
            ElementType::I64 => compound::read_field::<i64>(data, name, None)?.into(),
            ElementType::U8 => compound::read_field::<u8>(data, name, None)?.into(),
            ElementType::U16 => compound::read_field::<u16>(data, name, None)?.into(),
            ElementType::U32 => compound::read_field::<u32>(data, name, None)?.into(),
            ElementType::U64 => compound::read_field::<u64>(data, name, None)?.into(),
            ElementType::F32 => compound::read_field::<f32>(data, name, None)?.into(),
            ElementType::F64 => compound::read_field::<f64>(data, name, None)?.into(),
            ElementType::Bool => {
                let bytes = compound::read_field::<i8>(data, name, None)?;
                bytes.iter().map(|b| *b != 0).collect::<Vec<_>>().into()
            }
            ElementType::Text => read_text(data, name, kind)?.into(),
        })
    }

    /// Reads a column; one that has categories in `uns` is their codes.
    pub(crate) fn column(&self, name: &str, place: &Place) -> Result<Column, AnnDataError> {
        let values = self.values(name, place)?;
        let Some(Node::Group(uns, uns_place)) = &self.uns else {
            return Ok(values.into());
        };
        let categories = Node::find(uns, uns_place, &format!("{name}_categories"))?;
        let (Some(Node::Dataset(categories, its_place)), Some(codes)) =
            (categories, codes_of(&values))
        else {
            return Ok(values.into());
        };
        let categories = values::read_all(&categories, &its_place)?;
        if let Some(reason) = wrong_code(&codes, categories.len()) {
            return Err(place.at(name).format(reason));
        }
        let categorical = Categorical::new(codes, categories, false);
        Ok(categorical
            .map_err(|e| place.at(name).format(e.to_string()))?
            .into())
    }

    /// Reads a field of one number or an array of numbers a record: the values by rows, and how many a row.
    pub(crate) fn matrix(
        &self,
        name: &str,
        place: &Place,
    ) -> Result<(Vec<f64>, usize), AnnDataError> {
        let field = self.fields.iter().find(|field| field.name == name);
        let width = match field.map(|field| &field.ty) {
            Some(TypeDescriptor::FixedArray(_, width)) => Some(*width),
            _ => None,
        };
        let place = place.at(name);
        let values = compound::read_field(&self.dataset, name, width).map_err(place.fault())?;
        Ok((values, width.unwrap_or(1)))
    }
}

/// A field of strings. The library does not convert between kinds of strings.
fn read_text(data: &Dataset, name: &str, kind: &TypeDescriptor) -> hdf5::Result<Vec<String>> {
    // Old files name cells and genes, and categories, with at most this many bytes.
    const LONGEST: usize = 1024;
    fn owned<T: AsRef<[u8]>>(values: Vec<T>) -> Vec<String> {
        let text = |value: &T| String::from_utf8_lossy(value.as_ref()).into_owned();
        values.iter().map(text).collect()
    }
    Ok(match kind {
        TypeDescriptor::VarLenUnicode => {
            owned(compound::read_field::<VarLenUnicode>(data, name, None)?)
        }
        TypeDescriptor::VarLenAscii => {
            owned(compound::read_field::<VarLenAscii>(data, name, None)?)
        }
        TypeDescriptor::FixedAscii(length) if *length <= 64 => {
            owned(compound::read_field::<FixedAscii<64>>(data, name, None)?)
        }
        TypeDescriptor::FixedAscii(length) if *length <= LONGEST => {
            owned(compound::read_field::<FixedAscii<LONGEST>>(
                data, name, None,
            )?)
        }
        TypeDescriptor::FixedUnicode(length) if *length <= LONGEST => owned(
            compound::read_field::<FixedUnicode<LONGEST>>(data, name, None)?,
        ),
        other => return Err(format!("holds {other}, too long").as_str().into()),
    })
}
