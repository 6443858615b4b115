//! Looks at every step of a contestant, with the same eyes for all.

use std::time::Instant;

use rheome_cli::{Failure, Interruption, Meter};
use rheome_statistics::{FlowStatistics, LeadTimeComparison};

use super::Entry;
use super::contestants::Contestant;
use super::course::Course;
use crate::arguments::CompareArguments;

/// Gathers what one contestant does.
pub struct Judge<'a> {
    course: &'a Course,
    /// Steps of the reference to make.
    pub steps: u64,
    /// How many of them a step of the contestant covers.
    stride: u64,
    skip: u64,
    statistics: FlowStatistics,
    errors: LeadTimeComparison,
    held: Vec<f32>,
    done: u64,
    /// Wall-clock seconds of each step.
    seconds: Vec<f64>,
    meter: Meter,
    interruption: &'a Interruption,
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing yet.
    pub fn new(
        course: &'a Course,
        stride: usize,
        arguments: &CompareArguments,
        meter: Meter,
        interruption: &'a Interruption,
    ) -> Result<Self, Failure> {
        Ok(Self {
            steps: arguments.steps,
            stride: stride as u64,
            skip: arguments.skip,
            statistics: FlowStatistics::new(&course.grid, course.wall_units),
            errors: LeadTimeComparison::new(&course.grid, &course.mean_profile())?,
            held: course.window(1, 1)?,
            done: 0,
            seconds: Vec::new(),
            meter,
            interruption,
            course,
        })
    }

    /// Does the work of one step and notes how long it took.
    pub fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.seconds.push(start.elapsed().as_secs_f64());
        result
    }

    /// Takes the velocity `[x, y, z, component]` after the next step, unless a signal asks to stop.
    pub fn take(&mut self, velocity: &[f32]) -> Result<(), Failure> {
        self.interruption
            .check(|| "within the run of a contestant".to_owned())?;
        let step = self.done + self.stride;
        let lead = step as f64 * self.course.time_step;
        if step > self.skip {
            self.statistics.add(self.course.time_of(step), velocity)?;
        }
        if let Some(reference) = self.course.snapshot(step)? {
            self.errors.add(lead, velocity, &reference, &self.held)?;
        }
        self.done = step;
        for _ in 0..self.stride {
            self.meter.advance("");
        }
        Ok(())
    }

    fn time_step(&self) -> f64 {
        self.stride as f64 * self.course.time_step
    }

    /// Sums up.
    pub fn conclude(
        self,
        contestant: &dyn Contestant,
        stopped: Option<String>,
    ) -> Result<Entry, Failure> {
        let time_step = self.time_step();
        self.meter.finish();
        let mut results = self.statistics.finish();
        results.lead_time = self.errors.finish();
        // The first step pays for what is set up once.
        let steady = self.seconds.get(1..).unwrap_or_default();
        let mean = steady.iter().sum::<f64>() / steady.len().max(1) as f64;
        Ok(Entry {
            name: contestant.name().to_owned(),
            description: contestant.description(),
            parameters: contestant.parameters(),
            steps: self.done,
            time_step,
            stopped,
            seconds_per_time: (!steady.is_empty()).then_some(mean / time_step),
            results,
        })
    }
}
