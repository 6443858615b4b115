//! Groups of variables on named axes.

use hdf5::{Dataset, Group, H5Type};
use ndarray::{ArrayView, Dimension};
use rheome_fields::{Attribute, attributes, scales};
use rheome_hdf::{check_readable, number};

/// A group being written: axes first, then the variables on them.
pub(super) struct GroupWriter {
    pub group: Group,
    axes: Vec<(&'static str, Dataset)>,
    /// Axis and name of coordinates that are no axes.
    coordinates: Vec<(&'static str, &'static str)>,
}

/// What a variable is.
#[derive(Clone, Copy)]
pub(super) struct Variable<'a> {
    pub name: &'static str,
    /// Names of its axes, the slowest first.
    pub axes: &'a [&'static str],
    pub units: &'a str,
    pub meaning: &'a str,
}

impl<'a> Variable<'a> {
    pub fn new(
        name: &'static str,
        axes: &'a [&'static str],
        units: &'a str,
        meaning: &'a str,
    ) -> Self {
        Self {
            name,
            axes,
            units,
            meaning,
        }
    }
}

impl GroupWriter {
    pub fn create(parent: &Group, name: &str) -> hdf5::Result<Self> {
        Ok(Self {
            group: parent.create_group(name)?,
            axes: Vec::new(),
            coordinates: Vec::new(),
        })
    }

    /// Adds an axis with coordinates.
    pub fn axis<T: H5Type>(
        &mut self,
        name: &'static str,
        values: &[T],
        units: &str,
        meaning: &str,
    ) -> hdf5::Result<()> {
        let dataset = self
            .group
            .new_dataset_builder()
            .obj_track_times(false)
            .with_data(values)
            .create(name)?;
        describe(&dataset, units, meaning)?;
        self.make_axis(name, dataset)
    }

    /// Adds an axis of names.
    pub fn named_axis(
        &mut self,
        name: &'static str,
        values: &[&str],
        meaning: &str,
    ) -> hdf5::Result<()> {
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        let dataset = attributes::write_strings(&self.group, name, &values)?;
        attributes::write_text(&dataset, "long_name", meaning)?;
        self.make_axis(name, dataset)
    }

    fn make_axis(&mut self, name: &'static str, dataset: Dataset) -> hdf5::Result<()> {
        scales::make_scale(&dataset, name)?;
        self.axes.push((name, dataset));
        Ok(())
    }

    /// Adds what an axis is in wall units.
    pub fn coordinate(
        &mut self,
        axis: &'static str,
        name: &'static str,
        values: &[f64],
        meaning: &str,
    ) -> hdf5::Result<()> {
        let axes = [axis];
        let about = Variable::new(name, &axes, "1", meaning);
        self.variable(ArrayView::from(values), about)?;
        self.coordinates.push((axis, name));
        Ok(())
    }

    /// Adds a variable on axes that were added before.
    pub fn variable<T: H5Type, D: Dimension>(
        &self,
        data: ArrayView<'_, T, D>,
        about: Variable<'_>,
    ) -> hdf5::Result<()> {
        let dataset = self
            .group
            .new_dataset_builder()
            .obj_track_times(false)
            .with_data(data)
            .create(about.name)?;
        for (index, axis) in about.axes.iter().enumerate() {
            let (_, scale) = self
                .axes
                .iter()
                .find(|(name, _)| name == axis)
                .ok_or_else(|| error(format!("{}: no axis {axis}", about.name)))?;
            scales::attach(&dataset, index, scale, axis)?;
        }
        let own = self
            .coordinates
            .iter()
            .filter(|(axis, _)| about.axes.contains(axis));
        let own: Vec<&str> = own.map(|(_, name)| *name).collect();
        if !own.is_empty() {
            attributes::write_text(&dataset, "coordinates", &own.join(" "))?;
        }
        describe(&dataset, about.units, about.meaning)
    }
}

fn describe(dataset: &Dataset, units: &str, meaning: &str) -> hdf5::Result<()> {
    attributes::write_text(dataset, "units", units)?;
    attributes::write_text(dataset, "long_name", meaning)
}

pub(super) fn error(reason: String) -> hdf5::Error {
    hdf5::Error::from(reason.as_str())
}

/// A group being read.
pub(super) struct GroupReader {
    pub group: Group,
    /// Length of the file, in bytes.
    file_length: u64,
}

impl GroupReader {
    pub fn new(group: Group, file_length: u64) -> Self {
        Self { group, file_length }
    }

    /// A group within this one, if it is there.
    pub fn inner(&self, name: &str) -> hdf5::Result<Option<Self>> {
        if !self.group.link_exists(name) {
            return Ok(None);
        }
        Ok(Some(Self::new(self.group.group(name)?, self.file_length)))
    }

    pub fn has(&self, name: &str) -> bool {
        self.group.link_exists(name)
    }

    /// All numbers of a dataset; their number is only believed if the file can hold them.
    pub fn numbers<T: H5Type>(&self, name: &str) -> hdf5::Result<Vec<T>> {
        let place = || format!("{}/{name}", self.group.name());
        let dataset = self
            .group
            .dataset(name)
            .map_err(|_| error(format!("{}: is missing", place())))?;
        check_readable(&dataset, self.file_length).map_err(|reason| {
            error(format!(
                "{}: found {reason}, expected {}",
                place(),
                reason.expected()
            ))
        })?;
        if !number::is_number(&dataset.dtype()?.to_descriptor()?) {
            return Err(error(format!("{}: expected numbers", place())));
        }
        dataset.read_raw()
    }

    /// The numbers of a dataset that must have `shape`.
    pub fn shaped<T: H5Type>(&self, name: &str, shape: &[usize]) -> hdf5::Result<Vec<T>> {
        // A dataset that is missing is told of below.
        let found = self.group.dataset(name).map(|dataset| dataset.shape());
        let found = found.unwrap_or_else(|_| shape.to_vec());
        if found == shape {
            return self.numbers(name);
        }
        Err(error(format!(
            "{}/{name}: found the shape {found:?}, expected {shape:?}",
            self.group.name()
        )))
    }

    /// Text of an attribute.
    pub fn text(&self, name: &str) -> hdf5::Result<String> {
        match attributes::read(&self.group, name) {
            Some(Attribute::Text(text)) => Ok(text),
            found => Err(error(format!(
                "{}: attribute {name}: found {found:?}, expected text",
                self.group.name()
            ))),
        }
    }

    /// Number of an attribute, if it is there.
    pub fn number(&self, name: &str) -> Option<f64> {
        match attributes::read(&self.group, name) {
            Some(Attribute::Number(number)) => Some(number),
            _ => None,
        }
    }
}
