//! `perturb train`: scDFM learns how perturbations move cells.

mod step;
mod validation;

use burn::module::Module;
use burn::tensor::Device;
use rheome_cells::Condition;
use rheome_cli::model_folder::VOCABULARY;
use rheome_cli::{Console, Failure, JsonLog, Meter, RunFolder, settings as settings_file};
use rheome_perturbation::PadTransformer;
use rheome_perturbation::graph::VocabularyGraph;
use rheome_training::Trainer;
use rheome_training::metrics::MetricsLog;
use serde_json::json;

use super::PROGRAM;
use crate::arguments::TrainArguments;
use crate::cells::PreparedCells;
use crate::settings::TrainSettings;
use crate::trained_model::{GRAPH, Genes};
use step::Lessons;
use validation::Validation;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: TrainSettings = settings_file::load(&arguments.config, &arguments.overrides)?;
    settings.training.seed = arguments.compute.seed.unwrap_or(settings.training.seed);
    settings.validate()?;
    let cells = PreparedCells::read(&arguments.data)?;
    let (learnt, validated) = divide(&cells, &settings)?;
    console.note(format!(
        "data: {} cells of {} genes; {} perturbations to learn, {} to validate, {} held out",
        cells.names.len(),
        cells.genes.len(),
        learnt.len(),
        validated.len(),
        cells.held_out.as_ref().map_or(0, |test| test.len())
    ));
    let device = arguments.compute.select(console)?.device;
    let genes = genes(arguments, &cells, &settings, &device)?;
    settings.check_vocabulary(genes.vocabulary.size())?;
    let graph = genes.over_ids(settings.data.self_edges)?;
    let lessons = Lessons::new(&cells, &genes, learnt, &settings)?;
    let validation = Validation::new(&cells, &genes, &graph, validated, &settings, &device)?;
    let model = model(arguments, &settings, &device.clone().autodiff(), console)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(&arguments.output, &settings, arguments.resume, PROGRAM)?;
    genes.save(folder.path())?;
    let trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    let (trainer, metrics) = folder.start(trainer)?;
    Training {
        lessons,
        validation,
        graph: &graph,
        settings: &settings,
        device: device.autodiff(),
        folder: &folder,
        metrics,
        log: arguments.compute.log(arguments.resume)?,
        console,
        trainer,
    }
    .run()
}

/// The genes of a run: those of its folder, if it is continued, else those of the data.
fn genes(
    arguments: &TrainArguments,
    cells: &PreparedCells,
    settings: &TrainSettings,
    device: &Device,
) -> Result<Genes, Failure> {
    let folder = &arguments.output;
    let has_both = || {
        [VOCABULARY, GRAPH]
            .iter()
            .all(|name| folder.join(name).exists())
    };
    match arguments.resume && has_both() {
        true => Genes::load(folder),
        false => Genes::of(cells, settings, device),
    }
}

/// The network with its first weights: random ones, or those of `--weights`.
fn model(
    arguments: &TrainArguments,
    settings: &TrainSettings,
    device: &Device,
    console: Console,
) -> Result<PadTransformer, Failure> {
    let mut model = PadTransformer::init(&settings.model, settings.training.seed, device)?;
    if let Some(weights) = &arguments.weights {
        model = model.load(weights)?;
    }
    console.note(format!("model: scDFM, {} parameters", model.num_params()));
    Ok(model)
}

/// The conditions to learn from and those to validate with, by their places in the file.
fn divide(
    cells: &PreparedCells,
    settings: &TrainSettings,
) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let usable = |place: &usize| {
        let condition: &Condition = cells.condition(*place);
        !condition.is_control()
            && cells.is_learnt(condition)
            && !cells.by_condition[*place].is_empty()
    };
    let all: Vec<usize> = (0..cells.by_condition.len()).filter(usable).collect();
    let wanted = settings.training.validation_perturbations;
    if all.len() <= wanted {
        return Err(Failure::new(format!(
            "{}: found {} perturbation(s) to learn, expected more than the {wanted} of training.validation_perturbations",
            cells.path.display(),
            all.len()
        )));
    }
    // What is to be predicted are mostly combinations, so they judge before single perturbations do; which of them, the
    // seed decides.
    let mut order = all.clone();
    step::shuffle(&mut order, settings.training.seed);
    order.sort_by_key(|place| !cells.condition(*place).is_combination());
    let mut validated = order[..wanted].to_vec();
    validated.sort_unstable();
    let learnt = all.into_iter().filter(|place| !validated.contains(place));
    Ok((learnt.collect(), validated))
}

/// A training under way. An epoch is what lies between two validations.
struct Training<'a> {
    lessons: Lessons<'a>,
    validation: Validation<'a>,
    graph: &'a VocabularyGraph,
    settings: &'a TrainSettings,
    device: Device,
    folder: &'a RunFolder,
    metrics: MetricsLog,
    log: JsonLog,
    console: Console,
    trainer: Trainer<PadTransformer>,
}

impl Training<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        let training = &self.settings.training;
        let epochs = training.steps / training.validate_every;
        let done = self.trainer.progress.step;
        let mut meter = Meter::new(self.console, "train", "steps", training.steps, done);
        while self.trainer.progress.epoch < epochs {
            while self.trainer.progress.batch < training.validate_every {
                if let Err(failure) = self.step(epochs, &mut meter) {
                    // The weights are those before the step that failed: they are kept, whatever it was.
                    self.keep_weights(false)?;
                    self.folder.checkpoint(&self.trainer)?;
                    return Err(failure);
                }
            }
            self.end_epoch(&meter)?;
        }
        meter.finish();
        let path = self.folder.path().display();
        self.console.note(format!("wrote {path}"));
        Ok(())
    }

    fn step(&mut self, epochs: u64, meter: &mut Meter) -> Result<(), Failure> {
        let training = &self.settings.training;
        let step = self.trainer.progress.step;
        let loss = self
            .lessons
            .loss(&self.trainer.model, self.graph, step, &self.device)?;
        let report = self
            .trainer
            .step(loss.total, training.validate_every, epochs)?;
        let progress = self.trainer.progress;
        if progress.step.is_multiple_of(training.log_every) {
            let line = json!({
                "event": "step", "step": progress.step, "loss": report.loss,
                "velocity": loss.velocity.into_scalar::<f32>(), "discrepancy": loss.discrepancy.into_scalar::<f32>(),
                "learning_rate": report.learning_rate, "gradient_norm": report.gradient_norm,
                "training_seconds": progress.seconds,
            });
            self.metrics.append(&line)?;
            self.log.line(&line)?;
        }
        let is_last = progress.batch == training.validate_every;
        if progress.step.is_multiple_of(training.checkpoint_every) && !is_last {
            self.folder.checkpoint(&self.trainer)?;
        }
        meter.advance(format!("(loss {:.5})", report.loss));
        Ok(())
    }

    fn end_epoch(&mut self, meter: &Meter) -> Result<(), Failure> {
        let train_loss = self.trainer.end_epoch();
        let found = self.validation.score(&self.trainer.model.valid())?;
        // Without perturbations to validate with the newest weights count.
        let better = match &found {
            Some(found) => self.trainer.record_validation(found.mse_delta),
            None => true,
        };
        self.keep_weights(better)?;
        let progress = self.trainer.progress;
        let mut line = json!({
            "event": "validation", "step": progress.step, "train_loss": train_loss, "best": better,
            "training_seconds": progress.seconds,
        });
        let mut told = "no validation".to_owned();
        if let Some(found) = &found {
            line["mse_delta"] = found.mse_delta.into();
            line["mse_delta_of_control"] = found.mse_delta_of_control.into();
            line["pearson_delta"] = found.pearson_delta.into();
            told = format!(
                "validation: mse_delta {:.5} (control's {:.5}), pearson_delta {:.3}",
                found.mse_delta, found.mse_delta_of_control, found.pearson_delta
            );
        }
        self.metrics.append(&line)?;
        self.log.line(&line)?;
        // Last: a run that is killed before this repeats the validation, metrics and all.
        self.folder.checkpoint(&self.trainer)?;
        let mark = if better { ", best so far" } else { "" };
        meter.note(format!(
            "step {}: train {train_loss:.5}, {told}{mark}",
            progress.step
        ));
        Ok(())
    }

    fn keep_weights(&self, best: bool) -> Result<(), Failure> {
        let model = self.trainer.model.valid();
        self.folder
            .keep_weights(best, |path, metadata| model.save(path, metadata))
    }
}
