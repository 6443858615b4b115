//! Writing a field file, whatever its format.

use std::path::{Path, PathBuf};

use rheome_hdf::{Partial, check_new_file};

use crate::error::FieldError;
use crate::field::{FieldHeader, FieldShape};

/// How a file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Compress without loss (gzip 4 with shuffle). Such a file appears only when it is finished.
    pub compress: bool,
    /// Replace a file that is there.
    pub overwrite: bool,
    /// When an uncompressed HDF5 or NetCDF file appears.
    pub appears: Appears,
}

/// When an uncompressed HDF5 or NetCDF file gets its name, in place of one that has it. Until then it is called `NAME.partial`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Appears {
    /// As soon as there is room for all of it, without a snapshot: a run that is killed at any moment can be continued.
    #[default]
    AtOnce,
    /// With its first snapshot: a run that fails before it leaves the old file.
    WithFirstSnapshot,
    /// When it is finished: there is the old file or all of the new one.
    Finished,
}

/// A field file being written, snapshot by snapshot.
pub trait FieldWriter: Send {
    /// Writes the next snapshot `[x, y, z, component]` of a trajectory, which belongs to `time`.
    ///
    /// In uncompressed HDF5 and NetCDF it is in the file when this returns: whoever opens the file finds it, even after SIGKILL
    /// (it survives the process; a failing machine may still lose what the system has not yet brought to the disk).
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`] beyond the planned snapshots, [`FieldError::Shape`] for another length,
    /// [`FieldError::Setting`] for a time that is no finite number or an order that the format cannot take,
    /// [`FieldError::File`] if the disk refuses.
    fn append(&mut self, trajectory: usize, time: f64, snapshot: &[f32]) -> Result<(), FieldError>;

    /// Whether snapshots of several trajectories may come in turns; else one trajectory must be complete before the next begins.
    fn takes_any_order(&self) -> bool {
        true
    }

    /// Brings what was written to the disk itself, so that it survives the failure of the machine too. Formats that appear
    /// only when they are finished do this then.
    ///
    /// # Errors
    /// [`FieldError::File`] if the disk refuses.
    fn sync(&mut self) -> Result<(), FieldError> {
        Ok(())
    }

    /// Number of complete snapshots of each trajectory.
    fn completed_of_each(&self) -> &[usize];

    /// Number of complete snapshots of a trajectory; 0 for a trajectory that there is not.
    fn completed(&self, trajectory: usize) -> usize {
        let counts = self.completed_of_each();
        counts.get(trajectory).copied().unwrap_or(0)
    }

    /// Number of complete snapshots of all trajectories together.
    fn completed_in_all(&self) -> usize {
        self.completed_of_each().iter().sum()
    }

    /// Number of complete snapshots that every trajectory has.
    fn completed_by_all(&self) -> usize {
        self.completed_of_each().iter().copied().min().unwrap_or(0)
    }

    /// Ends the file: publishes it under its name, and writes an `.xdmf` beside an `.h5`.
    ///
    /// If fewer snapshots were written than planned (the run blew up or was interrupted), the file is cut to what is complete:
    /// its time axis is as long as the shortest trajectory. A `.npy` instead keeps the trajectories that are complete, or, where
    /// there is none, the first one as far as it goes. An HDF5 or NetCDF file that appeared already and of which some
    /// trajectory has no snapshot stays as it is; any other file without a snapshot is an error and leaves none.
    ///
    /// # Errors
    /// [`FieldError::File`] or [`FieldError::Format`]; then an uncompressed HDF5 or NetCDF file that appeared already is still there, untouched.
    fn finish(self: Box<Self>) -> Result<(), FieldError>;
}

/// How far each trajectory is, and whether the next snapshot fits.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) path: PathBuf,
    pub(crate) shape: FieldShape,
    pub(crate) completed: Vec<usize>,
}

impl Progress {
    pub(crate) fn new(path: &Path, shape: &FieldShape) -> Self {
        Self {
            path: path.to_owned(),
            shape: *shape,
            completed: vec![0; shape.trajectories],
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        let planned = self.shape.snapshots;
        self.completed.iter().all(|count| *count == planned)
    }

    /// The index of the next snapshot of a trajectory, if `snapshot` and `time` may become it.
    pub(crate) fn next(
        &self,
        trajectory: usize,
        time: f64,
        snapshot: &[f32],
    ) -> Result<usize, FieldError> {
        let label = || self.path.display().to_string();
        let outside = |what, found, available| {
            Err(FieldError::OutOfRange {
                label: label(),
                what,
                found,
                available,
            })
        };
        let Some(&next) = self.completed.get(trajectory) else {
            return outside("trajectory", trajectory, self.shape.trajectories);
        };
        if next >= self.shape.snapshots {
            return outside("snapshot", next, self.shape.snapshots);
        }
        if snapshot.len() != self.shape.snapshot_len() {
            return Err(FieldError::Shape {
                label: label(),
                found: format!("a snapshot of {} numbers", snapshot.len()),
                expected: format!("{}", self.shape.snapshot_len()),
            });
        }
        if !time.is_finite() {
            let expected = "a finite number: NaN marks snapshots that are not written yet".into();
            return Err(FieldError::Setting {
                key: "time",
                found: time.to_string(),
                expected,
            });
        }
        Ok(next)
    }
}

/// Gives a complete file its name.
pub(crate) fn publish(partial: Partial) -> Result<(), FieldError> {
    let path = partial.path().to_owned();
    partial
        .publish()
        .map_err(|e| FieldError::file(&path, "publish", e))
}

/// Whether a file of this shape and header may be written at `path`.
pub(crate) fn check_output(
    path: &Path,
    shape: &FieldShape,
    header: &FieldHeader,
    options: WriteOptions,
) -> Result<(), FieldError> {
    let label = path.display().to_string();
    FieldShape::of_extents(&shape.extents(), &label)?;
    let misfit = |found: String, expected: String| {
        Err(FieldError::Shape {
            label: label.clone(),
            found,
            expected,
        })
    };
    if !shape.has_trajectories && shape.trajectories != 1 {
        return misfit(
            format!("{} trajectories without their axis", shape.trajectories),
            "has_trajectories".into(),
        );
    }
    if let Some(axes) = &header.coordinates {
        let found: Vec<usize> = axes.iter().map(Vec::len).collect();
        if found != shape.grid {
            return misfit(
                format!("{found:?} coordinates"),
                format!("{:?}, one for each point", shape.grid),
            );
        }
    }
    if let Some(names) = &header.components
        && names.len() != shape.components
    {
        return misfit(
            format!("{} names of components", names.len()),
            format!("{}", shape.components),
        );
    }
    crate::hdf::check_per_trajectory(path, shape, header)?;
    Ok(check_new_file(path, options.overwrite)?)
}
