//! Compressed files: the library writes them under another name, they appear when they are finished.

use std::path::Path;

use hdf5::{Dataset, File};
use rheome_hdf::Partial;

use super::fault;
use super::layout::{self, Times};
use crate::axes::Axes;
use crate::error::FieldError;
use crate::field::{FieldHeader, FieldShape};
use crate::writer::{FieldWriter, Progress, publish};

/// Writes a compressed HDF5 or NetCDF-4 file.
pub(crate) struct CompressedWriter {
    // Fields are dropped in this order: the file closes before its name goes.
    velocity: Dataset,
    file: File,
    partial: Partial,
    header: FieldHeader,
    times: Times,
    progress: Progress,
    xdmf: bool,
}

impl CompressedWriter {
    /// Starts the file under its partial name.
    pub(crate) fn create(
        path: &Path,
        shape: &FieldShape,
        header: &FieldHeader,
        xdmf: bool,
    ) -> Result<Self, FieldError> {
        layout::check_chunk(path, shape)?;
        let partial = Partial::new(path);
        let file = layout::create_file(partial.place()).map_err(fault(path))?;
        let velocity = layout::define_velocity(&file, shape, true).map_err(fault(path))?;
        let (progress, times) = (Progress::new(path, shape), Times::none(shape));
        Ok(Self {
            velocity,
            file,
            partial,
            header: header.clone(),
            times,
            progress,
            xdmf,
        })
    }

    /// Shape and times of what every trajectory has.
    fn kept(&self, count: usize) -> (FieldShape, Times) {
        let planned = self.progress.shape.snapshots;
        let shape = FieldShape {
            snapshots: count,
            ..self.progress.shape
        };
        let each = self.times.each.as_ref();
        let each = each.map(|all| {
            all.chunks(planned)
                .flat_map(|times| times[..count].to_vec())
                .collect()
        });
        (
            shape,
            Times {
                axis: self.times.axis[..count].to_vec(),
                each,
            },
        )
    }
}

impl FieldWriter for CompressedWriter {
    fn append(&mut self, trajectory: usize, time: f64, snapshot: &[f32]) -> Result<(), FieldError> {
        let next = self.progress.next(trajectory, time, snapshot)?;
        let shape = self.progress.shape;
        let selection = super::reader::selection(
            &shape,
            trajectory,
            next,
            shape.extents().len(),
            Axes::Components,
        );
        let [nx, ny, nz] = shape.grid;
        let array = ndarray::ArrayView::from_shape((nx, ny, nz, shape.components), snapshot)
            .map_err(|e| FieldError::format(&self.progress.path, e))?;
        self.velocity
            .write_slice(array, selection)
            .map_err(fault(&self.progress.path))?;
        self.times.axis[next] = time;
        if let Some(each) = &mut self.times.each {
            each[trajectory * shape.snapshots + next] = time;
        }
        self.progress.completed[trajectory] += 1;
        Ok(())
    }

    fn completed_of_each(&self) -> &[usize] {
        &self.progress.completed
    }

    fn finish(self: Box<Self>) -> Result<(), FieldError> {
        let count = self.completed_by_all();
        let path = self.progress.path.clone();
        if count == 0 {
            return Err(FieldError::format(
                &path,
                "no snapshot was written: no file is left",
            ));
        }
        let (shape, times) = self.kept(count);
        let Self {
            velocity,
            file,
            partial,
            header,
            xdmf,
            ..
        } = *self;
        let completed = || {
            velocity.resize(shape.extents())?;
            layout::define_axes(&file, &velocity, &shape, &header, &times)?;
            if xdmf {
                layout::define_points(&file, &shape, &header)?;
            }
            drop(velocity);
            file.close()
        };
        completed().map_err(fault(&path))?;
        publish(partial)?;
        if xdmf {
            crate::xdmf::write_xdmf(&path)
        } else {
            Ok(())
        }
    }
}
