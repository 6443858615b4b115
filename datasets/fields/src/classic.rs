//! Reading classic NetCDF files (CDF-1, CDF-2, CDF-5), which are no HDF5 files.

mod header;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use netcdf::types::{FloatType, NcVariableType};
use netcdf::{AttributeValue, Extent, Variable};

use crate::axes::Axes;
use crate::error::FieldError;
use crate::field::{
    Attribute, FieldHeader, FieldReader, FieldShape, check_plausible, file_length, missing_dataset,
};

/// A variable of a classic NetCDF file, open for reading.
pub(crate) struct ClassicReader {
    file: netcdf::File,
    name: String,
    path: PathBuf,
    label: String,
    shape: FieldShape,
    /// Of the variable, one more where that is one component.
    rank: usize,
    axes: Axes,
    header: FieldHeader,
    times: Option<Vec<f64>>,
}

impl ClassicReader {
    /// Whether a file begins as a classic one does.
    pub(crate) fn recognizes(file: &File) -> bool {
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, 0).is_ok() && matches!(magic, [b'C', b'D', b'F', 1 | 2 | 5])
    }

    /// Opens a variable of rank 4, 5 or 6 (one less for one component), of float32 or float64.
    pub(crate) fn open(path: &Path, name: &str, axes: Axes) -> Result<Self, FieldError> {
        check_length(path)?;
        let fault = |e: netcdf::Error| FieldError::format(path, e);
        let file = netcdf::open(path).map_err(fault)?;
        let label = format!("{}:{name}", path.display());
        let (shape, rank, header, times) = {
            let found: Vec<Variable> = file.variables().collect();
            let extents = |v: &Variable| {
                v.dimensions()
                    .iter()
                    .map(netcdf::Dimension::len)
                    .collect::<Vec<_>>()
            };
            let Some(variable) = found.iter().find(|v| v.name() == name) else {
                let list: Vec<_> = found.iter().map(|v| (v.name(), extents(v))).collect();
                return Err(missing_dataset(path, name, &list));
            };
            if !matches!(
                variable.vartype(),
                NcVariableType::Float(FloatType::F32 | FloatType::F64)
            ) {
                let kind = variable.vartype();
                return Err(FieldError::format(
                    path,
                    format!("{name:?} holds {kind:?}, expected float32 or float64"),
                ));
            }
            let names = variable.dimensions().iter();
            let names: Vec<Option<String>> = names.map(|axis| Some(axis.name())).collect();
            axes.check(&names, &label)?;
            let extents = axes.with_component(&extents(variable));
            let shape = FieldShape::of_extents(&extents, &label)?;
            check_plausible(file_length(path)?, &label, &shape)?;
            let times = read_axis(&found, "time", shape.snapshots);
            (
                shape,
                extents.len(),
                read_header(&file, &found, variable, &shape),
                times,
            )
        };
        Ok(Self {
            file,
            name: name.into(),
            path: path.to_owned(),
            label,
            shape,
            rank,
            axes,
            header,
            times,
        })
    }
}

/// Whether the file is as long as its header says.
fn check_length(path: &Path) -> Result<(), FieldError> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = opened.map_err(|e| FieldError::file(path, "open", e))?;
    match header::needed_length(&file) {
        Ok(needed) if needed <= length => Ok(()),
        Ok(needed) => Err(FieldError::format(
            path,
            format!("found {length} bytes, expected {needed}: it is cut short"),
        )),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(FieldError::format(path, "cut short within its header"))
        }
        Err(e) => Err(FieldError::file(path, "read", e)),
    }
}

impl FieldReader for ClassicReader {
    fn shape(&self) -> FieldShape {
        self.shape
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        self.times.as_deref()
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        let gone = || FieldError::format(&self.path, "the variable is gone");
        let variable = self.file.variable(&self.name).ok_or_else(gone)?;
        let [nx, ny, nz] = self.shape.grid;
        let outer = [trajectory, snapshot].into_iter().map(Extent::Index);
        let components = (self.axes == Axes::Components).then_some(self.shape.components);
        let inner = [nx, ny, nz].into_iter().chain(components);
        let inner = inner.map(|n| Extent::from(0..n));
        let place: Vec<Extent> = outer
            .skip(6usize.saturating_sub(self.rank))
            .chain(inner)
            .collect();
        variable
            .get_values_into(out, place)
            .map_err(|e| FieldError::format(&self.path, e))
    }
}

/// A one-dimensional variable of exactly `count` numbers.
fn read_axis(found: &[Variable], name: &str, count: usize) -> Option<Vec<f64>> {
    let variable = found.iter().find(|v| v.name() == name)?;
    if variable.dimensions().len() != 1 || variable.len() != count {
        return None;
    }
    variable.get_values(..).ok()
}

/// Names of components: rows of characters.
fn read_names(found: &[Variable], count: usize) -> Option<Vec<String>> {
    const LONGEST: usize = 1024;
    let variable = found.iter().find(|v| v.name() == "component")?;
    let [rows, width] = variable.dimensions() else {
        return None;
    };
    if rows.len() != count || width.len() > LONGEST || variable.vartype() != NcVariableType::Char {
        return None;
    }
    let bytes = variable.get_raw_values(..).ok()?;
    let text = |row: &[u8]| {
        String::from_utf8_lossy(row)
            .trim_end_matches(['\0', ' '])
            .to_owned()
    };
    Some(bytes.chunks(width.len().max(1)).map(text).collect())
}

fn read_header(
    file: &netcdf::File,
    found: &[Variable],
    variable: &Variable,
    shape: &FieldShape,
) -> FieldHeader {
    let axis = |name: &str, place: usize| read_axis(found, name, shape.grid[place]);
    let coordinates = match (axis("x", 0), axis("y", 1), axis("z", 2)) {
        (Some(x), Some(y), Some(z)) => Some([x, y, z]),
        _ => None,
    };
    let told = |a: netcdf::Attribute| Some((a.name().to_owned(), attribute(a.value().ok()?)?));
    let mut attributes: BTreeMap<String, Attribute> = file.attributes().filter_map(told).collect();
    attributes.remove("Conventions");
    let units_of = |variable: &Variable| attribute(variable.attribute("units")?.value().ok()?);
    let beside = |name: &str| found.iter().find(|v| v.name() == name);
    let units = [
        ("velocity_units", units_of(variable)),
        ("time_units", beside("time").and_then(units_of)),
        ("coordinate_units", beside("y").and_then(units_of)),
    ];
    for (key, units) in units {
        if let Some(units) = units.filter(|units| *units != Attribute::from("1")) {
            attributes.insert(key.into(), units);
        }
    }
    FieldHeader {
        per_trajectory: BTreeMap::new(),
        coordinates,
        components: read_names(found, shape.components),
        attributes,
    }
}

/// One number or one text.
fn attribute(value: AttributeValue) -> Option<Attribute> {
    if let AttributeValue::Str(text) = value {
        return Some(Attribute::Text(text));
    }
    f64::try_from(value).ok().map(Attribute::Number)
}
