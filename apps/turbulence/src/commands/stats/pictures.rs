//! The pictures of `turbulence stats`: profiles, and slices at successive times.

use std::path::Path;

use rheome_cli::{Console, Failure, files};
use rheome_fields::FieldReader;
use rheome_figures::units::{over, with_unit};
use rheome_figures::{ColorScale, Plane, PlaneAxis, SliceRow, draw_slices};
use rheome_statistics::FlowGrid;

use super::{grid_and_units, unused_name};
use crate::arguments::StatsArguments;
use crate::profiles::{ProfileCurve, draw_profiles};
use rheome_statistics_file::NamedResults;
use rheome_statistics_file::units;

/// The inputs of which slices are drawn: fields, not statistics.
pub(super) fn of_fields(arguments: &StatsArguments) -> Vec<&String> {
    let specs = arguments.reference.iter().chain(&arguments.files);
    let is_field = |spec: &&String| !rheome_statistics_file::is_statistics(Path::new(spec));
    specs.filter(is_field).collect()
}

/// The pictures.
pub(super) const PROFILES: &str = "profiles.png";
pub(super) const SLICES: &str = "slices.png";

/// Times at which slices are drawn, at most.
const COLUMNS: usize = 4;

/// The unit of an axis whose coordinates nobody tells.
const POINTS: &str = "points";

/// Draws profiles of all sets, and slices of the field files, into `folder`.
pub(super) fn draw(
    folder: &Path,
    arguments: &StatsArguments,
    sets: &[NamedResults],
    console: Console,
) -> Result<(), Failure> {
    files::create_folder(folder)?;
    let curves: Vec<ProfileCurve> = sets
        .iter()
        .map(|set| ProfileCurve {
            name: set.name.clone(),
            y: set.results.heights.clone(),
            mean: set.results.profiles.mean[0].clone(),
            rms: set.results.profiles.rms.clone(),
            shear_stress: set.results.profiles.shear_stress.clone(),
        })
        .collect();
    let unit_of = |pick: fn(&NamedResults) -> &str| sets.first().map_or("1", pick);
    let unit = unit_of(|set| &set.units.velocity);
    let profiles = folder.join(PROFILES);
    draw_profiles(&profiles, &curves, (unit_of(|set| &set.units.length), unit))?;
    console.note(format!("wrote {}", profiles.display()));
    let specs = of_fields(arguments);
    if !specs.is_empty() {
        let slices = folder.join(SLICES);
        slices_of(&slices, &specs, arguments, unit)?;
        console.note(format!("wrote {}", slices.display()));
    }
    Ok(())
}

/// Planes z = 0 of the streamwise velocity of every file, at the times of the last file that the others have too.
fn slices_of(
    path: &Path,
    specs: &[&String],
    arguments: &StatsArguments,
    unit: &str,
) -> Result<(), Failure> {
    let readers = specs
        .iter()
        .map(|s| rheome_fields::open(s))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(last) = readers.last() else {
        return Ok(());
    };
    let times = common_times(&readers.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let extents = readers
        .iter()
        .map(|reader| Ok(extent_of(&grid_and_units(reader.as_ref(), arguments)?.0)))
        .collect::<Result<Vec<_>, Failure>>()?;
    // All files show one flow: who tells no lengths has those of who does.
    let told = extents.iter().flatten().next().copied();
    let mut rows = Vec::new();
    for ((spec, reader), extent) in specs.iter().zip(&readers).zip(extents) {
        let [nx, ny, _] = reader.shape().grid;
        // x is periodic: as many cells as points.
        let points = [nx.max(1) as f64, ny.saturating_sub(1).max(1) as f64];
        let extent = extent.or(told).unwrap_or(points);
        let planes = times
            .iter()
            .map(|t| plane(reader.as_ref(), *t, extent))
            .collect::<Result<Vec<_>, _>>()?;
        let name = unused_name(spec, &[]);
        rows.push(SliceRow { name, planes });
    }
    let units = units(last.header(), last.times().is_some());
    let title = |t: &f64| match last.times() {
        Some(_) => with_unit(format!("t = {t:.2}"), &units.time),
        None => format!("snapshot {t}"),
    };
    let titles: Vec<String> = times.iter().map(title).collect();
    let length = if told.is_some() {
        &units.length
    } else {
        POINTS
    };
    let axes = ["x", "y"].map(|name| PlaneAxis::new(name, length));
    let quantity = over("u", unit);
    let colors = (quantity.as_str(), ColorScale::Shared);
    draw_slices(path, &titles, &rows, colors, &axes)?;
    Ok(())
}

/// The box along x and y, where its length is known.
fn extent_of(grid: &FlowGrid) -> Option<[f64; 2]> {
    let [length, _] = grid.lengths()?;
    Some([length, 2.0 * grid.half_height()])
}

/// Up to [`COLUMNS`] times, evenly spread over those that every file has (by time, or by index where times are unknown).
fn common_times(readers: &[&dyn FieldReader]) -> Vec<f64> {
    let of = |reader: &dyn FieldReader| -> Vec<f64> {
        let count = reader.completed(0);
        match reader.times() {
            Some(times) => times[..count.min(times.len())].to_vec(),
            None => (0..count).map(|i| i as f64).collect(),
        }
    };
    let all: Vec<Vec<f64>> = readers.iter().map(|r| of(*r)).collect();
    let Some((last, others)) = all.split_last() else {
        return Vec::new();
    };
    let near = |times: &Vec<f64>, t: f64| {
        times
            .iter()
            .any(|u| (u - t).abs() < 1e-6 * t.abs().max(1.0))
    };
    let mut shared: Vec<f64> = last
        .iter()
        .copied()
        .filter(|t| others.iter().all(|o| near(o, *t)))
        .collect();
    if shared.is_empty() {
        shared.clone_from(last);
    }
    let columns = COLUMNS.min(shared.len());
    (0..columns)
        .map(|i| shared[i * (shared.len() - 1) / (columns.max(2) - 1)])
        .collect()
}

/// The plane z = 0 of the streamwise velocity of the first trajectory at the snapshot nearest to `time`, which spans `extent`.
fn plane(reader: &dyn FieldReader, time: f64, extent: [f64; 2]) -> Result<Plane, Failure> {
    let shape = reader.shape();
    let [nx, ny, nz] = shape.grid;
    let distance = |i: &usize| match reader.times() {
        Some(times) => (times[*i] - time).abs(),
        None => (*i as f64 - time).abs(),
    };
    let nearest = (0..reader.completed(0)).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let mut snapshot = vec![0.0; shape.snapshot_len()];
    reader.read(0, nearest.unwrap_or(0), &mut snapshot)?;
    let values = (0..nx * ny)
        .map(|p| snapshot[p * nz * shape.components])
        .collect();
    Ok(Plane::spanning(values, [nx, ny], extent, [true, false]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_spans_the_box() {
        for points in [[12, 33, 12], [1, 5, 1]] {
            let grid = FlowGrid::uniform(points).unwrap();
            assert_eq!(extent_of(&grid), None);
            let grid = grid.with_lengths([3.0, 1.5]).unwrap();
            assert_eq!(extent_of(&grid), Some([3.0, 2.0]));
        }
    }
}
