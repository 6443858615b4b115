//! A small field whose every number is known.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::BTreeMap;
use std::path::Path;

use rheome_fields::{
    Attribute, FieldHeader, FieldReader, FieldShape, FieldWriter, WriteOptions, create, open,
};

/// The names of what is in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn shape(trajectories: Option<usize>, snapshots: usize) -> FieldShape {
    FieldShape {
        has_trajectories: trajectories.is_some(),
        trajectories: trajectories.unwrap_or(1),
        snapshots,
        grid: [4, 3, 2],
        components: 3,
    }
}

pub fn header(shape: &FieldShape) -> FieldHeader {
    let axis = |n: usize| (0..n).map(|i| i as f64 * 0.5).collect();
    FieldHeader {
        coordinates: Some(shape.grid.map(axis)),
        components: Some(["u", "v", "w"].map(String::from).to_vec()),
        attributes: [
            ("Re_tau", Attribute::from(180.0)),
            ("model", "ifactformer".into()),
            ("empty", "".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        per_trajectory: match shape.has_trajectories {
            true => BTreeMap::from([(
                "viscosity".to_owned(),
                (0..shape.trajectories)
                    .map(|t| 0.1 / (t + 1) as f64)
                    .collect(),
            )]),
            false => BTreeMap::new(),
        },
    }
}

pub fn snapshot(shape: &FieldShape, trajectory: usize, index: usize) -> Vec<f32> {
    (0..shape.snapshot_len())
        .map(|i| i as f32 + 100.0 * index as f32 + 1000.0 * trajectory as f32)
        .collect()
}

pub fn time(trajectory: usize, index: usize) -> f64 {
    0.25 * index as f64 + 0.01 * trajectory as f64
}

pub fn fill(writer: &mut dyn FieldWriter, shape: &FieldShape, trajectory: usize, count: usize) {
    for _ in 0..count {
        let index = writer.completed(trajectory);
        writer
            .append(
                trajectory,
                time(trajectory, index),
                &snapshot(shape, trajectory, index),
            )
            .unwrap();
    }
}

pub fn expect(reader: &dyn FieldReader, shape: &FieldShape, trajectory: usize, count: usize) {
    assert_eq!(reader.completed(trajectory), count);
    let mut found = vec![0.0; shape.snapshot_len()];
    for index in 0..count {
        reader.read(trajectory, index, &mut found).unwrap();
        assert_eq!(found, snapshot(shape, trajectory, index));
    }
}

pub fn write(path: &Path, shape: &FieldShape, options: WriteOptions) {
    let mut writer = create(path, shape, &header(shape), options).unwrap();
    (0..shape.trajectories).for_each(|t| fill(&mut *writer, shape, t, shape.snapshots));
    writer.finish().unwrap();
}

pub fn read(path: &Path) -> Box<dyn FieldReader> {
    open(path.to_str().unwrap()).unwrap()
}
