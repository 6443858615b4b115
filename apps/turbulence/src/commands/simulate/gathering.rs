//! Statistics of a simulation on the solver's own grid, nothing filtered.

use std::path::Path;
use std::sync::Mutex;

use rheome_channel::{Channel, Diagnostics};
use rheome_cli::Failure;
use rheome_fields::FieldHeader;
use rheome_statistics::{ExactValues, FlowGrid, FlowStatistics, Snapshot, WallUnits};
use rheome_statistics_file::{NamedResults, units};

use super::lock;

/// Nothing gathered yet of a flow: on its Gauss-Lobatto points along y and all its modes along x and z.
pub(super) fn begin(channel: &Channel) -> Result<FlowStatistics, Failure> {
    let config = channel.config();
    let [nx, _, nz] = config.points;
    let grid = FlowGrid::new([nx, nz], &channel.heights(), Some(config.lengths))?;
    let units = WallUnits::new(1.0, config.viscosity())?;
    Ok(FlowStatistics::new(&grid, Some(units)))
}

/// Whether statistics are of this flow.
pub(super) fn check(statistics: &FlowStatistics, channel: &Channel) -> Result<(), Failure> {
    let mut fresh = begin(channel)?;
    Ok(fresh.merge(statistics)?)
}

/// Adds the flow as it is, with the solver's own word on bulk velocity and wall shear.
pub(super) fn add(
    statistics: &mut FlowStatistics,
    trajectory: usize,
    channel: &mut Channel,
    diagnostics: &Diagnostics,
) -> Result<(), Failure> {
    let viscosity = channel.config().viscosity();
    let velocity = channel.velocity();
    statistics.add_snapshot(&Snapshot {
        velocity: &velocity,
        time: channel.time(),
        trajectory,
        exact: Some(ExactValues {
            bulk_velocity: diagnostics.bulk_velocity,
            wall_shear_rate: diagnostics.wall_shear.map(|shear| shear / viscosity),
        }),
    })?;
    Ok(())
}

/// The statistics of all trajectories, as these come to their end.
pub(super) struct Gathered {
    trajectories: Mutex<Vec<Option<FlowStatistics>>>,
}

impl Gathered {
    /// None yet.
    pub fn new(trajectories: usize) -> Self {
        Self {
            trajectories: Mutex::new(vec![None; trajectories]),
        }
    }

    /// Keeps those of one trajectory.
    pub fn put(&self, trajectory: usize, statistics: FlowStatistics) {
        lock(&self.trajectories)[trajectory] = Some(statistics);
    }

    /// Joins them in the order of the trajectories, so that it does not matter which ended first.
    pub fn finish(self, output: &Path, header: &FieldHeader) -> Result<NamedResults, Failure> {
        let all = self.trajectories.into_inner();
        let mut parts = all.unwrap_or_else(|e| e.into_inner()).into_iter().flatten();
        let mut whole = parts
            .next()
            .ok_or_else(|| Failure::new("no trajectory came to its end"))?;
        for part in parts {
            whole.merge(&part)?;
        }
        Ok(NamedResults {
            name: "simulation".into(),
            source: output.display().to_string(),
            units: units(header, true),
            provenance: header.attributes.clone(),
            reference: None,
            results: whole.finish(),
        })
    }
}
