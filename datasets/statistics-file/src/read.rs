//! From the file to statistics.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::H5Type;
use ndarray::{Array, Array2, Array3, Dimension};
use rheome_fields::attributes;
use rheome_statistics::{
    Divergence, ErrorCurves, FlowResults, HistoryEntry, LeadTimeErrors, LineSpectra, Profiles,
    QUANTITIES, ShapeFactors, SpaceTimeSlices, WallUnits,
};

use super::groups::{GroupReader, error};
use super::{
    HISTORY, LEAD_TIME, NamedResults, SLICES, SPANWISE, STREAMWISE, Units, VERSION,
    VERSION_ATTRIBUTE,
};

/// Prefix of the attributes that are the source's.
const PROVENANCE: &str = "source_";

/// Reads every data set.
pub(super) fn all(path: &Path) -> hdf5::Result<Vec<NamedResults>> {
    let file = rheome_hdf::open(path)?;
    let version: i32 = file.attr(VERSION_ATTRIBUTE)?.read_scalar()?;
    if !(1..=VERSION).contains(&version) {
        return Err(error(format!(
            "found layout version {version}, expected 1 to {VERSION}"
        )));
    }
    let length = file.size();
    let groups = file.groups()?.into_iter();
    groups
        .map(|group| data_set(&GroupReader::new(group, length), version))
        .collect()
}

fn data_set(group: &GroupReader, version: i32) -> hdf5::Result<NamedResults> {
    let heights: Vec<f64> = group.numbers("y")?;
    let profiles = profiles(group, heights.len())?;
    let first = version == 1;
    let unit = |name: &str, of_first: &str| {
        if first {
            Ok(of_first.to_owned())
        } else {
            group.text(name)
        }
    };
    let lengths = group.number("length_x").zip(group.number("length_z"));
    let wall_units = group.number("u_tau").zip(group.number("viscosity"));
    let spectra = |name: &str| -> hdf5::Result<Option<LineSpectra>> {
        let inner = group.inner(name)?;
        inner.map(|g| line_spectra(&g, heights.len())).transpose()
    };
    let errors = group.inner(LEAD_TIME)?;
    let name = group.group.name();
    let snapshots = group.number("snapshots").unwrap_or_default();
    Ok(NamedResults {
        name: name.rsplit('/').next().unwrap_or_default().to_owned(),
        source: group.text("source")?,
        units: Units {
            velocity: group.text("velocity_units")?,
            length: unit("length_units", "h")?,
            time: unit("time_units", "1")?,
        },
        provenance: provenance(group),
        reference: errors.as_ref().and_then(|g| g.text("reference").ok()),
        results: FlowResults {
            snapshots: snapshots as u64,
            lengths: lengths.map(|(x, z)| [x, z]),
            wall_units: wall_units.and_then(|(u, nu)| WallUnits::new(u, nu).ok()),
            profiles,
            streamwise: spectra(STREAMWISE)?,
            spanwise: spectra(SPANWISE)?,
            history: match group.inner(HISTORY)? {
                Some(inner) => history(&inner)?,
                None => Vec::new(),
            },
            slices: group.inner(SLICES)?.map(|g| slices(&g)).transpose()?,
            lead_time: errors.map(|g| lead_time(&g)).transpose()?,
            heights,
        },
    })
}

fn provenance(group: &GroupReader) -> BTreeMap<String, rheome_fields::Attribute> {
    let names = group.group.attr_names().unwrap_or_default();
    let known = names.into_iter().filter_map(|name| {
        let key = name.strip_prefix(PROVENANCE)?.to_owned();
        Some((key, attributes::read(&group.group, &name)?))
    });
    known.collect()
}

fn profiles(group: &GroupReader, ny: usize) -> hdf5::Result<Profiles> {
    if ny == 0 {
        return Err(error(format!("{}/y: holds no heights", group.group.name())));
    }
    let lines = |name: &str| -> hdf5::Result<[Vec<f64>; 3]> {
        let all: Vec<f64> = group.shaped(name, &[3, ny])?;
        Ok(std::array::from_fn(|c| all[c * ny..(c + 1) * ny].to_vec()))
    };
    let shape = if group.has("skewness") {
        Some(ShapeFactors {
            skewness: lines("skewness")?,
            flatness: lines("flatness")?,
        })
    } else {
        None
    };
    Ok(Profiles {
        mean: lines("mean")?,
        rms: lines("rms")?,
        shear_stress: group.shaped("shear_stress", &[ny])?,
        shape,
    })
}

/// A dataset of `shape` as an array.
fn array<T, D, S>(group: &GroupReader, name: &str, shape: S) -> hdf5::Result<Array<T, D>>
where
    T: H5Type,
    D: Dimension,
    S: ndarray::IntoDimension<Dim = D>,
{
    let shape = shape.into_dimension();
    let values = group.shaped(name, shape.slice())?;
    Array::from_shape_vec(shape, values).map_err(|e| error(e.to_string()))
}

fn line_spectra(group: &GroupReader, ny: usize) -> hdf5::Result<LineSpectra> {
    let wavenumber: Vec<f64> = group.numbers("wavenumber")?;
    let separation: Vec<f64> = group.numbers("separation")?;
    Ok(LineSpectra {
        energy: array(group, "energy", (3, ny, wavenumber.len()))?,
        cospectrum: array(group, "cospectrum", (ny, wavenumber.len()))?,
        correlation: array(group, "correlation", (3, ny, separation.len()))?,
        wavenumber,
        separation,
    })
}

fn history(group: &GroupReader) -> hdf5::Result<Vec<HistoryEntry>> {
    let time: Vec<f64> = group.numbers("time")?;
    let count = time.len();
    let line = |name: &str| group.shaped::<f64>(name, &[count]);
    let trajectory: Vec<i64> = group.shaped("trajectory", &[count])?;
    let exact: Vec<i8> = group.shaped("exact", &[count])?;
    let bulk_velocity = line("bulk_velocity")?;
    let kinetic_energy = line("kinetic_energy")?;
    let fluctuation_energy = line("fluctuation_energy")?;
    let rates: Array2<f64> = array(group, "wall_shear_rate", (count, 2))?;
    let divergence = if group.has("divergence") {
        Some((line("divergence")?, line("relative_divergence")?))
    } else {
        None
    };
    let entry = |s: usize| HistoryEntry {
        trajectory: usize::try_from(trajectory[s]).unwrap_or_default(),
        time: time[s],
        bulk_velocity: bulk_velocity[s],
        wall_shear_rate: [rates[[s, 0]], rates[[s, 1]]],
        kinetic_energy: kinetic_energy[s],
        fluctuation_energy: fluctuation_energy[s],
        exact: exact[s] != 0,
        divergence: divergence.as_ref().map(|(rms, relative)| Divergence {
            rms: rms[s],
            relative: relative[s],
        }),
    };
    Ok((0..count).map(entry).collect())
}

fn slices(group: &GroupReader) -> hdf5::Result<SpaceTimeSlices> {
    let time: Vec<f64> = group.numbers("time")?;
    let heights: Vec<f64> = group.numbers("y")?;
    let x: Vec<f64> = group.numbers("x")?;
    let z: Vec<f64> = group.numbers("z")?;
    let along_x: Array3<f32> = array(group, "u_along_x", (time.len(), heights.len(), x.len()))?;
    let along_z: Array3<f32> = array(group, "u_along_z", (time.len(), heights.len(), z.len()))?;
    Ok(SpaceTimeSlices {
        heights,
        time,
        x,
        z,
        along_x,
        along_z,
    })
}

fn lead_time(group: &GroupReader) -> hdf5::Result<LeadTimeErrors> {
    let lead_time: Vec<f64> = group.numbers("lead_time")?;
    let curves = |error: &str, correlation: &str, time: &str| -> hdf5::Result<ErrorCurves> {
        let shape = (lead_time.len(), QUANTITIES.len());
        Ok(ErrorCurves {
            relative_error: array(group, error, shape)?,
            correlation: array(group, correlation, shape)?,
            decorrelation_time: group.number(time),
        })
    };
    Ok(LeadTimeErrors {
        pairs: group.shaped("pairs", &[lead_time.len()])?,
        prediction: curves("relative_error", "correlation", "decorrelation_time")?,
        persistence: curves(
            "persistence_relative_error",
            "persistence_correlation",
            "persistence_decorrelation_time",
        )?,
        lead_time,
    })
}
