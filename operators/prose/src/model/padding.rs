//! Batches whose members have different lengths.

use burn::tensor::{Device, Tensor, TensorData};
use rheome_layers::attention::Mask;

/// Lengths of the members of a batch of sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lengths {
    /// Of every member.
    pub each: Vec<usize>,
    /// Places of the batch.
    pub longest: usize,
}

/// Which places of a batch of sequences hold nothing; empty where none is padded.
#[derive(Debug, Clone, Default)]
pub struct Padding {
    /// Hides them from attention.
    pub mask: Option<Mask>,
    /// 0 there, 1 elsewhere: `[batch, n, 1]`.
    pub kept: Option<Tensor<3>>,
}

impl Lengths {
    fn is_padded(&self) -> bool {
        self.each.iter().any(|length| *length < self.longest)
    }
}

impl Padding {
    /// Of sequences one behind the other, of the same batch.
    pub fn new(sequences: &[&Lengths], device: &Device) -> Self {
        if !sequences.iter().any(|lengths| lengths.is_padded()) {
            return Self::default();
        }
        let masks = sequences
            .iter()
            .map(|lengths| Mask::padding(&lengths.each, lengths.longest, device));
        let kept = sequences.iter().map(|lengths| kept(lengths, device));
        Self {
            mask: masks.reduce(Mask::followed_by),
            kept: Some(Tensor::cat(kept.collect(), 1)),
        }
    }

    /// The features with zeros where there is nothing.
    ///
    /// # Shapes
    /// - features, output: `[batch, n, width]`
    pub fn clear(&self, features: Tensor<3>) -> Tensor<3> {
        match &self.kept {
            None => features,
            Some(kept) => features * kept.clone(),
        }
    }
}

fn kept(lengths: &Lengths, device: &Device) -> Tensor<3> {
    let longest = lengths.longest;
    let numbers: Vec<f32> = lengths
        .each
        .iter()
        .flat_map(|length| (0..longest).map(move |place| f32::from(u8::from(place < *length))))
        .collect();
    let shape = [lengths.each.len(), longest, 1];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}
