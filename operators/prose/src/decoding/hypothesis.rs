//! What all ways to decode share: equations under way, the words open to them, and scores of words.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::Decoded;
use super::grammar::{Grammar, Prefix};
use crate::ProseError;
use crate::model::text_decoder::{TextCache, TextDecoder};

/// Where the scores of the next words come from.
pub(super) trait WordScores {
    /// Scores behind `words`, the next words of the rows `parents` of the last call (of the first call: of all series), row
    /// by row: `words.len() * vocabulary` numbers.
    fn next(&mut self, parents: &[usize], words: &[u32]) -> Vec<f32>;
}

/// A network, its keys and values kept.
pub(super) struct NetworkScores<'a> {
    decoder: &'a TextDecoder,
    cache: TextCache,
    rows: usize,
    device: Device,
}

impl<'a> NetworkScores<'a> {
    pub fn new(decoder: &'a TextDecoder, cache: TextCache, device: Device) -> Self {
        Self {
            decoder,
            rows: cache.members(),
            cache,
            device,
        }
    }
}

impl WordScores for NetworkScores<'_> {
    fn next(&mut self, parents: &[usize], words: &[u32]) -> Vec<f32> {
        let integers = |numbers: Vec<i32>| TensorData::new(numbers, [words.len()]);
        if !parents.iter().copied().eq(0..self.rows) {
            let members = integers(parents.iter().map(|row| *row as i32).collect());
            self.cache.select(Tensor::from_data(members, &self.device));
        }
        self.rows = parents.len();
        let ids = integers(words.iter().map(|id| *id as i32).collect());
        let ids = Tensor::<1, Int>::from_data(ids, &self.device).unsqueeze_dim::<2>(1);
        let scores = self.decoder.step(ids, &mut self.cache);
        scores.into_data().iter::<f32>().collect()
    }
}

/// An equation under way.
#[derive(Debug, Clone)]
pub(super) struct Hypothesis {
    /// Of the batch.
    pub series: usize,
    /// Its words, the first one included.
    pub ids: Vec<u32>,
    /// Of its words behind the first.
    pub log_probability: f64,
    /// Where only valid equations may come out.
    pub prefix: Option<Prefix>,
}

/// Which words may follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub end: u32,
    pub max_words: usize,
    pub grammar: Option<&'a Grammar>,
}

impl Rules<'_> {
    /// Whether the word may follow.
    pub fn allows(&self, hypothesis: &Hypothesis, id: u32) -> bool {
        let left = self.max_words - hypothesis.ids.len();
        match (self.grammar, &hypothesis.prefix) {
            _ if left <= 1 => id == self.end,
            (Some(grammar), Some(prefix)) => grammar.allows(prefix, id, left),
            _ => true,
        }
    }

    /// The hypothesis with one more word.
    pub fn extend(&self, hypothesis: &Hypothesis, id: u32, log_probability: f64) -> Hypothesis {
        let mut next = hypothesis.clone();
        next.ids.push(id);
        next.log_probability += log_probability;
        if let (Some(grammar), Some(prefix)) = (self.grammar, &mut next.prefix) {
            grammar.push(prefix, id);
        }
        next
    }

    /// Whether its last word is the end.
    pub fn is_finished(&self, hypothesis: &Hypothesis) -> bool {
        hypothesis.ids.len() > 1 && hypothesis.ids.last() == Some(&self.end)
    }

    /// The equation of a finished hypothesis.
    pub fn finish(&self, hypothesis: Hypothesis, length_penalty: f64) -> Decoded {
        let words = hypothesis.ids.len() - 1;
        Decoded {
            score: hypothesis.log_probability / (words as f64).powf(length_penalty),
            log_probability: hypothesis.log_probability,
            ended: hypothesis.ids.len() < self.max_words,
            ids: hypothesis.ids[1..words].to_vec(),
        }
    }

    /// Log-probabilities of all words, and which of them may follow.
    ///
    /// # Errors
    /// [`ProseError::NonFinite`] where the scores are no numbers.
    pub fn candidates(
        &self,
        hypothesis: &Hypothesis,
        scores: &[f32],
    ) -> Result<Vec<(u32, f64)>, ProseError> {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = scores.iter().map(|x| f64::from(x - largest).exp()).sum();
        if !(sum.is_finite() && sum > 0.0) {
            return Err(ProseError::NonFinite {
                series: hypothesis.series,
                word: hypothesis.ids.len(),
            });
        }
        let norm = f64::from(largest) + sum.ln();
        let all = (0..).zip(scores.iter().map(|x| f64::from(*x) - norm));
        Ok(all.filter(|(id, _)| self.allows(hypothesis, *id)).collect())
    }
}
