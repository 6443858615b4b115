//! A trajectory of a field file that predictions are compared with, by lead time.

use rheome_cli::Failure;
use rheome_fields::{Attribute, FieldReader, FirstComponents};
use rheome_statistics::{LeadTimeComparison, LeadTimeErrors, ProfileStatistics};
use rheome_statistics_file::flow_grid;

use crate::pace::rounded_sum;
use crate::trained_flow::other_unit;

/// Components that are compared: u, v, w.
const COMPONENTS: usize = 3;

/// Attributes by which a rollout tells what it started from.
pub const INPUT_TRAJECTORY: &str = "input_trajectory";
/// See [`INPUT_TRAJECTORY`].
pub const START_TIME: &str = "start_time";

/// Part of the smallest spacing of snapshots within which two moments are the same.
const SAME_MOMENT: f64 = 1e-3;

/// A trajectory of a field file, compared snapshot by snapshot.
pub struct ReferenceTrajectory {
    reader: Box<dyn FieldReader>,
    trajectory: usize,
    /// Times of the complete snapshots, or their numbers.
    moments: Vec<f64>,
    /// How far from such a moment another may be and still be the same.
    tolerance: f64,
    comparison: LeadTimeComparison,
    snapshot: Vec<f32>,
    /// Where the prediction starts, and the time between two moments that differ by 1.
    start: Option<f64>,
    spacing: f64,
    /// The snapshot at the start.
    held: Option<Vec<f32>>,
}

impl ReferenceTrajectory {
    /// Reads the mean profile of a trajectory of `spec`. Snapshots are matched `by_time`, or else by their number.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read, or has no such trajectory.
    pub fn open(spec: &str, trajectory: usize, by_time: bool) -> Result<Self, Failure> {
        let reader = FirstComponents::new(rheome_fields::open(spec)?, COMPONENTS)?;
        let shape = reader.shape();
        if trajectory >= shape.trajectories {
            return Err(Failure::new(format!(
                "{}: found {} trajectories, expected number {trajectory} (counted from 0) among them",
                reader.label(),
                shape.trajectories
            )));
        }
        let count = reader.completed(trajectory);
        let mut snapshot = vec![0.0; shape.snapshot_len()];
        let mut statistics = ProfileStatistics::new(shape.grid[1]);
        for index in 0..count {
            reader.read(trajectory, index, &mut snapshot)?;
            statistics.add(&snapshot, shape.grid, shape.components)?;
        }
        let grid = flow_grid(reader.as_ref())?;
        let comparison = LeadTimeComparison::new(&grid, &statistics.profiles().mean)?;
        let moments: Vec<f64> = match reader.times().filter(|_| by_time) {
            Some(times) => times.iter().copied().take(count).collect(),
            None => (0..count).map(|i| i as f64).collect(),
        };
        if let Some(at) = moments.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(Failure::new(format!(
                "{}: time[{}]: found {}, expected a later time than {}",
                reader.label(),
                at + 1,
                moments[at + 1],
                moments[at]
            )));
        }
        Ok(Self {
            reader,
            trajectory,
            tolerance: SAME_MOMENT * smallest_spacing(&moments),
            moments,
            comparison,
            snapshot,
            start: None,
            spacing: 1.0,
            held: None,
        })
    }

    /// The file and the trajectory, for people.
    pub fn label(&self) -> String {
        label(self.reader.label(), &[self.trajectory])
    }

    /// Points along x, y, z.
    pub fn points(&self) -> [usize; 3] {
        self.reader.shape().grid
    }

    /// Whether there is a snapshot later than `moment`.
    pub fn continues_after(&self, moment: f64) -> bool {
        self.moments.iter().any(|m| *m > moment + self.tolerance)
    }

    /// Says that predictions start at `moment`; lead times are counted from there, in units of `spacing`. Persistence holds the
    /// trajectory's own snapshot at that moment, if it has one.
    ///
    /// # Errors
    /// [`Failure`] if that cannot be read.
    pub fn start_at(&mut self, moment: f64, spacing: f64) -> Result<(), Failure> {
        (self.start, self.spacing) = (Some(moment), spacing);
        let there = self.read(moment)?;
        self.held = there.then(|| self.snapshot.clone());
        Ok(())
    }

    /// Lets persistence hold `snapshot`, the one that predictions start from.
    pub fn hold(&mut self, snapshot: &[f32]) {
        self.held = Some(snapshot.to_vec());
    }

    /// Compares a snapshot at `moment` with that of the trajectory, if there is one. What was not said of the start before is
    /// taken from the first snapshot that is compared.
    ///
    /// # Errors
    /// [`Failure`] if the snapshots cannot be compared.
    pub fn compare(&mut self, moment: f64, predicted: &[f32]) -> Result<(), Failure> {
        if !self.read(moment)? {
            return Ok(());
        }
        let start = *self.start.get_or_insert(moment);
        let held = self.held.get_or_insert_with(|| self.snapshot.clone());
        let lead_time = rounded_sum(0.0, rounded_sum(moment, -start) * self.spacing);
        self.comparison
            .add(lead_time, predicted, &self.snapshot, held)
            .map_err(|e| Failure::new(format!("{}: {e}", self.reader.label())))
    }

    /// Reads the snapshot at `moment`; false if there is none.
    fn read(&mut self, moment: f64) -> Result<bool, Failure> {
        let index = self
            .moments
            .partition_point(|m| *m < moment - self.tolerance);
        let found = self.moments.get(index);
        if !found.is_some_and(|m| (m - moment).abs() <= self.tolerance) {
            return Ok(false);
        }
        self.reader
            .read(self.trajectory, index, &mut self.snapshot)?;
        Ok(true)
    }

    /// The errors; none if no moment was shared.
    pub fn finish(&self) -> Option<LeadTimeErrors> {
        self.comparison.finish()
    }
}

/// A file of predictions against the trajectories of a reference that belong to its own.
pub struct FileComparison {
    spec: String,
    label: String,
    by_time: bool,
    /// The reference's trajectory for each of the file's.
    pairs: Vec<usize>,
    start_time: Option<f64>,
    current: Option<ReferenceTrajectory>,
    /// What was compared with the trajectories before the current one.
    before: Option<LeadTimeComparison>,
}

/// Whether a file can be compared with a reference.
pub enum Pairing {
    /// Snapshot by snapshot.
    Found(Box<FileComparison>),
    /// Not so, for this reason.
    None(String),
}

impl FileComparison {
    /// Pairs the trajectories of `file` with those of `reference`: the one that the file names as its input, the only one there is, or
    /// the one of the same number. None where that is not clear, the grids differ, or
    /// the file tells times and the reference none. Without times in the file, snapshots of the same number are compared.
    ///
    /// # Errors
    /// [`Failure`] if the reference cannot be read.
    pub fn pair(file: &dyn FieldReader, reference: &str) -> Result<Pairing, Failure> {
        let number = |key: &str| match file.header().attributes.get(key) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        };
        let (own, other) = (file.shape(), rheome_fields::open(reference)?);
        let count = other.shape().trajectories;
        let input = number(INPUT_TRAJECTORY).map(|t| t as usize);
        let pairs = match input.filter(|t| *t < count) {
            Some(input) => vec![input; own.trajectories],
            None if count == 1 => vec![0; own.trajectories],
            None if count == own.trajectories => (0..count).collect(),
            None => {
                return Ok(Pairing::None(format!(
                    "{reference}: which of its {count} trajectories belongs to which of the {} is not told",
                    own.trajectories
                )));
            }
        };
        if own.grid != other.shape().grid {
            return Ok(Pairing::None(format!(
                "{reference}: found {:?} points along x, y, z, expected {:?}",
                other.shape().grid,
                own.grid
            )));
        }
        let by_time = file.times().is_some();
        if by_time && other.times().is_none() {
            return Ok(Pairing::None(format!(
                "{reference}: tells no times of its snapshots, expected some as {} does",
                file.label()
            )));
        }
        let units = other_unit(other.header(), file.header(), "time_units");
        if let Some([found, expected]) = units.filter(|_| by_time) {
            return Ok(Pairing::None(format!(
                "{reference}: found the time in {found:?}, expected {expected:?} as {} has it",
                file.label()
            )));
        }
        Ok(Pairing::Found(Box::new(Self {
            spec: reference.to_owned(),
            label: label(other.label(), &pairs),
            by_time,
            pairs,
            start_time: number(START_TIME).filter(|_| by_time),
            current: None,
            before: None,
        })))
    }

    /// Compares the snapshot `index` of one of the file's trajectories, at `time` if that is known.
    ///
    /// # Errors
    /// [`Failure`] if the reference cannot be read.
    pub fn compare(
        &mut self,
        trajectory: usize,
        index: usize,
        time: Option<f64>,
        snapshot: &[f32],
    ) -> Result<(), Failure> {
        let paired = self.pairs[trajectory];
        if !matches!(&self.current, Some(current) if current.trajectory == paired) {
            self.leave()?;
            let mut next = ReferenceTrajectory::open(&self.spec, paired, self.by_time)?;
            if let Some(start) = self.start_time {
                next.start_at(start, 1.0)?;
            }
            self.current = Some(next);
        }
        let moment = time.filter(|_| self.by_time).unwrap_or(index as f64);
        match &mut self.current {
            Some(current) => current.compare(moment, snapshot),
            None => Ok(()),
        }
    }

    /// Joins what was compared with the current trajectory to what was before.
    fn leave(&mut self) -> Result<(), Failure> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        match &mut self.before {
            Some(before) => before.merge(&current.comparison)?,
            None => self.before = Some(current.comparison),
        }
        Ok(())
    }

    /// The errors, and the name of the reference; none if no moment was shared.
    ///
    /// # Errors
    /// [`Failure`] if the trajectories of the reference differ in their grid.
    pub fn finish(mut self) -> Result<Option<(LeadTimeErrors, String)>, Failure> {
        self.leave()?;
        let errors = self.before.and_then(|comparison| comparison.finish());
        Ok(errors.map(|errors| (errors, self.label)))
    }
}

/// The smallest positive distance between neighbours; without neighbours, the moment itself.
fn smallest_spacing(moments: &[f64]) -> f64 {
    let spacings = moments.windows(2).map(|pair| pair[1] - pair[0]);
    let smallest = spacings.filter(|s| *s > 0.0).fold(f64::INFINITY, f64::min);
    if smallest.is_finite() {
        smallest
    } else {
        moments.first().map_or(0.0, |m| m.abs())
    }
}

/// Trajectories of a file, for people.
fn label(file: &str, trajectories: &[usize]) -> String {
    match trajectories {
        [first, rest @ ..] if rest.iter().all(|t| t == first) => {
            format!("{file}, trajectory {first}")
        }
        _ => format!("{file}, trajectory by trajectory"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spacing_of_snapshots_is_found() {
        assert_eq!(smallest_spacing(&[0.0, 2.0, 2.5, 2.5]), 0.5);
        assert_eq!(smallest_spacing(&[3.0]), 3.0);
        assert_eq!(smallest_spacing(&[]), 0.0);
    }
}
