//! Checkpoints of a simulation, one file a trajectory: the flow and what was gathered of it, of one moment.

use std::path::{Path, PathBuf};

use rheome_atomic::remove_partials;
use rheome_backend::sealed::{seal, unseal};
use rheome_channel::Channel;
use rheome_cli::{Failure, files};
use rheome_statistics::FlowStatistics;

/// Beginning of a checkpoint that holds statistics beside the flow: [sealed](rheome_backend::sealed), first the flow's checkpoint,
/// then the statistics (CBOR). Without statistics a checkpoint is that of the flow alone.
const MAGIC: &[u8] = b"rheome-trajectory-1\n";

/// What a checkpoint of a trajectory holds.
#[derive(Debug, PartialEq)]
pub(super) struct Saved {
    /// The flow, as [`Channel::restore`] takes it.
    pub flow: Vec<u8>,
    /// What was gathered of it.
    pub statistics: Option<FlowStatistics>,
}

/// The folder of checkpoints beside an output: one file a trajectory, so that flow and statistics are always of one moment.
pub(super) struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// The folder of `output`, emptied unless `keep`.
    pub fn beside(output: &Path, keep: bool) -> Result<Self, Failure> {
        let this = Self {
            folder: files::beside(output, ".checkpoints"),
        };
        if !keep {
            this.remove();
        }
        files::create_folder(&this.folder)?;
        // The claim on the output is one on its checkpoints too.
        remove_partials(&this.folder, None);
        Ok(this)
    }

    /// The file of a trajectory.
    pub fn path(&self, trajectory: usize) -> PathBuf {
        self.folder
            .join(format!("trajectory-{trajectory:04}.channel"))
    }

    /// The last checkpoint of a trajectory; none if there is no file.
    pub fn load(&self, trajectory: usize) -> Result<Option<Saved>, Failure> {
        let path = self.path(trajectory);
        match files::read_if_there(&path)? {
            Some(bytes) if bytes.starts_with(MAGIC) => {
                let saved = unpack(&bytes)
                    .map_err(|reason| Failure::new(format!("{}: {reason}", path.display())))?;
                Ok(Some(saved))
            }
            Some(flow) => Ok(Some(Saved {
                flow,
                statistics: None,
            })),
            None => Ok(None),
        }
    }

    /// Saves the flow and its statistics, and returns its time.
    pub fn save(
        &self,
        trajectory: usize,
        channel: &Channel,
        statistics: Option<&FlowStatistics>,
    ) -> Result<f64, Failure> {
        let path = self.path(trajectory);
        let flow = channel.checkpoint();
        let bytes = match statistics {
            Some(statistics) => pack(&flow, statistics)?,
            None => flow,
        };
        files::write(&path, bytes)?;
        Ok(channel.time())
    }

    /// Removes the folder and all that is in it.
    pub fn remove(&self) {
        // A checkpoint that stays is ignored or replaced by a later run.
        files::discard_folder(&self.folder);
    }
}

fn pack(flow: &[u8], statistics: &FlowStatistics) -> Result<Vec<u8>, Failure> {
    let mut gathered = Vec::new();
    ciborium::into_writer(statistics, &mut gathered)?;
    Ok(seal(MAGIC, flow, &gathered))
}

fn unpack(bytes: &[u8]) -> Result<Saved, String> {
    let (flow, statistics) =
        unseal(MAGIC, bytes).ok_or("is damaged or cut short: its checksum does not match")?;
    let statistics = ciborium::from_reader(statistics)
        .map_err(|e| format!("holds no statistics that this version can read: {e}"))?;
    Ok(Saved {
        flow: flow.to_vec(),
        statistics: Some(statistics),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rheome_channel::ChannelConfig;
    use rheome_statistics::FlowGrid;

    #[test]
    fn flow_and_statistics_come_back_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::beside(&folder.path().join("a.h5"), false).unwrap();
        let config = ChannelConfig {
            points: [8, 9, 8],
            ..Default::default()
        };
        let mut channel = Channel::new(&config, 1).unwrap();
        let grid = FlowGrid::new([8, 8], &channel.heights(), Some(config.lengths)).unwrap();
        let mut statistics = FlowStatistics::new(&grid, None);
        statistics.add(0.5, &channel.velocity()).unwrap();
        checkpoints.save(0, &channel, Some(&statistics)).unwrap();
        checkpoints.save(1, &channel, None).unwrap();
        let flow = channel.checkpoint();
        let load = |trajectory| checkpoints.load(trajectory).unwrap();
        let saved = |statistics| {
            Some(Saved {
                flow: flow.clone(),
                statistics,
            })
        };
        assert_eq!(load(0), saved(Some(statistics)));
        assert_eq!(load(1), saved(None));
        assert_eq!(load(2), None);
        let mut bytes = std::fs::read(checkpoints.path(0)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(checkpoints.path(0), bytes).unwrap();
        let line = checkpoints.load(0).unwrap_err().line().to_owned();
        assert!(
            line.contains("trajectory-0000") && line.contains("checksum"),
            "{line}"
        );
    }
}
