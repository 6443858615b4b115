//! How well perturbations that are not learnt are predicted.

use burn::tensor::Device;
use rheome_cli::Failure;
use rheome_perturbation::graph::VocabularyGraph;
use rheome_perturbation::{GeneQuery, PadTransformer, SamplingRun};
use rheome_perturbation_metrics::pearson;
use rheome_training::randomness::{Purpose, generator};

use crate::cells::{PreparedCells, with_replacement};
use crate::settings::TrainSettings;
use crate::trained_model::{Genes, perturbed_ids};

/// How good predictions are, as means over the perturbations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean squared error of the mean change of expression.
    pub mse_delta: f64,
    /// The same of predicting no change at all.
    pub mse_delta_of_control: f64,
    /// Correlation of the mean changes of expression.
    pub pearson_delta: f64,
}

/// A perturbation to predict.
struct Question {
    perturbed: GeneQuery,
    /// Control cells to start from.
    control: Vec<usize>,
    /// Mean change of expression of its cells.
    truth: Vec<f64>,
}

/// Perturbations that judge the weights.
pub struct Questions<'a> {
    cells: &'a PreparedCells,
    settings: &'a TrainSettings,
    genes: GeneQuery,
    baseline: Vec<f64>,
    questions: Vec<Question>,
    device: Device,
}

impl<'a> Questions<'a> {
    /// Judges by the conditions at the places `validated`, on the genes that predictions are judged by.
    ///
    /// # Errors
    /// [`Failure`] for a perturbed gene that is not among the genes.
    pub fn new(
        cells: &'a PreparedCells,
        genes: &Genes,
        graph: &VocabularyGraph,
        validated: Vec<usize>,
        settings: &'a TrainSettings,
        device: &Device,
    ) -> Result<Self, Failure> {
        let control = cells.control();
        let baseline = cells.mean(&control, &cells.evaluated);
        let question = |place: usize| -> Result<Question, Failure> {
            let ids = perturbed_ids(genes, cells.condition(place), settings)?;
            let mut random = generator(settings.training.seed, Purpose::Ensemble, place as u64);
            let mean = cells.mean(&cells.by_condition[place], &cells.evaluated);
            Ok(Question {
                perturbed: GeneQuery::new(graph, &ids, device)?,
                control: with_replacement(
                    &control,
                    settings.training.validation_cells,
                    &mut random,
                ),
                truth: mean.iter().zip(&baseline).map(|(a, b)| a - b).collect(),
            })
        };
        let names = cells
            .evaluated
            .iter()
            .map(|gene| cells.genes[*gene].as_str());
        Ok(Self {
            genes: GeneQuery::new(graph, &genes.ids(names)?, device)?,
            questions: validated
                .into_iter()
                .map(question)
                .collect::<Result<_, _>>()?,
            baseline,
            cells,
            settings,
            device: device.clone(),
        })
    }

    /// The score of a model, if there is anything to judge by.
    ///
    /// # Errors
    /// [`Failure`] if a sample is not finite.
    pub fn score(&self, model: &PadTransformer) -> Result<Option<Score>, Failure> {
        let mut sum = [0.0; 3];
        for question in &self.questions {
            let found = self.change(model, question)?;
            let differences = found
                .iter()
                .zip(&question.truth)
                .map(|(a, b)| (a - b).powi(2));
            sum[0] += differences.sum::<f64>() / found.len() as f64;
            sum[1] += question.truth.iter().map(|b| b * b).sum::<f64>() / found.len() as f64;
            sum[2] += correlation(&found, &question.truth);
        }
        let count = self.questions.len() as f64;
        let [mse_delta, mse_delta_of_control, pearson_delta] = sum.map(|s| s / count);
        Ok((!self.questions.is_empty()).then_some(Score {
            mse_delta,
            mse_delta_of_control,
            pearson_delta,
        }))
    }

    /// The mean change of expression that the model predicts.
    fn change(&self, model: &PadTransformer, question: &Question) -> Result<Vec<f64>, Failure> {
        let seed = self.settings.training.seed;
        let mut run = SamplingRun::new(
            model,
            &self.genes,
            &question.perturbed,
            &self.settings.sampling,
            seed,
        )?;
        let control = self
            .cells
            .tensor(&question.control, &self.cells.evaluated, &self.device);
        let mean = run.predict(control)?.mean_dim(0).into_data();
        let changes = mean.iter::<f64>().zip(&self.baseline).map(|(a, b)| a - b);
        Ok(changes.collect())
    }
}

/// The correlation of changes; 0 where one of the two does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let found = pearson(a, b);
    if found.is_nan() { 0.0 } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correlation_is_pearsons() {
        let a = [1.0, 2.0, 3.0, 4.0];
        assert!((correlation(&a, &[2.0, 4.0, 6.0, 8.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&a, &[1.0, 3.0, 2.0, 4.0]) - 0.8).abs() < 1e-12);
        assert_eq!(correlation(&a, &[5.0; 4]), 0.0);
    }
}
