//! Statistics of a rollout as it goes.

use rheome_cli::{Console, Failure};
use rheome_fields::FieldHeader;
use rheome_statistics::{FlowStatistics, Snapshot};
use rheome_statistics_file::{NamedResults, units, wall_units};

use super::Start;
use crate::arguments::RolloutArguments;
use crate::reference::ReferenceTrajectory;
use crate::trained_flow::other_unit;

/// Statistics of all members as the rollout goes, and their errors against the trajectory that it started from.
pub(super) struct Gathering {
    statistics: FlowStatistics,
    reference: Option<ReferenceTrajectory>,
    /// Whether the reference's snapshots are found by their times, and the number of the first otherwise.
    by_time: bool,
    index: usize,
    /// Snapshots of the reference that a step is, where they are counted.
    stride: usize,
}

impl Gathering {
    pub fn new(
        arguments: &RolloutArguments,
        start: &Start,
        console: Console,
    ) -> Result<Self, Failure> {
        let units = wall_units(&start.header);
        let mut this = Self {
            statistics: FlowStatistics::new(&start.grid, units),
            reference: None,
            by_time: false,
            index: start.index,
            stride: 1,
        };
        match (this.open_reference(arguments, start), &arguments.reference) {
            (Err(failure), Some(_)) => return Err(failure),
            // Nobody asked for it, and the rollout itself needs no later snapshot.
            (Err(failure), None) => console.note(format!(
                "no errors against the input by lead time: {}",
                failure.line()
            )),
            (Ok(()), _) => {}
        }
        Ok(this)
    }

    fn open_reference(
        &mut self,
        arguments: &RolloutArguments,
        start: &Start,
    ) -> Result<(), Failure> {
        let spec = arguments.reference.as_ref().unwrap_or(&arguments.input);
        let file = rheome_fields::open(spec)?;
        let (timed, shape) = (file.times().is_some(), file.shape());
        let other = other_unit(file.header(), &start.header, "time_units");
        drop(file);
        self.by_time = start.pace.is_timed && timed;
        if let Some([found, expected]) = other.filter(|_| self.by_time) {
            return Err(Failure::new(format!(
                "{spec}: found the time in {found:?}, expected {expected:?} as the rollout has it"
            )));
        }
        self.stride = match start.pace.stride {
            Some(stride) => stride,
            None if self.by_time => 1,
            None => {
                return Err(Failure::new(format!(
                    "{spec}: tells no times, and a step of {} is no whole number of the input's snapshots, which are {} apart",
                    start.pace.time_step, start.pace.spacing
                )));
            }
        };
        let alone = arguments.reference.is_some() && shape.trajectories == 1;
        let trajectory = if alone { 0 } else { arguments.trajectory };
        let mut reference = ReferenceTrajectory::open(spec, trajectory, self.by_time)?;
        if reference.points() != start.shape.grid {
            return Err(Failure::new(format!(
                "{spec}: found {:?} points along x, y, z, expected those of the rollout, {:?}",
                reference.points(),
                start.shape.grid
            )));
        }
        let (moment, spacing) = if self.by_time {
            (start.time, 1.0)
        } else {
            (start.index as f64, start.pace.spacing)
        };
        if reference.continues_after(moment) {
            reference.start_at(moment, spacing)?;
            reference.hold(start.last());
            self.reference = Some(reference);
        } else if arguments.reference.is_some() {
            return Err(Failure::new(format!(
                "--reference {spec}: has no snapshot after the start of the rollout, {}",
                if self.by_time {
                    format!("time {}", start.time)
                } else {
                    format!("snapshot {}", start.index)
                }
            )));
        }
        Ok(())
    }

    pub fn add(
        &mut self,
        member: usize,
        step: u64,
        time: f64,
        velocity: &[f32],
    ) -> Result<(), Failure> {
        self.statistics.add_snapshot(&Snapshot {
            velocity,
            time,
            trajectory: member,
            exact: None,
        })?;
        if let Some(reference) = &mut self.reference {
            let number = self.index as f64 + step as f64 * self.stride as f64;
            let moment = if self.by_time { time } else { number };
            reference.compare(moment, velocity)?;
        }
        Ok(())
    }

    pub fn finish(
        &self,
        arguments: &RolloutArguments,
        header: &FieldHeader,
        start: &Start,
    ) -> NamedResults {
        let mut results = self.statistics.finish();
        let reference = self.reference.as_ref();
        results.lead_time = reference.and_then(ReferenceTrajectory::finish);
        NamedResults {
            name: "rollout".into(),
            source: arguments.output.display().to_string(),
            units: units(header, start.pace.is_told),
            provenance: header.attributes.clone(),
            reference: reference.map(ReferenceTrajectory::label),
            results,
        }
    }
}
