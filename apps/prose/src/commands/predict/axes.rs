//! Named axes of the file of a prediction: dimension scales, by which xarray, ncdump and h5py name the axes of its datasets.

use hdf5::{Dataset, Group};
use rheome_hdf::text;

use crate::scales::{attach, counted, scale};

/// Names both axes of points in time, as `write_points` writes them: `time` and `component`.
pub fn of_points(group: &Group) -> hdf5::Result<()> {
    let values = group.dataset("values")?;
    for (axis, name) in ["time", "component"].into_iter().enumerate() {
        attach(&values, axis, &scale(group.dataset(name)?, name)?, name)?;
    }
    Ok(())
}

/// The axes of the datasets of equations.
pub struct Axes {
    candidate: Dataset,
    constant: Dataset,
    part: Dataset,
}

/// What is told of a constant.
const PARTS: [&str; 3] = ["before", "fitted", "deviation"];

impl Axes {
    /// Writes the axes of so many equations, counted from 1, with at most so many constants, counted from 0.
    pub fn create(group: &Group, candidates: usize, constants: usize) -> hdf5::Result<Self> {
        Ok(Self {
            candidate: counted(group, "candidate", 1, candidates)?,
            constant: counted(group, "constant", 0, constants)?,
            part: scale(text::write_dataset(group, "part", &PARTS)?, "part")?,
        })
    }

    /// Names the first axis of a dataset, and those behind it that it has.
    pub fn name(&self, dataset: &Dataset) -> hdf5::Result<()> {
        let all = [
            (&self.candidate, "candidate"),
            (&self.constant, "constant"),
            (&self.part, "part"),
        ];
        for (axis, (scale, name)) in all.into_iter().enumerate().take(dataset.ndim()) {
            attach(dataset, axis, scale, name)?;
        }
        Ok(())
    }
}
