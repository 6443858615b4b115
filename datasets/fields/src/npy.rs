//! NumPy's `.npy`: read snapshot by snapshot, written as a stream.

mod writer;

use std::fs::File;
use std::io::Seek;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rheome_npy::{Element, Header, NpyError};

use crate::error::FieldError;
use crate::field::{FieldHeader, FieldReader, FieldShape};

pub(crate) use writer::NpyWriter;

/// Bytes read from the disk at once.
const PIECE: usize = 4 << 20;
/// Bytes of snapshots that one pass over a file in Fortran order collects.
const COLLECTED: usize = 64 << 20;

/// An open `.npy` file.
pub(crate) struct NpyReader {
    file: File,
    path: PathBuf,
    label: String,
    shape: FieldShape,
    header: FieldHeader,
    start: u64,
    fortran: bool,
    element: Element,
    collected: Mutex<Collected>,
}

/// Consecutive snapshots of a trajectory, collected from a file in Fortran order.
#[derive(Default)]
struct Collected {
    trajectory: usize,
    snapshots: Range<usize>,
    values: Vec<f32>,
}

impl NpyReader {
    /// Opens `path` and checks that the file is as long as its header says.
    ///
    /// # Errors
    /// [`FieldError::File`], [`FieldError::Format`] and [`FieldError::Shape`].
    pub(crate) fn open(path: &Path) -> Result<Self, FieldError> {
        let mut file = File::open(path).map_err(|e| FieldError::file(path, "open", e))?;
        let fault = |error| match error {
            NpyError::System(e) => FieldError::file(path, "read", e),
            format => FieldError::format(path, format),
        };
        let header = Header::read(&mut file).map_err(fault)?;
        let element = header.element().map_err(fault)?;
        let label = path.display().to_string();
        let shape = FieldShape::of_extents(&header.extents, &label)?;
        header.check_length(&file).map_err(fault)?;
        let start = file
            .stream_position()
            .map_err(|e| FieldError::file(path, "read", e))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            label,
            shape,
            header: FieldHeader::default(),
            start,
            fortran: header.fortran,
            element,
            collected: Mutex::default(),
        })
    }

    /// Reads numbers from the one numbered `first` on, to fill `bytes`.
    fn fetch(&self, first: usize, bytes: &mut [u8]) -> Result<(), FieldError> {
        let offset = self.start + first as u64 * self.element.width() as u64;
        self.file
            .read_exact_at(bytes, offset)
            .map_err(|e| FieldError::file(&self.path, "read", e))
    }

    fn read_rows(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        let width = self.element.width();
        let mut first = (trajectory * self.shape.snapshots + snapshot) * out.len();
        let mut bytes = vec![0; PIECE.min(out.len() * width)];
        for values in out.chunks_mut(PIECE / width) {
            let piece = &mut bytes[..values.len() * width];
            self.fetch(first, piece)?;
            for (value, raw) in values.iter_mut().zip(piece.chunks_exact(width)) {
                *value = self.element.decode(raw) as f32;
            }
            first += values.len();
        }
        Ok(())
    }

    /// Which snapshots a pass collects that starts at `first`: as many as memory and the width of a run allow.
    fn pass(&self, first: usize) -> Range<usize> {
        let by_memory = COLLECTED / (4 * self.shape.snapshot_len());
        let by_run = PIECE / (self.element.width() * self.shape.trajectories);
        first
            ..self
                .shape
                .snapshots
                .min(first + by_memory.min(by_run).max(1))
    }

    /// Collects consecutive snapshots of a trajectory in one pass over the file.
    ///
    /// In Fortran order the first axis is the fastest: each point and component has its trajectories and snapshots side by side,
    /// and the points follow each other with x the fastest and the component the slowest.
    fn collect(&self, trajectory: usize, snapshots: Range<usize>) -> Result<Vec<f32>, FieldError> {
        let (trajectories, width, length) = (
            self.shape.trajectories,
            self.element.width(),
            self.shape.snapshot_len(),
        );
        let outer = trajectories * self.shape.snapshots;
        let skipped = trajectory + snapshots.start * trajectories;
        let run = (snapshots.len() - 1) * trajectories + 1;
        let together = (PIECE / (outer * width)).max(1);
        let [nx, ny, nz] = self.shape.grid;
        let components = self.shape.components;
        let mut values = vec![0.0; snapshots.len() * length];
        let mut bytes = vec![0; ((together.min(length) - 1) * outer + run) * width];
        for first in (0..length).step_by(together) {
            let points = first..length.min(first + together);
            let piece = &mut bytes[..((points.len() - 1) * outer + run) * width];
            self.fetch(first * outer + skipped, piece)?;
            for (near, point) in points.enumerate() {
                let (i, rest) = (point % nx, point / nx);
                let (j, k, c) = (rest % ny, rest / ny % nz, rest / ny / nz);
                let index = ((i * ny + j) * nz + k) * components + c;
                for s in 0..snapshots.len() {
                    let raw = &piece[(near * outer + s * trajectories) * width..];
                    values[s * length + index] = self.element.decode(raw) as f32;
                }
            }
        }
        Ok(values)
    }

    fn read_columns(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        // A reader that panicked left whole values or none, as they are replaced at once.
        let mut collected = self
            .collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if collected.trajectory != trajectory || !collected.snapshots.contains(&snapshot) {
            let snapshots = self.pass(snapshot);
            let values = self.collect(trajectory, snapshots.clone())?;
            *collected = Collected {
                trajectory,
                snapshots,
                values,
            };
        }
        let first = (snapshot - collected.snapshots.start) * out.len();
        out.copy_from_slice(&collected.values[first..first + out.len()]);
        Ok(())
    }
}

impl FieldReader for NpyReader {
    fn shape(&self) -> FieldShape {
        self.shape
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        None
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        if self.fortran {
            self.read_columns(trajectory, snapshot, out)
        } else {
            self.read_rows(trajectory, snapshot, out)
        }
    }
}
