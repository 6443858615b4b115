//! Frames of a batch on a device.

use burn::tensor::{Device, Tensor, TensorData};

use super::config::FluidsConfig;
use crate::ProseError;

/// Frames of one flow on the host.
#[derive(Debug, Clone, Copy)]
pub struct FrameSequence<'a> {
    /// `[frame, x, y, component]`
    pub values: &'a [f32],
    /// The channel of the network that each component is, counted from 0.
    pub channels: &'a [usize],
}

/// Frames of a batch.
#[derive(Debug, Clone)]
pub struct Frames {
    /// Fields, zeros in the channels that a sample lacks: `[batch, frames, x, y, channel]`.
    pub values: Tensor<5>,
    /// 1 for the channels that a sample has, 0 for the others: `[batch, 1, 1, 1, channel]`.
    pub mask: Tensor<5>,
}

impl Frames {
    /// Puts the frames of flows on a device, side by side, `frames` of each.
    ///
    /// # Errors
    /// [`ProseError::Batch`] where there is no flow, or one has channels that the network lacks or has twice, numbers that do not
    /// fill its frames, or numbers that are not finite.
    pub fn new(
        members: &[FrameSequence],
        frames: usize,
        config: &FluidsConfig,
        device: &Device,
    ) -> Result<Self, ProseError> {
        if members.is_empty() {
            return Err(misfit(0, "nothing".into(), "one sequence or more".into()));
        }
        let ([nx, ny], all) = (config.grid, config.channels.len());
        let points = frames * nx * ny;
        for (index, member) in members.iter().enumerate() {
            member.check(index, points, all)?;
        }
        let mut values = vec![0.0_f32; members.len() * points * all];
        let mut mask = vec![0.0_f32; members.len() * all];
        let places = values.chunks_mut(points * all).zip(mask.chunks_mut(all));
        for (member, (values, mask)) in members.iter().zip(places) {
            member.channels.iter().for_each(|at| mask[*at] = 1.0);
            let rows = member.values.chunks(member.channels.len());
            for (row, place) in rows.zip(values.chunks_mut(all)) {
                for (value, at) in row.iter().zip(member.channels) {
                    place[*at] = *value;
                }
            }
        }
        let batch = members.len();
        Ok(Self {
            values: Tensor::from_data(
                TensorData::new(values, [batch, frames, nx, ny, all]),
                device,
            ),
            mask: Tensor::from_data(TensorData::new(mask, [batch, 1, 1, 1, all]), device),
        })
    }

    /// The same flows, `count` frames from `first` on.
    ///
    /// # Panics
    /// If there are not as many.
    #[must_use]
    pub fn part(&self, first: usize, count: usize) -> Self {
        Self {
            values: self.values.clone().narrow(1, first, count),
            mask: self.mask.clone(),
        }
    }
}

impl FrameSequence<'_> {
    fn check(&self, index: usize, points: usize, all: usize) -> Result<(), ProseError> {
        let mut seen = vec![false; all];
        for &channel in self.channels {
            match seen.get_mut(channel) {
                Some(seen) if !*seen => *seen = true,
                _ => {
                    let expected = format!("different ones below {all}");
                    return Err(misfit(index, format!("channel {channel}"), expected));
                }
            }
        }
        let expected = points * self.channels.len();
        if expected == 0 || self.values.len() != expected {
            let components = self.channels.len();
            return Err(misfit(
                index,
                format!("{} numbers", self.values.len()),
                format!("{points} points with {components} component(s) each"),
            ));
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(at) => Err(misfit(
                index,
                format!("a number that is not finite ({at})"),
                "finite ones".into(),
            )),
        }
    }
}

fn misfit(index: usize, found: String, expected: String) -> ProseError {
    ProseError::Batch {
        what: "frames",
        index,
        found,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FluidsConfig {
        FluidsConfig {
            channels: ["u", "v", "p"].map(str::to_owned).to_vec(),
            grid: [1, 2],
            patch: 1,
            ..FluidsConfig::default()
        }
    }

    #[test]
    fn components_go_to_their_channels_and_the_mask_tells_which() {
        let members = [
            FrameSequence {
                values: &[1.0, 2.0, 3.0, 4.0],
                channels: &[2, 0],
            },
            FrameSequence {
                values: &[5.0, 6.0],
                channels: &[1],
            },
        ];
        let frames = Frames::new(&members, 1, &config(), &Device::flex()).unwrap();
        let values: Vec<f32> = frames.values.try_into_vec_as().unwrap();
        let expected = [2.0, 0.0, 1.0, 4.0, 0.0, 3.0, 0.0, 5.0, 0.0, 0.0, 6.0, 0.0];
        assert_eq!(values, expected);
        let mask: Vec<f32> = frames.mask.try_into_vec_as().unwrap();
        assert_eq!(mask, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let new = |values: &[f32], channels: &[usize], frames| {
            let member = FrameSequence { values, channels };
            let found = Frames::new(&[member], frames, &config(), &Device::flex());
            found.unwrap_err().to_string()
        };
        assert!(new(&[0.0; 4], &[0, 3], 1).contains("channel 3"));
        assert!(new(&[0.0; 4], &[1, 1], 1).contains("channel 1"));
        assert!(new(&[0.0; 3], &[0, 1], 1).contains("3 numbers"));
        assert!(new(&[], &[], 1).contains("0 numbers"));
        assert!(new(&[], &[0], 0).contains("0 numbers"));
        assert!(new(&[0.0, f32::NAN], &[0], 1).contains("not finite (1)"));
        assert!(Frames::new(&[], 1, &config(), &Device::flex()).is_err());
    }
}
