//! What all contestants have in common: the start, the reference, and what their statistics are held against.

mod truth;

use std::collections::BTreeMap;

use rheome_cli::{Console, Failure, Meter};
use rheome_fields::{Attribute, FieldReader, FirstComponents};
use rheome_statistics::{FlowGrid, FlowStatistics, WallUnits};
use rheome_statistics_file::{Units, flow_grid, units, wall_units};

use self::truth::Truth;
use super::Entry;
use super::scores::interpolate;
use crate::arguments::CompareArguments;
use crate::model_folder::LoadedModel;
use crate::pace::{TOLERANCE, stride_of, window};

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
    pub truth: Truth,
    /// Heights at which spectra and correlations are looked at: near the wall, in the centre.
    pub shown_heights: [f64; 2],
}

/// Velocity components that everybody predicts.
const COMPONENTS: usize = 3;

impl Course {
    /// Opens the reference and gathers (or reads) its statistics.
    pub fn read(arguments: &CompareArguments) -> Result<Self, Failure> {
        let reader = FirstComponents::new(rheome_fields::open(&arguments.reference)?, COMPONENTS)?;
        let (trajectory, index) = (arguments.trajectory, arguments.index);
        let (time, time_step) = start_of(reader.as_ref(), trajectory, index)?;
        let grid = flow_grid(reader.as_ref())?;
        let wall_units = wall_units(reader.header());
        let truth = Truth::find(arguments, reader.as_ref(), &grid, wall_units)?;
        Ok(Self {
            trajectory,
            index,
            time,
            time_step,
            shown_heights: shown_heights(&grid, wall_units),
            grid,
            wall_units,
            units: units(reader.header(), true),
            truth,
            reader,
        })
    }

    /// The true mean profile at the heights of the reference, whatever heights the statistics have.
    pub fn mean_profile(&self) -> [Vec<f64>; 3] {
        let truth = &self.truth.results;
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

    /// What the reference says of itself.
    pub fn provenance(&self) -> BTreeMap<String, Attribute> {
        self.reader.header().attributes.clone()
    }

    /// How many snapshots of the reference a step of a model is.
    pub fn stride_of(&self, model: &LoadedModel) -> Option<usize> {
        match model.time_step {
            Some(step) => stride_of(step, self.time_step),
            None => Some(model.stride),
        }
    }

    /// `count` snapshots up to the start, `stride` apart, oldest first: `[count, x, y, z, component]`.
    pub fn window(&self, count: usize, stride: usize) -> Result<Vec<f32>, Failure> {
        let reader = self.reader.as_ref();
        window(reader, self.trajectory, self.index, (count, stride))
    }

    /// Time of the flow after `step` steps.
    pub fn time_of(&self, step: u64) -> f64 {
        self.time + step as f64 * self.time_step
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
                statistics.add(self.time_of(steps), &snapshot)?;
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
            name: super::REFERENCE.into(),
            description: format!("trajectory {} of {}", self.trajectory, self.label()),
            parameters: None,
            steps,
            time_step: self.time_step,
            stopped: None,
            seconds_per_time: None,
            results: statistics.finish(),
        })
    }
}

/// Time of the start and spacing of the snapshots behind it, which must be even.
fn start_of(
    reader: &dyn FieldReader,
    trajectory: usize,
    index: usize,
) -> Result<(f64, f64), Failure> {
    let fail = |reason: String| Err(Failure::new(format!("{}: {reason}", reader.label())));
    let trajectories = reader.shape().trajectories;
    if trajectory >= trajectories {
        return fail(format!(
            "found {trajectories} trajectories, expected one numbered {trajectory} (--trajectory counts from 0)"
        ));
    }
    let completed = reader.completed(trajectory);
    if completed.saturating_sub(1) <= index {
        return fail(format!(
            "found {completed} snapshots, expected some behind --index {index}"
        ));
    }
    let Some(times) = reader.times() else {
        return fail("has no times, which a comparison needs; an .npy file has none, .h5 and .nc can have them".into());
    };
    let (time, time_step) = (times[index], times[index + 1] - times[index]);
    let is_even = |at: &usize| {
        let expected = time + (at - index) as f64 * time_step;
        (times[*at] - expected).abs() <= TOLERANCE * time_step
    };
    match (index..completed.min(times.len())).find(|at| !is_even(at)) {
        Some(at) if time_step > 0.0 => fail(format!(
            "time[{at}]: found {}, expected {} (snapshots {time_step} apart, as those behind --index {index})",
            times[at],
            time + (at - index) as f64 * time_step
        )),
        None if time_step > 0.0 => Ok((time, time_step)),
        _ => fail(format!(
            "time[{}]: found {}, expected a later time than {time}",
            index + 1,
            times[index + 1]
        )),
    }
}

/// Heights of the grid that are nearest to y+ = 15 (a tenth of the half-height without wall units) and to the centre.
fn shown_heights(grid: &FlowGrid, units: Option<WallUnits>) -> [f64; 2] {
    let near_wall = units.map_or(0.1 * grid.half_height(), |units| units.height(15.0));
    [near_wall, grid.half_height()].map(|y| grid.heights()[grid.nearest_height(y)])
}
