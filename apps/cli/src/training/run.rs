//! A training under way.

use std::sync::mpsc::sync_channel;

use burn::module::Module;
use rheome_training::metrics::MetricsLog;
use rheome_training::{StepReport, Trainer};
use serde_json::{Map, Value, json};

use super::{Plan, TrainOptions, Training, Validation};
use crate::model_folder::PARTIAL;
use crate::{Console, Failure, Interruption, JsonLog, Meter, RunFolder};

/// Batches that are prepared ahead of the device.
const AHEAD: usize = 2;

/// Trains to the end, from the start or from where the run in `folder` was stopped.
///
/// # Errors
/// [`Failure`] of a step, or of a signal that asked to stop before it, whereupon the weights before it are kept in the folder; or
/// of a validation or a file.
pub fn train<T: Training>(
    training: &T,
    mut trainer: Trainer<T::Model>,
    folder: &RunFolder,
    options: &TrainOptions,
) -> Result<(), Failure> {
    let before = options.time_before();
    trainer.progress.seconds = before.map_or(0.0, |time| time.seconds);
    let (trainer, mut metrics) = folder.start(trainer)?;
    if options.weights.is_some() && !options.resume && before.is_none_or(|time| time.is_partial) {
        metrics.append(&json!({"event": PARTIAL, "step": 0}))?;
    }
    if options.weights.is_some() && trainer.progress.step == 0 {
        // A run that is stopped before its next checkpoint is not to begin again from other weights.
        folder.checkpoint(&trainer)?;
    }
    let console = options.compute.console();
    if options.resume && trainer.progress.step == 0 {
        let path = folder.path().display();
        console.note(format!(
            "{path}: has no checkpoint yet: the run begins anew"
        ));
    }
    let run = Run {
        training,
        plan: training.plan(),
        trainer,
        folder,
        metrics,
        log: options.compute.log(options.resume)?,
        console,
        interruption: Interruption::watch(options.compute.console())?,
    };
    run.finish()
}

struct Run<'a, T: Training> {
    training: &'a T,
    plan: Plan,
    trainer: Trainer<T::Model>,
    folder: &'a RunFolder,
    metrics: MetricsLog,
    log: JsonLog,
    console: Console,
    interruption: Interruption,
}

impl<T: Training> Run<'_, T> {
    fn finish(mut self) -> Result<(), Failure> {
        let Plan {
            epochs, batches, ..
        } = self.plan;
        let done = self.trainer.progress.step;
        let mut meter = Meter::new(self.console, "train", "steps", epochs * batches, done);
        while self.trainer.progress.epoch < epochs {
            if let Err(failure) = self.epoch(&mut meter) {
                // The weights are those before the step that failed: they are kept, whatever it was.
                return Err(self.kept_before(failure)?);
            }
            // A signal that comes meanwhile is asked about before the next step.
            match self.validate() {
                Ok(found) => self.end_epoch(found, &meter)?,
                // The epoch is not over: whoever resumes begins with its validation.
                Err(failure) => return Err(self.kept_before(failure)?),
            }
        }
        meter.finish();
        self.folder.check_weights()?;
        let path = self.folder.path().display();
        self.console.note(format!("wrote {path}"));
        Ok(())
    }

    /// Keeps weights and progress as they are, and gives back what ended the run.
    fn kept_before(&self, failure: Failure) -> Result<Failure, Failure> {
        self.keep_weights(false)?;
        self.folder.checkpoint(&self.trainer)?;
        Ok(failure)
    }

    fn validate(&self) -> Result<Validation, Failure> {
        let model = self.trainer.model.valid();
        self.training.validate(&model, self.trainer.mean_loss())
    }

    /// The batches that the epoch under way still has.
    fn epoch(&mut self, meter: &mut Meter) -> Result<(), Failure> {
        let (training, progress) = (self.training, self.trainer.progress);
        let batches = training.batches(progress.epoch, progress.batch);
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || {
                for batch in batches {
                    if sender.send(batch).is_err() {
                        return;
                    }
                }
            });
            receiver.into_iter().try_for_each(|batch| {
                self.interruption.check(|| self.standing())?;
                self.step(batch?, meter)
            })
        })
    }

    /// What a run that stops here leaves, and how it goes on.
    fn standing(&self) -> String {
        let (step, plan) = (self.trainer.progress.step, self.plan);
        let (folder, steps) = (self.folder.path().display(), plan.epochs * plan.batches);
        format!("{folder}: {step} of {steps} steps are in its checkpoint; continue with --resume")
    }

    fn step(&mut self, batch: T::Batch, meter: &mut Meter) -> Result<(), Failure> {
        let Plan {
            epochs,
            batches,
            log_every,
            checkpoint_every,
        } = self.plan;
        let step = self.trainer.progress.step;
        let loss = self.training.loss(&self.trainer.model, batch, step)?;
        let report = self.trainer.step(loss.total, batches, epochs)?;
        let progress = self.trainer.progress;
        if progress.step.is_multiple_of(log_every) {
            let mut line = self.step_line(&report);
            for (name, term) in loss.terms {
                line.insert(name.to_owned(), term.into_scalar::<f32>().into());
            }
            self.tell(&line)?;
        }
        // The end of an epoch makes a checkpoint of its own.
        if progress.step.is_multiple_of(checkpoint_every) && progress.batch < batches {
            self.folder.checkpoint(&self.trainer)?;
        }
        meter.advance(match T::COUNTS_EPOCHS {
            true => format!("(epoch {}, loss {:.5})", progress.epoch + 1, report.loss),
            false => format!("(loss {:.5})", report.loss),
        });
        Ok(())
    }

    fn step_line(&self, report: &StepReport) -> Map<String, Value> {
        let progress = self.trainer.progress;
        let mut line = object(json!({
            "event": "step", "step": progress.step, "loss": report.loss, "learning_rate": report.learning_rate,
            "gradient_norm": report.gradient_norm, "training_seconds": progress.seconds,
        }));
        if T::COUNTS_EPOCHS {
            line.insert("epoch".to_owned(), (progress.epoch + 1).into());
        }
        line
    }

    fn end_epoch(&mut self, found: Validation, meter: &Meter) -> Result<(), Failure> {
        let train_loss = self.trainer.end_epoch();
        let better = match found.score {
            Some(score) => self.trainer.record_validation(score),
            None => true,
        };
        self.keep_weights(better)?;
        let progress = self.trainer.progress;
        let mut line = object(json!({
            "event": "validation", "step": progress.step, "train_loss": train_loss, "best": better,
            "training_seconds": progress.seconds,
        }));
        let mut place = format!("step {}", progress.step);
        if T::COUNTS_EPOCHS {
            line.insert("event".to_owned(), "epoch".into());
            line.insert("epoch".to_owned(), progress.epoch.into());
            place = format!("epoch {}", progress.epoch);
        }
        line.extend(found.metrics);
        self.tell(&line)?;
        // Last: a run that is killed before this repeats the end of the epoch, metrics and all.
        self.folder.checkpoint(&self.trainer)?;
        let mark = if better { ", best so far" } else { "" };
        let summary = found.summary;
        meter.note(format!("{place}: train {train_loss:.5}, {summary}{mark}"));
        Ok(())
    }

    fn tell(&mut self, line: &Map<String, Value>) -> Result<(), Failure> {
        self.metrics.append(line)?;
        self.log.line(line)
    }

    fn keep_weights(&self, best: bool) -> Result<(), Failure> {
        let model = self.trainer.model.valid();
        self.folder.keep_weights(best, |path, metadata| {
            self.training.save(&model, path, metadata)
        })
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
