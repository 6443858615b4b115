//! Writing a data file, block by block, in bounded memory.

use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{File, Group, H5Type, Location};
use ndarray::{Array2, Array3, ArrayView2, s};
use rheome_hdf::{Partial, message, text};

use super::{FORMAT, VERSION, place};
use crate::data::{DataConfig, EquationData, Family};
use crate::error::EquationError;
use crate::system::System;
use crate::vocabulary::{PADDING, Vocabulary};

/// Equations gathered before they are written.
const BLOCK: usize = 64;
/// Samples of a chunk: those of few equations, read in one go.
const CHUNK_SAMPLES: usize = 16;
/// Rows of a chunk of the other datasets.
const CHUNK_ROWS: usize = 1024;

/// A data file being written. It gets its name when it is finished: until then there is the old file, or none.
#[derive(Debug)]
pub struct DataWriter {
    file: File,
    vocabulary: Vocabulary,
    families: Vec<Vec<String>>,
    names: Vec<String>,
    points: usize,
    longest: usize,
    pending: Vec<EquationData>,
    written: Written,
    /// Last, so that the file is closed before it is removed.
    partial: Partial,
}

/// What a finished file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Equations.
    pub equations: usize,
    /// Trajectories.
    pub samples: usize,
    /// Trajectories that left the bound, or could not be integrated, and are not in the file.
    pub dropped: usize,
}

impl DataWriter {
    /// Begins a file that will be called `path`, for equations of `families` generated with `config`. `origin` are further
    /// text attributes: name and text.
    ///
    /// # Errors
    /// Where the file cannot be created, or a family has a word that is not in the vocabulary.
    pub fn create(
        path: &Path,
        families: &[Family],
        config: &DataConfig,
        origin: &[(&str, String)],
    ) -> Result<Self, EquationError> {
        let dimension = families.iter().map(Family::dimension).max().unwrap_or(0);
        let vocabulary = Vocabulary::new(dimension)?;
        let longest = longest(families, &vocabulary)?;
        let partial = Partial::new(path);
        let parameter_names = |family: &Family| family.parameters().keys().cloned().collect();
        let file = partial.create().map_err(|error| failed(path, &error))?;
        let writer = Self {
            file,
            vocabulary,
            families: families.iter().map(parameter_names).collect(),
            names: families.iter().map(|f| f.name().to_owned()).collect(),
            points: config.points,
            longest,
            pending: Vec::with_capacity(BLOCK),
            written: Written::default(),
            partial,
        };
        let laid_out = writer
            .attributes(config, origin)
            .and_then(|()| writer.write_families(families))
            .and_then(|()| writer.lay_out(&config.times()));
        laid_out.map_err(|error| failed(path, &error))?;
        Ok(writer)
    }

    /// Takes the next equation with its trajectories.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn append(&mut self, data: EquationData) -> Result<(), EquationError> {
        self.pending.push(data);
        if self.pending.len() < BLOCK {
            return Ok(());
        }
        self.flush()
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// Where the disk refuses; then the old file is untouched.
    pub fn finish(self) -> Result<Written, EquationError> {
        self.finish_with(|_| Ok(()))
    }

    /// As [`Self::finish`], when `last` has done to the complete file what is still to be done.
    ///
    /// # Errors
    /// As [`Self::finish`], or those of `last`.
    pub fn finish_with(
        mut self,
        last: impl FnOnce(&File) -> hdf5::Result<()>,
    ) -> Result<Written, EquationError> {
        self.flush()?;
        let path = self.partial.path().to_owned();
        last(&self.file).map_err(|error| failed(&path, &error))?;
        self.file.close().map_err(|error| failed(&path, &error))?;
        let published = self.partial.publish();
        published.map_err(|error| EquationError::File {
            path,
            reason: format!("cannot publish: {error}"),
        })?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), EquationError> {
        let block = std::mem::take(&mut self.pending);
        if block.is_empty() {
            return Ok(());
        }
        let mut ids = Vec::with_capacity(block.len() * self.longest);
        for data in &block {
            let mut words = self.vocabulary.encode(&data.system)?;
            words.resize(self.longest, self.vocabulary.id(PADDING)?);
            ids.extend(words);
        }
        let path = self.partial.path().to_owned();
        self.write_equations(&block, &ids)
            .and_then(|()| self.write_samples(&block))
            .map_err(|error| failed(&path, &error))?;
        self.written.equations += block.len();
        self.written.samples += block.iter().map(|d| d.trajectories.len()).sum::<usize>();
        self.written.dropped += block.iter().map(|data| data.dropped).sum::<usize>();
        Ok(())
    }

    fn attributes(&self, config: &DataConfig, origin: &[(&str, String)]) -> hdf5::Result<()> {
        text::write_attribute(&self.file, "format", FORMAT)?;
        scalar(&self.file, "format_version", VERSION)?;
        scalar(&self.file, "seed", config.seed)?;
        scalar(&self.file, "equations_of_each_family", config.equations)?;
        let drawn = config.trajectories as u64;
        scalar(&self.file, "trajectories_of_each_equation", drawn)?;
        scalar(&self.file, "parameter_spread", config.spread)?;
        scalar(&self.file, "relative_tolerance", config.tolerances.relative)?;
        scalar(&self.file, "absolute_tolerance", config.tolerances.absolute)?;
        scalar(&self.file, "bound", config.tolerances.bound)?;
        for (name, value) in origin {
            text::write_attribute(&self.file, name, value)?;
        }
        Ok(())
    }

    fn write_families(&self, families: &[Family]) -> hdf5::Result<()> {
        let group = self.file.create_group(place::FAMILIES)?;
        text::write_dataset(&group, place::NAME, &self.names)?;
        let formulas: Vec<&str> = families.iter().map(|family| family.equations()).collect();
        text::write_dataset(&group, place::FORMULAS, &formulas)?;
        let parameters: Vec<String> = self.families.iter().map(|names| names.join(",")).collect();
        text::write_dataset(&group, place::PARAMETER_NAMES, &parameters)?;
        let mut values = Array2::from_elem((families.len(), self.most_parameters()), f64::NAN);
        for (mut row, family) in values.rows_mut().into_iter().zip(families) {
            for (place, value) in row.iter_mut().zip(family.parameters().values()) {
                *place = *value;
            }
        }
        let initial = families.iter().flat_map(Family::initial).collect();
        let initial = Array2::from_shape_vec((families.len(), 2), initial);
        let initial = initial.map_err(|error| error.to_string())?;
        for (name, numbers) in [(place::PARAMETER_VALUES, values), (place::INITIAL, initial)] {
            let numbers = group.new_dataset_builder().with_data(&numbers);
            numbers.create(name)?;
        }
        let sources: Vec<&str> = families.iter().map(Family::source).collect();
        text::write_dataset(&group, place::SOURCE, &sources)?;
        Ok(())
    }

    /// Creates the datasets that grow.
    fn lay_out(&self, times: &[f64]) -> hdf5::Result<()> {
        let time = self.file.new_dataset_builder().with_data(times);
        time.create(place::TIME)?;
        let sample = [self.points, self.vocabulary.dimension()];
        let chunk = (CHUNK_SAMPLES, sample[0], sample[1]);
        self.file
            .new_dataset::<f32>()
            .chunk(chunk)
            .shape((0.., sample[0], sample[1]))
            .create(place::TRAJECTORY)?;
        column::<u32>(&self.file, place::EQUATION_INDEX)?;
        let group = self.file.create_group(place::EQUATIONS)?;
        column::<u32>(&group, place::FAMILY)?;
        column::<u64>(&group, place::NUMBER)?;
        column::<u32>(&group, place::DIMENSION)?;
        column::<u32>(&group, place::DROPPED)?;
        column::<VarLenUnicode>(&group, place::WORDS)?;
        column::<VarLenUnicode>(&group, place::SKELETON)?;
        matrix::<u32>(&group, place::IDS, self.longest)?;
        matrix::<f64>(&group, place::PARAMETERS, self.most_parameters())?;
        Ok(())
    }

    fn most_parameters(&self) -> usize {
        self.families.iter().map(Vec::len).max().unwrap_or(0).max(1)
    }

    fn write_equations(&self, block: &[EquationData], ids: &[u32]) -> hdf5::Result<()> {
        let group = self.file.group(place::EQUATIONS)?;
        let numbers = |number: fn(&EquationData) -> u32| block.iter().map(number).collect();
        extend::<u32>(&group, place::FAMILY, numbers(|data| data.family as u32))?;
        let dimensions = numbers(|data| data.system.dimension() as u32);
        extend::<u32>(&group, place::DIMENSION, dimensions)?;
        extend::<u32>(&group, place::DROPPED, numbers(|data| data.dropped as u32))?;
        let equations = block.iter().map(|data| data.equation).collect();
        extend::<u64>(&group, place::NUMBER, equations)?;
        let words = |words: fn(&System) -> Vec<String>| -> hdf5::Result<Vec<VarLenUnicode>> {
            let texts = block.iter().map(|data| words(&data.system).join(" "));
            texts.map(|text| text::stored(&text)).collect()
        };
        extend(&group, place::WORDS, words(System::words)?)?;
        extend(
            &group,
            place::SKELETON,
            words(|system| system.skeleton().words())?,
        )?;
        extend_rows(&group, place::IDS, ids, self.longest)?;
        let width = self.most_parameters();
        let mut parameters = vec![f64::NAN; block.len() * width];
        for (row, data) in parameters.chunks_exact_mut(width).zip(block) {
            for (place, value) in row.iter_mut().zip(data.parameters.values()) {
                *place = *value;
            }
        }
        extend_rows(&group, place::PARAMETERS, &parameters, width)
    }

    fn write_samples(&self, block: &[EquationData]) -> hdf5::Result<()> {
        let samples: usize = block.iter().map(|data| data.trajectories.len()).sum();
        let dimension = self.vocabulary.dimension();
        let mut values = Array3::<f32>::zeros((samples, self.points, dimension));
        let mut indices = Vec::with_capacity(samples);
        for (number, data) in block.iter().enumerate() {
            for trajectory in &data.trajectories {
                let components = trajectory.ncols();
                values
                    .slice_mut(s![indices.len(), .., ..components])
                    .assign(&trajectory.mapv(|value| value as f32));
                indices.push((self.written.equations + number) as u32);
            }
        }
        let dataset = self.file.dataset(place::TRAJECTORY)?;
        let first = dataset.shape()[0];
        dataset.resize((first + samples, self.points, dimension))?;
        dataset.write_slice(&values, (first.., .., ..))?;
        extend(&self.file, place::EQUATION_INDEX, indices)
    }
}

/// The number of words of the longest equation: as parameters vary, that of the reference values stays.
fn longest(families: &[Family], vocabulary: &Vocabulary) -> Result<usize, EquationError> {
    let mut longest = 1;
    for family in families {
        let words = vocabulary.encode(&family.system(family.parameters())?);
        let words = words.map_err(|error| EquationError::Families {
            origin: format!("family {:?}", family.name()),
            reason: error.to_string(),
        })?;
        longest = longest.max(words.len());
    }
    Ok(longest)
}

fn failed(path: &Path, error: &hdf5::Error) -> EquationError {
    EquationError::File {
        path: path.to_owned(),
        reason: format!("cannot write: {}", message(error)),
    }
}

fn scalar<T: H5Type>(object: &Location, name: &str, value: T) -> hdf5::Result<()> {
    object.new_attr::<T>().create(name)?.write_scalar(&value)
}

/// Creates a column that grows.
fn column<T: H5Type>(group: &Group, name: &str) -> hdf5::Result<()> {
    let builder = group.new_dataset::<T>().chunk(CHUNK_ROWS).shape(0..);
    builder.create(name).map(|_| ())
}

/// Creates a matrix whose rows grow in number.
fn matrix<T: H5Type>(group: &Group, name: &str, width: usize) -> hdf5::Result<()> {
    let builder = group.new_dataset::<T>().chunk((CHUNK_ROWS, width));
    builder.shape((0.., width)).create(name).map(|_| ())
}

fn extend<T: H5Type>(group: &Group, name: &str, values: Vec<T>) -> hdf5::Result<()> {
    let dataset = group.dataset(name)?;
    let first = dataset.shape()[0];
    dataset.resize(first + values.len())?;
    dataset.write_slice(&values, first..)
}

fn extend_rows<T: H5Type>(
    group: &Group,
    name: &str,
    values: &[T],
    width: usize,
) -> hdf5::Result<()> {
    let dataset = group.dataset(name)?;
    let first = dataset.shape()[0];
    let rows = values.len() / width;
    dataset.resize((first + rows, width))?;
    let rows = ArrayView2::from_shape((rows, width), values);
    let rows = rows.map_err(|error| error.to_string())?;
    dataset.write_slice(&rows, (first.., ..))
}
