//! How well series of equations that are not learnt are continued, and their equations named.

use std::sync::Arc;

use burn::tensor::Device;
use ndarray::Array3;
use rheome_cli::Failure;
use rheome_cli::training::Validation;
use rheome_equations::{Batch, BatchReader, DataFile};
use rheome_prose::Prose;
use rheome_prose::decoding::Decoding;
use rheome_prose::loss::{ContinuationErrors, right_words};
use rheome_prose::training::{Answer, Lesson, Objective, on_device};
use serde_json::{Map, Value, json};

use super::reader;
use crate::samples::some_of;
use crate::settings::TrainSettings;

/// Series and equations that judge the weights, the same after every epoch, noise and all.
pub struct Examination<'a> {
    series: BatchReader,
    equations: Option<(BatchReader, Decoding)>,
    data: Arc<DataFile>,
    settings: &'a TrainSettings,
    device: Device,
}

impl<'a> Examination<'a> {
    /// Judges by some of the samples `validated`; there is none where there is nothing to judge by.
    ///
    /// # Errors
    /// [`Failure`] if the settings do not fit the data.
    pub fn new(
        data: &Arc<DataFile>,
        validated: Vec<usize>,
        settings: &'a TrainSettings,
        device: &Device,
    ) -> Result<Option<Self>, Failure> {
        if validated.is_empty() {
            return Ok(None);
        }
        let training = &settings.training;
        let is_decoded =
            training.validation_equations > 0 && settings.model.modalities.writes_symbols();
        let seed = training.seed;
        let equations = match is_decoded {
            true => {
                let most = Some(training.validation_equations);
                let samples = some_of(validated.clone(), most, seed);
                let decoding = Decoding::new(&settings.decoding, settings.model.words()?)?;
                Some((reader(data, samples, settings)?, decoding))
            }
            false => None,
        };
        let most = (training.validation_samples > 0).then_some(training.validation_samples);
        let samples = some_of(validated, most, seed);
        Ok(Some(Self {
            series: reader(data, samples, settings)?,
            equations,
            data: data.clone(),
            settings,
            device: device.clone(),
        }))
    }

    /// Judges a model: by the loss, and in the metrics of the paper.
    ///
    /// # Errors
    /// [`Failure`] if a sample cannot be read, or the scores are not finite.
    pub fn judge(&self, model: &Prose) -> Result<Validation, Failure> {
        let mut sums = Sums::default();
        for number in 0..self.series.batches_of_evaluation() {
            sums.add(&self.series.evaluation(number)?, model, self)?;
        }
        let loss = sums.loss(&self.settings.objective);
        let mut metrics = sums.metrics(loss);
        let mut summary = format!(
            "validation {loss:.5}, relative L2 {:.4} (persistence {:.4})",
            sums.mean(sums.whole),
            sums.mean(sums.persistence)
        );
        if let Some((reader, decoding)) = &self.equations {
            let [valid, right] = self.decode(reader, decoding, model)?;
            metrics.insert("valid_equations".to_owned(), valid.into());
            metrics.insert("right_skeletons".to_owned(), right.into());
            summary += &format!(", equations valid {valid:.3}, skeletons right {right:.3}");
        }
        Ok(Validation {
            score: Some(loss),
            metrics,
            summary,
        })
    }

    /// Shares of the equations that are valid, and that have the right skeleton: the same terms in the same order, whatever their
    /// numbers.
    fn decode(
        &self,
        reader: &BatchReader,
        decoding: &Decoding,
        model: &Prose,
    ) -> Result<[f64; 2], Failure> {
        let mut counts = [0; 2];
        for number in 0..reader.batches_of_evaluation() {
            let batch = reader.evaluation(number)?;
            let lesson = Lesson::new(&batch, &self.device);
            let fused = model.encode(&lesson.series, Some(&lesson.symbols))?;
            let found = decoding.run(model, &fused, &batch.dimensions)?;
            for (equations, sample) in found.iter().zip(&batch.samples) {
                let best = equations.first().map(|best| decoding.system(best));
                let Some(Ok(system)) = best else { continue };
                counts[0] += usize::from(system.check_closed().is_ok());
                let expected = self.data.equation(*sample).system.skeleton();
                counts[1] += usize::from(system.skeleton() == expected);
            }
        }
        Ok(counts.map(|count| count as f64 / reader.samples() as f64))
    }
}

/// Sums over the series of a validation.
#[derive(Debug, Default)]
struct Sums {
    series: usize,
    /// Relative squared error.
    data: f64,
    /// Relative L2 errors.
    whole: f64,
    first_half: f64,
    second_half: f64,
    persistence: f64,
    straight_on: f64,
    /// Of the equations.
    cross_entropy: f64,
    words: usize,
    right_words: usize,
}

impl Sums {
    fn add(&mut self, batch: &Batch, model: &Prose, by: &Examination) -> Result<(), Failure> {
        let lesson = Lesson::new(batch, &by.device);
        let answer = Answer::of(model, &lesson)?;
        let terms = by.settings.objective.loss(&answer, &lesson);
        let sum = |errors: &[f32]| errors.iter().map(|error| f64::from(*error)).sum::<f64>();
        let errors = ContinuationErrors::new(&answer.states, &lesson.labels);
        self.series += batch.samples.len();
        self.data += terms.data.into_scalar::<f64>() * batch.samples.len() as f64;
        self.whole += sum(&errors.whole);
        self.first_half += sum(&errors.first_half);
        self.second_half += sum(&errors.second_half);
        let of_forecast = |states: Array3<f32>| {
            let states = on_device(&states, &by.device);
            sum(&ContinuationErrors::new(&states, &lesson.labels).whole)
        };
        self.persistence += of_forecast(batch.persistence());
        self.straight_on += of_forecast(batch.straight_on());
        if let Some(scores) = answer.scores {
            let (right, words) = right_words(scores, &lesson.targets);
            self.cross_entropy += terms.symbols.into_scalar::<f64>() * words as f64;
            self.right_words += right;
            self.words += words;
        }
        Ok(())
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.series as f64
    }

    fn mean_cross_entropy(&self) -> f64 {
        self.cross_entropy / self.words.max(1) as f64
    }

    fn loss(&self, objective: &Objective) -> f64 {
        objective.data * self.mean(self.data) + objective.symbols * self.mean_cross_entropy()
    }

    fn metrics(&self, loss: f64) -> Map<String, Value> {
        let mut metrics = Map::new();
        let mut tell = |name: &str, value: f64| metrics.insert(name.to_owned(), json!(value));
        tell("validation_loss", loss);
        tell("relative_l2", self.mean(self.whole));
        tell("relative_l2_first_half", self.mean(self.first_half));
        tell("relative_l2_second_half", self.mean(self.second_half));
        tell("relative_l2_of_persistence", self.mean(self.persistence));
        tell("relative_l2_of_straight_line", self.mean(self.straight_on));
        if self.words > 0 {
            tell("cross_entropy", self.mean_cross_entropy());
            tell("word_accuracy", self.right_words as f64 / self.words as f64);
        }
        metrics
    }
}
