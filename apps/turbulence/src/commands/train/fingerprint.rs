//! What an operator learns from, so that a training is not continued with another file.

use rheome_cli::{Checksum, DataFingerprint, Failure};
use rheome_fields::{FieldReader, ends_of_trajectories};

/// Trajectories that are looked into, evenly spread.
const TRAJECTORIES: usize = 16;

/// Shape, times, and of up to 16 trajectories the first and the last complete snapshot: a change of other snapshots alone goes
/// unnoticed, so that files of any size are known in a moment.
///
/// # Errors
/// [`Failure`] if the file cannot be read.
pub fn fingerprint(reader: &dyn FieldReader) -> Result<DataFingerprint, Failure> {
    let shape = reader.shape();
    let mut times = Checksum::new();
    for time in reader.times().into_iter().flatten() {
        times.add(&time.to_le_bytes());
    }
    let mut values = Checksum::new();
    ends_of_trajectories(reader, TRAJECTORIES, |completed, snapshot| {
        values.add(&(completed as u64).to_le_bytes());
        values.add_numbers(snapshot);
    })?;
    let [nx, ny, nz] = shape.grid;
    Ok(DataFingerprint::new()
        .with("trajectories", shape.trajectories)
        .with("snapshots", shape.snapshots)
        .with("grid", format!("{nx} x {ny} x {nz}"))
        .with("components", shape.components)
        .with("times", times)
        .with("values", values))
}
