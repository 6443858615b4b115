//! A training step: what is drawn, and what is minimised.
//!
//! A step sees one perturbation: cells that had it, control cells, and a random part of the genes ([`StepDraw`]). The flow
//! goes along straight lines from noise to a target, `x_t = (1 - t) noise + t target`, whose velocity `target - noise` the
//! model learns; a second term compares where its velocities lead, `x_t + (1 - t) v`, with the targets as distributions.

use burn::tensor::{Device, Tensor};
use rand::RngExt;
use rand::seq::index;
use rheome_training::randomness::{Purpose, generator};
use rheome_training::{OptimizerSettings, Schedule};
use serde::{Deserialize, Serialize};

use crate::loss::{bandwidths, cosine_loss, mmd_squared};
use crate::{GeneQuery, Noise, PadTransformer, Pairing, PerturbationError};

/// Steps of the published training.
pub const PUBLISHED_STEPS: u64 = 200_000;

/// Cells of the largest step.
const LARGEST_BATCH: usize = 100_000;

/// What a training step draws and minimises. The defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// Cells of a step. Published: 48; at least 2, to compare distributions, at most 100,000.
    pub batch: usize,
    /// Genes of a step, drawn at random. Published: 1000 of 5000; the time of the attention grows with its square.
    pub genes: usize,
    /// Weight of the discrepancy between predicted and target cells. Published: 0.5; 0 leaves it out.
    pub discrepancy: f64,
    /// Squared bandwidths of its kernels in units of the median squared distance of the targets.
    pub bandwidth_factors: Vec<f64>,
    /// Where the flow starts.
    pub noise: Noise,
    /// Which noise flows to which target.
    pub pairing: Pairing,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            batch: 48,
            genes: 1000,
            discrepancy: 0.5,
            bandwidth_factors: vec![0.5, 1.0, 2.0, 4.0],
            noise: Noise::Gaussian,
            pairing: Pairing::Random,
        }
    }
}

impl Objective {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), PerturbationError> {
        let wrong = |key, found: &dyn std::fmt::Debug, expected: &str| {
            Err(PerturbationError::config("objective", key, found, expected))
        };
        if !(2..=LARGEST_BATCH).contains(&self.batch) {
            let expected = format!("2 to {LARGEST_BATCH} cells");
            return wrong("batch", &self.batch, &expected);
        }
        if self.genes == 0 {
            return wrong("genes", &self.genes, "1 or more");
        }
        if !(self.discrepancy >= 0.0 && self.discrepancy.is_finite()) {
            return wrong(
                "discrepancy",
                &self.discrepancy,
                "0 (off) or a positive number",
            );
        }
        let usable = |factor: &f64| *factor > 0.0 && factor.is_finite();
        let factors = &self.bandwidth_factors;
        if factors.is_empty() || !factors.iter().all(usable) {
            return wrong("bandwidth_factors", factors, "one positive number or more");
        }
        Ok(())
    }
}

/// The published optimiser: Adam with the rate 5e-5, half a cosine down to 1e-6 over the training, no clipping.
///
/// Adam is AdamW without weight decay.
pub fn published_optimizer() -> OptimizerSettings {
    OptimizerSettings {
        learning_rate: 5e-5,
        weight_decay: 0.0,
        clip_norm: 0.0,
        schedule: Schedule::Cosine {
            warmup: 0.0,
            minimum: 0.02,
        },
        ..OptimizerSettings::default()
    }
}

/// Makes what the dropouts of `step` leave out a pure function of the seed and the step: to be called before its loss.
pub fn seed_dropout(device: &Device, seed: u64, step: u64) {
    device.seed(generator(seed, Purpose::Dropout, step).random());
}

/// What a step draws: a pure function of the seed and the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDraw {
    /// The perturbation, counted in the list given.
    pub perturbation: usize,
    /// Cells with that perturbation, drawn with replacement, counted within them.
    pub targets: Vec<usize>,
    /// Control cells, drawn with replacement.
    pub controls: Vec<usize>,
    /// Genes, each at most once, ascending.
    pub genes: Vec<usize>,
}

impl StepDraw {
    /// Draws for `step`: `cells` are the numbers of cells of every perturbation, `controls` and `genes` those of control
    /// cells and genes. Every perturbation is as likely as any other.
    ///
    /// # Errors
    /// [`PerturbationError::Shape`] if there is no perturbation, or one of them, the controls or the genes are empty.
    pub fn new(
        objective: &Objective,
        (seed, step): (u64, u64),
        cells: &[usize],
        controls: usize,
        genes: usize,
    ) -> Result<Self, PerturbationError> {
        let wrong = |what, found: Vec<usize>| {
            Err(PerturbationError::Shape {
                what,
                found,
                expected: vec![1],
            })
        };
        if cells.is_empty() || cells.contains(&0) {
            return wrong("cells of every perturbation", cells.to_vec());
        }
        if controls == 0 || genes == 0 {
            return wrong("control cells and genes", vec![controls, genes]);
        }
        let mut order = generator(seed, Purpose::Order, step);
        let perturbation = order.random_range(0..cells.len());
        let mut draw = |from: usize| -> Vec<usize> {
            (0..objective.batch)
                .map(|_| order.random_range(0..from))
                .collect()
        };
        let (targets, controls) = (draw(cells[perturbation]), draw(controls));
        let mut order = generator(seed, Purpose::Augmentation, step);
        let mut genes = index::sample(&mut order, genes, objective.genes.min(genes)).into_vec();
        genes.sort_unstable();
        Ok(Self {
            perturbation,
            targets,
            controls,
            genes,
        })
    }
}

/// Cells of a step on the straight path from noise to target.
#[derive(Debug, Clone)]
pub struct FlowBatch {
    /// Control cells: `[batch, n]`.
    pub control: Tensor<2>,
    /// Perturbed cells: `[batch, n]`.
    pub target: Tensor<2>,
    /// Starts of the flow: `[batch, n]`.
    pub noise: Tensor<2>,
    /// Times in [0, 1): `[batch]`.
    pub times: Tensor<1>,
}

impl FlowBatch {
    /// Draws noise and times for cells.
    ///
    /// # Shapes
    /// - control, target: `[batch, n]`
    pub fn draw(
        objective: &Objective,
        (seed, step): (u64, u64),
        control: Tensor<2>,
        target: Tensor<2>,
    ) -> Self {
        let batch = target.dims()[0];
        // A generator a cell; the steps' streams do not meet in any training of this size of batch.
        let first = step.wrapping_mul(batch as u64);
        let cells = (first..).map(|cell| generator(seed, Purpose::Noise, cell));
        let noise = objective
            .pairing
            .apply(objective.noise.draw(&control, cells), &target);
        let mut generator = generator(seed, Purpose::FlowTime, step);
        let times: Vec<f32> = (0..batch).map(|_| generator.random()).collect();
        let times = Tensor::from_data(times.as_slice(), &target.device());
        Self {
            control,
            target,
            noise,
            times,
        }
    }

    /// Where the cells are: `(1 - t) noise + t target`, `[batch, n]`.
    pub fn position(&self) -> Tensor<2> {
        let times = self.times.clone().unsqueeze_dim::<2>(1);
        self.noise.clone() * times.clone().neg().add_scalar(1.0) + self.target.clone() * times
    }

    /// How they move: `target - noise`, `[batch, n]`.
    pub fn velocity(&self) -> Tensor<2> {
        self.target.clone() - self.noise.clone()
    }
}

/// The terms of the loss, `[1]` each.
#[derive(Debug, Clone)]
pub struct LossTerms {
    /// Mean squared error of the velocity.
    pub velocity: Tensor<1>,
    /// Squared maximum mean discrepancy between predicted and target cells; zero if it has no weight.
    pub discrepancy: Tensor<1>,
    /// What is minimised: `velocity + weight * discrepancy`.
    pub total: Tensor<1>,
    /// Bandwidths of the kernels.
    pub bandwidths: Vec<f64>,
}

/// The loss of a batch of cells of one perturbation.
///
/// # Panics
/// If the shapes of the batch and the genes do not fit.
pub fn flow_loss(
    model: &PadTransformer,
    objective: &Objective,
    batch: &FlowBatch,
    genes: &GeneQuery,
    perturbed: &GeneQuery,
) -> LossTerms {
    let perturbation = model.embed_perturbation(perturbed);
    let conditions = model.prepare(model.gene_encoder.forward(genes), perturbation);
    let control = model.prepare_cells(batch.control.clone(), &conditions);
    let position = batch.position();
    let found = model.velocity(position.clone(), batch.times.clone(), &conditions, &control);
    let velocity = (found.clone() - batch.velocity()).square().mean();
    if objective.discrepancy == 0.0 {
        return LossTerms {
            discrepancy: velocity.zeros_like(),
            total: velocity.clone(),
            velocity,
            bandwidths: Vec::new(),
        };
    }
    let left = batch
        .times
        .clone()
        .neg()
        .add_scalar(1.0)
        .unsqueeze_dim::<2>(1);
    let predicted = position + found * left;
    let sigmas = bandwidths(batch.target.clone(), &objective.bandwidth_factors);
    let discrepancy = mmd_squared(predicted, batch.target.clone(), &sigmas);
    LossTerms {
        total: velocity.clone() + discrepancy.clone().mul_scalar(objective.discrepancy),
        velocity,
        discrepancy,
        bandwidths: sigmas,
    }
}

/// The loss of the perturbation head: how far the embedding that it reads off the target cells (at the end of the flow,
/// t = 1, without being told the perturbation) points from that of the perturbation. The embedding itself is a target here
/// and is not moved.
///
/// # Shapes
/// - output: `[1]`
pub fn identification_loss(
    model: &PadTransformer,
    batch: &FlowBatch,
    genes: &GeneQuery,
    perturbed: &GeneQuery,
) -> Tensor<1> {
    let conditions = model.prepare(
        model.gene_encoder.forward(genes),
        model.embed_unknown_perturbation(),
    );
    let control = model.prepare_cells(batch.control.clone(), &conditions);
    let end = Tensor::ones([1], &batch.times.device());
    let found = model.predict_perturbation(batch.target.clone(), end, &conditions, &control);
    cosine_loss(found, model.embed_perturbation(perturbed).detach())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BACKBONES, Small, largest_difference};
    use burn::module::Module;
    use rheome_training::Trainer;

    #[test]
    fn a_step_draws_the_same_whenever_it_is_asked() {
        let objective = Objective {
            batch: 40,
            genes: 30,
            ..Objective::default()
        };
        let draw = |seed, step| StepDraw::new(&objective, (seed, step), &[7, 3], 20, 50).unwrap();
        assert_eq!(draw(1, 5), draw(1, 5));
        assert_ne!(draw(1, 5), draw(1, 6));
        assert_ne!(draw(1, 5), draw(2, 5));
        let mut seen = [false; 2];
        for step in 0..50 {
            let draw = draw(1, step);
            seen[draw.perturbation] = true;
            let cells = [7, 3][draw.perturbation];
            assert!(draw.targets.iter().all(|i| *i < cells));
            assert!(draw.controls.iter().all(|i| *i < 20));
            assert!(draw.genes.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(draw.genes.len() == 30 && draw.genes[29] < 50);
        }
        assert_eq!(seen, [true, true]);
        assert!(StepDraw::new(&objective, (1, 1), &[7, 0], 20, 50).is_err());
        assert!(StepDraw::new(&objective, (1, 1), &[7], 0, 50).is_err());
        assert_eq!(
            StepDraw::new(&objective, (1, 1), &[7], 9, 4).unwrap().genes,
            [0, 1, 2, 3]
        );
    }

    #[test]
    fn the_path_leads_from_noise_to_target_at_its_velocity() {
        let device = Device::flex();
        let times = Tensor::from_data([0.0, 0.25, 1.0], &device);
        let of = |x: f32| Tensor::<2>::full([3, 2], x, &device);
        let batch = FlowBatch {
            control: of(0.0),
            target: of(5.0),
            noise: of(1.0),
            times,
        };
        let position: Vec<f32> = batch.position().try_into_vec_as().unwrap();
        assert_eq!(position, [1.0, 1.0, 2.0, 2.0, 5.0, 5.0]);
        assert_eq!(batch.velocity().into_data(), of(4.0).into_data());
    }

    fn loss(small: &Small, objective: &Objective, step: u64) -> LossTerms {
        let (control, target) = (small.cells(6, 1), small.cells(6, 2).add_scalar(1.0));
        let batch = FlowBatch::draw(objective, (9, step), control, target);
        seed_dropout(&small.device, 9, step);
        flow_loss(
            &small.model,
            objective,
            &batch,
            &small.genes,
            &small.perturbed,
        )
    }

    #[test]
    fn dropout_is_fixed_by_seed_and_step_and_off_without_gradients() {
        let objective = Objective::default();
        let value = |dropout, device: &Device, step| {
            let small = Small::new(BACKBONES[0], dropout, device);
            loss(&small, &objective, step).total.into_scalar::<f32>()
        };
        let training = Device::flex().autodiff();
        assert_eq!(value(0.5, &training, 3), value(0.5, &training, 3));
        assert_ne!(value(0.5, &training, 3), value(0.0, &training, 3));
        assert_eq!(
            value(0.5, &Device::flex(), 3),
            value(0.0, &Device::flex(), 3)
        );
    }

    #[test]
    fn the_terms_add_up_and_a_weight_of_zero_leaves_one_out() {
        let small = Small::new(BACKBONES[2], 0.0, &Device::flex());
        let mut objective = Objective::default();
        let terms = loss(&small, &objective, 0);
        let value = |term: &Tensor<1>| term.clone().into_scalar::<f32>();
        let sum = value(&terms.velocity) + 0.5 * value(&terms.discrepancy);
        assert!((value(&terms.total) - sum).abs() < 1e-6);
        assert_eq!(terms.bandwidths.len(), 4);
        objective.discrepancy = 0.0;
        let alone = loss(&small, &objective, 0);
        assert_eq!(value(&alone.total), value(&terms.velocity));
        assert_eq!(value(&alone.discrepancy), 0.0);
    }

    #[test]
    fn training_lowers_both_losses_and_reaches_every_parameter() {
        for backbone in BACKBONES {
            let small = Small::new(backbone, 0.0, &Device::flex().autodiff());
            let objective = Objective {
                pairing: Pairing::OptimalTransport,
                ..Objective::default()
            };
            let (control, target) = (small.cells(6, 1), small.cells(6, 2).add_scalar(1.0));
            let batch = FlowBatch::draw(&objective, (9, 0), control, target);
            let before = small.model.clone();
            let settings = OptimizerSettings {
                learning_rate: 2e-3,
                ..published_optimizer()
            };
            let mut trainer = Trainer::new(small.model, settings, 0).unwrap();
            let mut values = Vec::new();
            for _ in 0..40 {
                let model = &trainer.model;
                let flow = flow_loss(model, &objective, &batch, &small.genes, &small.perturbed);
                let identified = identification_loss(model, &batch, &small.genes, &small.perturbed);
                let value = |term: &Tensor<1>| term.clone().into_scalar::<f32>();
                values.push((value(&flow.total), value(&identified)));
                trainer.step(flow.total + identified, 1000, 1).unwrap();
            }
            let (first, last) = (values[0], values[39]);
            assert!(
                last.0 < 0.7 * first.0 && last.1 < 0.7 * first.1,
                "{first:?} {last:?}"
            );
            let after = trainer.model;
            let moved = |a: &Tensor<1>, b: &Tensor<1>| largest_difference(a, b) > 0.0;
            let unknown = |model: &PadTransformer| model.unknown_perturbation.val();
            assert!(moved(&unknown(&before), &unknown(&after)));
            let rows = |m: &PadTransformer| m.gene_encoder.names.embedding.weight.val();
            assert!(largest_difference(&rows(&before), &rows(&after)) > 0.0);
            assert_eq!(before.num_params(), after.num_params());
        }
    }

    #[test]
    fn unusable_settings_are_named() {
        for (key, text) in [
            ("batch", r#"{"batch": 1}"#),
            ("genes", r#"{"genes": 0}"#),
            ("discrepancy", r#"{"discrepancy": -1}"#),
            ("bandwidth_factors", r#"{"bandwidth_factors": []}"#),
            ("bandwidth_factors", r#"{"bandwidth_factors": [0]}"#),
        ] {
            let objective: Objective = serde_json::from_str(text).unwrap();
            let message = objective.validate().unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("objective.{key}: ")),
                "{message}"
            );
        }
        Objective::default().validate().unwrap();
        published_optimizer().validate().unwrap();
        let rate = |step: f64| published_optimizer().schedule.factor(step / 200_000.0, 1.0) * 5e-5;
        assert!((rate(0.0) - 5e-5).abs() < 1e-12 && (rate(200_000.0) - 1e-6).abs() < 1e-12);
    }
}
