//! Where in which file something is: for errors, and for what a file of its size may claim.

use std::path::Path;
use std::sync::Arc;

use hdf5::{Dataset, Group, LocationType};
use rheome_hdf::{Unreadable, check_readable, message, text};

use crate::error::AnnDataError;

/// A group or dataset of a file, by name.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    file: Arc<Path>,
    file_bytes: u64,
    inside: String,
}

impl Place {
    /// The root of a file.
    pub(crate) fn root(path: &Path) -> Result<Self, AnnDataError> {
        let file_bytes = std::fs::metadata(path)
            .map_err(|e| AnnDataError::file(path, "read", e))?
            .len();
        Ok(Self {
            file: path.into(),
            file_bytes,
            inside: String::new(),
        })
    }

    /// Something in this group.
    pub(crate) fn at(&self, name: &str) -> Self {
        let inside = match self.inside.as_str() {
            "" => name.into(),
            inside => format!("{inside}/{name}"),
        };
        Self {
            inside,
            ..self.clone()
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// Name inside the file; `/` for the root.
    pub(crate) fn name(&self) -> &str {
        match self.inside.as_str() {
            "" => "/",
            inside => inside,
        }
    }

    pub(crate) fn format(&self, reason: impl Into<String>) -> AnnDataError {
        AnnDataError::Format {
            path: self.file.to_path_buf(),
            place: self.name().into(),
            reason: reason.into(),
        }
    }

    /// The library's fault.
    pub(crate) fn fault(&self) -> impl Fn(hdf5::Error) -> AnnDataError + '_ {
        |error| self.format(message(&error))
    }

    pub(crate) fn shape(
        &self,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> AnnDataError {
        AnnDataError::Shape {
            path: self.file.to_path_buf(),
            place: self.name().into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(crate) fn out_of_range(
        &self,
        what: &'static str,
        found: usize,
        available: usize,
    ) -> AnnDataError {
        AnnDataError::OutOfRange {
            path: self.file.to_path_buf(),
            place: self.name().into(),
            what,
            found,
            available,
        }
    }

    /// Whether a dataset can be decompressed, was written in full, and the file is large enough for what it claims to be.
    pub(crate) fn check(&self, dataset: &Dataset) -> Result<(), AnnDataError> {
        check_readable(dataset, self.file_bytes).map_err(|reason| match reason {
            Unreadable::Filter(filter) => AnnDataError::Filter {
                path: self.file.to_path_buf(),
                place: self.name().into(),
                filter,
            },
            reason => self.shape(reason.to_string(), reason.expected()),
        })
    }
}

/// A member of a group, open.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Group(Group, Place),
    Dataset(Dataset, Place),
}

impl Node {
    /// Opens a member; none if there is no such member.
    pub(crate) fn find(
        group: &Group,
        place: &Place,
        name: &str,
    ) -> Result<Option<Self>, AnnDataError> {
        if !group.link_exists(name) {
            return Ok(None);
        }
        let place = place.at(name);
        let kind = group.loc_type_by_name(name).map_err(place.fault())?;
        Ok(Some(match kind {
            LocationType::Group => Self::Group(group.group(name).map_err(place.fault())?, place),
            LocationType::Dataset => {
                let dataset = group.dataset(name).map_err(place.fault())?;
                place.check(&dataset)?;
                Self::Dataset(dataset, place)
            }
            _ => return Err(place.format("neither a group nor a dataset")),
        }))
    }

    /// Opens a member that has to be there.
    pub(crate) fn open(group: &Group, place: &Place, name: &str) -> Result<Self, AnnDataError> {
        Self::find(group, place, name)?
            .ok_or_else(|| place.format(format!("no {name:?} in it; {}", members(group))))
    }

    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::Group(_, place) | Self::Dataset(_, place) => place,
        }
    }

    /// Its attribute `encoding-type`, empty where there is none.
    pub(crate) fn encoding(&self) -> String {
        let object: &hdf5::Location = match self {
            Self::Group(group, _) => group,
            Self::Dataset(dataset, _) => dataset,
        };
        text::attribute(object, "encoding-type").unwrap_or_default()
    }

    pub(crate) fn dataset(self) -> Result<(Dataset, Place), AnnDataError> {
        match self {
            Self::Dataset(dataset, place) => Ok((dataset, place)),
            Self::Group(_, place) => Err(place.format("a group, expected a dataset")),
        }
    }

    pub(crate) fn group(self) -> Result<(Group, Place), AnnDataError> {
        match self {
            Self::Group(group, place) => Ok((group, place)),
            Self::Dataset(_, place) => Err(place.format("a dataset, expected a group")),
        }
    }
}

/// What a group holds, in words.
pub(crate) fn members(group: &Group) -> String {
    const MOST: usize = 12;
    let mut names = group.member_names().unwrap_or_default();
    names.sort();
    match names.as_slice() {
        [] => "it is empty".into(),
        names if names.len() <= MOST => format!("it holds {}", names.join(", ")),
        names => format!(
            "it holds {} and {} more",
            names[..MOST].join(", "),
            names.len() - MOST
        ),
    }
}

/// Names of the members of a group, in order.
pub(crate) fn member_names(group: &Group, place: &Place) -> Result<Vec<String>, AnnDataError> {
    let mut names = group.member_names().map_err(place.fault())?;
    names.sort();
    Ok(names)
}
