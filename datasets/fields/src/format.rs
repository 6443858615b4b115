//! Which format a file has: told by the ending of its name.

use std::path::Path;

use rheome_hdf::{NewFileError, split_place};

use crate::classic::ClassicReader;
use crate::error::FieldError;
use crate::field::{FieldHeader, FieldReader, FieldShape};
use crate::hdf::{CompressedWriter, Hdf5Reader, InPlaceWriter};
use crate::npy::{NpyReader, NpyWriter};
use crate::writer::{FieldWriter, WriteOptions, check_output};

/// The attribute with the settings that a file was begun with, as the program that wrote it tells them.
pub const SETTINGS: &str = "settings";

/// The dataset read when none is named.
const DEFAULT_DATASET: &str = "velocity";

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Npy,
    Hdf5,
    NetCdf,
}

impl Format {
    fn of(path: &Path) -> Result<Self, FieldError> {
        let ending = path
            .extension()
            .map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("h5" | "hdf5") => Ok(Self::Hdf5),
            Some("nc") => Ok(Self::NetCdf),
            _ => Err(FieldError::format(
                path,
                "unknown kind of file, expected a name that ends in .npy, .h5, .hdf5 or .nc",
            )),
        }
    }
}

/// Opens a field for reading.
///
/// `spec` is `FILE` or `FILE:dataset/path`; an existing file whose own name holds a colon wins. Without a name the dataset is
/// `velocity`. The format follows the ending: `.npy`, `.h5` or `.hdf5`, `.nc` (NetCDF-4 or classic).
///
/// # Errors
/// [`FieldError::File`] if the file cannot be opened, [`FieldError::Format`] if it is damaged or of no known kind,
/// [`FieldError::MissingDataset`] with the datasets that there are, [`FieldError::Shape`] if the dataset is no field.
pub fn open(spec: &str) -> Result<Box<dyn FieldReader>, FieldError> {
    let (path, dataset) = split_place(spec, |path| Format::of(path).is_ok());
    let format = Format::of(&path)?;
    let opened = std::fs::File::open(&path).map_err(|e| FieldError::file(&path, "open", e))?;
    if opened.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(FieldError::format(&path, "is a folder, expected a file"));
    }
    let name = dataset.as_deref().unwrap_or(DEFAULT_DATASET);
    match format {
        Format::Npy => match dataset {
            None => Ok(Box::new(NpyReader::open(&path)?)),
            Some(name) => Err(FieldError::MissingDataset {
                path,
                name,
                instead: "a .npy file holds one array: leave the name out".into(),
            }),
        },
        Format::NetCdf if ClassicReader::recognizes(&opened) => {
            Ok(Box::new(ClassicReader::open(&path, name)?))
        }
        // A NetCDF-4 file is an HDF5 file.
        Format::Hdf5 | Format::NetCdf => Ok(Box::new(Hdf5Reader::open(&path, name)?)),
    }
}

/// Starts a field file of `shape` at `path`, in the format that its ending tells.
///
/// Uncompressed HDF5 and NetCDF appear at once and take snapshots in any order of trajectories, each safe as soon as
/// [`FieldWriter::append`] returns. Compressed files and `.npy` appear when they are finished.
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
    let format = Format::of(path)?;
    check_output(path, shape, header, options)?;
    match format {
        Format::Npy if options.compress => Err(FieldError::Setting {
            key: "compress",
            found: format!("true for {}", path.display()),
            expected: "an .h5 or .nc file: .npy cannot be compressed".into(),
        }),
        Format::Npy => Ok(Box::new(NpyWriter::create(path, shape)?)),
        Format::Hdf5 | Format::NetCdf => {
            let xdmf = format == Format::Hdf5;
            if options.compress {
                Ok(Box::new(CompressedWriter::create(
                    path, shape, header, xdmf,
                )?))
            } else {
                Ok(Box::new(InPlaceWriter::create(path, shape, header, xdmf)?))
            }
        }
    }
}

/// [`create`]s a file that a killed run can continue (uncompressed), or, with `resumed`, [`resume`]s it.
///
/// # Errors
/// [`FieldError::Begun`] if `path` is there and neither `resumed` nor `overwrite` is set, and those of [`create`] and [`resume`].
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
    create(path, shape, header, options).map_err(|error| match error {
        FieldError::NewFile(NewFileError::Exists { path }) => FieldError::Begun { path },
        other => other,
    })
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
    match Format::of(path)? {
        Format::Npy => Err(FieldError::format(
            path,
            "a .npy file cannot be continued, only .h5 and .nc can",
        )),
        format => Ok(Box::new(InPlaceWriter::resume(
            path,
            shape,
            format == Format::Hdf5,
        )?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_ending_is_explained() {
        let error = open("field.dat").err().unwrap().to_string();
        assert!(error.contains(".npy, .h5, .hdf5 or .nc"), "{error}");
        let error = open("/no/such/field.h5").err().unwrap().to_string();
        assert!(
            error.starts_with("/no/such/field.h5: cannot open"),
            "{error}"
        );
    }
}
