//! One column of a data frame.

use std::collections::BTreeSet;

use crate::error::AnnDataError;
use crate::values::{Values, each};

/// A column: a value a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// A value for every row.
    Plain(Values),
    /// One of a few categories for every row, or none.
    Categorical(Categorical),
    /// Values of which some may be missing.
    Nullable {
        /// A value for every row; what stands where one is missing means nothing.
        values: Values,
        /// Whether the value of a row is missing.
        missing: Vec<bool>,
    },
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(values) | Self::Nullable { values, .. } => values.len(),
            Self::Categorical(categorical) => categorical.codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row as text: a string as it is, anything else as it prints; none where it is missing, as NaN is.
    ///
    /// # Panics
    /// If there are not that many rows.
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Plain(values) => (!values.is_nan(row)).then(|| values.text(row)),
            Self::Categorical(categorical) => {
                let code = usize::try_from(categorical.codes[row]).ok()?;
                Some(categorical.categories.text(code))
            }
            Self::Nullable { values, missing } => (!missing[row]).then(|| values.text(row)),
        }
    }

    /// Whether every row reads as that of `other`, however both are stored.
    pub fn reads_as(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|row| self.text(row) == other.text(row))
    }

    /// The rows as numbers, NaN where one is missing; none for text.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match self {
            Self::Plain(values) => values.to_f64(),
            Self::Categorical(categorical) => {
                let numbers = categorical.categories.to_f64()?;
                let number = |code: &i32| usize::try_from(*code).map_or(f64::NAN, |c| numbers[c]);
                Some(categorical.codes.iter().map(number).collect())
            }
            Self::Nullable { values, missing } => {
                let mut numbers = values.to_f64()?;
                for (number, missing) in numbers.iter_mut().zip(missing) {
                    if *missing {
                        *number = f64::NAN;
                    }
                }
                Some(numbers)
            }
        }
    }

    /// The same rows as categories; those of a column that is not categorical are its different values as text, in order.
    pub fn to_categorical(&self) -> Categorical {
        if let Self::Categorical(categorical) = self {
            return categorical.clone();
        }
        let texts: Vec<Option<String>> = (0..self.len()).map(|row| self.text(row)).collect();
        let categories: Vec<&String> = texts
            .iter()
            .flatten()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let code = |text: &Option<String>| {
            let found = text.as_ref().map(|text| categories.binary_search(&text));
            found.and_then(Result::ok).map_or(-1, |code| code as i32)
        };
        Categorical {
            codes: texts.iter().map(code).collect(),
            categories: Values::Text(categories.iter().map(|s| (*s).clone()).collect()),
            ordered: false,
        }
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Panics
    /// If a row is not below [`Column::len`].
    pub fn at(&self, rows: &[usize]) -> Self {
        match self {
            Self::Plain(values) => Self::Plain(values.at(rows)),
            Self::Categorical(categorical) => Self::Categorical(Categorical {
                codes: rows.iter().map(|row| categorical.codes[*row]).collect(),
                ..categorical.clone()
            }),
            Self::Nullable { values, missing } => Self::Nullable {
                values: values.at(rows),
                missing: rows.iter().map(|row| missing[*row]).collect(),
            },
        }
    }
}

impl<V: Into<Values>> From<V> for Column {
    fn from(values: V) -> Self {
        Self::Plain(values.into())
    }
}

impl From<Categorical> for Column {
    fn from(categorical: Categorical) -> Self {
        Self::Categorical(categorical)
    }
}

/// Categories, and which of them each row has.
#[derive(Debug, Clone, PartialEq)]
pub struct Categorical {
    codes: Vec<i32>,
    categories: Values,
    ordered: bool,
}

impl Categorical {
    /// Rows of these categories.
    ///
    /// # Errors
    /// [`AnnDataError::Content`] if a code is neither -1 (none) nor that of a category.
    pub fn new(codes: Vec<i32>, categories: Values, ordered: bool) -> Result<Self, AnnDataError> {
        match wrong_code(&codes, categories.len()) {
            None => Ok(Self {
                codes,
                categories,
                ordered,
            }),
            Some(reason) => Err(AnnDataError::content("categories", reason)),
        }
    }

    /// The category of each row, -1 for none.
    pub fn codes(&self) -> &[i32] {
        &self.codes
    }

    /// The categories.
    pub fn categories(&self) -> &Values {
        &self.categories
    }

    /// The categories as text.
    pub fn names(&self) -> Vec<String> {
        each!(&self.categories, v => v.iter().map(ToString::to_string).collect())
    }

    /// Whether the categories have an order.
    pub fn is_ordered(&self) -> bool {
        self.ordered
    }
}

/// What is wrong with the first code that is none of `count` categories'.
pub(crate) fn wrong_code(codes: &[i32], count: usize) -> Option<String> {
    let wrong = |code: &i32| *code < -1 || i64::from(*code) >= count as i64;
    let row = codes.iter().position(wrong)?;
    Some(format!(
        "row {row} has code {}, expected -1 (none) to {} for {count} categories",
        codes[row],
        count as i64 - 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_none_and_nan() {
        let column = Column::Nullable {
            values: vec![3i64, 9, 4].into(),
            missing: vec![false, true, false],
        };
        assert_eq!(column.text(0).as_deref(), Some("3"));
        assert_eq!(column.text(1), None);
        let numbers = column.to_f64().unwrap();
        assert!(numbers[0] == 3.0 && numbers[1].is_nan() && numbers[2] == 4.0);
        let categorical = column.to_categorical();
        assert_eq!(categorical.codes(), [0, -1, 1]);
        assert_eq!(categorical.names(), ["3", "4"]);
    }

    /// pandas has no other way to say that a number is missing.
    #[test]
    fn a_fraction_that_is_no_number_is_missing() {
        let column = Column::from(vec![2.5f64, f64::NAN, 0.0]);
        let texts: Vec<Option<String>> = (0..3).map(|row| column.text(row)).collect();
        assert_eq!(texts, [Some("2.5".into()), None, Some("0".into())]);
        assert_eq!(column.to_categorical().codes(), [1, -1, 0]);
        assert_eq!(Column::from(vec![f32::NAN]).text(0), None);
    }

    #[test]
    fn codes_without_a_category_are_refused() {
        for codes in [vec![0, 2], vec![-2]] {
            let error = Categorical::new(codes, vec!["a", "b"].into(), false).unwrap_err();
            assert!(
                error.to_string().contains("expected -1 (none) to 1 for 2"),
                "{error}"
            );
        }
    }

    #[test]
    fn rows_are_taken_in_the_order_asked_for() {
        let column: Column = Categorical::new(vec![0, 1, -1], vec!["a", "b"].into(), true)
            .unwrap()
            .into();
        let taken = column.at(&[2, 1, 1]);
        let texts: Vec<Option<String>> = (0..3).map(|row| taken.text(row)).collect();
        assert_eq!(texts, [None, Some("b".into()), Some("b".into())]);
    }
}
