//! `prose train`: PROSE learns to continue series and to name their equations.

mod fingerprint;
mod validation;

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use rheome_cli::model_folder::VOCABULARY;
use rheome_cli::training::{Plan, StepLoss, Training, Validation, train};
use rheome_cli::{Failure, RunFolder};
use rheome_equations::{Batch, BatchReader, DataFile, Subset};
use rheome_prose::Prose;
use rheome_prose::training::{Answer, Lesson};
use rheome_training::Trainer;

use super::PROGRAM;
use crate::arguments::TrainArguments;
use crate::families_file;
use crate::settings::TrainSettings;
use crate::vocabulary_file;
use fingerprint::fingerprint;
use validation::Examination;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let options = &arguments.run;
    let console = options.compute.console();
    let mut settings: TrainSettings = options.settings()?;
    settings.training.seed = options.compute.seed.unwrap_or(settings.training.seed);
    options.files().read("data", &arguments.data).check()?;
    let data = Arc::new(DataFile::open(&arguments.data)?);
    settings
        .check_data(&data)
        .map_err(|failure| options.at_fault(failure))?;
    settings.data.input_duration = Some(settings.duration_of_input(&data));
    let samples = |subset| data.subset(&settings.data.split, subset);
    let (learnt, validated) = (samples(Subset::Train), samples(Subset::Validation));
    if learnt.is_empty() {
        return Err(Failure::new(format!(
            "{}: data.split leaves no equation to learn from",
            data.path().display()
        )));
    }
    console.note(format!(
        "data: {} series of {} equations; {} series to learn, {} to validate",
        data.samples(),
        data.equations().len(),
        learnt.len(),
        validated.len()
    ));
    let device = options.compute.select(console)?.device;
    let training = EquationTraining {
        lessons: reader(&data, learnt, &settings)?,
        examination: Examination::new(&data, validated, &settings, &device)?,
        settings: &settings,
        device: device.autodiff(),
    };
    let model = Prose::init(&settings.model, settings.training.seed, &training.device)?;
    let model = options.first_weights("PROSE", model, Prose::load)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(options, &settings, &fingerprint(&data)?, PROGRAM)?;
    let words = settings.model.words()?;
    match folder.kept(VOCABULARY) {
        Some(path) => vocabulary_file::check(&words, &path)?,
        None => vocabulary_file::save(&words, folder.path())?,
    }
    families_file::save(&data, folder.path())?;
    let trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    train(&training, trainer, &folder, options)
}

/// Batches of samples, as the settings have them.
fn reader(
    data: &Arc<DataFile>,
    samples: Vec<usize>,
    settings: &TrainSettings,
) -> Result<BatchReader, Failure> {
    Ok(BatchReader::new(
        data.clone(),
        samples,
        settings.model.words()?,
        settings.data.batch,
        settings.training.seed,
    )?)
}

/// Series to learn from and to judge by.
struct EquationTraining<'a> {
    lessons: BatchReader,
    examination: Option<Examination<'a>>,
    settings: &'a TrainSettings,
    /// With gradients.
    device: Device,
}

impl Training for EquationTraining<'_> {
    type Model = Prose;
    type Batch = Batch;
    const COUNTS_EPOCHS: bool = true;

    fn plan(&self) -> Plan {
        let training = &self.settings.training;
        Plan {
            epochs: training.epochs,
            batches: training.steps_per_epoch,
            log_every: training.log_every,
            checkpoint_every: training.checkpoint_every,
        }
    }

    fn batches(
        &self,
        epoch: u64,
        first: u64,
    ) -> impl Iterator<Item = Result<Batch, Failure>> + Send {
        let (mut lessons, steps) = (self.lessons.clone(), self.settings.training.steps_per_epoch);
        (first..steps).map(move |number| Ok(lessons.training(epoch * steps + number)?))
    }

    fn loss(&self, model: &Prose, batch: Batch, _: u64) -> Result<StepLoss, Failure> {
        let lesson = Lesson::new(&batch, &self.device);
        let answer = Answer::of(model, &lesson)?;
        let terms = self.settings.objective.loss(&answer, &lesson);
        Ok(StepLoss {
            total: terms.total,
            terms: vec![("data", terms.data), ("symbols", terms.symbols)],
        })
    }

    fn validate(&self, model: &Prose, _: f64) -> Result<Validation, Failure> {
        match &self.examination {
            Some(examination) => examination.judge(model),
            // The newest weights count.
            None => Ok(Validation::none(None)),
        }
    }

    fn save(&self, model: &Prose, path: &Path, metadata: &[(&str, &str)]) -> Result<(), Failure> {
        Ok(model.save(path, metadata)?)
    }
}
