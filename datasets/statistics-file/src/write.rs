//! From statistics to the file.

mod series;

use ndarray::{Array2, ArrayView};
use rheome_fields::{Attribute, attributes};
use rheome_hdf::Partial;
use rheome_statistics::{LineSpectra, WallUnits};

use super::groups::{GroupWriter, Variable};
use super::{
    COMPONENTS, HISTORY, LEAD_TIME, NamedResults, SLICES, SPANWISE, STREAMWISE, VERSION,
    VERSION_ATTRIBUTE, Writer,
};

/// Writes all of a new file.
pub(super) fn fill(
    partial: &Partial,
    sets: &[NamedResults],
    writer: &Writer<'_>,
) -> hdf5::Result<()> {
    let file = partial.create()?;
    attributes::write_number(&file, VERSION_ATTRIBUTE, VERSION)?;
    attributes::write_text(&file, "program", writer.program)?;
    attributes::write_text(&file, "command_line", writer.command_line)?;
    for set in sets {
        data_set(GroupWriter::create(&file, &set.name)?, set)?;
    }
    file.flush()
}

fn data_set(mut group: GroupWriter, set: &NamedResults) -> hdf5::Result<()> {
    describe(&group, set)?;
    profiles(&mut group, set)?;
    let results = &set.results;
    let inner = |name: &str| GroupWriter::create(&group.group, name);
    if let Some(spectra) = &results.streamwise {
        line_spectra(inner(STREAMWISE)?, spectra, set)?;
    }
    if let Some(spectra) = &results.spanwise {
        line_spectra(inner(SPANWISE)?, spectra, set)?;
    }
    if !results.history.is_empty() {
        series::history(inner(HISTORY)?, &results.history, set)?;
    }
    if let Some(slices) = &results.slices {
        series::slices(inner(SLICES)?, slices, set)?;
    }
    if let Some(errors) = &results.lead_time {
        series::lead_time(inner(LEAD_TIME)?, errors, set)?;
    }
    Ok(())
}

/// The attributes of a data set.
fn describe(group: &GroupWriter, set: &NamedResults) -> hdf5::Result<()> {
    let place = &group.group;
    let results = &set.results;
    let texts = [
        ("source", &set.source),
        ("velocity_units", &set.units.velocity),
        ("length_units", &set.units.length),
        ("time_units", &set.units.time),
    ];
    for (name, text) in texts {
        attributes::write_text(place, name, text)?;
    }
    attributes::write_number(place, "snapshots", results.snapshots)?;
    let measured = results.measured_wall_units();
    let reynolds = |units: WallUnits| units.friction_reynolds(results.half_height());
    let numbers = [
        ("length_x", results.lengths.map(|l| l[0])),
        ("length_z", results.lengths.map(|l| l[1])),
        ("u_tau", results.wall_units.map(|u| u.u_tau())),
        ("viscosity", results.wall_units.map(|u| u.viscosity())),
        ("Re_tau", results.wall_units.map(reynolds)),
        ("bulk_velocity", Some(results.bulk_velocity())),
        ("wall_shear_rate", Some(results.wall_shear_rate())),
        ("measured_u_tau", measured.map(|u| u.u_tau())),
        ("measured_Re_tau", measured.map(reynolds)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            attributes::write_number(place, name, number)?;
        }
    }
    for (key, value) in &set.provenance {
        let name = format!("source_{key}");
        match value {
            Attribute::Number(number) => attributes::write_number(place, &name, *number)?,
            Attribute::Text(text) => attributes::write_text(place, &name, text)?,
        }
    }
    Ok(())
}

/// The axis of heights, in wall units too.
fn height_axis(group: &mut GroupWriter, heights: &[f64], set: &NamedResults) -> hdf5::Result<()> {
    let meaning = "height above the lower wall";
    group.axis("y", heights, &set.units.length, meaning)?;
    in_wall_units(group, set, ["y", "y_plus"], heights, WallUnits::length)
}

/// What an axis is in wall units, if these are known.
fn in_wall_units(
    group: &mut GroupWriter,
    set: &NamedResults,
    [axis, name]: [&'static str; 2],
    values: &[f64],
    convert: fn(&WallUnits, f64) -> f64,
) -> hdf5::Result<()> {
    let Some(units) = &set.results.wall_units else {
        return Ok(());
    };
    let values: Vec<f64> = values.iter().map(|v| convert(units, *v)).collect();
    group.coordinate(axis, name, &values, &format!("{axis} in wall units"))
}

fn profiles(group: &mut GroupWriter, set: &NamedResults) -> hdf5::Result<()> {
    let (heights, profiles) = (&set.results.heights, &set.results.profiles);
    height_axis(group, heights, set)?;
    group.named_axis("component", &COMPONENTS, "component of the velocity")?;
    let velocity = set.units.velocity.as_str();
    let rms = "root mean square of the fluctuations";
    let mut tables = vec![
        ("mean", velocity, "mean velocity", &profiles.mean),
        ("rms", velocity, rms, &profiles.rms),
    ];
    if let Some(shape) = &profiles.shape {
        let skewness = "skewness of the fluctuations";
        tables.push(("skewness", "1", skewness, &shape.skewness));
        let flatness = "flatness of the fluctuations";
        tables.push(("flatness", "1", flatness, &shape.flatness));
    }
    for (name, units, meaning, lines) in tables {
        let table = Array2::from_shape_fn((3, heights.len()), |(c, j)| lines[c][j]);
        let about = Variable::new(name, &["component", "y"], units, meaning);
        group.variable(table.view(), about)?;
    }
    let (units, meaning) = (format!("{velocity}^2"), "Reynolds shear stress <u'v'>");
    let about = Variable::new("shear_stress", &["y"], &units, meaning);
    group.variable(ArrayView::from(&profiles.shear_stress), about)
}

fn line_spectra(
    mut group: GroupWriter,
    spectra: &LineSpectra,
    set: &NamedResults,
) -> hdf5::Result<()> {
    let (velocity, length) = (&set.units.velocity, &set.units.length);
    let known = set.results.lengths.is_some();
    let [separations, wavenumbers, density] = if known {
        let density = format!("{velocity}^2 {length}");
        [length.clone(), format!("1/{length}"), density]
    } else {
        ["1".into(), "1".into(), format!("{velocity}^2")]
    };
    let (wavenumber, separation) = (&spectra.wavenumber, &spectra.separation);
    group.named_axis("component", &COMPONENTS, "component of the velocity")?;
    height_axis(&mut group, &set.results.heights, set)?;
    group.axis("wavenumber", wavenumber, &wavenumbers, "wavenumber")?;
    group.axis("separation", separation, &separations, "separation")?;
    if known {
        let names = ["wavenumber", "wavenumber_plus"];
        in_wall_units(&mut group, set, names, wavenumber, WallUnits::wavenumber)?;
        let names = ["separation", "separation_plus"];
        in_wall_units(&mut group, set, names, separation, WallUnits::length)?;
    }
    let axes = ["component", "y", "wavenumber"];
    let meaning = "one-sided energy spectrum";
    let about = Variable::new("energy", &axes, &density, meaning);
    group.variable(spectra.energy.view(), about)?;
    let meaning = "one-sided co-spectrum of u and v";
    let about = Variable::new("cospectrum", &axes[1..], &density, meaning);
    group.variable(spectra.cospectrum.view(), about)?;
    let axes = ["component", "y", "separation"];
    let meaning = "two-point correlation coefficient";
    let about = Variable::new("correlation", &axes, "1", meaning);
    group.variable(spectra.correlation.view(), about)
}
