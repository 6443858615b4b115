//! One field of several datasets, a component each, as most codes write them.

use crate::error::FieldError;
use crate::field::{Attribute, FieldHeader, FieldReader, FieldShape};

/// The first components, which are u, v, w; others, the pressure for one, have a unit of their own.
const VELOCITIES: usize = 3;

/// How far numbers that were stored in single and in double precision are apart, as a part of the largest.
const PRECISION: f64 = 1e-6;

/// Fields of one component each, read as one.
pub(crate) struct Joined {
    parts: Vec<Box<dyn FieldReader>>,
    header: FieldHeader,
    label: String,
}

impl Joined {
    /// Opens the datasets of `names`, which commas part, and joins them. Their names without groups become those of the components; with
    /// groups where these alone tell them apart.
    ///
    /// # Errors
    /// Those of `open`; [`FieldError::Shape`] if a name is there twice, or the datasets have different shapes, times, points or units.
    pub fn open(
        spec: &str,
        names: &str,
        open: impl Fn(&str) -> Result<Box<dyn FieldReader>, FieldError>,
    ) -> Result<Self, FieldError> {
        let names: Vec<String> = names.split(',').map(plain).collect();
        if let Some(name) = repeated(&names) {
            return Err(FieldError::Shape {
                label: spec.into(),
                found: format!("dataset {name:?} twice"),
                expected: "a dataset of its own for each component".into(),
            });
        }
        let parts = names.iter().map(|name| open(name));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        for (index, part) in parts.iter().enumerate().skip(1) {
            check_alike(part.as_ref(), parts[0].as_ref(), index < VELOCITIES)?;
        }
        let last = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        let short: Vec<String> = names.iter().map(last).collect();
        let components = match repeated(&short) {
            Some(_) => names,
            None => short,
        };
        let header = FieldHeader {
            components: Some(components),
            ..parts[0].header().clone()
        };
        Ok(Self {
            parts,
            header,
            label: spec.into(),
        })
    }

    fn first(&self) -> &dyn FieldReader {
        // Names parted by commas are at least one.
        self.parts[0].as_ref()
    }
}

/// A name without what does not tell it from others: `/u` and `./u` are `u`.
fn plain(name: &str) -> String {
    let groups = name.split('/').filter(|group| !matches!(*group, "" | "."));
    groups.collect::<Vec<_>>().join("/")
}

/// The first that is there twice.
fn repeated<T: PartialEq>(names: &[T]) -> Option<&T> {
    let mut places = names.iter().enumerate();
    let twice = places.find(|(at, name)| names[..*at].contains(name))?;
    Some(twice.1)
}

/// Whether a dataset is of the same snapshots and points as the first, as far as both tell, and of the same unit, if it is a velocity too.
///
/// # Errors
/// [`FieldError::Shape`] with what both tell.
fn check_alike(
    part: &dyn FieldReader,
    first: &dyn FieldReader,
    is_velocity: bool,
) -> Result<(), FieldError> {
    let differ = |found: String, expected: String| {
        Err(FieldError::Shape {
            label: part.label().into(),
            found,
            expected: format!("{expected}, as in {}", first.label()),
        })
    };
    let extents = |of: &dyn FieldReader| format!("shape {:?}", of.shape().extents());
    if part.shape() != first.shape() {
        return differ(extents(part), extents(first));
    }
    if let (Some(found), Some(expected)) = (part.times(), first.times())
        && let Some([found, expected]) = difference(found, expected)
    {
        return differ(format!("time {found}"), format!("{expected}"));
    }
    let headers = (part.header(), first.header());
    if let (Some(found), Some(expected)) = (&headers.0.coordinates, &headers.1.coordinates) {
        for (axis, (found, expected)) in ["x", "y", "z"].iter().zip(found.iter().zip(expected)) {
            if let Some([found, expected]) = difference(found, expected) {
                return differ(
                    format!("a point at {axis} = {found}"),
                    format!("{expected}"),
                );
            }
        }
    }
    let of_both = ["time_units", "coordinate_units"].into_iter();
    for key in of_both.chain(is_velocity.then_some("velocity_units")) {
        let told = |of: &FieldHeader| match of.attributes.get(key) {
            Some(Attribute::Text(unit)) => Some(unit.clone()),
            _ => None,
        };
        if let (Some(found), Some(expected)) = (told(headers.0), told(headers.1))
            && found != expected
        {
            return differ(format!("{key} {found:?}"), format!("{expected:?}"));
        }
    }
    Ok(())
}

/// The first two numbers that are not the same within single precision; those that are not there yet are.
fn difference(found: &[f64], expected: &[f64]) -> Option<[f64; 2]> {
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let mut pairs = found.iter().zip(expected);
    let differs = |(a, b): &(&f64, &f64)| {
        !((*a - *b).abs() <= PRECISION * largest || (a.is_nan() && b.is_nan()))
    };
    pairs.find(differs).map(|(a, b)| [*a, *b])
}

impl FieldReader for Joined {
    fn shape(&self) -> FieldShape {
        FieldShape {
            components: self.parts.len(),
            ..self.first().shape()
        }
    }

    fn completed(&self, trajectory: usize) -> usize {
        let each = self.parts.iter().map(|part| part.completed(trajectory));
        each.min().unwrap_or(0)
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        self.first().times()
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        let components = self.parts.len();
        let mut one = vec![0.0; out.len() / components];
        for (component, part) in self.parts.iter().enumerate() {
            part.read_unchecked(trajectory, snapshot, &mut one)?;
            let places = out.iter_mut().skip(component).step_by(components);
            for (to, from) in places.zip(&one) {
                *to = *from;
            }
        }
        Ok(())
    }
}
