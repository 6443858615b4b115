//! What a field file holds, whatever its format.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::FieldError;

/// Size of a set of snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldShape {
    /// Whether the file has an axis of trajectories.
    pub has_trajectories: bool,
    /// Trajectories; 1 without that axis.
    pub trajectories: usize,
    /// Snapshots a trajectory.
    pub snapshots: usize,
    /// Points along x, y, z.
    pub grid: [usize; 3],
    /// Components (u, v, w, ...).
    pub components: usize,
}

impl FieldShape {
    /// Numbers in one snapshot.
    pub fn snapshot_len(&self) -> usize {
        self.grid.iter().product::<usize>() * self.components
    }

    /// The extents as stored: time, x, y, z, component, with the trajectory before them if there is that axis.
    pub fn extents(&self) -> Vec<usize> {
        let [nx, ny, nz] = self.grid;
        let mut extents = vec![self.snapshots, nx, ny, nz, self.components];
        if self.has_trajectories {
            extents.insert(0, self.trajectories);
        }
        extents
    }

    /// The shape of an array of rank 4 (one snapshot), 5 (snapshots) or 6 (trajectories of snapshots).
    pub(crate) fn of_extents(extents: &[usize], label: &str) -> Result<Self, FieldError> {
        let (has_trajectories, trajectories, snapshots, rest) = match extents {
            rest if rest.len() == 4 => (false, 1, 1, rest),
            [t, rest @ ..] if rest.len() == 4 => (false, 1, *t, rest),
            [n, t, rest @ ..] if rest.len() == 4 => (true, *n, *t, rest),
            _ => {
                return Err(FieldError::Shape {
                    label: label.into(),
                    found: format!("shape {extents:?}"),
                    expected: "[x, y, z, component], [time, x, y, z, component] or [trajectory, time, x, y, z, component]".into(),
                });
            }
        };
        let total = extents
            .iter()
            .try_fold(1usize, |product, n| product.checked_mul(*n));
        if total.is_none_or(|n| n == 0 || n > isize::MAX as usize / 8) {
            return Err(FieldError::Shape {
                label: label.into(),
                found: format!("shape {extents:?}"),
                expected: "every extent at least 1 and a total that memory can address".into(),
            });
        }
        Ok(Self {
            has_trajectories,
            trajectories,
            snapshots,
            grid: [rest[0], rest[1], rest[2]],
            components: rest[3],
        })
    }
}

/// Length of a file, in bytes.
pub(crate) fn file_length(path: &Path) -> Result<u64, FieldError> {
    let metadata = std::fs::metadata(path).map_err(|e| FieldError::file(path, "read", e))?;
    Ok(metadata.len())
}

/// Whether a file of `length` bytes may hold what its header claims: memory for a snapshot is only spent if it does.
///
/// Compressed data unfold at most about a thousandfold.
pub(crate) fn check_plausible(
    length: u64,
    label: &str,
    shape: &FieldShape,
) -> Result<(), FieldError> {
    const LARGEST_RATIO: u64 = 1100;
    let needed = shape
        .snapshot_len()
        .max(shape.snapshots.saturating_mul(shape.trajectories)) as u64;
    if needed.saturating_mul(4) <= length.saturating_mul(LARGEST_RATIO) {
        return Ok(());
    }
    Err(FieldError::Shape {
        label: label.into(),
        found: format!("shape {:?} in a file of {length} bytes", shape.extents()),
        expected: "a file that can hold it".into(),
    })
}

/// The error that lists the datasets there are, with their shapes.
pub(crate) fn missing_dataset(
    path: &Path,
    name: &str,
    found: &[(String, Vec<usize>)],
) -> FieldError {
    // Axes and notes beside a field have fewer axes than one component of a snapshot.
    const FEWEST_AXES: usize = 3;
    let fields = found.iter().filter(|(_, shape)| shape.len() >= FEWEST_AXES);
    let list: Vec<String> = fields
        .map(|(name, shape)| format!("{name} {shape:?}"))
        .collect();
    let file = path.display();
    let component = |name: &str| {
        let is_it = |(found, shape): &&(String, Vec<usize>)| {
            found.rsplit('/').next() == Some(name) && shape.len() >= FEWEST_AXES
        };
        found.iter().find(is_it).map(|(found, _)| found.as_str())
    };
    let instead = match (
        list.as_slice(),
        component("u").zip(component("v")).zip(component("w")),
    ) {
        ([], _) if found.is_empty() => "the file holds none".into(),
        ([], _) => format!("the file holds none of {FEWEST_AXES} axes or more"),
        (list, Some(((u, v), w))) => format!(
            "there are {}; read the components together as {file}:{u},{v},{w}",
            list.join(", ")
        ),
        (list, None) => format!(
            "there are {}; name one as {file}:NAME, or several of one component each as {file}:NAME,NAME,NAME",
            list.join(", ")
        ),
    };
    FieldError::MissingDataset {
        path: path.to_owned(),
        name: name.into(),
        instead,
    }
}

/// What is told about a field beside its values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldHeader {
    /// Coordinates along x, y, z in half-heights.
    pub coordinates: Option<[Vec<f64>; 3]>,
    /// Names of the components.
    pub components: Option<Vec<String>>,
    /// Attributes: text and numbers, such as `Re_tau`, `viscosity`, `half_height`, `u_tau`, `model`, `seed`.
    pub attributes: BTreeMap<String, Attribute>,
    /// Numbers that each trajectory has its own of, such as `viscosity`: one a trajectory. Only `.h5` and `.nc` keep them, and only
    /// with an axis of trajectories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_trajectory: BTreeMap<String, Vec<f64>>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<String> for Attribute {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Attribute {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A field file open for reading, snapshot by snapshot: memory does not grow with the file.
pub trait FieldReader: Send + Sync {
    /// Size of the field; `snapshots` counts those that are planned.
    fn shape(&self) -> FieldShape;

    /// Number of snapshots of a trajectory that are complete: all, but for a file whose writer was stopped.
    fn completed(&self, _trajectory: usize) -> usize {
        self.shape().snapshots
    }

    /// Number of complete snapshots of each trajectory.
    fn completed_of_each(&self) -> Vec<usize> {
        let trajectories = 0..self.shape().trajectories;
        trajectories.map(|t| self.completed(t)).collect()
    }

    /// Number of complete snapshots that every trajectory has.
    fn completed_by_all(&self) -> usize {
        self.completed_of_each().into_iter().min().unwrap_or(0)
    }

    /// Coordinates, component names and attributes.
    fn header(&self) -> &FieldHeader;

    /// Time of each snapshot, if the file tells.
    fn times(&self) -> Option<&[f64]>;

    /// File and dataset, for messages.
    fn label(&self) -> &str;

    /// Reads one snapshot `[x, y, z, component]` as it is, NaN and all; indices and length are already checked.
    ///
    /// # Errors
    /// [`FieldError`] if the file cannot be read.
    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError>;

    /// Reads one snapshot `[x, y, z, component]` into `out`.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`], [`FieldError::NonFinite`], or whatever keeps the file from being read.
    ///
    /// # Panics
    /// If `out` is not as long as a snapshot.
    fn read(&self, trajectory: usize, snapshot: usize, out: &mut [f32]) -> Result<(), FieldError> {
        let shape = self.shape();
        assert_eq!(out.len(), shape.snapshot_len(), "length of the buffer");
        let outside = |what, found, available| {
            Err(FieldError::OutOfRange {
                label: self.label().into(),
                what,
                found,
                available,
            })
        };
        if trajectory >= shape.trajectories {
            return outside("trajectory", trajectory, shape.trajectories);
        }
        if snapshot >= self.completed(trajectory) {
            return outside("snapshot", snapshot, self.completed(trajectory));
        }
        self.read_unchecked(trajectory, snapshot, out)?;
        let Some(index) = out.iter().position(|v| !v.is_finite()) else {
            return Ok(());
        };
        let [_, ny, nz] = shape.grid;
        let point = index / shape.components;
        Err(FieldError::NonFinite {
            label: self.label().into(),
            value: out[index],
            trajectory,
            snapshot,
            point: [point / (ny * nz), point / nz % ny, point % nz],
            component: index % shape.components,
        })
    }
}

/// Mean time between snapshots, which rounding disturbs least; none of fewer than two, or where the first or the last has no time.
pub fn mean_spacing(times: &[f64]) -> Option<f64> {
    let (first, rest) = times.split_first()?;
    let spacing = (rest.last()? - first) / rest.len() as f64;
    spacing.is_finite().then_some(spacing)
}

/// Whether a field has the grid and at least the components that a model needs.
///
/// # Errors
/// [`FieldError::Shape`] that names both.
pub fn expect_grid(
    reader: &dyn FieldReader,
    grid: [usize; 3],
    components: usize,
) -> Result<(), FieldError> {
    let shape = reader.shape();
    if shape.grid == grid && shape.components == components {
        return Ok(());
    }
    let words =
        |[x, y, z]: [usize; 3], c: usize| format!("{x} x {y} x {z} points with {c} component(s)");
    Err(FieldError::Shape {
        label: reader.label().into(),
        found: words(shape.grid, shape.components),
        expected: format!("{} (the model's)", words(grid, components)),
    })
}

/// The first components of another reader: the published arrays hold u, v, w and the pressure.
pub struct FirstComponents {
    inner: Box<dyn FieldReader>,
    header: FieldHeader,
    components: usize,
}

impl FirstComponents {
    /// The first `components` of `inner`.
    ///
    /// # Errors
    /// [`FieldError::Shape`] if there are fewer, or if the file names u, v, w in another order.
    #[allow(
        clippy::new_ret_no_self,
        reason = "a reader that already fits is given back as it is"
    )]
    pub fn new(
        inner: Box<dyn FieldReader>,
        components: usize,
    ) -> Result<Box<dyn FieldReader>, FieldError> {
        check_order(inner.as_ref(), components)?;
        let found = inner.shape().components;
        if found == components {
            return Ok(inner);
        }
        if found < components || components == 0 {
            return Err(FieldError::Shape {
                label: inner.label().into(),
                found: format!("{found} component(s)"),
                expected: format!("at least {}", components.max(1)),
            });
        }
        let mut header = inner.header().clone();
        if let Some(names) = &mut header.components {
            names.truncate(components);
        }
        Ok(Box::new(Self {
            inner,
            header,
            components,
        }))
    }
}

/// Whether the first `count` components are u, v, w, p in this order, where the file names them so.
fn check_order(reader: &dyn FieldReader, count: usize) -> Result<(), FieldError> {
    const ORDER: [&str; 4] = ["u", "v", "w", "p"];
    let Some(names) = &reader.header().components else {
        return Ok(());
    };
    let expected = &ORDER[..count.min(ORDER.len())];
    let known = expected.iter().all(|name| names.iter().any(|n| n == name));
    let ordered = expected.iter().zip(names).all(|(name, n)| name == n);
    if !known || ordered {
        return Ok(());
    }
    Err(FieldError::Shape {
        label: reader.label().into(),
        found: format!("the components in the order {}", names.join(", ")),
        expected: format!("{} first", expected.join(", ")),
    })
}

impl FieldReader for FirstComponents {
    fn shape(&self) -> FieldShape {
        FieldShape {
            components: self.components,
            ..self.inner.shape()
        }
    }

    fn completed(&self, trajectory: usize) -> usize {
        self.inner.completed(trajectory)
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        self.inner.times()
    }

    fn label(&self) -> &str {
        self.inner.label()
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        let all = self.inner.shape();
        let mut whole = vec![0.0; all.snapshot_len()];
        self.inner
            .read_unchecked(trajectory, snapshot, &mut whole)?;
        for (point, values) in out
            .chunks_mut(self.components)
            .zip(whole.chunks(all.components))
        {
            point.copy_from_slice(&values[..self.components]);
        }
        Ok(())
    }
}
