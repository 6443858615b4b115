//! The statistics that everybody is held against.

use rheome_cli::Failure;
use rheome_fields::FieldReader;
use rheome_statistics::{FlowGrid, FlowResults, FlowStatistics, Snapshot, WallUnits};

use crate::arguments::CompareArguments;
use crate::pace::is_same;

/// Statistics of the true flow.
pub struct Truth {
    /// The statistics.
    pub results: FlowResults,
    /// Where they come from, in words.
    pub source: String,
    /// Whether the reference trajectory is part of them: its own error is then smaller than chance would have it.
    pub holds_reference: bool,
}

impl Truth {
    /// Those of the file that the options name; or of the reference's other trajectories; or, if there is none, of the one.
    pub fn find(
        arguments: &CompareArguments,
        reader: &dyn FieldReader,
        grid: &FlowGrid,
        units: Option<WallUnits>,
    ) -> Result<Self, Failure> {
        let truth = match &arguments.statistics {
            Some(path) => {
                let set = rheome_statistics_file::read(path)?.into_iter().next();
                let set = set.ok_or_else(|| {
                    Failure::new(format!("{}: holds no statistics", path.display()))
                })?;
                Self {
                    source: format!("{} in {}", set.name, path.display()),
                    results: set.results,
                    holds_reference: false,
                }
            }
            None => Self::gather(arguments.trajectory, reader, grid, units)?,
        };
        truth.check(units, grid)?;
        Ok(truth)
    }

    fn gather(
        start: usize,
        reader: &dyn FieldReader,
        grid: &FlowGrid,
        units: Option<WallUnits>,
    ) -> Result<Self, Failure> {
        let mut statistics = FlowStatistics::new(grid, units);
        let mut velocity = vec![0.0; reader.shape().snapshot_len()];
        let trajectories = reader.shape().trajectories;
        let holds_reference = trajectories == 1;
        for trajectory in (0..trajectories).filter(|t| holds_reference || *t != start) {
            for index in 0..reader.completed(trajectory) {
                reader.read(trajectory, index, &mut velocity)?;
                let time = reader.times().map_or(index as f64, |times| times[index]);
                statistics.add_snapshot(&Snapshot {
                    velocity: &velocity,
                    time,
                    trajectory,
                    exact: None,
                })?;
            }
        }
        let source = if holds_reference {
            format!("all snapshots of {}", reader.label())
        } else {
            format!(
                "the {} other trajectories of {}",
                trajectories - 1,
                reader.label()
            )
        };
        Ok(Self {
            results: statistics.finish(),
            source,
            holds_reference,
        })
    }

    /// Whether they are finite, and of the reference's flow as far as they tell.
    fn check(&self, units: Option<WallUnits>, grid: &FlowGrid) -> Result<(), Failure> {
        let fail = |reason: String| Err(Failure::new(format!("{}: {reason}", self.source)));
        let profiles = &self.results.profiles;
        let lines = profiles
            .mean
            .iter()
            .chain(&profiles.rms)
            .chain([&profiles.shear_stress]);
        if self.results.snapshots == 0 || lines.flatten().any(|v| !v.is_finite()) {
            return fail("found profiles that are not finite, or of no snapshot".into());
        }
        let height = |heights: &[f64]| heights.last().copied().unwrap_or(0.0) - heights[0];
        let [found, expected] = [height(&self.results.heights), height(grid.heights())];
        if !is_same(found, expected) {
            return fail(format!(
                "found walls {found} apart, expected {expected} as in the reference"
            ));
        }
        let reynolds = |units: WallUnits| units.friction_reynolds(1.0);
        if let (Some(own), Some(reference)) = (self.results.wall_units, units)
            && !(is_same(reynolds(own), reynolds(reference))
                && is_same(own.u_tau(), reference.u_tau()))
        {
            return fail(format!(
                "found Re_tau = {} and u_tau = {}, expected {} and {} as in the reference",
                reynolds(own),
                own.u_tau(),
                reynolds(reference),
                reference.u_tau()
            ));
        }
        Ok(())
    }
}
