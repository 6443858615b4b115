//! Data frames: an index of names and columns of any type.

mod column;
mod reader;
mod records;

use crate::error::AnnDataError;
use crate::values::{Values, each};

pub(crate) use column::wrong_code;
pub use column::{Categorical, Column};
pub use reader::FrameReader;
pub(crate) use reader::{LEGACY_CATEGORIES, NO_NAME, read_column};
pub(crate) use records::Records;

/// A data frame in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    index_name: Option<String>,
    index: Values,
    columns: Vec<(String, Column)>,
}

impl Frame {
    /// A frame without columns; its rows have these names.
    pub fn new(index: impl Into<Values>) -> Self {
        Self {
            index_name: None,
            index: index.into(),
            columns: Vec::new(),
        }
    }

    /// Gives the index a name.
    pub fn with_index_name(mut self, name: impl Into<String>) -> Self {
        self.index_name = Some(name.into());
        self
    }

    /// Adds a column, or replaces the one of that name.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] for another number of rows than the index has.
    pub fn set(
        &mut self,
        name: impl Into<String>,
        column: impl Into<Column>,
    ) -> Result<(), AnnDataError> {
        let (name, column) = (name.into(), column.into());
        let mut lengths = vec![column.len()];
        if let Column::Nullable { missing, .. } = &column {
            lengths.push(missing.len());
        }
        if let Some(length) = lengths.into_iter().find(|n| *n != self.len()) {
            return Err(AnnDataError::content(
                format!("column {name:?}"),
                format!("{length} rows, expected {}, as the index has", self.len()),
            ));
        }
        match self.columns.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = column,
            None => self.columns.push((name, column)),
        }
        Ok(())
    }

    /// Sets a column; one of that name with other values, or an index of that name, is kept under the name `source_NAME`
    /// (`source_NAME-1`, ... where that is taken), and columns `NAME/...`, which a file would have within that column, as
    /// `source_NAME_...`: what is called otherwise now is answered, with its new name. So a table that is taken over from another
    /// file loses nothing to a column of one's own.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] for another number of rows than the index has.
    pub fn set_beside(
        &mut self,
        name: &str,
        column: impl Into<Column>,
    ) -> Result<Vec<(String, String)>, AnnDataError> {
        let column = column.into();
        let differs = self.column(name).is_none_or(|old| !old.reads_as(&column));
        let kept = match differs {
            true => self.set_aside(name),
            false => self.set_aside_where(|old| is_within(old, name)),
        };
        self.set(name, column)?;
        Ok(kept)
    }

    /// Sets a column in the place of the one of that name, if there is one; an index of that name, and columns within it, are kept under
    /// other names, as [`Frame::set_beside`] does.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] for another number of rows than the index has.
    pub fn replace(
        &mut self,
        name: &str,
        column: impl Into<Column>,
    ) -> Result<Vec<(String, String)>, AnnDataError> {
        let is_index = self.index_name() == Some(name);
        let kept = self.set_aside_where(|old| is_within(old, name) || (is_index && old == name));
        self.set(name, column)?;
        Ok(kept)
    }

    /// Gives the column (or the index) of a name, and those within it, other names, as [`Frame::set_beside`] does.
    pub fn set_aside(&mut self, name: &str) -> Vec<(String, String)> {
        self.set_aside_where(|old| old == name || is_within(old, name))
    }

    fn set_aside_where(&mut self, is_meant: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        self.rename(|name| is_meant(name).then(|| format!("source_{}", name.replace('/', "_"))))
    }

    /// Gives columns (and an index) whose names no writer can store as they are, `pct/`, `a//b` or `./x`, those that HDF5 takes
    /// them for: `pct`, `a/b`, `x`, with a number where that is taken. Answers which, with their new names.
    pub fn make_storable(&mut self) -> Vec<(String, String)> {
        self.rename(|name| {
            let parts = name.split('/').filter(|part| !["", "."].contains(part));
            let stored = parts.collect::<Vec<_>>().join("/");
            (stored != name).then_some(match stored.is_empty() {
                true => "unnamed".to_owned(),
                false => stored,
            })
        })
    }

    /// Gives columns and the index other names where `wanted` has one, with a number behind it where it is taken.
    fn rename(&mut self, wanted: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
        let mut renamed = Vec::new();
        if let Some(old) = self.index_name.clone()
            && let Some(name) = wanted(&old)
        {
            self.index_name = None;
            let name = self.unused_name(&name);
            self.index_name = Some(name.clone());
            renamed.push((old, name));
        }
        for place in 0..self.columns.len() {
            if let Some(name) = wanted(&self.columns[place].0) {
                // Its own name is not in its way.
                let old = std::mem::take(&mut self.columns[place].0);
                let name = self.unused_name(&name);
                self.columns[place].0.clone_from(&name);
                renamed.push((old, name));
            }
        }
        renamed
    }

    /// `name`, or else `name-1`, `name-2`, ...: the first that neither a column nor the index has, nor has columns within.
    pub fn unused_name(&self, name: &str) -> String {
        let names = || self.columns.iter().map(|(name, _)| name.as_str());
        let is_used = |name: &str| {
            let mut names = names().chain(self.index_name());
            names.any(|other| other == name || is_within(other, name))
        };
        let mut numbered = (1..).map(|number| format!("{name}-{number}"));
        match is_used(name) {
            false => name.to_owned(),
            true => numbered.find(|name| !is_used(name)).unwrap_or_default(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Name of the index, where it has one.
    pub fn index_name(&self) -> Option<&str> {
        self.index_name.as_deref()
    }

    /// The index: strings, save in a few frames of `uns`.
    pub fn index(&self) -> &Values {
        &self.index
    }

    /// Names of the rows.
    pub fn names(&self) -> Vec<String> {
        each!(&self.index, v => v.iter().map(ToString::to_string).collect())
    }

    /// Names and columns, in order.
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find_map(|(n, column)| (n == name).then_some(column))
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Panics
    /// If a row is not below [`Frame::len`].
    pub fn at(&self, rows: &[usize]) -> Self {
        Self {
            index_name: self.index_name.clone(),
            index: self.index.at(rows),
            columns: self
                .columns
                .iter()
                .map(|(name, column)| (name.clone(), column.at(rows)))
                .collect(),
        }
    }
}

/// Whether a column lies in the group of another one in a file: `split/a` in that of `split`.
fn is_within(name: &str, other: &str) -> bool {
    name.strip_prefix(other)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(old, new): &(&str, &str)| (old.to_string(), new.to_string());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn columns_within_ours_make_way_too() {
        let mut frame = Frame::new(vec!["a"]);
        for name in ["split/a", "splitted", "split/b/c", "source_split_a"] {
            frame.set(name, vec![name]).unwrap();
        }
        let kept = frame.set_beside("split", vec!["train"]).unwrap();
        let expected = [
            ("split/a", "source_split_a-1"),
            ("split/b/c", "source_split_b_c"),
        ];
        assert_eq!(kept, renamed(&expected));
        let text = |name: &str| frame.column(name).unwrap().text(0).unwrap();
        assert_eq!(text("source_split_a-1"), "split/a");
        // As they read the same, only what is within makes way.
        frame.set("split/d", vec!["d"]).unwrap();
        let kept = frame.set_beside("split", vec!["train"]).unwrap();
        assert_eq!(kept, renamed(&[("split/d", "source_split_d")]));
        frame.set("split/d", vec!["d"]).unwrap();
        assert_eq!(frame.unused_name("split"), "split-1");
    }

    #[test]
    fn names_are_those_that_hdf5_takes_them_for() {
        let mut frame = Frame::new(vec!["a"]).with_index_name("./i");
        for name in ["pct/", "a//b", "/x", "x", "n/a", "/"] {
            frame.set(name, vec![name]).unwrap();
        }
        let expected = [
            ("./i", "i"),
            ("pct/", "pct"),
            ("a//b", "a/b"),
            ("/x", "x-1"),
            ("/", "unnamed"),
        ];
        assert_eq!(frame.make_storable(), renamed(&expected));
        assert_eq!(frame.make_storable(), []);
        assert_eq!(frame.index_name(), Some("i"));
        assert_eq!(frame.column("x-1").unwrap().text(0).unwrap(), "/x");
    }

    #[test]
    fn a_column_makes_way_and_is_kept() {
        let mut frame = Frame::new(vec!["a", "b"]).with_index_name("source_split");
        for (name, values) in [("split", ["x", "y"]), ("n", ["1", "2"])] {
            frame.set(name, values.map(String::from).to_vec()).unwrap();
        }
        let kept = frame.set_beside("split", vec!["train", "test"]).unwrap();
        // The index has the first name.
        assert_eq!(kept, renamed(&[("split", "source_split-1")]));
        let names: Vec<&str> = frame.columns().iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["source_split-1", "n", "split"]);
        let text = |name: &str| frame.column(name).unwrap().text(0).unwrap();
        assert_eq!([text("split"), text("source_split-1")], ["train", "x"]);
    }

    #[test]
    fn a_column_is_replaced_in_its_place() {
        let mut frame = Frame::new(vec!["a", "b"]);
        for name in ["split", "split/a", "n"] {
            frame.set(name, vec![name, name]).unwrap();
        }
        let kept = frame.replace("split", vec!["train", "test"]).unwrap();
        assert_eq!(kept, renamed(&[("split/a", "source_split_a")]));
        let names: Vec<&str> = frame.columns().iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["split", "source_split_a", "n"]);
        assert_eq!(frame.column("split").unwrap().text(1).unwrap(), "test");
        let mut frame = Frame::new(vec!["a"]).with_index_name("split");
        let kept = frame.replace("split", vec!["train"]).unwrap();
        assert_eq!(kept, renamed(&[("split", "source_split")]));
        assert!(frame.replace("split", vec!["x", "y"]).is_err());
    }

    #[test]
    fn an_index_makes_way_too() {
        let mut frame = Frame::new(vec!["a", "b"]).with_index_name("split");
        let kept = frame.set_beside("split", vec!["train", "test"]).unwrap();
        assert_eq!(kept, renamed(&[("split", "source_split")]));
        assert_eq!(frame.index_name(), Some("source_split"));
        assert_eq!(frame.names(), ["a", "b"]);
    }

    #[test]
    fn what_reads_the_same_is_not_kept_twice() {
        let mut frame = Frame::new(vec!["a", "b"]);
        let as_categories = Categorical::new(vec![1, 0], vec!["y", "x"].into(), false).unwrap();
        frame.set("p", as_categories).unwrap();
        assert_eq!(frame.set_beside("p", vec!["x", "y"]).unwrap(), []);
        assert_eq!(frame.set_beside("new", vec!["x", "y"]).unwrap(), []);
        assert_eq!(frame.columns().len(), 2);
        assert_eq!(frame.set_aside("nothing"), []);
    }
}
