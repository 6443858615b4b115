//! What all contestants have in common: the start, the reference, and what their statistics are held against.

use std::collections::BTreeMap;

use rheome_cli::{Console, Failure, Meter};
use rheome_fields::{Attribute, FieldReader, FirstComponents};
use rheome_statistics::{FlowGrid, FlowResults, FlowStatistics, WallUnits};

use super::Entry;
use super::scores::interpolate;
use crate::arguments::CompareArguments;
use crate::flow_header::{flow_grid, units, wall_units};
use crate::statistics_file::{self, Units};

/// The reference trajectory from the start on.
pub struct Course {
    reader: Box<dyn FieldReader>,
    /// Trajectory of the reference.
    pub trajectory: usize,
    /// Snapshot that the contestants start from.
    pub index: usize,
    /// Its time.
    pub time: f64,
    /// Time between two snapshots.
    pub time_step: f64,
    /// Its points.
    pub grid: FlowGrid,
    /// Nominal friction velocity and viscosity, where the file tells them.
    pub wall_units: Option<WallUnits>,
    /// Units of the reference.
    pub units: Units,
    /// Statistics that are taken for the truth.
    pub truth: FlowResults,
    /// Where they come from.
    pub truth_source: String,
}

/// Velocity components that everybody predicts.
const COMPONENTS: usize = 3;

impl Course {
    /// Opens the reference and gathers (or reads) its statistics.
    pub fn read(arguments: &CompareArguments) -> Result<Self, Failure> {
        let reader = FirstComponents::new(rheome_fields::open(&arguments.reference)?, COMPONENTS)?;
        let fail = |reason: String| Failure::new(format!("{}: {reason}", reader.label()));
        let (trajectory, index) = (arguments.trajectory, arguments.index);
        if trajectory >= reader.shape().trajectories {
            return Err(fail(format!(
                "found {} trajectories, expected one numbered {trajectory} (--trajectory counts from 0)",
                reader.shape().trajectories
            )));
        }
        if index + 1 >= reader.completed(trajectory) {
            return Err(fail(format!(
                "found {} snapshots, expected some behind --index {index}",
                reader.completed(trajectory)
            )));
        }
        let times = reader.times().ok_or_else(|| {
            fail("has no times, which a comparison needs (npy has none: `turbulence convert` to .h5 from a source that has)".into())
        })?;
        let (time, time_step) = (times[index], times[index + 1] - times[index]);
        let grid = flow_grid(reader.as_ref())?;
        let wall_units = wall_units(reader.header());
        let units = units(reader.header(), true);
        let (truth, truth_source) = truth(arguments, reader.as_ref(), &grid, wall_units)?;
        Ok(Self {
            trajectory,
            index,
            time,
            time_step,
            grid,
            wall_units,
            units,
            truth,
            truth_source,
            reader,
        })
    }

    /// The true mean profile at the heights of the reference, whatever heights the statistics have.
    pub fn mean_profile(&self) -> [Vec<f64>; 3] {
        let truth = &self.truth;
        truth.profiles.mean.each_ref().map(|line| {
            let heights = self.grid.heights().iter();
            heights
                .map(|y| interpolate(&truth.heights, line, *y))
                .collect()
        })
    }

    /// The reference file, for messages.
    pub fn label(&self) -> &str {
        self.reader.label()
    }

    /// The last `count` snapshots up to the start, oldest first: `[count, x, y, z, component]`.
    pub fn window(&self, count: usize) -> Result<Vec<f32>, Failure> {
        if self.index + 1 < count {
            return Err(Failure::new(format!(
                "--index {}: a model needs {count} snapshots up to it, so it is at least {}",
                self.index,
                count - 1
            )));
        }
        let length = self.reader.shape().snapshot_len();
        let mut window = vec![0.0; count * length];
        for (i, snapshot) in window.chunks_mut(length).enumerate() {
            self.reader
                .read(self.trajectory, self.index + 1 - count + i, snapshot)?;
        }
        Ok(window)
    }

    /// The reference `step` steps behind the start, if it goes that far.
    pub fn snapshot(&self, step: u64) -> Result<Option<Vec<f32>>, Failure> {
        let index = self.index + usize::try_from(step).unwrap_or(usize::MAX - self.index);
        if index >= self.reader.completed(self.trajectory) {
            return Ok(None);
        }
        let mut snapshot = vec![0.0; self.reader.shape().snapshot_len()];
        self.reader.read(self.trajectory, index, &mut snapshot)?;
        Ok(Some(snapshot))
    }

    /// What the reference says of itself.
    pub fn provenance(&self) -> BTreeMap<String, Attribute> {
        self.reader.header().attributes.clone()
    }

    /// An attribute of the reference that is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.reader.header().attributes.get(key) {
            Some(Attribute::Number(value)) => Some(*value),
            _ => None,
        }
    }

    /// The reference as a contestant: what the statistics of so short a run are worth.
    pub fn itself(&self, arguments: &CompareArguments, console: Console) -> Result<Entry, Failure> {
        let mut statistics = FlowStatistics::new(&self.grid, self.wall_units);
        let mut meter = Meter::new(console, "reference", "steps", arguments.steps, 0);
        let mut steps = 0;
        while steps < arguments.steps
            && let Some(snapshot) = self.snapshot(steps + 1)?
        {
            steps += 1;
            if steps > arguments.skip {
                statistics.add(self.time + steps as f64 * self.time_step, &snapshot)?;
            }
            meter.advance("");
        }
        meter.finish();
        if statistics.snapshots() == 0 {
            return Err(Failure::new(format!(
                "--skip {}: leaves nothing of the {steps} snapshots of the reference behind the start",
                arguments.skip
            )));
        }
        Ok(Entry {
            name: "DNS".into(),
            description: format!("trajectory {} of {}", self.trajectory, self.label()),
            parameters: None,
            steps,
            stopped: None,
            seconds_per_time: None,
            results: statistics.finish(),
        })
    }
}

/// The statistics of the file given, or of everything in the reference.
fn truth(
    arguments: &CompareArguments,
    reader: &dyn FieldReader,
    grid: &FlowGrid,
    wall_units: Option<WallUnits>,
) -> Result<(FlowResults, String), Failure> {
    if let Some(path) = &arguments.statistics {
        let set = statistics_file::read(path)?.into_iter().next();
        let set =
            set.ok_or_else(|| Failure::new(format!("{}: holds no statistics", path.display())))?;
        return Ok((set.results, format!("{} in {}", set.name, path.display())));
    }
    let mut statistics = FlowStatistics::new(grid, wall_units);
    let mut snapshot = vec![0.0; reader.shape().snapshot_len()];
    for trajectory in 0..reader.shape().trajectories {
        for index in 0..reader.completed(trajectory) {
            reader.read(trajectory, index, &mut snapshot)?;
            statistics.add(index as f64, &snapshot)?;
        }
    }
    Ok((
        statistics.finish(),
        format!("all snapshots of {}", reader.label()),
    ))
}
