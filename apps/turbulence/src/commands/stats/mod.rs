//! `turbulence stats`: statistics of field files, against a reference, with pictures.

mod pictures;
mod published;

use std::path::{Path, PathBuf};

use rheome_cli::outputs::NewFolder;
use rheome_cli::{Console, Failure, Interruption, Meter, RunFiles};
use rheome_fields::{FieldReader, FirstComponents};
use rheome_statistics::{FlowGrid, FlowStatistics, Snapshot, WallUnits};
use rheome_statistics_file::{NamedResults, flow_grid, units, wall_units};

use crate::arguments::StatsArguments;
use crate::reference::{FileComparison, Pairing};
use crate::statistics_output;

/// Runs the command.
pub fn run(arguments: &StatsArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments.compute.select_cpu(console, "stats")?;
    let files = RunFiles::default()
        .read_all("input", &arguments.files)
        .read_all("reference", &arguments.reference);
    let files = files.write("--output", &arguments.output);
    let pictures = pictures(arguments);
    let older = older(arguments, pictures.as_ref());
    let files = match &pictures {
        Some(folder) => files.write_folder(folder.option, folder.path, folder.results),
        None => files,
    };
    let files = files.write_all("a picture that --overwrite removes", &older);
    files.log(&arguments.compute).check()?;
    let _claim = statistics_output::begin("--output", &arguments.output, arguments.overwrite)?;
    pictures.iter().try_for_each(NewFolder::check)?;
    let published = arguments
        .published
        .as_deref()
        .map(published::find)
        .transpose()?;
    let mut log = arguments.compute.log(false)?;
    let mut sets = Vec::new();
    for reference in &arguments.reference {
        sets.extend(of_reference(reference, &sets, arguments)?);
    }
    for file in &arguments.files {
        if rheome_statistics_file::is_statistics(Path::new(file)) {
            sets.extend(of_reference(file, &sets, arguments)?);
            continue;
        }
        let name = unused_name(file, &sets);
        sets.push(Gathering::open(file, name, arguments, true)?.run(console)?);
    }
    statistics_output::write(&arguments.output, &sets)?;
    console.note(format!("wrote {}", arguments.output.display()));
    for set in &sets {
        rheome_cli::say(summary(set));
        let errors = set.results.lead_time.as_ref();
        log.line(&serde_json::json!({
            "name": set.name,
            "snapshots": set.results.snapshots,
            "bulk_velocity": set.results.bulk_velocity(),
            "wall_shear_rate": set.results.wall_shear_rate(),
            "decorrelation_time": errors.and_then(|e| e.prediction.decorrelation_time),
        }))?;
    }
    rheome_cli::files::remove_older(older)?;
    if let Some(folder) = arguments.pictures() {
        pictures::draw(folder, arguments, &sets, console)?;
    }
    if let Some(flow) = &published {
        published::compare(flow, &sets, arguments.pictures(), console)?;
    }
    Ok(())
}

/// All that is written into the folder of the pictures.
const ALL: [&str; 5] = [
    pictures::SLICES,
    pictures::PROFILES,
    "published.csv",
    "published.png",
    "published.svg",
];

/// What the run whose output is replaced left in the folder of the pictures and this one does not draw anew: it is of other statistics.
fn older(arguments: &StatsArguments, pictures: Option<&NewFolder>) -> Vec<PathBuf> {
    let is_replaced = arguments.overwrite && arguments.output.exists();
    let Some(folder) = pictures.filter(|_| is_replaced) else {
        return Vec::new();
    };
    let stays = |name: &&str| !folder.results.contains(name);
    ALL.iter()
        .filter(|name| stays(name))
        .map(|name| folder.path.join(name))
        .collect()
}

/// The folder of the pictures, if there are to be some, with what is written into it.
fn pictures(arguments: &StatsArguments) -> Option<NewFolder<'_>> {
    let first = usize::from(pictures::of_fields(arguments).is_empty());
    Some(NewFolder {
        option: "--plots",
        path: arguments.pictures()?,
        results: match arguments.published {
            Some(_) => &ALL[first..],
            None => &ALL[first..2],
        },
        overwrite: arguments.overwrite,
    })
}

/// The reference: a file of statistics as it is, or the statistics of a field file.
fn of_reference(
    spec: &str,
    taken: &[NamedResults],
    arguments: &StatsArguments,
) -> Result<Vec<NamedResults>, Failure> {
    let path = Path::new(spec);
    if rheome_statistics_file::is_statistics(path) {
        let mut sets = rheome_statistics_file::read(path)?;
        for set in &mut sets {
            set.name = unused_name(&set.name, taken);
        }
        return Ok(sets);
    }
    let gathering = Gathering::open(spec, unused_name(spec, taken), arguments, false)?;
    Ok(vec![gathering.run(arguments.compute.console())?])
}

/// A field file whose statistics are being gathered.
struct Gathering {
    reader: Box<dyn FieldReader>,
    name: String,
    /// Snapshots of each trajectory that are left out at its start.
    skip: usize,
    statistics: FlowStatistics,
    comparison: Option<FileComparison>,
}

impl Gathering {
    /// Opens a file; `predicted` if it is one of those that are compared with the references.
    fn open(
        spec: &str,
        name: String,
        arguments: &StatsArguments,
        predicted: bool,
    ) -> Result<Self, Failure> {
        let reader = FirstComponents::new(rheome_fields::open(spec)?, 3)?;
        let skip = if predicted { arguments.skip } else { 0 };
        let longest = reader.completed_of_each().into_iter().max().unwrap_or(0);
        if longest <= skip {
            return Err(Failure::new(format!(
                "{}: nothing is left of {longest} snapshot(s) after --skip {skip}",
                reader.label()
            )));
        }
        let (grid, units) = grid_and_units(reader.as_ref(), arguments)?;
        let mut comparison = None;
        if predicted {
            comparison = find_reference(reader.as_ref(), arguments, arguments.compute.console())?;
        }
        Ok(Self {
            statistics: FlowStatistics::new(&grid, units),
            reader,
            name,
            skip,
            comparison,
        })
    }

    /// Reads the file, trajectory by trajectory.
    fn run(mut self, console: Console) -> Result<NamedResults, Failure> {
        let shape = self.reader.shape();
        let counts = self.reader.completed_of_each();
        let total = counts.iter().sum::<usize>();
        let mut meter = Meter::new(console, &self.name, "snapshots", total as u64, 0);
        let interruption = Interruption::watch(console)?;
        let mut snapshot = vec![0.0; shape.snapshot_len()];
        for (trajectory, count) in counts.into_iter().enumerate() {
            for index in 0..count {
                interruption.check(|| "nothing is written".to_owned())?;
                if index >= self.skip || self.comparison.is_some() {
                    self.reader.read(trajectory, index, &mut snapshot)?;
                    self.take(trajectory, index, &snapshot)?;
                }
                meter.advance("");
            }
        }
        meter.finish();
        self.finish()
    }

    fn take(&mut self, trajectory: usize, index: usize, velocity: &[f32]) -> Result<(), Failure> {
        let time = self.reader.times().and_then(|t| t.get(index).copied());
        if let Some(comparison) = &mut self.comparison {
            comparison.compare(trajectory, index, time, velocity)?;
        }
        if index < self.skip {
            return Ok(());
        }
        let snapshot = Snapshot {
            velocity,
            time: time.unwrap_or(index as f64),
            trajectory,
            exact: None,
        };
        self.statistics
            .add_snapshot(&snapshot)
            .map_err(|e| Failure::new(format!("{}: {e}", self.reader.label())))
    }

    fn finish(self) -> Result<NamedResults, Failure> {
        let header = self.reader.header();
        let mut results = self.statistics.finish();
        let compared = self.comparison.map(FileComparison::finish).transpose()?;
        let (lead_time, reference) = compared.flatten().unzip();
        results.lead_time = lead_time;
        Ok(NamedResults {
            name: self.name,
            source: self.reader.label().to_owned(),
            units: units(header, self.reader.times().is_some()),
            provenance: header.attributes.clone(),
            reference,
            results,
        })
    }
}

/// Grid and wall units of a file, completed by what the command line tells.
fn grid_and_units(
    reader: &dyn FieldReader,
    arguments: &StatsArguments,
) -> Result<(FlowGrid, Option<WallUnits>), Failure> {
    let mut grid = flow_grid(reader)?;
    if let (None, Some(lengths)) = (grid.lengths(), arguments.lengths) {
        grid = grid.with_lengths(lengths)?;
    }
    let units = match (wall_units(reader.header()), arguments.re_tau) {
        (None, Some(re_tau)) => {
            let viscosity = grid.half_height() / re_tau;
            let units = WallUnits::new(1.0, viscosity).ok();
            Some(units.ok_or_else(|| {
                Failure::new(format!("--re-tau {re_tau}: expected a positive number"))
            })?)
        }
        (told, _) => told,
    };
    Ok((grid, units))
}

/// The first reference whose trajectories belong to those of the file.
fn find_reference(
    reader: &dyn FieldReader,
    arguments: &StatsArguments,
    console: Console,
) -> Result<Option<FileComparison>, Failure> {
    let mut reasons = Vec::new();
    for spec in &arguments.reference {
        if rheome_statistics_file::is_statistics(Path::new(spec)) {
            continue;
        }
        match FileComparison::pair(reader, spec)? {
            Pairing::Found(comparison) => return Ok(Some(*comparison)),
            Pairing::None(reason) => reasons.push(reason),
        }
    }
    for reason in reasons {
        console.note(format!("no errors by lead time: {reason}"));
    }
    Ok(None)
}

/// The name of a file without folder and ending, numbered if it is taken.
fn unused_name(spec: &str, taken: &[NamedResults]) -> String {
    let stem = Path::new(spec)
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned());
    let stem = stem.filter(|stem| rheome_statistics_file::is_group_name(stem));
    let stem = stem.unwrap_or_else(|| "fields".into());
    let is_free = |name: &String| taken.iter().all(|set| set.name != *name);
    let numbered = (2..).map(|n| format!("{stem}-{n}"));
    std::iter::once(stem.clone())
        .chain(numbered)
        .find(is_free)
        .unwrap_or(stem)
}

fn summary(set: &NamedResults) -> String {
    let peak = |line: &[f64]| line.iter().copied().fold(0.0, |m: f64, v| m.max(v.abs()));
    let profiles = &set.results.profiles;
    let [u, v, w] = &profiles.rms;
    let mut line = format!(
        "{}: {} snapshots, bulk velocity {:.3}, centre {:.3}, rms peaks u {:.3} v {:.3} w {:.3}, shear stress peak {:.3}",
        set.name,
        set.results.snapshots,
        set.results.bulk_velocity(),
        profiles.mean[0][set.results.heights.len() / 2],
        peak(u),
        peak(v),
        peak(w),
        peak(&profiles.shear_stress)
    );
    if let Some(errors) = &set.results.lead_time {
        line += &match errors.prediction.decorrelation_time {
            Some(time) => format!(", decorrelated after {time:.3}"),
            None => ", never decorrelated".to_owned(),
        };
    }
    line
}
