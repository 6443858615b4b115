//! The description that lets ParaView open a field in HDF5.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rheome_hdf::Partial;

use crate::axes::Axes;
use crate::error::FieldError;
use crate::field::{FieldReader, FieldShape};
use crate::format::FieldFormat;
use crate::hdf::{Hdf5Reader, POINTS, VELOCITY, open_file};
use crate::writer::publish;

/// Where [`create`](crate::create) puts the description of a field file of this name: `NAME.xdmf` beside `NAME.h5`, nothing for the other
/// formats.
pub fn description_of(path: &Path) -> Option<PathBuf> {
    let is_hdf5 = FieldFormat::of(path).is_ok_and(|format| format == FieldFormat::Hdf5);
    is_hdf5.then(|| path.with_extension("xdmf"))
}

/// Writes `NAME.xdmf` beside `NAME.h5`: a series in time for each trajectory, of the snapshots that are complete.
///
/// The field is stored `[x, y, z, component]`, and XDMF names axes from the slowest to the fastest, which it takes for z, y, x. A
/// rectilinear mesh would so show x and z exchanged; a structured mesh with a place for each point (`/paraview/points` in the
/// file) shows every point and every vector where it is.
///
/// # Errors
/// [`FieldError::Format`] if the file holds no `/paraview/points` (files of other programs); otherwise
/// whatever keeps the file from being read or the description from being written.
pub fn write_xdmf(h5: &Path) -> Result<(), FieldError> {
    let reader = Hdf5Reader::open(h5, VELOCITY, Axes::Components)?;
    let points = open_file(h5)?
        .dataset(POINTS)
        .map(|d| d.shape())
        .unwrap_or_default();
    let [nx, ny, nz] = reader.shape().grid;
    if points != [nx, ny, nz, 3] {
        return Err(FieldError::format(
            h5,
            format!("no points for ParaView: expected the dataset {POINTS} [{nx}, {ny}, {nz}, 3]"),
        ));
    }
    let name = h5.file_name().unwrap_or_default().to_string_lossy();
    let text = describe(&escape(&name), &reader);
    let partial = Partial::new(&h5.with_extension("xdmf"));
    std::fs::write(partial.place(), text).map_err(|e| FieldError::file(h5, "describe", e))?;
    publish(partial)
}

/// Text as XML holds it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn describe(file: &str, reader: &Hdf5Reader) -> String {
    let shape = reader.shape();
    let mut text = String::from("<?xml version=\"1.0\"?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n");
    for trajectory in 0..shape.trajectories {
        let series = format!(
            "    <Grid Name=\"trajectory {trajectory}\" GridType=\"Collection\" CollectionType=\"Temporal\">\n"
        );
        text.push_str(&series);
        for snapshot in 0..reader.completed(trajectory) {
            let time = reader.time_of(trajectory, snapshot);
            // A file of another program may tell no times; then the snapshots are counted.
            let time = if time.is_finite() {
                time
            } else {
                snapshot as f64
            };
            text.push_str(&grid(file, &shape, trajectory, snapshot, time));
        }
        text.push_str("    </Grid>\n");
    }
    text.push_str("  </Domain>\n</Xdmf>\n");
    text
}

/// One snapshot.
fn grid(file: &str, shape: &FieldShape, trajectory: usize, snapshot: usize, time: f64) -> String {
    let [nx, ny, nz] = shape.grid;
    let c = shape.components;
    let kind = match c {
        1 => "Scalar",
        3 => "Vector",
        _ => "Matrix",
    };
    let extents = words(&shape.extents());
    let outer = shape.extents().len() - 4;
    let mut start = [0; 6];
    start[..outer].copy_from_slice(&[trajectory, snapshot][2 - outer..]);
    let start = &start[..outer + 4];
    let count: Vec<usize> = (0..outer).map(|_| 1).chain([nx, ny, nz, c]).collect();
    let slab = format!(
        "{} {} {}",
        words(start),
        words(&vec![1; outer + 4]),
        words(&count)
    );
    let rank = outer + 4;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        r#"      <Grid Name="{snapshot}" GridType="Uniform">
        <Time Value="{time:?}"/>
        <Topology TopologyType="3DSMesh" Dimensions="{nx} {ny} {nz}"/>
        <Geometry GeometryType="XYZ">
          <DataItem Format="HDF" NumberType="Float" Precision="4" Dimensions="{nx} {ny} {nz} 3">{file}:/{POINTS}</DataItem>
        </Geometry>
        <Attribute Name="{VELOCITY}" AttributeType="{kind}" Center="Node">
          <DataItem ItemType="HyperSlab" Dimensions="{nx} {ny} {nz} {c}">
            <DataItem Format="XML" Dimensions="3 {rank}">{slab}</DataItem>
            <DataItem Format="HDF" NumberType="Float" Precision="4" Dimensions="{extents}">{file}:/{VELOCITY}</DataItem>
          </DataItem>
        </Attribute>
      </Grid>
"#
    );
    text
}

fn words(numbers: &[usize]) -> String {
    numbers
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}
