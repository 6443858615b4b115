//! `turbulence train`: an operator learns to predict the next snapshot.

pub mod batches;
mod fingerprint;
pub mod objective;
pub mod settings;
mod symmetry;

use std::path::Path;

use burn::tensor::Device;
use rheome_cli::model_folder::NORMALIZATION;
use rheome_cli::training::{Plan, StepLoss, Training, Validation, evenly, train};
use rheome_cli::{Console, Failure, RunFolder};
use rheome_fields::{
    FieldReader, FirstComponents, Window, Windows, expect_grid, mean_spacing,
    normalization_statistics,
};
use rheome_flow::{EnergyChangeRange, FlowModel, GridFeatures, Normalization};
use rheome_training::Trainer;

use super::PROGRAM;
use crate::arguments::TrainArguments;
use crate::trained_flow::{self, FLOW};
use batches::{BatchSource, HostBatch};
use fingerprint::fingerprint;
use objective::{SnapshotShape, unrolled_loss, validate};
use settings::TrainSettings;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let options = &arguments.run;
    let console = options.compute.console();
    let mut settings: TrainSettings = options.settings()?;
    settings.training.seed = options.compute.seed.unwrap_or(settings.training.seed);
    options.files().read("data", &arguments.data).check()?;
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
    settings.data.time_step =
        time_step(reader, &settings).map_err(|failure| options.at_fault(failure))?;

    let (time_window, stride) = (settings.model.time_window(), settings.data.stride);
    // Each window holds every snapshot that an unrolled prediction is compared with.
    let lead = time_window + settings.training.unroll - 1;
    let windows =
        split(reader, &settings, lead, console).map_err(|failure| options.at_fault(failure))?;
    let device = options.compute.select(console)?.device.autodiff();
    let model = FlowModel::init(&settings.model, settings.training.seed, &device)?;
    let model = options.first_weights(settings.model.kind(), model, FlowModel::load)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(options, &settings, &fingerprint(reader)?, PROGRAM)?;
    let normalization = match folder.kept(NORMALIZATION) {
        Some(path) => Normalization::load(&path)?,
        None => statistics(reader, &windows.train, lead, stride)?,
    };
    normalization.save(&folder.path().join(NORMALIZATION))?;
    trained_flow::save(reader.header(), &folder.path().join(FLOW))?;
    let source = BatchSource::new(
        reader,
        &windows.train,
        &settings.training,
        time_window,
        stride,
        &normalization.input_std,
    );
    let [nx, ny, nz] = reader.shape().grid;
    let training = FlowTraining {
        source,
        shape: [nx, ny, nz, settings.model.channels()],
        reader,
        settings: &settings,
        normalization: &normalization,
        validation: evenly(&windows.validation, settings.training.validation_windows),
        features: model.prepare(&settings.model.grid()),
        device,
    };
    let trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    train(&training, trainer, &folder, options)
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
    let windows = found.map_err(|e| Failure::new(e.in_section("data")))?;
    let (train, validate) = (windows.train.len(), windows.validation.len());
    console.note(format!(
        "data: {train} windows to train, {validate} to validate"
    ));
    Ok(windows)
}

/// Time of one step of the operator: that of the data, by their mean spacing, else that of the
/// settings.
fn time_step(reader: &dyn FieldReader, settings: &TrainSettings) -> Result<Option<f64>, Failure> {
    let given = settings.data.time_step;
    let Some(spacing) = reader.times().and_then(mean_spacing) else {
        return Ok(given);
    };
    let found = spacing * settings.data.stride as f64;
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

/// Windows to learn from and to judge by.
struct FlowTraining<'a> {
    source: BatchSource<'a>,
    reader: &'a dyn FieldReader,
    shape: SnapshotShape,
    settings: &'a TrainSettings,
    normalization: &'a Normalization,
    validation: Vec<Window>,
    features: GridFeatures,
    /// With gradients.
    device: Device,
}

impl Training for FlowTraining<'_> {
    type Model = FlowModel;
    type Batch = HostBatch;
    const COUNTS_EPOCHS: bool = true;

    fn plan(&self) -> Plan {
        let training = &self.settings.training;
        Plan {
            epochs: training.epochs,
            batches: self.source.per_epoch(),
            log_every: training.log_every,
            checkpoint_every: training.checkpoint_every,
        }
    }

    fn batches(
        &self,
        epoch: u64,
        first: u64,
    ) -> impl Iterator<Item = Result<HostBatch, Failure>> + Send {
        let (source, order) = (&self.source, self.source.order(epoch));
        (first..source.per_epoch()).map(move |number| source.batch(&order, epoch, number))
    }

    fn loss(&self, model: &FlowModel, batch: HostBatch, _: u64) -> Result<StepLoss, Failure> {
        let total = unrolled_loss(
            model,
            &self.features,
            self.normalization,
            batch,
            self.shape,
            &self.device,
        );
        Ok(StepLoss {
            total,
            terms: Vec::new(),
        })
    }

    fn validate(&self, model: &FlowModel, train_loss: f64) -> Result<Validation, Failure> {
        if self.validation.is_empty() {
            // Without validation windows the training loss decides.
            return Ok(Validation::none(Some(train_loss)));
        }
        let windows = (
            self.validation.as_slice(),
            self.settings.data.stride,
            self.settings.training.batch_size,
        );
        let found = validate(
            model,
            self.normalization,
            &model.prepare(&self.settings.model.grid()),
            self.reader,
            windows,
            &self.device.clone().inner(),
        )?;
        let metrics = [
            ("relative_l2", found.loss),
            ("relative_l2_of_persistence", found.persistence),
        ];
        let summary = format!(
            "relative L2 {:.5} (persistence {:.5})",
            found.loss, found.persistence
        );
        Ok(Validation::new(found.loss, metrics, summary))
    }

    fn save(
        &self,
        model: &FlowModel,
        path: &Path,
        metadata: &[(&str, &str)],
    ) -> Result<(), Failure> {
        Ok(model.save(path, metadata)?)
    }
}
