//! Reading `uns`.

use hdf5::Dataset;
use hdf5::types::TypeDescriptor;

use super::{Array, Value};
use crate::error::AnnDataError;
use crate::frame::{FrameReader, Records, read_column};
use crate::matrix::read_sparse;
use crate::place::{Node, Place, member_names};
use crate::values;

/// Dictionaries inside one another at most: links may form circles.
pub(crate) const DEEPEST: usize = 32;

/// Reads a value and all that is in it.
pub(crate) fn read_value(node: Node, depth: usize) -> Result<Value, AnnDataError> {
    let encoding = node.encoding();
    if depth > DEEPEST {
        return Err(node
            .place()
            .format(format!("more than {DEEPEST} groups inside one another")));
    }
    match node {
        Node::Dataset(dataset, place) => read_dataset(dataset, &place, &encoding),
        Node::Group(group, place) => match encoding.as_str() {
            "dataframe" => Ok(Value::Frame(
                FrameReader::open(Node::Group(group, place), None)?.read()?,
            )),
            "categorical" => {
                let (codes, _) = Node::open(&group, &place, "codes")?.dataset()?;
                column(Node::Group(group, place), codes.size())
            }
            "nullable-integer" | "nullable-boolean" | "nullable-string-array" => {
                let (values, _) = Node::open(&group, &place, "values")?.dataset()?;
                column(Node::Group(group, place), values.size())
            }
            "csr_matrix" | "csc_matrix" => Ok(Value::Sparse(read_sparse(&group, &place)?)),
            "" if group.attr("h5sparse_format").is_ok() => {
                Ok(Value::Sparse(read_sparse(&group, &place)?))
            }
            "dict" | "mapping" | "" => {
                let names = member_names(&group, &place)?;
                let member = |name: String| {
                    let value = read_value(Node::open(&group, &place, &name)?, depth + 1)?;
                    Ok((name, value))
                };
                Ok(Value::Dict(
                    names
                        .into_iter()
                        .map(member)
                        .collect::<Result<_, AnnDataError>>()?,
                ))
            }
            other => Ok(Value::Unread(other.into())),
        },
    }
}

fn column(node: Node, n_rows: usize) -> Result<Value, AnnDataError> {
    Ok(Value::Column(read_column(node, n_rows)?))
}

fn read_dataset(dataset: Dataset, place: &Place, encoding: &str) -> Result<Value, AnnDataError> {
    if encoding == "null" {
        return Ok(Value::Null);
    }
    let kind = dataset.dtype().and_then(|kind| kind.to_descriptor());
    if let Ok(TypeDescriptor::Compound(kind)) = kind {
        let records = Records::open(dataset, place, None)?;
        // A record of complex numbers or arrays is rare enough to be left alone.
        let read = kind.fields.iter().map(|field| {
            let values = records.values(&field.name, place)?;
            Ok((field.name.clone(), values))
        });
        return Ok(match read.collect::<Result<Vec<_>, AnnDataError>>() {
            Ok(fields) => Value::Records(fields),
            Err(_) => Value::Unread("rec-array".into()),
        });
    }
    // Before anndata 0.7 a text was an array of one string of fixed length.
    let fixed = matches!(
        kind,
        Ok(TypeDescriptor::FixedAscii(_) | TypeDescriptor::FixedUnicode(_))
    );
    let (shape, values) = (dataset.shape(), values::read_all(&dataset, place)?);
    Ok(match shape.as_slice() {
        [] if values.len() == 1 => Value::Scalar(values),
        [1] if fixed && encoding.is_empty() => Value::Scalar(values),
        // An empty dataspace, as h5py's `Empty` has it.
        [] => Value::Null,
        _ => Value::Array(Array { shape, values }),
    })
}
