//! What depends on time.

use hdf5::H5Type;
use ndarray::{Array1, Array2, ArrayView};
use rheome_fields::attributes;
use rheome_statistics::{
    DECORRELATION, ErrorCurves, HistoryEntry, LeadTimeErrors, QUANTITIES, SpaceTimeSlices,
};

use super::height_axis;
use crate::NamedResults;
use crate::groups::{GroupWriter, Variable};

/// Writes the history, one entry a snapshot.
pub(super) fn history(
    mut group: GroupWriter,
    entries: &[HistoryEntry],
    set: &NamedResults,
) -> hdf5::Result<()> {
    let numbers: Vec<i64> = (0..entries.len() as i64).collect();
    group.axis("snapshot", &numbers, "1", "number of the snapshot")?;
    group.named_axis("wall", &["lower", "upper"], "wall")?;
    let lines = Lines { group, entries };
    let (velocity, rate) = (
        &set.units.velocity,
        format!("{}/{}", set.units.velocity, set.units.length),
    );
    let energy = format!("{velocity}^2");
    lines.write("trajectory", "1", "number of the trajectory", |e| {
        e.trajectory as i64
    })?;
    lines.write("time", &set.units.time, "time", |e| e.time)?;
    let meaning = "mean of u over the box";
    lines.write("bulk_velocity", velocity, meaning, |e| e.bulk_velocity)?;
    let meaning = "half the mean square of the velocity";
    lines.write("kinetic_energy", &energy, meaning, |e| e.kinetic_energy)?;
    let meaning = "half the mean square of the velocity less its mean over each plane";
    lines.write("fluctuation_energy", &energy, meaning, |e| {
        e.fluctuation_energy
    })?;
    let meaning = "whether the solver gave bulk velocity and wall shear";
    lines.write("exact", "1", meaning, |e| i8::from(e.exact))?;
    if entries.iter().all(|e| e.divergence.is_some()) {
        let meaning = "root mean square of the divergence";
        lines.write("divergence", &rate, meaning, |e| {
            e.divergence.map_or(f64::NAN, |d| d.rms)
        })?;
        let meaning = "divergence over the root mean square of its three terms";
        lines.write("relative_divergence", "1", meaning, |e| {
            e.divergence.map_or(f64::NAN, |d| d.relative)
        })?;
    }
    wall_shear(&lines, set, &rate, &energy)
}

/// Variables of which every snapshot has one value.
struct Lines<'a> {
    group: GroupWriter,
    entries: &'a [HistoryEntry],
}

impl Lines<'_> {
    fn write<T: H5Type>(
        &self,
        name: &'static str,
        units: &str,
        meaning: &str,
        pick: impl Fn(&HistoryEntry) -> T,
    ) -> hdf5::Result<()> {
        let values: Array1<T> = self.entries.iter().map(pick).collect();
        let about = Variable::new(name, &["snapshot"], units, meaning);
        self.group.variable(values.view(), about)
    }
}

fn wall_shear(
    Lines { group, entries }: &Lines<'_>,
    set: &NamedResults,
    rate: &str,
    stress: &str,
) -> hdf5::Result<()> {
    let axes = ["snapshot", "wall"];
    let rates = Array2::from_shape_fn((entries.len(), 2), |(s, w)| entries[s].wall_shear_rate[w]);
    let meaning = "derivative of the mean streamwise velocity away from the wall";
    let about = Variable::new("wall_shear_rate", &axes, rate, meaning);
    group.variable(rates.view(), about)?;
    if let Some(units) = &set.results.wall_units {
        let shear = rates.mapv(|rate| units.viscosity() * rate);
        let meaning = "wall shear stress over density";
        let about = Variable::new("wall_shear", &axes, stress, meaning);
        group.variable(shear.view(), about)?;
    }
    Ok(())
}

/// Writes the space-time slices.
pub(super) fn slices(
    mut group: GroupWriter,
    slices: &SpaceTimeSlices,
    set: &NamedResults,
) -> hdf5::Result<()> {
    let known = set.results.lengths.is_some();
    let length = if known {
        set.units.length.as_str()
    } else {
        "1"
    };
    let velocity = &set.units.velocity;
    group.axis("time", &slices.time, &set.units.time, "time")?;
    height_axis(&mut group, &slices.heights, set)?;
    group.axis("x", &slices.x, length, "streamwise coordinate")?;
    group.axis("z", &slices.z, length, "spanwise coordinate")?;
    let (axes, meaning) = (["time", "y", "x"], "streamwise velocity at z = 0");
    let about = Variable::new("u_along_x", &axes, velocity, meaning);
    group.variable(slices.along_x.view(), about)?;
    let (axes, meaning) = (["time", "y", "z"], "streamwise velocity at x = 0");
    let about = Variable::new("u_along_z", &axes, velocity, meaning);
    group.variable(slices.along_z.view(), about)
}

/// Writes the errors against a reference trajectory.
pub(super) fn lead_time(
    mut group: GroupWriter,
    errors: &LeadTimeErrors,
    set: &NamedResults,
) -> hdf5::Result<()> {
    let times = &errors.lead_time;
    group.axis("lead_time", times, &set.units.time, "time since the start")?;
    group.named_axis("quantity", &QUANTITIES, "velocity or one component")?;
    let about = Variable::new("pairs", &["lead_time"], "1", "snapshots compared");
    group.variable(ArrayView::from(&errors.pairs), about)?;
    attributes::write_number(&group.group, "decorrelation", DECORRELATION)?;
    if let Some(reference) = &set.reference {
        attributes::write_text(&group.group, "reference", reference)?;
    }
    let names = ["relative_error", "correlation", "decorrelation_time"];
    curves(&group, names, "the prediction", &errors.prediction)?;
    let names = [
        "persistence_relative_error",
        "persistence_correlation",
        "persistence_decorrelation_time",
    ];
    curves(
        &group,
        names,
        "the snapshot at the start",
        &errors.persistence,
    )
}

fn curves(
    group: &GroupWriter,
    [error, correlation, time]: [&'static str; 3],
    whose: &str,
    curves: &ErrorCurves,
) -> hdf5::Result<()> {
    let axes = ["lead_time", "quantity"];
    let meaning = format!("relative L2 error of {whose}");
    let about = Variable::new(error, &axes, "1", &meaning);
    group.variable(curves.relative_error.view(), about)?;
    let meaning = format!("correlation coefficient of the fluctuations of {whose}");
    let about = Variable::new(correlation, &axes, "1", &meaning);
    group.variable(curves.correlation.view(), about)?;
    match curves.decorrelation_time {
        Some(decorrelation) => attributes::write_number(&group.group, time, decorrelation),
        None => Ok(()),
    }
}
