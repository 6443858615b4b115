//! Which format a file has: told by the ending of its name.

use std::path::Path;

use rheome_hdf::split_place;

use crate::axes::Axes;
use crate::classic::ClassicReader;
use crate::error::FieldError;
use crate::field::{FieldHeader, FieldReader, FieldShape};
use crate::hdf::{CompressedWriter, Hdf5Reader, InPlaceWriter};
use crate::joined::Joined;
use crate::npy::{NpyReader, NpyWriter};
use crate::writer::{FieldWriter, WriteOptions, check_output};

/// The attribute with the settings that a file was begun with, as the program that wrote it tells them.
pub const SETTINGS: &str = "settings";

/// The dataset read when none is named.
const DEFAULT_DATASET: &str = "velocity";

/// A format of field files: what it is called by, and what it can do. All that programs know of formats, they ask here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFormat {
    /// NumPy's `.npy`: one array and nothing else.
    Npy,
    /// HDF5.
    Hdf5,
    /// NetCDF: 4 is written, the classic one is read too.
    NetCdf,
}

impl FieldFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Npy, Self::Hdf5, Self::NetCdf];

    /// How the names of its files end, the usual ending first.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Npy => &["npy"],
            Self::Hdf5 => &rheome_hdf::ENDINGS,
            Self::NetCdf => &["nc"],
        }
    }

    /// Whether a file takes snapshots as they come, keeps each that is complete, and can be continued. Files of the other formats
    /// appear when they are finished.
    pub fn takes_snapshots_as_they_come(self) -> bool {
        match self {
            Self::Npy => false,
            Self::Hdf5 | Self::NetCdf => true,
        }
    }

    /// Whether a file holds more than numbers: coordinates, times, attributes.
    pub fn has_header(self) -> bool {
        match self {
            Self::Npy => false,
            Self::Hdf5 | Self::NetCdf => true,
        }
    }

    /// Whether a file can be compressed.
    fn compresses(self) -> bool {
        match self {
            Self::Npy => false,
            Self::Hdf5 | Self::NetCdf => true,
        }
    }

    /// The format of a file, by the ending of its name.
    ///
    /// # Errors
    /// [`FieldError::Format`] with the endings that there are.
    pub fn of(path: &Path) -> Result<Self, FieldError> {
        let known = |format: &Self| rheome_hdf::has_ending(path, format.endings());
        Self::ALL.into_iter().find(known).ok_or_else(|| {
            FieldError::format(
                path,
                format!(
                    "unknown kind of file, expected a name that ends in {}",
                    Self::endings_of(|_| true)
                ),
            )
        })
    }

    /// The endings of all formats with a property, in words: `.npy, .h5, .hdf5 or .nc`.
    pub fn endings_of(has: impl Fn(Self) -> bool) -> String {
        let formats = Self::ALL.into_iter().filter(|format| has(*format));
        let endings: Vec<String> = formats
            .flat_map(Self::endings)
            .map(|ending| format!(".{ending}"))
            .collect();
        match endings.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// Opens a field for reading.
///
/// `spec` is `FILE` or `FILE:dataset/path`; an existing file whose own name holds a colon wins. Without a name the dataset is
/// `velocity`; `FILE:u,v,w` joins datasets `[x, y, z]`, behind time and trajectory if these are there, into one field, unless a dataset is called
/// `u,v,w`. The format follows the ending: [`FieldFormat::of`].
///
/// # Errors
/// [`FieldError::File`] if the file cannot be opened, [`FieldError::Format`] if it is damaged or of no known kind,
/// [`FieldError::MissingDataset`] with the datasets that there are, [`FieldError::Shape`] if the dataset is no field, or its axes are named in another order than they are read in.
pub fn open(spec: &str) -> Result<Box<dyn FieldReader>, FieldError> {
    let (path, dataset) = split_place(spec, |path| FieldFormat::of(path).is_ok());
    let format = FieldFormat::of(&path)?;
    let opened = std::fs::File::open(&path).map_err(|e| FieldError::file(&path, "open", e))?;
    if opened.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(FieldError::format(&path, "is a folder, expected a file"));
    }
    let open = |name: &str, axes: Axes| -> Result<Box<dyn FieldReader>, FieldError> {
        match format {
            FieldFormat::NetCdf if ClassicReader::recognizes(&opened) => {
                Ok(Box::new(ClassicReader::open(&path, name, axes)?))
            }
            // A NetCDF-4 file is an HDF5 file.
            _ => Ok(Box::new(Hdf5Reader::open(&path, name, axes)?)),
        }
    };
    match (format, dataset.as_deref()) {
        (FieldFormat::Npy, None) => Ok(Box::new(NpyReader::open(&path)?)),
        (FieldFormat::Npy, Some(name)) => Err(FieldError::MissingDataset {
            path: path.clone(),
            name: name.into(),
            instead: "a .npy file holds one array: leave the name out".into(),
        }),
        (_, Some(names)) if names.contains(',') => match open(names, Axes::Components) {
            Err(FieldError::MissingDataset { .. }) => {
                Ok(Box::new(Joined::open(spec, names, |name| {
                    open(name, Axes::Scalar)
                })?))
            }
            // The name of one dataset holds commas.
            whole => whole,
        },
        (_, name) => open(name.unwrap_or(DEFAULT_DATASET), Axes::Components),
    }
}

/// Starts a field file of `shape` at `path`, in the format that its ending tells.
///
/// Uncompressed HDF5 and NetCDF appear when `options.appears` tells and take snapshots in any order of trajectories, each safe as
/// soon as [`FieldWriter::append`] returns; the room for all of them is taken from the disk before. Compressed files and `.npy`
/// appear when they are finished.
///
/// # Errors
/// [`FieldError::NewFile`] if `path` is there and `options.overwrite` is not set, or the folder is missing; [`FieldError::File`] if
/// the file cannot be written; [`FieldError::Setting`] and [`FieldError::Shape`] for what the format cannot hold.
pub fn create(
    path: &Path,
    shape: &FieldShape,
    header: &FieldHeader,
    options: WriteOptions,
) -> Result<Box<dyn FieldWriter>, FieldError> {
    let format = FieldFormat::of(path)?;
    check_output(path, shape, header, options)?;
    match format {
        format if options.compress && !format.compresses() => Err(FieldError::Setting {
            key: "compress",
            found: format!("true for {}", path.display()),
            expected: format!(
                "a file that can be compressed: {}",
                FieldFormat::endings_of(FieldFormat::compresses)
            ),
        }),
        FieldFormat::Npy => Ok(Box::new(NpyWriter::create(path, shape)?)),
        FieldFormat::Hdf5 | FieldFormat::NetCdf => {
            let xdmf = format == FieldFormat::Hdf5;
            if options.compress {
                Ok(Box::new(CompressedWriter::create(
                    path, shape, header, xdmf,
                )?))
            } else {
                let appears = options.appears;
                Ok(Box::new(InPlaceWriter::create(
                    path, shape, header, xdmf, appears,
                )?))
            }
        }
    }
}

/// [`create`]s a file that a killed run can continue (uncompressed), or, with `resumed`, [`resume`]s it.
///
/// # Errors
/// Those of [`create`] and [`resume`].
pub fn begin_or_resume(
    path: &Path,
    shape: &FieldShape,
    header: &FieldHeader,
    resumed: bool,
    overwrite: bool,
) -> Result<Box<dyn FieldWriter>, FieldError> {
    if resumed {
        return resume(path, shape, header);
    }
    let options = WriteOptions {
        overwrite,
        ..WriteOptions::default()
    };
    create(path, shape, header, options)
}

/// [`append_to`] for a file that was begun with the same settings: its attribute [`SETTINGS`] is that of `header`.
///
/// # Errors
/// [`FieldError::Settings`] if it was begun with other ones, and those of [`append_to`].
pub fn resume(
    path: &Path,
    shape: &FieldShape,
    header: &FieldHeader,
) -> Result<Box<dyn FieldWriter>, FieldError> {
    let reader = open(&path.to_string_lossy())?;
    if reader.header().attributes.get(SETTINGS) != header.attributes.get(SETTINGS) {
        return Err(FieldError::Settings {
            path: path.to_owned(),
        });
    }
    drop(reader);
    append_to(path, shape)
}

/// Continues an unfinished file that [`create`] began and whose writer was killed: snapshots that are complete are kept, the
/// next one of each trajectory is [`FieldWriter::completed`]. The header in the file stays as it is.
///
/// # Errors
/// [`FieldError::Shape`] if the file has another shape; [`FieldError::Format`] if it is compressed, `.npy`, or not one of
/// [`create`]'s; [`FieldError::File`] if it cannot be opened.
pub fn append_to(path: &Path, shape: &FieldShape) -> Result<Box<dyn FieldWriter>, FieldError> {
    match FieldFormat::of(path)? {
        format if !format.takes_snapshots_as_they_come() => Err(FieldError::format(
            path,
            format!(
                "cannot be continued, only {} can",
                FieldFormat::endings_of(FieldFormat::takes_snapshots_as_they_come)
            ),
        )),
        format => Ok(Box::new(InPlaceWriter::resume(
            path,
            shape,
            format == FieldFormat::Hdf5,
        )?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_ending_is_explained() {
        assert_eq!(
            FieldFormat::endings_of(FieldFormat::has_header),
            ".h5, .hdf5 or .nc"
        );
        assert_eq!(
            FieldFormat::of(Path::new("A.NC")).unwrap(),
            FieldFormat::NetCdf
        );
        let error = open("field.dat").err().unwrap().to_string();
        assert!(error.contains(".npy, .h5, .hdf5 or .nc"), "{error}");
        let error = open("/no/such/field.h5").err().unwrap().to_string();
        assert!(
            error.starts_with("/no/such/field.h5: cannot open"),
            "{error}"
        );
    }
}
