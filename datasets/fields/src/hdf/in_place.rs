//! Writing so that a kill loses nothing.
//!
//! The HDF5 library defines the file with all its planned snapshots, and closes it; then the system is asked for the room that all
//! of them take. From then on snapshots go with plain writes to places that are already theirs, so that the file is valid at every
//! moment, whatever its name, and no flag tells of a writer at work.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use hdf5::Datatype;
use rheome_hdf::Partial;

use super::layout::{self, SNAPSHOT_TIME, Times, VELOCITY, VERSION};
use super::reader::Hdf5Reader;
use super::{attributes, fault, open_file};
use crate::axes::Axes;
use crate::error::FieldError;
use crate::field::{Attribute, FieldHeader, FieldReader, FieldShape};
use crate::writer::{Appears, FieldWriter, Progress, publish};

/// Where the numbers lie in the file, in bytes.
struct Places {
    /// Each snapshot, trajectory by trajectory.
    snapshots: Vec<u64>,
    /// The time axis.
    time: u64,
    /// The times of each trajectory.
    each: Option<u64>,
}

/// Writes into an uncompressed HDF5 or NetCDF-4 file.
pub(crate) struct InPlaceWriter {
    file: File,
    /// The file under its other name, as long as it has not appeared, and when it will.
    hidden: Option<Partial>,
    appears: Appears,
    places: Places,
    progress: Progress,
    xdmf: bool,
    buffer: Vec<u8>,
}

impl InPlaceWriter {
    /// Defines the file, with no snapshot complete, and takes the room for all of them.
    pub(crate) fn create(
        path: &Path,
        shape: &FieldShape,
        header: &FieldHeader,
        xdmf: bool,
        appears: Appears,
    ) -> Result<Self, FieldError> {
        let partial = Partial::new(path);
        define(&partial, shape, header, xdmf)?;
        let mut this = Self {
            file: open_raw(partial.place())?,
            places: Places::find(partial.place(), shape)?,
            hidden: Some(partial),
            appears,
            progress: Progress::new(path, shape),
            xdmf,
            buffer: Vec::new(),
        };
        if appears == Appears::AtOnce {
            this.appear()?;
        }
        Ok(this)
    }

    /// Gives the file its name, unless it has it.
    fn appear(&mut self) -> Result<(), FieldError> {
        let Some(partial) = self.hidden.take() else {
            return Ok(());
        };
        publish(partial)?;
        if self.xdmf {
            // It describes the file that was there before, if any; this one gets its own when it is finished.
            let _ = std::fs::remove_file(self.progress.path.with_extension("xdmf"));
        }
        Ok(())
    }

    /// Continues a file whose writer was killed.
    pub(crate) fn resume(path: &Path, shape: &FieldShape, xdmf: bool) -> Result<Self, FieldError> {
        // The system's reason first: a missing file is no damaged one.
        let file = open_raw(path)?;
        let reader = Hdf5Reader::open(path, VELOCITY, Axes::Components)?;
        if reader.shape() != *shape {
            return Err(FieldError::Shape {
                label: reader.label().into(),
                found: format!("shape {:?}", reader.shape().extents()),
                expected: format!("{:?}, to continue it", shape.extents()),
            });
        }
        let mut progress = Progress::new(path, shape);
        for (trajectory, completed) in progress.completed.iter_mut().enumerate() {
            *completed = reader.completed(trajectory);
        }
        drop(reader);
        let places = Places::find(path, shape)?;
        Ok(Self {
            file,
            hidden: None,
            appears: Appears::AtOnce,
            places,
            progress,
            xdmf,
            buffer: Vec::new(),
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), FieldError> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(|e| FieldError::file(&self.progress.path, "write", e))
    }

    /// Replaces the file by one that holds only the `count` snapshots that every trajectory has.
    fn cut(&self, count: usize) -> Result<(), FieldError> {
        let path: &PathBuf = &self.progress.path;
        let shape = FieldShape {
            snapshots: count,
            ..self.progress.shape
        };
        let reader = Hdf5Reader::open(path, VELOCITY, Axes::Components)?;
        let (header, appears) = (reader.header(), Appears::Finished);
        let mut short = Self::create(path, &shape, header, self.xdmf, appears)?;
        let mut snapshot = vec![0.0; shape.snapshot_len()];
        for trajectory in 0..shape.trajectories {
            for index in 0..count {
                reader.read_unchecked(trajectory, index, &mut snapshot)?;
                short.append(trajectory, reader.time_of(trajectory, index), &snapshot)?;
            }
        }
        drop(reader);
        short.appear()
    }
}

impl FieldWriter for InPlaceWriter {
    fn append(&mut self, trajectory: usize, time: f64, snapshot: &[f32]) -> Result<(), FieldError> {
        let next = self.progress.next(trajectory, time, snapshot)?;
        let place = trajectory * self.progress.shape.snapshots + next;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.extend(snapshot.iter().flat_map(|v| v.to_ne_bytes()));
        let written = self.write_at(&buffer, self.places.snapshots[place]);
        self.buffer = buffer;
        written?;
        // The time last: it is what makes the snapshot a complete one.
        let time = time.to_ne_bytes();
        self.write_at(&time, self.places.time + 8 * next as u64)?;
        if let Some(each) = self.places.each {
            self.write_at(&time, each + 8 * place as u64)?;
        }
        self.progress.completed[trajectory] += 1;
        match self.appears {
            Appears::WithFirstSnapshot => self.appear(),
            Appears::AtOnce | Appears::Finished => Ok(()),
        }
    }

    fn sync(&mut self) -> Result<(), FieldError> {
        self.file
            .sync_data()
            .map_err(|e| FieldError::file(&self.progress.path, "write", e))
    }

    fn completed_of_each(&self) -> &[usize] {
        &self.progress.completed
    }

    fn finish(mut self: Box<Self>) -> Result<(), FieldError> {
        let count = self.completed_by_all();
        if self.hidden.is_some() && count == 0 {
            return Err(FieldError::format(
                &self.progress.path,
                "no snapshot was written: no file is left",
            ));
        }
        self.file
            .sync_all()
            .map_err(|e| FieldError::file(&self.progress.path, "write", e))?;
        self.appear()?;
        if count > 0 && !self.progress.is_whole() {
            self.cut(count)?;
        }
        if self.xdmf && count > 0 {
            crate::xdmf::write_xdmf(&self.progress.path)
        } else {
            Ok(())
        }
    }
}

/// Lets the library lay out a file, and takes the room for all of its snapshots from the disk.
fn define(
    partial: &Partial,
    shape: &FieldShape,
    header: &FieldHeader,
    points: bool,
) -> Result<(), FieldError> {
    let path = partial.path();
    layout::check_chunk(path, shape)?;
    let laid = || {
        let file = layout::create_file(partial.place())?;
        let velocity = layout::define_velocity(&file, shape, false)?;
        layout::define_axes(&file, &velocity, shape, header, &Times::none(shape))?;
        if points {
            layout::define_points(&file, shape, header)?;
        }
        drop(velocity);
        file.close()
    };
    laid().map_err(fault(path))?;
    let reserved = partial.reserve();
    reserved.map_err(|e| FieldError::file(path, "write", e))
}

fn open_raw(path: &Path) -> Result<File, FieldError> {
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.map_err(|e| FieldError::file(path, "open for writing", e))
}

impl Places {
    /// Asks the library where everything lies, in a file that has this shape.
    fn find(path: &Path, shape: &FieldShape) -> Result<Self, FieldError> {
        let file = open_file(path)?;
        let foreign = |what: &str| {
            FieldError::format(
                path,
                format!(
                    "cannot be continued: {what}, expected an uncompressed file that rheome wrote"
                ),
            )
        };
        if attributes::read(&file, VERSION) != Some(Attribute::Number(super::FORMAT_VERSION as f64))
        {
            return Err(foreign(&format!(
                "no attribute {VERSION} = {}",
                super::FORMAT_VERSION
            )));
        }
        let velocity = file.dataset(VELOCITY).map_err(fault(path))?;
        let native = Datatype::from_type::<f32>()
            .and_then(|f| Ok(velocity.dtype()? == f))
            .map_err(fault(path))?;
        if !velocity.filters().is_empty() || !native {
            return Err(foreign("velocity is compressed or not float32"));
        }
        let time = file
            .dataset("time")
            .ok()
            .and_then(|d| d.offset())
            .ok_or_else(|| foreign("time has no fixed place"))?;
        let each = match shape.has_trajectories {
            true => {
                let offset = file.dataset(SNAPSHOT_TIME).ok().and_then(|d| d.offset());
                Some(offset.ok_or_else(|| foreign("snapshot_time has no fixed place"))?)
            }
            false => None,
        };
        let snapshots = chunk_places(&velocity, shape).map_err(fault(path))?;
        let snapshots =
            snapshots.ok_or_else(|| foreign("velocity has no place for each snapshot"))?;
        Ok(Self {
            snapshots,
            time,
            each,
        })
    }
}

/// The place of each snapshot; none unless each is one allocated chunk.
fn chunk_places(velocity: &hdf5::Dataset, shape: &FieldShape) -> hdf5::Result<Option<Vec<u64>>> {
    let planned = shape.trajectories * shape.snapshots;
    if !velocity.is_chunked() || velocity.num_chunks() != Some(planned) {
        return Ok(None);
    }
    let bytes = shape.snapshot_len() as u64 * 4;
    let mut places = vec![0; planned];
    let mut fits = true;
    velocity.chunks_visit(|chunk| {
        let (outer, inner) = chunk.offset.split_at(chunk.offset.len().saturating_sub(4));
        let index = match outer {
            [snapshot] => *snapshot as usize,
            [trajectory, snapshot] => *trajectory as usize * shape.snapshots + *snapshot as usize,
            _ => 0,
        };
        fits &= chunk.size == bytes && inner.iter().all(|i| *i == 0) && index < planned;
        if fits {
            places[index] = chunk.addr;
        }
        0
    })?;
    Ok((fits && places.iter().all(|place| *place > 0)).then_some(places))
}
