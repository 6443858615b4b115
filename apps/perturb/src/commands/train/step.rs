//! What a training step is shown.

use burn::tensor::Device;
use rand::seq::SliceRandom;
use rheome_cli::Failure;
use rheome_cli::training::StepLoss;
use rheome_perturbation::graph::VocabularyGraph;
use rheome_perturbation::training::{
    FlowBatch, StepDraw, flow_loss, identification_loss, seed_dropout,
};
use rheome_perturbation::{GeneQuery, PadTransformer};
use rheome_training::randomness::{Purpose, generator};

use crate::cells::PreparedCells;
use crate::settings::TrainSettings;
use crate::trained_model::{Genes, perturbed_ids};

/// Puts `order` into an order that the seed decides.
pub fn shuffle(order: &mut [usize], seed: u64) {
    // Steps count from 0: the last number is free.
    order.shuffle(&mut generator(seed, Purpose::Order, u64::MAX));
}

/// Where the cells of training steps come from. What a step is shown is a pure function of the seed and its number.
pub struct Lessons<'a> {
    cells: &'a PreparedCells,
    settings: &'a TrainSettings,
    /// Places of the conditions.
    learnt: Vec<usize>,
    /// Number of cells of each.
    counts: Vec<usize>,
    /// Ids of what was perturbed in each.
    perturbed: Vec<Vec<usize>>,
    control: Vec<usize>,
    /// Ids of the genes, by column.
    ids: Vec<usize>,
}

impl<'a> Lessons<'a> {
    /// Lessons on the conditions at the places `learnt`.
    ///
    /// # Errors
    /// [`Failure`] for a perturbed gene that is not among the genes.
    pub fn new(
        cells: &'a PreparedCells,
        genes: &Genes,
        learnt: Vec<usize>,
        settings: &'a TrainSettings,
    ) -> Result<Self, Failure> {
        let ids = |place: &usize| perturbed_ids(genes, cells.condition(*place), settings);
        Ok(Self {
            counts: learnt
                .iter()
                .map(|place| cells.by_condition[*place].len())
                .collect(),
            perturbed: learnt.iter().map(ids).collect::<Result<_, _>>()?,
            learnt,
            control: cells.control(),
            ids: genes.ids(cells.genes.iter().map(String::as_str))?,
            cells,
            settings,
        })
    }

    /// What a step is shown.
    ///
    /// # Errors
    /// [`Failure`] if there is nothing to draw from.
    pub fn draw(&self, step: u64) -> Result<StepDraw, Failure> {
        let (objective, seed) = (&self.settings.objective, self.settings.training.seed);
        let (controls, genes) = (self.control.len(), self.ids.len());
        Ok(StepDraw::new(
            objective,
            (seed, step),
            &self.counts,
            controls,
            genes,
        )?)
    }

    /// The loss of a step.
    ///
    /// # Errors
    /// [`Failure`] if the data do not fit the model.
    pub fn loss(
        &self,
        model: &PadTransformer,
        graph: &VocabularyGraph,
        draw: &StepDraw,
        step: u64,
        device: &Device,
    ) -> Result<StepLoss, Failure> {
        let (objective, training) = (&self.settings.objective, &self.settings.training);
        let members = &self.cells.by_condition[self.learnt[draw.perturbation]];
        let targets: Vec<usize> = draw.targets.iter().map(|i| members[*i]).collect();
        let controls: Vec<usize> = draw.controls.iter().map(|i| self.control[*i]).collect();
        let control = self.cells.tensor(&controls, &draw.genes, device);
        let target = self.cells.tensor(&targets, &draw.genes, device);
        let batch = FlowBatch::draw(objective, (training.seed, step), control, target);
        let ids: Vec<usize> = draw.genes.iter().map(|gene| self.ids[*gene]).collect();
        let genes = GeneQuery::new(graph, &ids, device)?;
        let perturbed = GeneQuery::new(graph, &self.perturbed[draw.perturbation], device)?;
        seed_dropout(device, training.seed, step);
        let terms = flow_loss(model, objective, &batch, &genes, &perturbed);
        let mut total = terms.total;
        if training.identification > 0.0 {
            let loss = identification_loss(model, &batch, &genes, &perturbed);
            total = total + loss.mul_scalar(training.identification);
        }
        Ok(StepLoss {
            total,
            terms: vec![
                ("velocity", terms.velocity),
                ("discrepancy", terms.discrepancy),
            ],
        })
    }
}
