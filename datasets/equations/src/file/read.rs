//! Reading a data file: everything but the trajectories is checked when it is opened.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, File};
use ndarray::{Array2, s};
use rheome_hdf::{message, text};

use super::table::Table;
use super::{FORMAT, VERSION, place};
use crate::data::{Family, Split, Subset};
use crate::error::EquationError;
use crate::formula::Parameters;
use crate::series::Series;
use crate::system::{MAX_COMPONENTS, System};
use crate::vocabulary::Vocabulary;

/// A family of a data file.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyRecord {
    /// Its name.
    pub name: String,
    /// Its formulas.
    pub formulas: String,
    /// Names of its parameters.
    pub parameters: Vec<String>,
    /// All of it; none in the first files of this layout, which do not tell reference values and initial values.
    pub family: Option<Family>,
}

/// An equation of a data file.
#[derive(Debug, Clone, PartialEq)]
pub struct EquationRecord {
    /// Which of the families.
    pub family: usize,
    /// Which of the family's equations: with the seed, what all its random numbers follow from.
    pub number: u64,
    /// The equation.
    pub system: System,
    /// The parameters that were drawn.
    pub parameters: Parameters,
    /// Trajectories that were dropped.
    pub dropped: usize,
}

/// A data file open for reading. Equations are in memory, trajectories are read when they are asked for.
#[derive(Debug)]
pub struct DataFile {
    path: PathBuf,
    times: Vec<f64>,
    dimension: usize,
    families: Vec<FamilyRecord>,
    equations: Vec<EquationRecord>,
    equation_index: Vec<usize>,
    trajectory: Dataset,
}

impl DataFile {
    /// Opens and checks a file.
    ///
    /// # Errors
    /// Names the file and the dataset that is missing or wrong, what is there and what should be.
    pub fn open(path: &Path) -> Result<Self, EquationError> {
        let refuse = |reason: String| EquationError::File {
            path: path.to_owned(),
            reason,
        };
        let metadata = std::fs::metadata(path);
        let bytes = metadata.map_err(|error| refuse(format!("cannot read: {error}")))?;
        let file = rheome_hdf::open(path).map_err(|error| refuse(message(&error)))?;
        check_format(&file).map_err(refuse)?;
        let root = Table {
            path,
            group: &file,
            bytes: bytes.len(),
        };
        let times = read_times(&root)?;
        let families = read_families(&root)?;
        let trajectory = root.dataset(place::TRAJECTORY, &[None, Some(times.len()), None])?;
        root.numeric::<f32>(&trajectory, place::TRAJECTORY)?;
        let (samples, dimension) = (trajectory.shape()[0], trajectory.shape()[2]);
        if !(1..=MAX_COMPONENTS).contains(&dimension) {
            let expected = format!("1 to {MAX_COMPONENTS}");
            return Err(root.wrong(
                place::TRAJECTORY,
                &format!("{dimension} components"),
                &expected,
            ));
        }
        let equations = read_equations(&root, &families, dimension)?;
        let equation_index = read_index(&root, samples, equations.len())?;
        Ok(Self {
            path: path.to_owned(),
            times,
            dimension,
            families,
            equations,
            equation_index,
            trajectory,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of trajectories.
    pub fn samples(&self) -> usize {
        self.equation_index.len()
    }

    /// Times of all trajectories.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Largest number of components.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The families.
    pub fn families(&self) -> &[FamilyRecord] {
        &self.families
    }

    /// The equations.
    pub fn equations(&self) -> &[EquationRecord] {
        &self.equations
    }

    /// The equation of a sample.
    ///
    /// # Panics
    /// Where there is no such sample.
    pub fn equation(&self, sample: usize) -> &EquationRecord {
        &self.equations[self.equation_index[sample]]
    }

    /// The samples of a subset, by equation.
    pub fn subset(&self, split: &Split, subset: Subset) -> Vec<usize> {
        let mut counts = vec![0_u64; self.families.len()];
        for equation in &self.equations {
            let count = &mut counts[equation.family];
            *count = (*count).max(equation.number.saturating_add(1));
        }
        let belongs = |sample: &usize| {
            let equation = self.equation(*sample);
            split.subset(equation.number, counts[equation.family]) == subset
        };
        (0..self.samples()).filter(belongs).collect()
    }

    /// The trajectory of a sample, `[time, dimension]`; components that its equation does not have are 0.
    ///
    /// # Errors
    /// Where there is no such sample, or its values cannot be read or are not finite.
    pub fn trajectory(&self, sample: usize) -> Result<Array2<f32>, EquationError> {
        let wrong = |found: String, expected: &str| EquationError::Data {
            path: self.path.clone(),
            place: format!("{}, sample {sample}", self.trajectory.name()),
            found,
            expected: expected.to_owned(),
        };
        if sample >= self.samples() {
            let expected = format!("one of {} samples", self.samples());
            return Err(wrong("no such sample".to_owned(), &expected));
        }
        let values: Array2<f32> = self
            .trajectory
            .read_slice(s![sample, .., ..])
            .map_err(|error| wrong(message(&error), "readable numbers"))?;
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(wrong(value.to_string(), "finite numbers")),
            None => Ok(values),
        }
    }

    /// The trajectory of a sample as a series of the components that its equation has.
    ///
    /// # Errors
    /// As [`Self::trajectory`].
    pub fn series(&self, sample: usize) -> Result<Series, EquationError> {
        let trajectory = self.trajectory(sample)?;
        let components = self.equation(sample).system.dimension();
        let states = trajectory.slice(s![.., ..components]).mapv(f64::from);
        Series::new(self.times.clone(), states)
    }
}

/// Whether a file says that it is a data file, as [`DataFile::open`] reads it.
pub fn is_data_file(path: &Path) -> bool {
    let format = rheome_hdf::open(path).map(|file| text::attribute(&file, "format"));
    format.is_ok_and(|format| format.as_deref() == Some(FORMAT))
}

/// Whether the file says that it is of this layout; otherwise what it says.
fn check_format(file: &File) -> Result<(), String> {
    let format = text::attribute(file, "format");
    if format.as_deref() != Some(FORMAT) {
        let found = format.map_or("no format".to_owned(), |format| {
            format!("format {format:?}")
        });
        return Err(format!(
            "found {found}, expected {FORMAT:?}: a file of prose generate"
        ));
    }
    let version = file
        .attr("format_version")
        .and_then(|v| v.read_scalar::<u32>());
    if version.as_ref().ok() != Some(&VERSION) {
        let found = version.map_or("none".to_owned(), |version| version.to_string());
        return Err(format!("format_version: found {found}, expected {VERSION}"));
    }
    Ok(())
}

fn read_times(root: &Table) -> Result<Vec<f64>, EquationError> {
    let times: Vec<f64> = root.numbers(place::TIME, &[None])?;
    let increasing = times.windows(2).all(|pair| pair[0] < pair[1]);
    if times.len() < 2 || !increasing || !times.iter().all(|time| time.is_finite()) {
        let found = format!("{} times, or times in disorder", times.len());
        return Err(root.wrong(place::TIME, &found, "at least two finite times, increasing"));
    }
    Ok(times)
}

fn group<'a>(root: &Table<'a>, name: &str) -> Result<hdf5::Group, EquationError> {
    let group = root.group.group(name);
    group.map_err(|_| root.wrong(name, "no group", "a group"))
}

fn read_families(root: &Table) -> Result<Vec<FamilyRecord>, EquationError> {
    let group = group(root, place::FAMILIES)?;
    let table = Table {
        group: &group,
        ..*root
    };
    let names = table.texts(place::NAME, None)?;
    let rows = Some(names.len());
    let formulas = table.texts(place::FORMULAS, rows)?;
    let parameters = table.texts(place::PARAMETER_NAMES, rows)?;
    let records = names.into_iter().zip(formulas).zip(parameters);
    let record = |((name, formulas), parameters): ((String, String), String)| {
        let parameters = parameters.split(',').filter(|name| !name.is_empty());
        FamilyRecord {
            name,
            formulas,
            parameters: parameters.map(str::to_owned).collect(),
            family: None,
        }
    };
    let mut records: Vec<FamilyRecord> = records.map(record).collect();
    if group.link_exists(place::PARAMETER_VALUES) {
        complete(&mut records, &table)?;
    }
    Ok(records)
}

/// Reads what makes families of their records.
fn complete(records: &mut [FamilyRecord], table: &Table) -> Result<(), EquationError> {
    let rows = Some(records.len());
    let values: Vec<f64> = table.numbers(place::PARAMETER_VALUES, &[rows, None])?;
    let initial: Vec<f64> = table.numbers(place::INITIAL, &[rows, Some(2)])?;
    let sources = table.texts(place::SOURCE, rows)?;
    let width = values.len() / records.len().max(1);
    for (row, (record, source)) in records.iter_mut().zip(sources).enumerate() {
        let names = record.parameters.iter().cloned();
        let own = values[row * width..][..width].iter().copied();
        let range = [initial[2 * row], initial[2 * row + 1]];
        let (name, formulas) = (&record.name, &record.formulas);
        let family = Family::described(name, formulas, names.zip(own).collect(), range, &source);
        let place = format!("{}, row {row}", place::FORMULAS);
        let family = family.map_err(|e| table.wrong(&place, &e.to_string(), "a family"))?;
        record.family = Some(family);
    }
    Ok(())
}

fn read_equations(
    root: &Table,
    families: &[FamilyRecord],
    dimension: usize,
) -> Result<Vec<EquationRecord>, EquationError> {
    let group = group(root, place::EQUATIONS)?;
    let table = Table {
        group: &group,
        ..*root
    };
    let columns = Columns::read(table, Vocabulary::new(dimension)?)?;
    (0..columns.words.len())
        .map(|row| columns.record(row, families))
        .collect()
}

/// The columns of the table of equations.
struct Columns<'a> {
    table: Table<'a>,
    vocabulary: Vocabulary,
    words: Vec<String>,
    family: Vec<u32>,
    number: Vec<u64>,
    dimension: Vec<u32>,
    dropped: Vec<u32>,
    ids: Vec<u32>,
    parameters: Vec<f64>,
}

impl<'a> Columns<'a> {
    fn read(table: Table<'a>, vocabulary: Vocabulary) -> Result<Self, EquationError> {
        let words = table.texts(place::WORDS, None)?;
        let rows = Some(words.len());
        Ok(Self {
            family: table.numbers(place::FAMILY, &[rows])?,
            number: table.numbers(place::NUMBER, &[rows])?,
            dimension: table.numbers(place::DIMENSION, &[rows])?,
            dropped: table.numbers(place::DROPPED, &[rows])?,
            ids: table.numbers(place::IDS, &[rows, None])?,
            parameters: table.numbers(place::PARAMETERS, &[rows, None])?,
            table,
            vocabulary,
            words,
        })
    }

    fn record(
        &self,
        row: usize,
        families: &[FamilyRecord],
    ) -> Result<EquationRecord, EquationError> {
        let index = self.family[row] as usize;
        let family = families.get(index).ok_or_else(|| {
            let expected = format!("less than {}", families.len());
            self.wrong(place::FAMILY, row, &index.to_string(), &expected)
        })?;
        let values = self.of_row(&self.parameters, row);
        if family.parameters.len() > values.len() {
            let expected = format!("{}, one for each parameter", family.parameters.len());
            let found = format!("{} values", values.len());
            return Err(self.wrong(place::PARAMETERS, row, &found, &expected));
        }
        let names = family.parameters.iter().cloned();
        Ok(EquationRecord {
            family: index,
            number: self.number[row],
            system: self.system(row)?,
            parameters: names.zip(values.iter().copied()).collect(),
            dropped: self.dropped[row] as usize,
        })
    }

    /// The equation of a row, whose words, ids and number of components must agree.
    fn system(&self, row: usize) -> Result<System, EquationError> {
        let wrong = |found: &str, expected: &str| self.wrong(place::WORDS, row, found, expected);
        let words: Vec<&str> = self.words[row].split_whitespace().collect();
        let system = System::from_words(&words)
            .map_err(|error| wrong(&error.to_string(), "the words of a system"))?;
        if system.dimension() != self.dimension[row] as usize {
            let found = format!("{} components", system.dimension());
            return Err(wrong(&found, &self.dimension[row].to_string()));
        }
        let closed = system.check_closed();
        closed.map_err(|error| wrong(&error.to_string(), "a system of its own"))?;
        let ids = self.vocabulary.encode(&system);
        let ids = ids.map_err(|error| wrong(&error.to_string(), "words of the vocabulary"))?;
        let at_most = self.vocabulary.dimension();
        if system.dimension() > at_most {
            let found = format!("{} components", system.dimension());
            return Err(wrong(&found, &format!("at most {at_most}")));
        }
        if !self.of_row(&self.ids, row).starts_with(&ids) {
            return Err(self.wrong(place::IDS, row, "other ids", "the ids of the words"));
        }
        Ok(system)
    }

    fn of_row<'v, T>(&self, values: &'v [T], row: usize) -> &'v [T] {
        let width = values.len() / self.words.len();
        &values[row * width..][..width]
    }

    fn wrong(&self, name: &str, row: usize, found: &str, expected: &str) -> EquationError {
        let place = format!("{name}, row {row}");
        self.table.wrong(&place, found, expected)
    }
}

fn read_index(root: &Table, samples: usize, equations: usize) -> Result<Vec<usize>, EquationError> {
    let index: Vec<u32> = root.numbers(place::EQUATION_INDEX, &[Some(samples)])?;
    let index: Vec<usize> = index.into_iter().map(|index| index as usize).collect();
    match index.iter().position(|index| *index >= equations) {
        Some(row) => Err(root.wrong(
            &format!("{}, row {row}", place::EQUATION_INDEX),
            &index[row].to_string(),
            &format!("less than {equations}"),
        )),
        None => Ok(index),
    }
}
