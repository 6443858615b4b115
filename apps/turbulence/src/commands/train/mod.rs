//! `turbulence train`: an operator learns to predict the next snapshot.

pub mod batches;
pub mod objective;
pub mod settings;
mod symmetry;

use std::path::Path;
use std::sync::mpsc::sync_channel;

use burn::module::Module;
use burn::tensor::Device;
use rheome_cli::model_folder::{NORMALIZATION, training_seconds};
use rheome_cli::{Console, Failure, JsonLog, Meter, RunFolder, settings as settings_file};
use rheome_fields::{
    FieldError, FieldReader, FirstComponents, Window, Windows, expect_grid,
    normalization_statistics,
};
use rheome_flow::{EnergyChangeRange, FlowModel, GridFeatures, Normalization};
use rheome_training::Trainer;
use serde_json::json;

use super::PROGRAM;
use crate::arguments::TrainArguments;
use batches::{BatchSource, HostBatch};
use objective::{SnapshotShape, unrolled_loss, validate};
use settings::TrainSettings;

/// Batches that are prepared ahead of the device.
const AHEAD: usize = 2;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: TrainSettings = settings_file::load(&arguments.config, &arguments.overrides)?;
    settings.training.seed = arguments.compute.seed.unwrap_or(settings.training.seed);
    settings.validate()?;
    let reader = FirstComponents::new(
        rheome_fields::open(&arguments.data)?,
        settings.model.channels(),
    )?;
    let reader = reader.as_ref();
    expect_grid(
        reader,
        settings.model.grid().shape(),
        settings.model.channels(),
    )?;
    settings.data.time_step = time_step(reader, &settings)?;

    let (time_window, stride) = (settings.model.time_window(), settings.data.stride);
    // Each window holds every snapshot that an unrolled prediction is compared with.
    let lead = time_window + settings.training.unroll - 1;
    let windows = split(reader, &settings, lead, console)?;
    let device = arguments.compute.select(console)?.device.autodiff();
    let model = model(arguments, &settings, &device, console)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(&arguments.output, &settings, arguments.resume, PROGRAM)?;
    let normalization = match folder.kept(NORMALIZATION) {
        Some(path) => Normalization::load(&path)?,
        None => statistics(reader, &windows.train, lead, stride)?,
    };
    normalization.save(&folder.path().join(NORMALIZATION))?;
    let features = model.prepare(&settings.model.grid());
    let mut trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    trainer.progress.seconds = seconds_before(arguments);
    let (trainer, metrics) = folder.start(trainer)?;
    let validation = evenly(&windows.validation, settings.training.validation_windows);
    let [nx, ny, nz] = reader.shape().grid;
    let mut training = Training {
        source: BatchSource::new(
            reader,
            &windows.train,
            &settings.training,
            time_window,
            stride,
            &normalization.input_std,
        ),
        shape: [nx, ny, nz, settings.model.channels()],
        reader,
        settings: &settings,
        normalization: &normalization,
        validation,
        features,
        device,
        folder: &folder,
        metrics,
        log: arguments.compute.log(arguments.resume)?,
        console,
        trainer,
    };
    training.run()
}

/// Seconds that the training of the given weights took, where they lie in a model folder that tells.
fn seconds_before(arguments: &TrainArguments) -> f64 {
    let folder = arguments.weights.as_deref().and_then(Path::parent);
    folder.and_then(training_seconds).unwrap_or(0.0)
}

/// The windows of the settings' split, each of `lead` snapshots and one more.
fn split(
    reader: &dyn FieldReader,
    settings: &TrainSettings,
    lead: usize,
    console: Console,
) -> Result<Windows, Failure> {
    let found = settings
        .data
        .split
        .windows(reader, lead, settings.data.stride);
    let windows = found.map_err(|e| match e {
        // The split does not know the section that its keys are in.
        FieldError::Setting { .. } => Failure::new(format!("data.{e}")),
        other => other.into(),
    })?;
    let (train, validate) = (windows.train.len(), windows.validation.len());
    console.note(format!(
        "data: {train} windows to train, {validate} to validate"
    ));
    Ok(windows)
}

/// The operator with its first weights: random ones, or those of `--weights`.
fn model(
    arguments: &TrainArguments,
    settings: &TrainSettings,
    device: &Device,
    console: Console,
) -> Result<FlowModel, Failure> {
    let mut model = FlowModel::init(&settings.model, settings.training.seed, device)?;
    if let Some(weights) = &arguments.weights {
        model = model.load(weights)?;
    }
    console.note(format!(
        "model: {}, {} parameters",
        settings.model.kind(),
        model.num_params()
    ));
    Ok(model)
}

/// Time of one step of the operator: that of the data (their mean spacing, which rounding disturbs least), else that of the
/// settings.
fn time_step(reader: &dyn FieldReader, settings: &TrainSettings) -> Result<Option<f64>, Failure> {
    let given = settings.data.time_step;
    let spacing = reader.times().and_then(|times| {
        let (first, rest) = times.split_first()?;
        Some((rest.last()? - first) / rest.len() as f64)
    });
    let Some(found) = spacing
        .map(|s| s * settings.data.stride as f64)
        .filter(|s| s.is_finite())
    else {
        return Ok(given);
    };
    match given {
        Some(given) if (given - found).abs() > 1e-6 * found.abs() => Err(Failure::new(format!(
            "data.time_step: found {given}, expected {found}, as the times of {} tell",
            reader.label()
        ))),
        _ => Ok(Some(found)),
    }
}

/// What the operator is standardised with, and the guard rail of its rollouts.
fn statistics(
    reader: &dyn FieldReader,
    windows: &[Window],
    lead: usize,
    stride: usize,
) -> Result<Normalization, Failure> {
    let found = normalization_statistics(reader, windows, lead, stride)?;
    let ranges = found.energy_change.iter();
    let normalization = Normalization {
        input_mean: found.inputs.mean().to_vec(),
        input_std: found.inputs.std().to_vec(),
        output_mean: found.targets.mean().to_vec(),
        output_std: found.targets.std().to_vec(),
        energy_change: Some(
            ranges
                .map(|r| EnergyChangeRange {
                    min: r.min,
                    max: r.max,
                })
                .collect(),
        ),
    };
    normalization.validate().map_err(|e| {
        Failure::new(format!(
            "{}: statistics of the training windows: {e}",
            reader.label()
        ))
    })?;
    Ok(normalization)
}

/// At most `limit` of `windows` (0: all), evenly spread.
fn evenly(windows: &[Window], limit: usize) -> Vec<Window> {
    let count = if limit == 0 {
        windows.len()
    } else {
        limit.min(windows.len())
    };
    (0..count)
        .map(|i| windows[i * windows.len() / count])
        .collect()
}

/// A training under way.
struct Training<'a> {
    source: BatchSource<'a>,
    reader: &'a dyn FieldReader,
    shape: SnapshotShape,
    settings: &'a TrainSettings,
    normalization: &'a Normalization,
    validation: Vec<Window>,
    features: GridFeatures,
    device: Device,
    folder: &'a RunFolder,
    metrics: rheome_training::metrics::MetricsLog,
    log: JsonLog,
    console: Console,
    trainer: Trainer<FlowModel>,
}

impl Training<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        let epochs = self.settings.training.epochs;
        let (total, done) = (epochs * self.source.per_epoch(), self.trainer.progress.step);
        let mut meter = Meter::new(self.console, "train", "steps", total, done);
        while self.trainer.progress.epoch < epochs {
            if let Err(failure) = self.epoch(&mut meter) {
                // The weights are those before the step that failed: they are kept, whatever it was.
                let model = self.trainer.model.valid();
                self.folder
                    .keep_weights(false, |path, metadata| model.save(path, metadata))?;
                self.folder.checkpoint(&self.trainer)?;
                return Err(failure);
            }
            self.end_epoch(&meter)?;
        }
        meter.finish();
        self.console
            .note(format!("wrote {}", self.folder.path().display()));
        Ok(())
    }

    /// The batches that the epoch under way still has.
    fn epoch(&mut self, meter: &mut Meter) -> Result<(), Failure> {
        let progress = self.trainer.progress;
        let order = self.source.order(progress.epoch);
        let batches = self.source.per_epoch();
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<Result<HostBatch, Failure>>(AHEAD);
            let (source, order) = (&self.source, &order);
            scope.spawn(move || {
                for number in progress.batch..batches {
                    if sender
                        .send(source.batch(order, progress.epoch, number))
                        .is_err()
                    {
                        return;
                    }
                }
            });
            let mut work = StepContext {
                trainer: &mut self.trainer,
                settings: self.settings,
                features: &self.features,
                normalization: self.normalization,
                shape: self.shape,
                device: &self.device,
                folder: self.folder,
                metrics: &mut self.metrics,
                log: &mut self.log,
            };
            receiver
                .into_iter()
                .try_for_each(|batch| work.step(batch?, batches, meter))
        })
    }

    fn end_epoch(&mut self, meter: &Meter) -> Result<(), Failure> {
        let train_loss = self.trainer.end_epoch();
        let model = self.trainer.model.valid();
        let device = self.device.clone().inner();
        let features = model.prepare(&self.settings.model.grid());
        let windows = (
            self.validation.as_slice(),
            self.settings.data.stride,
            self.settings.training.batch_size,
        );
        let found = validate(
            &model,
            self.normalization,
            &features,
            self.reader,
            windows,
            &device,
        )?;
        // Without validation windows the training loss decides.
        let score = if self.validation.is_empty() {
            train_loss
        } else {
            found.loss
        };
        let better = self.trainer.record_validation(score);
        self.folder
            .keep_weights(better, |path, metadata| model.save(path, metadata))?;
        let progress = self.trainer.progress;
        let mut line = json!({
            "event": "epoch", "epoch": progress.epoch, "step": progress.step, "train_loss": train_loss,
            "best": better, "training_seconds": progress.seconds,
        });
        if !self.validation.is_empty() {
            line["validation_loss"] = found.loss.into();
            line["validation_persistence"] = found.persistence.into();
        }
        self.metrics.append(&line)?;
        self.log.line(&line)?;
        // Last: a run that is killed before this repeats the end of the epoch, metrics and all.
        self.folder.checkpoint(&self.trainer)?;
        let validation = match self.validation.is_empty() {
            true => "no validation".to_owned(),
            false => format!(
                "validation {:.5} (persistence {:.5})",
                found.loss, found.persistence
            ),
        };
        meter.note(format!(
            "epoch {}: train {train_loss:.5}, {validation}{}",
            progress.epoch,
            if better { ", best so far" } else { "" }
        ));
        Ok(())
    }
}

/// What one optimiser step needs.
struct StepContext<'a> {
    trainer: &'a mut Trainer<FlowModel>,
    settings: &'a TrainSettings,
    features: &'a GridFeatures,
    normalization: &'a Normalization,
    shape: SnapshotShape,
    device: &'a Device,
    folder: &'a RunFolder,
    metrics: &'a mut rheome_training::metrics::MetricsLog,
    log: &'a mut JsonLog,
}

impl StepContext<'_> {
    fn step(&mut self, batch: HostBatch, batches: u64, meter: &mut Meter) -> Result<(), Failure> {
        let training = &self.settings.training;
        let loss = unrolled_loss(
            &self.trainer.model,
            self.features,
            self.normalization,
            batch,
            self.shape,
            self.device,
        );
        let report = self.trainer.step(loss, batches, training.epochs)?;
        let progress = self.trainer.progress;
        if progress.step.is_multiple_of(training.log_every) {
            let line = json!({
                "event": "step", "epoch": progress.epoch + 1, "step": progress.step, "loss": report.loss,
                "learning_rate": report.learning_rate, "gradient_norm": report.gradient_norm,
                "training_seconds": progress.seconds,
            });
            self.metrics.append(&line)?;
            self.log.line(&line)?;
        }
        // The end of an epoch makes a checkpoint of its own.
        if progress.step.is_multiple_of(training.checkpoint_every) && progress.batch < batches {
            self.folder.checkpoint(self.trainer)?;
        }
        meter.advance(format!(
            "(epoch {}, loss {:.5})",
            progress.epoch + 1,
            report.loss
        ));
        Ok(())
    }
}
