//! Series: states measured at known times.

mod csv;

use std::path::Path;

use ndarray::{Array2, s};

use crate::error::EquationError;

/// States at increasing times, measured or computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    times: Vec<f64>,
    states: Array2<f64>,
    names: Vec<String>,
}

impl Series {
    /// The series of `states` `[points, components]` at `times` `[points]`; components are called `u_0`, `u_1`, ….
    ///
    /// # Errors
    /// Where there are fewer than two points, times do not increase, a number is not finite, or the shapes do not fit.
    pub fn new(times: Vec<f64>, states: Array2<f64>) -> Result<Self, EquationError> {
        let names = (0..states.ncols()).map(|index| format!("u_{index}"));
        Self::named(times, states, names.collect())
    }

    fn named(
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
        })
    }

    /// Reads a CSV file: a line of names, then a line a point; the column `t` or `time` (or the first one) has the times,
    /// every other column is a component, in order. Lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// Names the line and the column, what is there and what should be.
    pub fn from_csv(path: &Path) -> Result<Self, EquationError> {
        csv::read(path)
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

    /// Number of points.
    pub fn points(&self) -> usize {
        self.times.len()
    }

    /// Number of components.
    pub fn dimension(&self) -> usize {
        self.states.ncols()
    }

    /// The first `points` of it, at least two.
    pub fn beginning(&self, points: usize) -> Self {
        let points = points.clamp(2, self.points());
        Self {
            times: self.times[..points].to_vec(),
            states: self.states.slice(s![..points, ..]).to_owned(),
            names: self.names.clone(),
        }
    }
}
