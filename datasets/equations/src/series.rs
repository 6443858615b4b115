//! Series: states measured at known times.

mod csv;
mod hdf;
mod npy;

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayView1, Axis, s};
use rheome_hdf::split_place;

use crate::error::EquationError;
use crate::expression::limit;
use crate::formula::place_of;
use crate::system::MAX_COMPONENTS;

pub use hdf::write_points;

/// States at increasing times, measured or computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    times: Vec<f64>,
    states: Array2<f64>,
    names: Vec<String>,
    origin: Origin,
}

/// What a reader knows of a series' file beside the numbers.
#[derive(Debug, Clone, Default, PartialEq)]
struct Origin {
    /// What was left out, or taken for what nobody called so.
    note: Option<String>,
    /// The column of the times.
    time_name: Option<String>,
}

impl Series {
    /// The series of `states` `[points, components]` at `times` `[points]`; components are called `u_0`, `u_1`, ….
    ///
    /// # Errors
    /// Where there are fewer than two points, times do not increase, a number is not finite, or the shapes do not fit.
    pub fn new(times: Vec<f64>, states: Array2<f64>) -> Result<Self, EquationError> {
        let names = component_names(states.ncols());
        Self::named(times, states, names)
    }

    /// The series of `states` `[points, components]` at `times` `[points]`, with names of the components.
    ///
    /// # Errors
    /// As [`Self::new`], and where there are more names than components, or fewer, or two that are the same.
    pub fn named(
        times: Vec<f64>,
        states: Array2<f64>,
        names: Vec<String>,
    ) -> Result<Self, EquationError> {
        let unsuitable = |found: String, expected: &str| {
            Err(EquationError::Unsuitable {
                context: "series".to_owned(),
                found,
                expected: expected.to_owned(),
            })
        };
        limit("components", states.ncols(), MAX_COMPONENTS)?;
        if names.len() != states.ncols() {
            return unsuitable(
                format!("{} names", names.len()),
                "a name for each component",
            );
        }
        let again = |(place, name): &(usize, &String)| names[..*place].contains(name);
        if let Some((_, name)) = names.iter().enumerate().find(again) {
            return unsuitable(
                format!("two components called {name:?}"),
                "a name of its own for each component",
            );
        }
        if times.len() < 2 || states.ncols() == 0 || states.nrows() != times.len() {
            return unsuitable(
                format!("{} times and states {:?}", times.len(), states.dim()),
                "a row of states for each of at least two times",
            );
        }
        if !times.iter().chain(&states).all(|value| value.is_finite()) {
            return unsuitable("a number that is not finite".to_owned(), "finite numbers");
        }
        if let Some(pair) = times.windows(2).find(|pair| pair[0] >= pair[1]) {
            return unsuitable(
                format!("time {} after {}", pair[1], pair[0]),
                "increasing times",
            );
        }
        Ok(Self {
            times,
            states,
            names,
            origin: Origin::default(),
        })
    }

    /// Reads a file by the ending of its name: `.csv`, `.npy`, or `.h5`, `.hdf5` and `.nc`, where the name of a group or a dataset may
    /// follow a colon.
    ///
    /// # Errors
    /// Those of [`Self::from_csv`], [`Self::from_npy`] and [`Self::from_hdf`], and for other endings.
    pub fn read(place: &str) -> Result<Self, EquationError> {
        Self::read_timed(place, None)
    }

    /// As [`Self::read`]; `time_column` names the column of a CSV file that has the times, or is its number, counted from 0.
    ///
    /// # Errors
    /// As [`Self::read`], where there is no such column, and for other kinds of files, whose times have their place.
    pub fn read_timed(place: &str, time_column: Option<&str>) -> Result<Self, EquationError> {
        let (path, name) = split_place(place, |path| Ending::of(path).is_some());
        let reason = match (Ending::of(&path), name, time_column) {
            (Some(Ending::Csv), None, time_column) => return csv::read(&path, time_column),
            (Some(Ending::Npy), None, None) => return Self::from_npy(&path),
            (Some(Ending::Hdf), name, None) => return Self::from_hdf(&path, name.as_deref()),
            (None, _, _) => {
                "unknown kind of file, expected a name that ends in .csv, .npy, .h5, .hdf5 or .nc"
            }
            (Some(Ending::Csv | Ending::Npy), Some(_), _) => {
                "holds one series: leave out the name behind the colon"
            }
            (Some(Ending::Npy | Ending::Hdf), _, Some(_)) => {
                "its times are the first column, or the dataset time: leave out --time-column, which is for .csv"
            }
        };
        Err(EquationError::File {
            path,
            reason: reason.to_owned(),
        })
    }

    /// Reads a NumPy array `[points, 1 + components]` of float32, float64 or integers whose first column has the times.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn from_npy(path: &Path) -> Result<Self, EquationError> {
        npy::read(path)
    }

    /// Reads an HDF5 file, which NetCDF-4 is too: `time` and `values` (and `component`) of the group that is named, or of the root; or the dataset that
    /// is named, `[points, 1 + components]` with the times in the first column. `datasets/equations/FORMAT.md` has the layout.
    ///
    /// # Errors
    /// Names the file and the dataset, what is there and what should be.
    pub fn from_hdf(path: &Path, name: Option<&str>) -> Result<Self, EquationError> {
        hdf::read(path, name)
    }

    /// Reads a CSV file: a line of names, then a line a point. The column called `t` or `time` has the times, or else the only one with
    /// another name of times, or else the first one. Every other column is a component, in order. Lines that begin with `#` are skipped, and first columns without a name (or called `Unnamed: 0`) of increasing whole
    /// numbers, the index that pandas writes, where another column has the times. `datasets/equations/FORMAT.md` has the rules.
    ///
    /// # Errors
    /// Names the line and the column, what is there and what should be.
    pub fn from_csv(path: &Path) -> Result<Self, EquationError> {
        csv::read(path, None)
    }

    /// The times, `[points]`.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The states, `[points, components]`.
    pub fn states(&self) -> &Array2<f64> {
        &self.states
    }

    /// Names of the components.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What of the file is not in the series, in words for its owner, if there is such a thing.
    pub fn note(&self) -> Option<&str> {
        self.origin.note.as_deref()
    }

    /// What the column of the times is called, where the file has columns with names.
    pub fn time_name(&self) -> Option<&str> {
        self.origin.time_name.as_deref()
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.times.len()
    }

    /// Number of components.
    pub fn dimension(&self) -> usize {
        self.states.ncols()
    }

    /// The components of these names (or numbers, counted from 0), in this order. A name is found as formulas find it: without regard to
    /// the case where no other is meant, and `x`, `y`, `z`, `w` where they are called `u_0`, `u_1`, ….
    ///
    /// # Errors
    /// Where there is no such component, and where one is named twice.
    pub fn select(&self, components: &[&str]) -> Result<Self, EquationError> {
        let wrong = |wanted: &str, expected: String| EquationError::Unsuitable {
            context: "component of the series".to_owned(),
            found: format!("{wanted:?}"),
            expected,
        };
        let mut places: Vec<usize> = Vec::new();
        for wanted in components {
            let named = self.names.iter().position(|name| name == wanted);
            let numbered = || wanted.parse().ok().filter(|n| *n < self.dimension());
            let place = named
                .or_else(|| place_of(wanted, &self.names))
                .or_else(numbered)
                .ok_or_else(|| wrong(wanted, format!("one of {}", self.names.join(", "))))?;
            if places.contains(&place) {
                return Err(wrong(wanted, "each component once".to_owned()));
            }
            places.push(place);
        }
        let names = places.iter().map(|place| self.names[*place].clone());
        let selected = Self::named(
            self.times.clone(),
            // Selected columns lie one behind the other.
            self.states
                .select(Axis(1), &places)
                .as_standard_layout()
                .into_owned(),
            names.collect(),
        )?;
        Ok(Self {
            origin: self.origin.clone(),
            ..selected
        })
    }

    /// The points of these numbers, in this order.
    ///
    /// # Errors
    /// Where fewer than two are left, or they do not increase.
    ///
    /// # Panics
    /// Where there is no such point.
    pub fn points_at(&self, points: &[usize]) -> Result<Self, EquationError> {
        Self::named(
            points.iter().map(|point| self.times[*point]).collect(),
            self.states.select(Axis(0), points),
            self.names.clone(),
        )
    }

    /// The first `points` of it, at least two.
    pub fn beginning(&self, points: usize) -> Self {
        self.stretch(0..points.clamp(2, self.points()))
    }

    /// The same with other finite states of the same shape.
    pub(crate) fn with_states(&self, states: Array2<f64>) -> Self {
        debug_assert_eq!(states.dim(), self.states.dim());
        Self {
            states,
            ..self.clone()
        }
    }

    /// The points of a range, which has two or more of them.
    pub(crate) fn stretch(&self, points: Range<usize>) -> Self {
        debug_assert!(points.len() >= 2);
        Self {
            times: self.times[points.clone()].to_vec(),
            states: self.states.slice(s![points, ..]).to_owned(),
            names: self.names.clone(),
            origin: self.origin.clone(),
        }
    }
}

/// A kind of file.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Csv,
    Npy,
    Hdf,
}

impl Ending {
    fn of(path: &Path) -> Option<Self> {
        let known: [(_, &[&str]); 4] = [
            (Self::Csv, &["csv"]),
            (Self::Npy, &["npy"]),
            (Self::Hdf, &rheome_hdf::ENDINGS),
            // NetCDF-4 is HDF5.
            (Self::Hdf, &["nc"]),
        ];
        let found = |(_, endings): &(Self, &[&str])| rheome_hdf::has_ending(path, endings);
        known.into_iter().find(found).map(|(ending, _)| ending)
    }
}

/// A place in a file, for messages about it.
struct Place<'a> {
    path: &'a Path,
    name: &'a str,
}

impl Place<'_> {
    /// The series, or what is wrong with it as an error of this place.
    fn series(
        &self,
        times: Vec<f64>,
        states: Array2<f64>,
        names: Vec<String>,
    ) -> Result<Series, EquationError> {
        Series::named(times, states, names).map_err(|error| match error {
            EquationError::Unsuitable {
                found, expected, ..
            } => self.wrong(found, expected),
            other => EquationError::File {
                path: self.path.to_owned(),
                reason: format!("{}: {other}", self.name),
            },
        })
    }

    /// The series of a table `[points, 1 + components]` with the times in the first column.
    fn of_table(&self, table: &Array2<f64>) -> Result<Series, EquationError> {
        if let Some(found) = transposed(table) {
            let expected = "[points, 1 + components], with the times in the first column";
            return Err(self.wrong(
                found,
                format!("{expected}: it looks transposed, save its transpose (NumPy: array.T)"),
            ));
        }
        if table.ncols() < 2 {
            let found = format!("{} column(s)", table.ncols());
            return Err(self.wrong(found, "the time and at least one component".to_owned()));
        }
        let states = table.slice(s![.., 1..]).to_owned();
        let names = component_names(states.ncols());
        let series = self.series(table.column(0).to_vec(), states, names)?;
        let origin = Origin {
            note: self.note(table),
            time_name: None,
        };
        Ok(Series { origin, ..series })
    }

    /// What is to be known of a table that may be another way round.
    fn note(&self, table: &Array2<f64>) -> Option<String> {
        let (rows, columns) = table.dim();
        (rows < columns).then(|| {
            format!(
                "{}: {}: shape [{rows}, {columns}] is read as {rows} points of {} components; if it is transposed, save its transpose (NumPy: array.T)",
                self.path.display(),
                self.name,
                columns - 1
            )
        })
    }

    fn wrong(&self, found: String, expected: String) -> EquationError {
        EquationError::Data {
            path: self.path.to_owned(),
            place: self.name.to_owned(),
            found,
            expected,
        }
    }
}

/// The shape of a table, if it is one with the times in its first row, as far as can be told: it has more columns than a series may, and
/// few rows; or it has more columns than rows, and the first row increases, while the first column does not.
fn transposed(table: &Array2<f64>) -> Option<String> {
    let (rows, columns) = table.dim();
    let most = 1 + MAX_COMPONENTS;
    let increases = |values: ArrayView1<f64>| values.iter().is_sorted_by(|a, b| a < b);
    let is_wide = columns > most && (2..=most).contains(&rows);
    let has_times_across =
        rows > 1 && columns > rows && increases(table.row(0)) && !increases(table.column(0));
    (is_wide || has_times_across).then(|| format!("shape [{rows}, {columns}]"))
}

fn component_names(components: usize) -> Vec<String> {
    (0..components).map(|index| format!("u_{index}")).collect()
}
