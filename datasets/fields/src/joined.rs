//! One field of several datasets, a component each, as most codes write them.

use crate::error::FieldError;
use crate::field::{FieldHeader, FieldReader, FieldShape};

/// Fields of one component each, read as one.
pub(crate) struct Joined {
    parts: Vec<Box<dyn FieldReader>>,
    header: FieldHeader,
    label: String,
}

impl Joined {
    /// Joins datasets of the same shape; their names, without groups, become those of the components.
    ///
    /// # Errors
    /// [`FieldError::Shape`] if they have different shapes or times, or if there is none.
    pub fn new(label: String, parts: Vec<Box<dyn FieldReader>>) -> Result<Self, FieldError> {
        let Some((first, rest)) = parts.split_first() else {
            return Err(FieldError::Shape {
                label,
                found: "no dataset".into(),
                expected: "one for each component".into(),
            });
        };
        for part in rest {
            if part.shape() != first.shape() {
                return Err(FieldError::Shape {
                    label: part.label().into(),
                    found: format!("shape {:?}", part.shape().extents()),
                    expected: format!("{:?}, that of {}", first.shape().extents(), first.label()),
                });
            }
            if let (Some(found), Some(expected)) = (part.times(), first.times())
                && !is_same(found, expected)
            {
                return Err(FieldError::Shape {
                    label: part.label().into(),
                    found: format!("times from {:?}", found.first()),
                    expected: format!("those of {}, from {:?}", first.label(), expected.first()),
                });
            }
        }
        let name = |part: &dyn FieldReader| {
            let name = part.label().rsplit([':', '/']).next();
            name.unwrap_or_default().to_owned()
        };
        let names = parts.iter().map(|part| name(part.as_ref())).collect();
        let header = FieldHeader {
            components: Some(names),
            ..first.header().clone()
        };
        Ok(Self {
            parts,
            header,
            label,
        })
    }

    fn first(&self) -> &dyn FieldReader {
        // `new` has refused an empty list.
        self.parts[0].as_ref()
    }
}

/// Whether times are the same, those that are not there yet too.
fn is_same(found: &[f64], expected: &[f64]) -> bool {
    let mut pairs = found.iter().zip(expected);
    pairs.all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
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
