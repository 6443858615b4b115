//! The loss of a training and its gradients, on every CPU backend, and that a network learns.

use std::sync::Arc;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rand::RngExt;
use rheome_backend::device::cpu_backends;
use rheome_equations::{
    Batch, BatchConfig, BatchReader, DataConfig, DataFile, DataWriter, EquationError, generate,
    published_families,
};
use rheome_prose::decoding::{Decoding, DecodingSettings};
use rheome_prose::loss::ContinuationErrors;
use rheome_prose::training::{Answer, Lesson, LossTerms, Objective, published_optimizer};
use rheome_prose::{Modalities, Prose, ProseConfig};
use rheome_training::randomness::{Purpose, generator};
use rheome_training::{OptimizerSettings, Schedule, Trainer};

/// A network for systems of up to four components.
fn config(width: usize) -> ProseConfig {
    ProseConfig {
        dimension: 4,
        width,
        heads: 2,
        data_encoder: 1,
        text_encoder: 1,
        fusion: 1,
        data_decoder: 1,
        text_decoder: 1,
        ..ProseConfig::default()
    }
}

/// Trajectories of systems of three and four components.
fn batch(size: usize) -> Batch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.h5");
    let mut families = published_families(true);
    families.retain(|family| ["thomas", "sprott_B", "lorenz_96_4d"].contains(&family.name()));
    let data = DataConfig {
        equations: 4,
        trajectories: 1,
        points: 24,
        end: 2.0,
        seed: 3,
        ..DataConfig::default()
    };
    let mut writer = DataWriter::create(&path, &families, &data, &[]).unwrap();
    let written: Result<(), EquationError> =
        generate(&families, &data, |equation| writer.append(equation));
    written.unwrap();
    writer.finish().unwrap();
    let file = Arc::new(DataFile::open(&path).unwrap());
    let samples = (0..file.samples()).collect();
    let settings = BatchConfig {
        size,
        input_points: 10,
        ..BatchConfig::default()
    };
    let words = config(8).words().unwrap();
    let mut reader = BatchReader::new(file, samples, words, settings, 1).unwrap();
    reader.training(0).unwrap()
}

fn number(term: &Tensor<1>) -> f64 {
    term.clone().into_scalar()
}

fn loss(model: &Prose, lesson: &Lesson) -> LossTerms {
    Objective::default().loss(&Answer::of(model, lesson).unwrap(), lesson)
}

/// A direction in the space of the parameter with this number.
fn direction<const D: usize>(number: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut random = generator(5, Purpose::Weights, number);
    let count = shape.iter().product();
    let numbers: Vec<f32> = (0..count).map(|_| random.random_range(-1.0..1.0)).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Slopes of a loss along one direction for each parameter.
struct Slopes<'a> {
    gradients: &'a Gradients,
    found: Vec<f64>,
}

impl ModuleVisitor for Slopes<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = parameter.val().grad(self.gradients).unwrap();
        let along = direction(self.found.len() as u64, gradient.dims(), &gradient.device());
        self.found.push((gradient * along).sum().into_scalar());
    }
}

/// Moves one parameter along its direction.
struct Move {
    number: u64,
    target: u64,
    by: f64,
}

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (number, is_target) = (self.number, self.number == self.target);
        self.number += 1;
        let by = self.by;
        parameter.map(|value| match is_target {
            true => {
                let along = direction(number, value.dims(), &value.device());
                value + along * by
            }
            false => value,
        })
    }
}

#[test]
fn gradients_are_central_differences() {
    const STEP: f64 = 2e-3;
    let batch = batch(3);
    assert!(batch.dimensions.iter().any(|components| *components < 4));
    for backend in cpu_backends() {
        let model = Prose::init(&config(8), 2, &backend.device).unwrap();
        let lesson = Lesson::new(&batch, &backend.device);
        let tracked = model.clone().train();
        let lesson_tracked = Lesson::new(&batch, &backend.device.clone().autodiff());
        let gradients = loss(&tracked, &lesson_tracked).total.backward();
        let mut slopes = Slopes {
            gradients: &gradients,
            found: Vec::new(),
        };
        tracked.visit(&mut slopes);
        assert!(slopes.found.len() > 60);
        for (target, found) in slopes.found.iter().enumerate() {
            let at = |by: f64| {
                let mut step = Move {
                    number: 0,
                    target: target as u64,
                    by,
                };
                number(&loss(&model.clone().map(&mut step), &lesson).total)
            };
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let allowed = 1e-2 * expected.abs() + 2e-3;
            let place = (backend.choice, target);
            assert!(
                (found - expected).abs() < allowed,
                "parameter {place:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn the_backends_agree_on_the_loss_and_its_terms_add_up() {
    let batch = batch(5);
    let terms = cpu_backends().into_iter().map(|backend| {
        let model = Prose::init(&config(16), 4, &backend.device).unwrap();
        let terms = loss(&model, &Lesson::new(&batch, &backend.device));
        [&terms.data, &terms.symbols, &terms.total].map(number)
    });
    let terms: Vec<[f64; 3]> = terms.collect();
    for [data, symbols, total] in &terms {
        assert!((6.0 * data + symbols - total).abs() < 1e-4);
        for (found, expected) in [(data, terms[0][0]), (symbols, terms[0][1])] {
            assert!(
                (found - expected).abs() < 1e-5 * expected,
                "{found} {expected}"
            );
        }
    }
}

#[test]
fn components_that_a_system_lacks_do_not_matter() {
    let batch = batch(8);
    let device = Device::flex();
    let model = Prose::init(&config(8), 2, &device).unwrap();
    let states = Answer::of(&model, &Lesson::new(&batch, &device))
        .unwrap()
        .states;
    let width = states.dims()[2];
    let states: Vec<f32> = states.try_into_vec_as().unwrap();
    let per_series = states.len() / batch.dimensions.len();
    for (components, rows) in batch.dimensions.iter().zip(states.chunks(per_series)) {
        for state in rows.chunks(width) {
            assert!(state[..*components].iter().all(|value| *value != 0.0));
            assert!(state[*components..].iter().all(|value| *value == 0.0));
        }
    }
}

#[test]
fn networks_of_all_modalities_have_a_loss() {
    let batch = batch(2);
    let device = Device::flex();
    for modalities in [Modalities::OneToOne, Modalities::TwoToOne] {
        let config = ProseConfig {
            modalities,
            ..config(8)
        };
        let model = Prose::init(&config, 2, &device).unwrap();
        let terms = loss(&model, &Lesson::new(&batch, &device));
        assert_eq!(number(&terms.symbols), 0.0);
        assert!((number(&terms.total) - 6.0 * number(&terms.data)).abs() < 1e-5);
    }
}

/// A handful of samples is learnt by heart: their continuation, and their equations word by word.
#[test]
fn a_few_samples_are_learnt_by_heart() {
    let batch = batch(6);
    let device = Device::flex().autodiff();
    let model = Prose::init(&config(32), 1, &device).unwrap();
    let settings = OptimizerSettings {
        learning_rate: 3e-3,
        schedule: Schedule::Cosine {
            warmup: 0.1,
            minimum: 0.05,
        },
        ..published_optimizer()
    };
    let mut trainer = Trainer::new(model, settings, 1).unwrap();
    let lesson = Lesson::new(&batch, &device);
    for _ in 0..500 {
        let terms = loss(&trainer.model, &lesson);
        trainer.step(terms.total, 500, 1).unwrap();
    }
    let model = trainer.model.valid();
    let lesson = Lesson::new(&batch, &Device::flex());
    let answer = Answer::of(&model, &lesson).unwrap();
    let errors = ContinuationErrors::new(&answer.states, &lesson.labels).whole;
    assert!(errors.iter().all(|error| *error < 0.15), "{errors:?}");
    let fused = model.encode(&lesson.series, Some(&lesson.symbols)).unwrap();
    let words = model.config().words().unwrap();
    let decoding = Decoding::new(&DecodingSettings::default(), words).unwrap();
    let found = decoding.run(&model, &fused, &[]).unwrap();
    for (row, equations) in found.iter().enumerate() {
        let length = batch.target_lengths[row];
        let expected = &batch.targets.row(row).to_vec()[1..length - 1];
        assert_eq!(equations[0].ids, expected, "equation {row}");
    }
}

#[test]
fn unusable_weights_are_named() {
    for (key, text) in [
        ("data", r#"{"data": -1}"#),
        ("symbols", r#"{"symbols": -0.5}"#),
        ("data", r#"{"data": 0, "symbols": 0}"#),
    ] {
        let objective: Objective = serde_json::from_str(text).unwrap();
        let message = objective.validate().unwrap_err().to_string();
        let start = format!("objective.{key}: ");
        assert!(message.starts_with(&start), "{message}");
    }
    Objective::default().validate().unwrap();
    published_optimizer().validate().unwrap();
    // 20,000 steps of warm-up, then one over the square root.
    let rate = |step: f64| published_optimizer().schedule.factor(step / 2000.0, 80.0) * 1e-4;
    assert!((rate(10_000.0) - 5e-5).abs() < 1e-15 && (rate(80_000.0) - 5e-5).abs() < 1e-15);
}
