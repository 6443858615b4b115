//! Writing a `.npy` file as a stream.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rheome_hdf::Partial;
use rheome_npy::Header;

use crate::error::FieldError;
use crate::field::FieldShape;
use crate::writer::{FieldWriter, Progress, publish};

/// Writes float32 snapshots one after the other into a `.npy` file that appears when it is finished.
pub(crate) struct NpyWriter {
    file: BufWriter<File>,
    partial: Partial,
    progress: Progress,
    room: usize,
}

impl NpyWriter {
    /// Starts a file of `shape` that will be `path`.
    pub(crate) fn create(path: &Path, shape: &FieldShape) -> Result<Self, FieldError> {
        let partial = Partial::new(path);
        let file =
            File::create(partial.place()).map_err(|e| FieldError::file(path, "create", e))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let head = Header::encode(&shape.extents(), 0);
        file.write_all(&head)
            .map_err(|e| FieldError::file(path, "write", e))?;
        Ok(Self {
            file,
            partial,
            progress: Progress::new(path, shape),
            room: head.len(),
        })
    }

    /// The trajectory whose turn it is: those before it are complete.
    fn turn(&self) -> usize {
        let planned = self.progress.shape.snapshots;
        self.progress
            .completed
            .iter()
            .position(|done| *done < planned)
            .unwrap_or(self.progress.shape.trajectories)
    }

    /// The shape of what is kept: whole trajectories, or the beginning of the first.
    fn kept(&self) -> Option<FieldShape> {
        let (shape, whole) = (self.progress.shape, self.turn());
        match (whole, self.completed(0)) {
            (0, 0) => None,
            (0, snapshots) => Some(FieldShape {
                trajectories: 1,
                snapshots,
                ..shape
            }),
            (trajectories, _) => Some(FieldShape {
                trajectories,
                ..shape
            }),
        }
    }
}

impl FieldWriter for NpyWriter {
    fn takes_any_order(&self) -> bool {
        false
    }

    fn append(&mut self, trajectory: usize, time: f64, snapshot: &[f32]) -> Result<(), FieldError> {
        self.progress.next(trajectory, time, snapshot)?;
        if trajectory != self.turn() {
            return Err(FieldError::format(
                &self.progress.path,
                format!(
                    "found trajectory {trajectory} before trajectory {} is complete, expected one after the other: a .npy file cannot be \
                     written in another order",
                    self.turn()
                ),
            ));
        }
        let fault = |e| FieldError::file(&self.progress.path, "write", e);
        for value in snapshot {
            self.file.write_all(&value.to_le_bytes()).map_err(fault)?;
        }
        self.progress.completed[trajectory] += 1;
        Ok(())
    }

    fn completed_of_each(&self) -> &[usize] {
        &self.progress.completed
    }

    fn finish(self: Box<Self>) -> Result<(), FieldError> {
        let path = self.progress.path.clone();
        let Some(kept) = self.kept() else {
            return Err(FieldError::format(
                &path,
                "no snapshot was written: no file is left",
            ));
        };
        let (whole, room) = (self.progress.is_whole(), self.room);
        let Self { file, partial, .. } = *self;
        let written = || {
            let file = file
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
            if !whole {
                file.write_all_at(&Header::encode(&kept.extents(), room), 0)?;
                let values = kept.trajectories * kept.snapshots * kept.snapshot_len();
                file.set_len((room + 4 * values) as u64)?;
            }
            Ok(())
        };
        written().map_err(|e| FieldError::file(&path, "write", e))?;
        publish(partial)
    }
}
