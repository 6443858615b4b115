//! Settings of `turbulence simulate`.

use rheome_channel::{ChannelConfig, ChannelError, Filter, UniformGrid};
use rheome_cli::Failure;
use rheome_cli::settings::{Validate, check_counts, check_seed};
use serde::{Deserialize, Serialize};

/// Settings of `turbulence simulate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateSettings {
    /// Seed of the first trajectory's disturbances; the next ones count up from it.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The flow.
    #[serde(default)]
    pub channel: ChannelConfig,
    /// What is written of it.
    pub output: OutputSettings,
}

/// What is written of a simulation. Times are in h/u_tau.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSettings {
    /// Points along x, y, z of the uniform grid that the velocity is filtered to. The paper's 32 x 33 x 16 on
    /// 4 pi x 2 x 4 pi/3 has spacings of 71, 11 and 47 wall units at Re_tau 180.
    pub grid: [usize; 3],
    /// How small scales are removed before sampling.
    #[serde(default = "default_filter")]
    pub filter: Filter,
    /// Independent flows; 21 in the paper.
    #[serde(default = "default_trajectories")]
    pub trajectories: usize,
    /// Time before the first snapshot. From the default disturbances a channel has settled after 6.
    #[serde(default)]
    pub warm_up: f64,
    /// Time between two snapshots.
    #[serde(alias = "spacing")]
    pub interval: f64,
    /// Snapshots a trajectory; 400 in the paper.
    #[serde(alias = "frames")]
    pub snapshots: usize,
    /// Simulated time between two checkpoints: at most so much is computed again after a kill.
    #[serde(default = "default_checkpoint_interval")]
    pub checkpoint_interval: f64,
}

/// The time between two checkpoints is at least this, ...
const SHORTEST: f64 = 1e-9;
/// ... and this part of the time before the first snapshot.
const SHORTEST_PART: f64 = 1e-6;

fn default_seed() -> u64 {
    1
}

fn default_filter() -> Filter {
    Filter::Sharp
}

fn default_trajectories() -> usize {
    1
}

fn default_checkpoint_interval() -> f64 {
    10.0
}

impl Validate for SimulateSettings {
    fn validate(&self) -> Result<(), Failure> {
        self.channel.validate()?;
        check_seed("seed", self.seed)?;
        let output = &self.output;
        check_counts(&[
            ("output.trajectories", output.trajectories),
            ("output.snapshots", output.snapshots),
        ])?;
        let times = [
            ("warm_up", output.warm_up, 0.0),
            ("interval", output.interval, f64::MIN_POSITIVE),
            (
                "checkpoint_interval",
                output.checkpoint_interval,
                f64::MIN_POSITIVE,
            ),
        ];
        for (key, value, least) in times {
            if !(value >= least && value.is_finite()) {
                let expected = if least > 0.0 {
                    "a positive time"
                } else {
                    "a time, 0 or more"
                };
                return Err(Failure::new(format!(
                    "output.{key}: found {value}, expected {expected}"
                )));
            }
        }
        // Shorter ones would be lost in the digits of the time, and no step be made between two checkpoints.
        let shortest = SHORTEST.max(output.warm_up * SHORTEST_PART);
        if output.checkpoint_interval < shortest {
            return Err(Failure::new(format!(
                "output.checkpoint_interval: found {:?}, expected at least {shortest:?}",
                output.checkpoint_interval
            )));
        }
        self.grid()?;
        Ok(())
    }
}

impl SimulateSettings {
    /// The grid of the snapshots.
    ///
    /// # Errors
    /// [`ChannelError::Setting`] naming the key if there is none of so many points.
    pub fn grid(&self) -> Result<UniformGrid, ChannelError> {
        UniformGrid::new(self.output.grid, self.channel.lengths)
    }

    /// Time of a snapshot.
    pub fn time(&self, snapshot: usize) -> f64 {
        self.output.warm_up + snapshot as f64 * self.output.interval
    }
}
