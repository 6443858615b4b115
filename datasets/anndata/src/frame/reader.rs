//! Data frames in files, read column by column.

use hdf5::{Dataset, Group};
use rheome_hdf::text;

use super::records::Records;
use super::{Categorical, Column, Frame, wrong_code};
use crate::error::AnnDataError;
use crate::place::{Node, Place, member_names};
use crate::values::{self, Values};

/// Where the categories of anndata 0.7 are.
pub(crate) const LEGACY_CATEGORIES: &str = "__categories";
/// What the index is called where it has no name.
pub(crate) const NO_NAME: &str = "_index";

/// A data frame in a file; nothing but its structure is read before it is asked for.
#[derive(Debug, Clone)]
pub struct FrameReader {
    store: Store,
    place: Place,
    n_rows: usize,
    index: String,
    columns: Vec<String>,
}

#[derive(Debug, Clone)]
enum Store {
    /// A dataset or group a column, since anndata 0.7.
    Group(Group),
    /// One dataset of records, before.
    Records(Records),
}

impl FrameReader {
    /// Opens a frame. `uns` is where the categories are in a file older than anndata 0.7.
    pub(crate) fn open(node: Node, uns: Option<&Node>) -> Result<Self, AnnDataError> {
        match node {
            Node::Group(group, place) => Self::open_group(group, place),
            Node::Dataset(dataset, place) => {
                let records = Records::open(dataset, &place, uns)?;
                let (index, columns) = records.names();
                Ok(Self {
                    n_rows: records.len(),
                    index,
                    columns,
                    store: Store::Records(records),
                    place,
                })
            }
        }
    }

    fn open_group(group: Group, place: Place) -> Result<Self, AnnDataError> {
        let index = text::attribute(&group, "_index").unwrap_or_else(|| NO_NAME.into());
        let n_rows = index_length(Node::open(&group, &place, &index)?)?;
        let columns = match group.attr("column-order") {
            // h5py stores an empty list as numbers.
            Ok(order) if order.size() == 0 => Vec::new(),
            Ok(order) => text::read_attribute(&order).map_err(place.fault())?,
            Err(_) => member_names(&group, &place)?,
        };
        let is_column = |name: &String| *name != index && name != LEGACY_CATEGORIES;
        let columns: Vec<String> = columns.into_iter().filter(is_column).collect();
        if let Some(absent) = columns.iter().find(|name| !group.link_exists(name)) {
            return Err(place.format(format!(
                "its column-order names {absent:?}, which is not there; {}",
                crate::place::members(&group)
            )));
        }
        Ok(Self {
            store: Store::Group(group),
            place,
            n_rows,
            index,
            columns,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.n_rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// Whether it is stored as before anndata 0.7.
    pub(crate) fn is_of_records(&self) -> bool {
        matches!(self.store, Store::Records(_))
    }

    /// Name of the index, where it has one.
    pub fn index_name(&self) -> Option<&str> {
        match &self.store {
            Store::Group(_) if self.index == NO_NAME => None,
            _ => Some(&self.index),
        }
    }

    /// The index, as it is stored.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if it cannot be read.
    pub fn index(&self) -> Result<Values, AnnDataError> {
        match &self.store {
            Store::Group(group) => {
                let node = Node::open(group, &self.place, &self.index)?;
                let place = node.place().clone();
                match read_column(node, self.n_rows)? {
                    Column::Plain(values) => Ok(values),
                    other => all_there(&other, &place),
                }
            }
            Store::Records(records) => records.values(&self.index, &self.place),
        }
    }

    /// Names of the rows.
    ///
    /// # Errors
    /// [`AnnDataError::Format`] if they cannot be read.
    pub fn names(&self) -> Result<Vec<String>, AnnDataError> {
        Ok(match self.index()? {
            Values::Text(names) => names,
            numbers => (0..self.n_rows).map(|row| numbers.text(row)).collect(),
        })
    }

    /// Reads one column, or the index by its name.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if there is none of this name (it tells those that there are, the nearest first),
    /// [`AnnDataError::Format`] or [`AnnDataError::Shape`] if it is damaged.
    pub fn column(&self, name: &str) -> Result<Column, AnnDataError> {
        self.require(name)?;
        if !self.has(name) {
            return Ok(self.index()?.into());
        }
        match &self.store {
            Store::Group(group) => {
                let node = Node::open(group, &self.place, name)?;
                match legacy_categories(group, &self.place, name)? {
                    Some(categories) => read_legacy_categorical(node, categories, self.n_rows),
                    None => read_column(node, self.n_rows),
                }
            }
            Store::Records(records) => records.column(name, &self.place),
        }
    }

    /// Whether a column is there, or an index of that name, as an error that tells what is there instead.
    ///
    /// # Errors
    /// [`AnnDataError::Missing`] if it is not.
    pub fn require(&self, column: &str) -> Result<(), AnnDataError> {
        if self.has(column) || self.index_name() == Some(column) {
            return Ok(());
        }
        let there = self.columns.clone();
        Err(AnnDataError::missing(
            self.place.path(),
            self.place.name(),
            "column",
            column,
            there,
        ))
    }

    /// Reads the whole frame.
    ///
    /// # Errors
    /// As [`FrameReader::column`].
    pub fn read(&self) -> Result<Frame, AnnDataError> {
        let mut frame = Frame::new(self.index()?);
        frame.index_name = self.index_name().map(String::from);
        for name in &self.columns {
            frame
                .set(name, self.column(name)?)
                .map_err(|e| self.place.format(e.to_string()))?;
        }
        Ok(frame)
    }
}

/// Number of rows, by the index: strings, or what anndata makes of other ones of pandas (strings of which some may be missing,
/// categories).
fn index_length(index: Node) -> Result<usize, AnnDataError> {
    let (dataset, place) = match index {
        Node::Dataset(dataset, place) => (dataset, place),
        Node::Group(group, place) => {
            let part = ["values", "codes"]
                .into_iter()
                .find(|part| group.link_exists(part));
            Node::open(&group, &place, part.unwrap_or("values"))?.dataset()?
        }
    };
    match dataset.shape()[..] {
        [n_rows] => Ok(n_rows),
        ref shape => Err(place.shape(format!("shape {shape:?}"), "one name a row")),
    }
}

/// The names of all rows as text.
fn all_there(index: &Column, place: &Place) -> Result<Values, AnnDataError> {
    let name = |row| {
        let missing = || place.format(format!("row {row} has no name, expected one a row"));
        index.text(row).ok_or_else(missing)
    };
    let names: Result<Vec<String>, AnnDataError> = (0..index.len()).map(name).collect();
    Ok(Values::Text(names?))
}

/// The categories of a column of anndata 0.7, whose dataset holds only codes.
fn legacy_categories(
    group: &Group,
    place: &Place,
    name: &str,
) -> Result<Option<Node>, AnnDataError> {
    match Node::find(group, place, LEGACY_CATEGORIES)? {
        Some(all) => {
            let (all, place) = all.group()?;
            Node::find(&all, &place, name)
        }
        None => Ok(None),
    }
}

fn read_legacy_categorical(
    codes: Node,
    categories: Node,
    n_rows: usize,
) -> Result<Column, AnnDataError> {
    let (categories, categories_place) = categories.dataset()?;
    let ordered = truth_attribute(&categories, "ordered");
    let (codes, place) = codes.dataset()?;
    categorical(
        (&codes, &place),
        (&categories, &categories_place),
        ordered,
        n_rows,
    )
}

/// Reads a column of any encoding.
pub(crate) fn read_column(node: Node, n_rows: usize) -> Result<Column, AnnDataError> {
    let encoding = node.encoding();
    let (group, place) = match node {
        Node::Dataset(dataset, place) => {
            return Ok(values::read_vector(&dataset, &place, n_rows)?.into());
        }
        Node::Group(group, place) => (group, place),
    };
    match encoding.as_str() {
        "categorical" => {
            let (codes, codes_place) = Node::open(&group, &place, "codes")?.dataset()?;
            let (categories, categories_place) =
                Node::open(&group, &place, "categories")?.dataset()?;
            categorical(
                (&codes, &codes_place),
                (&categories, &categories_place),
                truth_attribute(&group, "ordered"),
                n_rows,
            )
        }
        "nullable-integer" | "nullable-boolean" | "nullable-string-array" => {
            let (values, values_place) = Node::open(&group, &place, "values")?.dataset()?;
            let (mask, mask_place) = Node::open(&group, &place, "mask")?.dataset()?;
            let values = values::read_vector(&values, &values_place, n_rows)?;
            match values::read_vector(&mask, &mask_place, n_rows)? {
                Values::Bool(missing) => Ok(Column::Nullable { values, missing }),
                other => {
                    let found = other.element();
                    Err(mask_place.format(format!("holds {found:?}, expected truth values")))
                }
            }
        }
        other => Err(place.format(format!(
            "a column of the encoding {other:?}, expected array, string-array, categorical, nullable-integer, \
             nullable-boolean or nullable-string-array"
        ))),
    }
}

fn categorical(
    (codes, codes_place): (&Dataset, &Place),
    (categories, categories_place): (&Dataset, &Place),
    ordered: bool,
    n_rows: usize,
) -> Result<Column, AnnDataError> {
    let categories = match categories.shape()[..] {
        // One category alone was once stored as a scalar.
        [] | [_] => values::read_all(categories, categories_place)?,
        ref shape => {
            return Err(categories_place.shape(format!("shape {shape:?}"), "one dimension"));
        }
    };
    let codes = values::read_vector(codes, codes_place, n_rows)?;
    let codes = codes_of(&codes).ok_or_else(|| {
        let found = codes.element();
        codes_place.format(format!(
            "holds {found:?}, expected integers, the codes of categories"
        ))
    })?;
    if let Some(reason) = wrong_code(&codes, categories.len()) {
        return Err(codes_place.format(reason));
    }
    Ok(Column::Categorical(
        Categorical::new(codes, categories, ordered)
            .map_err(|e| codes_place.format(e.to_string()))?,
    ))
}

/// Codes as the integers that they are in memory. Those that do not fit become -2, which no category has.
pub(super) fn codes_of(values: &Values) -> Option<Vec<i32>> {
    fn fit<T: Copy + TryInto<i32>>(values: &[T]) -> Vec<i32> {
        values
            .iter()
            .map(|c| (*c).try_into().unwrap_or(-2))
            .collect()
    }
    Some(match values {
        Values::I8(v) => fit(v),
        Values::I16(v) => fit(v),
        Values::I32(v) => v.clone(),
        Values::I64(v) => fit(v),
        Values::U8(v) => fit(v),
        Values::U16(v) => fit(v),
        Values::U32(v) => fit(v),
        Values::U64(v) => fit(v),
        _ => return None,
    })
}

/// A truth value of an object; false where there is none.
fn truth_attribute(object: &hdf5::Location, name: &str) -> bool {
    let value = object.attr(name).and_then(|a| a.read_raw::<i8>());
    value.is_ok_and(|v| v.first().is_some_and(|v| *v != 0))
}
