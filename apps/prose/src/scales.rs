//! Dimension scales, by which xarray, ncdump and h5py name the axes of datasets.

use hdf5::{Dataset, Group};
use rheome_fields::scales;

/// Makes a dataset the scale of an axis of this name.
pub fn scale(dataset: Dataset, name: &str) -> hdf5::Result<Dataset> {
    scales::make_scale(&dataset, name)?;
    Ok(dataset)
}

/// The scale of an axis that counts from `first`.
pub fn counted(group: &Group, name: &str, first: usize, count: usize) -> hdf5::Result<Dataset> {
    let numbers: Vec<u64> = (first..first + count).map(|n| n as u64).collect();
    let dataset = group.new_dataset_builder().with_data(&numbers);
    scale(dataset.create(name)?, name)
}

/// Gives an axis of a dataset a scale and its name.
pub fn attach(dataset: &Dataset, axis: usize, scale: &Dataset, name: &str) -> hdf5::Result<()> {
    scales::attach(dataset, axis, scale, name)
}
