//! `turbulence stats`: profiles of field files, against a reference, with pictures.

use std::path::Path;

use rheome_cli::{Console, Failure, Meter};
use rheome_fields::{Attribute, FieldHeader, FieldReader};
use rheome_statistics::ProfileStatistics;

use super::command_line;
use crate::arguments::StatsArguments;
use crate::plots::{Plane, ProfileCurve, SliceRow, draw_profiles, draw_slices};
use crate::profiles_file::{self, NamedProfiles};

/// Times at which slices are drawn, at most.
const COLUMNS: usize = 4;

/// Runs the command.
pub fn run(arguments: &StatsArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments.compute.select_cpu(console, "stats")?;
    profiles_file::check_output(&arguments.output, arguments.overwrite)?;
    check_inputs(arguments)?;
    let mut log = arguments.compute.log(false)?;
    let mut sets = Vec::new();
    for reference in &arguments.reference {
        sets.extend(of_reference(reference, &sets, console)?);
    }
    for file in &arguments.files {
        let reader = rheome_fields::open(file)?;
        sets.push(gather(
            reader.as_ref(),
            unused_name(file, &sets),
            arguments.skip,
            console,
        )?);
    }
    profiles_file::write(&arguments.output, &sets, &command_line())?;
    console.note(format!("wrote {}", arguments.output.display()));
    for set in &sets {
        let summary = summary(set);
        rheome_cli::say(&summary);
        log.line(&serde_json::json!({"name": set.name, "snapshots": set.snapshots, "bulk_velocity": set.profiles.bulk_velocity(&set.y)}))?;
    }
    if let Some(folder) = &arguments.plots {
        draw(folder, arguments, &sets, console)?;
    }
    Ok(())
}

/// No input may be the output: it would be gone.
fn check_inputs(arguments: &StatsArguments) -> Result<(), Failure> {
    let Ok(output) = arguments.output.canonicalize() else {
        return Ok(());
    };
    let same = |spec: &&String| {
        Path::new(spec)
            .canonicalize()
            .is_ok_and(|input| input == output)
    };
    match arguments
        .files
        .iter()
        .chain(&arguments.reference)
        .find(same)
    {
        Some(input) => Err(Failure::new(format!(
            "--output {input}: is an input too; choose another name"
        ))),
        None => Ok(()),
    }
}

/// The y coordinates of a field, or those of the paper's uniform grid where the file has none.
pub fn heights(header: &FieldHeader, ny: usize) -> Vec<f64> {
    match &header.coordinates {
        Some([_, y, _]) if y.len() == ny => y.clone(),
        _ => (0..ny)
            .map(|j| 2.0 * j as f64 / (ny.max(2) - 1) as f64)
            .collect(),
    }
}

/// The unit of velocity that a field names, or `1`.
pub fn velocity_units(header: &FieldHeader) -> String {
    match header.attributes.get("velocity_units") {
        Some(Attribute::Text(unit)) => unit.clone(),
        _ => "1".into(),
    }
}

/// The reference: a file of statistics as it is, or the profiles of a field file.
fn of_reference(
    spec: &str,
    taken: &[NamedProfiles],
    console: Console,
) -> Result<Vec<NamedProfiles>, Failure> {
    let path = Path::new(spec);
    if profiles_file::is_statistics(path) {
        let mut sets = profiles_file::read(path)?;
        for set in &mut sets {
            set.name = unused_name(&set.name, taken);
        }
        return Ok(sets);
    }
    let reader = rheome_fields::open(spec)?;
    Ok(vec![gather(
        reader.as_ref(),
        unused_name(spec, taken),
        0,
        console,
    )?])
}

/// Profiles over all snapshots of a file but the first `skip` of each trajectory.
fn gather(
    reader: &dyn FieldReader,
    name: String,
    skip: usize,
    console: Console,
) -> Result<NamedProfiles, Failure> {
    let shape = reader.shape();
    let ny = shape.grid[1];
    let counts: Vec<usize> = (0..shape.trajectories)
        .map(|t| reader.completed(t))
        .collect();
    if counts.iter().all(|n| *n <= skip) {
        return Err(Failure::new(format!(
            "{}: nothing is left of {} snapshot(s) after --skip {skip}",
            reader.label(),
            counts.iter().max().unwrap_or(&0)
        )));
    }
    let total = counts.iter().map(|n| n.saturating_sub(skip)).sum::<usize>();
    let mut meter = Meter::new(console, &name, "snapshots", total as u64, 0);
    let mut statistics = ProfileStatistics::new(ny);
    let mut snapshot = vec![0.0; shape.snapshot_len()];
    for (trajectory, count) in counts.into_iter().enumerate() {
        for index in skip..count {
            reader.read(trajectory, index, &mut snapshot)?;
            statistics
                .add(&snapshot, shape.grid, shape.components)
                .map_err(|e| Failure::new(format!("{}: {e}", reader.label())))?;
            meter.advance("");
        }
    }
    Ok(NamedProfiles {
        name,
        source: reader.label().to_owned(),
        velocity_units: velocity_units(reader.header()),
        snapshots: statistics.snapshots,
        y: heights(reader.header(), ny),
        profiles: statistics.profiles(),
    })
}

/// The name of a file without folder and ending, numbered if it is taken.
fn unused_name(spec: &str, taken: &[NamedProfiles]) -> String {
    let stem = Path::new(spec)
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_else(|| "fields".into());
    let is_free = |name: &String| taken.iter().all(|set| set.name != *name);
    let numbered = (2..).map(|n| format!("{stem}-{n}"));
    std::iter::once(stem.clone())
        .chain(numbered)
        .find(is_free)
        .unwrap_or(stem)
}

fn summary(set: &NamedProfiles) -> String {
    let peak = |line: &[f64]| line.iter().copied().fold(0.0, |m: f64, v| m.max(v.abs()));
    let [u, v, w] = &set.profiles.rms;
    format!(
        "{}: {} snapshots, bulk velocity {:.3}, centre {:.3}, rms peaks u {:.3} v {:.3} w {:.3}, shear stress peak {:.3}",
        set.name,
        set.snapshots,
        set.profiles.bulk_velocity(&set.y),
        set.profiles.mean[0][set.y.len() / 2],
        peak(u),
        peak(v),
        peak(w),
        peak(&set.profiles.shear_stress)
    )
}

fn draw(
    folder: &Path,
    arguments: &StatsArguments,
    sets: &[NamedProfiles],
    console: Console,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::new(format!("{}: cannot create: {e}", folder.display())))?;
    let curves: Vec<ProfileCurve> = sets
        .iter()
        .map(|set| ProfileCurve {
            name: set.name.clone(),
            y: set.y.clone(),
            mean: set.profiles.mean[0].clone(),
            rms: set.profiles.rms.clone(),
            shear_stress: set.profiles.shear_stress.clone(),
        })
        .collect();
    let unit = sets.first().map_or("1", |set| set.velocity_units.as_str());
    let profiles = folder.join("profiles.png");
    draw_profiles(&profiles, &curves, unit)?;
    console.note(format!("wrote {}", profiles.display()));
    let slices = folder.join("slices.png");
    let specs = arguments
        .reference
        .iter()
        .filter(|r| !profiles_file::is_statistics(Path::new(r)));
    let specs: Vec<&String> = specs.chain(&arguments.files).collect();
    slices_of(&slices, &specs, unit)?;
    console.note(format!("wrote {}", slices.display()));
    Ok(())
}

/// Planes z = 0 of the streamwise velocity of every file, at the times of the last file that the others have too.
fn slices_of(path: &Path, specs: &[&String], unit: &str) -> Result<(), Failure> {
    let readers = specs
        .iter()
        .map(|s| rheome_fields::open(s))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(last) = readers.last() else {
        return Ok(());
    };
    let times = common_times(&readers.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    let mut rows = Vec::new();
    for (spec, reader) in specs.iter().zip(&readers) {
        let name = unused_name(spec, &[]);
        let planes = times
            .iter()
            .map(|t| plane(reader.as_ref(), *t))
            .collect::<Result<Vec<_>, _>>()?;
        rows.push(SliceRow { name, planes });
    }
    let known = last.times().is_some();
    let titles: Vec<String> = times
        .iter()
        .map(|t| {
            if known {
                format!("t = {t:.2} h/u_tau")
            } else {
                format!("snapshot {t}")
            }
        })
        .collect();
    draw_slices(path, &titles, &rows, &format!("u / {unit}"), ["x", "y"])?;
    Ok(())
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

/// The plane z = 0 of the streamwise velocity of the first trajectory at the snapshot nearest to `time`.
fn plane(reader: &dyn FieldReader, time: f64) -> Result<Plane, Failure> {
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
    let extent = match &reader.header().coordinates {
        Some([x, y, _]) => [x, y].map(|c| c.last().unwrap_or(&1.0) - c.first().unwrap_or(&0.0)),
        None => [nx as f64, ny as f64],
    };
    Ok(Plane {
        values,
        points: [nx, ny],
        extent,
    })
}
