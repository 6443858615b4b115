//! What an HDF5 file holds.

use std::collections::BTreeMap;

/// The numbers of all datasets of a file, by their paths.
pub fn numbers(path: &str) -> BTreeMap<String, Vec<f64>> {
    let mut found = BTreeMap::new();
    let file = hdf5::File::open(path).unwrap();
    let mut groups = vec![file.as_group().unwrap()];
    while let Some(group) = groups.pop() {
        groups.extend(group.groups().unwrap());
        for dataset in group.datasets().unwrap() {
            // Names of axes are no numbers.
            if let Ok(values) = dataset.read_raw::<f64>() {
                found.insert(dataset.name(), values);
            }
        }
    }
    found
}
