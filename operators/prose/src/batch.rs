//! Series and symbols of a batch on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::ProseError;
use crate::model::padding::Lengths;

/// A measured or computed series on the host.
#[derive(Debug, Clone, Copy)]
pub struct Trajectory<'a> {
    /// Times, in the units of the training.
    pub times: &'a [f64],
    /// States, time by time: `times.len() * components` numbers.
    pub states: &'a [f64],
    /// Numbers of a state.
    pub components: usize,
}

/// Series of a batch.
#[derive(Debug, Clone)]
pub struct Series {
    /// Points (t, u_0, .., u_(dimension-1)), zeros where a system has fewer components: `[batch, n, 1 + dimension]`.
    pub points: Tensor<3>,
    /// Points of every series.
    pub lengths: Lengths,
}

/// Symbols of a batch.
#[derive(Debug, Clone)]
pub struct Symbols {
    /// Ids of the vocabulary: `[batch, n]`.
    pub ids: Tensor<2, Int>,
    /// Words of every equation.
    pub lengths: Lengths,
}

impl Series {
    /// Puts series on a device, side by side.
    ///
    /// # Errors
    /// [`ProseError::Batch`] where there is none, or one is empty, has more components than the network's dimension, numbers
    /// that do not fill its points, or numbers that are not finite.
    pub fn new(
        members: &[Trajectory],
        dimension: usize,
        device: &Device,
    ) -> Result<Self, ProseError> {
        let lengths = lengths("series", members.iter().map(|m| m.times.len()))?;
        let row = 1 + dimension;
        let mut numbers = vec![0.0_f32; members.len() * lengths.longest * row];
        for (index, (member, rows)) in members
            .iter()
            .zip(numbers.chunks_mut(lengths.longest * row))
            .enumerate()
        {
            member.check(index, dimension)?;
            let states = member.states.chunks(member.components);
            for ((time, state), row) in member.times.iter().zip(states).zip(rows.chunks_mut(row)) {
                row[0] = *time as f32;
                for (place, value) in row[1..].iter_mut().zip(state) {
                    *place = *value as f32;
                }
            }
        }
        let shape = [members.len(), lengths.longest, row];
        Ok(Self {
            points: Tensor::from_data(TensorData::new(numbers, shape), device),
            lengths,
        })
    }
}

impl Trajectory<'_> {
    fn check(&self, index: usize, dimension: usize) -> Result<(), ProseError> {
        let wrong = |found: String, expected: String| {
            Err(ProseError::Batch {
                what: "series",
                index,
                found,
                expected,
            })
        };
        if !(1..=dimension).contains(&self.components) {
            return wrong(
                format!("{} components", self.components),
                format!("1 to {dimension}"),
            );
        }
        let expected = self.times.len() * self.components;
        if self.states.len() != expected {
            return wrong(
                format!("{} numbers", self.states.len()),
                format!(
                    "{expected}, {} times {} components",
                    self.times.len(),
                    self.components
                ),
            );
        }
        // Numbers beyond single precision are as infinite to the network as infinity is.
        let finite = |value: &f64| (*value as f32).is_finite();
        match self
            .times
            .iter()
            .chain(self.states)
            .position(|x| !finite(x))
        {
            None => Ok(()),
            Some(at) => wrong(
                format!("a number that is not finite ({at})"),
                "finite".into(),
            ),
        }
    }
}

impl Symbols {
    /// Puts equations on a device, side by side, filled up with `padding`.
    ///
    /// # Errors
    /// [`ProseError::Batch`] where there is none, or one is empty or has an id beyond the `vocabulary`.
    pub fn new(
        members: &[Vec<u32>],
        vocabulary: usize,
        padding: u32,
        device: &Device,
    ) -> Result<Self, ProseError> {
        let lengths = lengths("symbols", members.iter().map(Vec::len))?;
        let mut ids = Vec::with_capacity(members.len() * lengths.longest);
        for (index, member) in members.iter().enumerate() {
            if let Some(id) = member.iter().find(|id| **id as usize >= vocabulary) {
                return Err(ProseError::Batch {
                    what: "symbols",
                    index,
                    found: format!("id {id}"),
                    expected: format!("ids below {vocabulary}"),
                });
            }
            ids.extend(member.iter().map(|id| *id as i32));
            ids.resize(ids.len() + lengths.longest - member.len(), padding as i32);
        }
        let shape = [members.len(), lengths.longest];
        Ok(Self {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            lengths,
        })
    }
}

fn lengths(what: &'static str, each: impl Iterator<Item = usize>) -> Result<Lengths, ProseError> {
    let each: Vec<usize> = each.collect();
    let empty = each.iter().position(|length| *length == 0);
    if let Some(index) = empty.or_else(|| each.is_empty().then_some(0)) {
        return Err(ProseError::Batch {
            what,
            index,
            found: "nothing".to_owned(),
            expected: "one entry or more".to_owned(),
        });
    }
    let longest = each.iter().copied().max().unwrap_or(0);
    Ok(Lengths { each, longest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_different_lengths_and_dimensions_are_filled_with_zeros() {
        let members = [
            Trajectory {
                times: &[0.0, 1.0],
                states: &[2.0, 3.0, 4.0, 5.0],
                components: 2,
            },
            Trajectory {
                times: &[7.0],
                states: &[8.0],
                components: 1,
            },
        ];
        let series = Series::new(&members, 2, &Device::flex()).unwrap();
        let points: Vec<f32> = series.points.try_into_vec_as().unwrap();
        let expected = [0.0, 2.0, 3.0, 1.0, 4.0, 5.0, 7.0, 8.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(points, expected);
        assert_eq!(series.lengths.each, [2, 1]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let device = Device::flex();
        let series = |times: &[f64], states: &[f64], components| {
            let member = Trajectory {
                times,
                states,
                components,
            };
            Series::new(&[member], 3, &device).unwrap_err().to_string()
        };
        assert!(series(&[0.0], &[1.0; 4], 4).contains("4 components"));
        assert!(series(&[0.0], &[1.0; 4], 0).contains("0 components"));
        assert!(series(&[0.0], &[1.0; 4], 3).contains("4 numbers"));
        assert!(series(&[0.0], &[f64::NAN], 1).contains("not finite"));
        assert!(series(&[0.0], &[1e300], 1).contains("not finite"));
        assert!(series(&[], &[], 1).contains("nothing"));
        assert!(Series::new(&[], 3, &device).is_err());
        let symbols = Symbols::new(&[vec![1], vec![2, 9]], 9, 0, &device);
        let message = symbols.unwrap_err().to_string();
        assert!(
            message.starts_with("symbols 1 of the batch: found id 9"),
            "{message}"
        );
    }
}
