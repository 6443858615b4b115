//! `prose fluids train`: a network learns to continue flows.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use rand::RngExt;
use rheome_cli::training::{Plan, StepLoss, Training, Validation, evenly, train};
use rheome_cli::{Console, Failure, RunFolder};
use rheome_fields::{Window, Windows};
use rheome_layers::loss::relative_l2_per_sample;
use rheome_prose::fluids::{Fluids, Frames};
use rheome_prose::loss::relative_squared_error;
use rheome_training::Trainer;
use rheome_training::randomness::{Purpose, generator};

use super::PROGRAM;
use super::data::FlowData;
use super::settings::TrainSettings;
use super::symmetry::{Layout, Symmetry};
use crate::arguments::FluidsTrainArguments;
use crate::vocabulary_file;

/// Runs the command.
pub fn run(arguments: &FluidsTrainArguments) -> Result<(), Failure> {
    let options = &arguments.run;
    let console = options.compute.console();
    let mut settings: TrainSettings = options.settings()?;
    settings.training.seed = options.compute.seed.unwrap_or(settings.training.seed);
    options.files().read("data", &arguments.data).check()?;
    let data = FlowData::open(&arguments.data, &settings.model)?;
    let windows =
        windows(&data, &settings, console).map_err(|failure| options.at_fault(failure))?;
    let device = options.compute.select(console)?.device;
    let seed = settings.training.seed;
    let model = Fluids::init(&settings.model, seed, &device.clone().autodiff())?;
    let model = options.first_weights("PROSE-FD", model, Fluids::load)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(options, &settings, &data.fingerprint()?, PROGRAM)?;
    vocabulary_file::save(data.vocabulary(), folder.path())?;
    let training = FlowTraining {
        validated: evenly(&windows.validation, settings.training.validation_windows),
        learnt: windows.train,
        data: &data,
        settings: &settings,
        device,
    };
    let trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    train(&training, trainer, &folder, options)
}

/// The stretches of the settings' split.
pub fn windows(
    data: &FlowData,
    settings: &TrainSettings,
    console: Console,
) -> Result<Windows, Failure> {
    check_length(data, settings)?;
    let (inputs, stride) = (settings.frames() - 1, settings.data.stride);
    let found = settings.data.split.windows(data.reader(), inputs, stride);
    let windows = found.map_err(|e| Failure::new(e.in_section("data")))?;
    let (learnt, validated) = (windows.train.len(), windows.validation.len());
    console.note(format!(
        "data: {learnt} stretches of {} frames to learn, {validated} to validate",
        settings.frames()
    ));
    Ok(windows)
}

/// Snapshots that are given and predicted at once, and those of the longest flow, where these are fewer.
pub(super) fn too_short(data: &FlowData, settings: &TrainSettings) -> Option<[usize; 2]> {
    let steps = (settings.frames() - 1).saturating_mul(settings.data.stride);
    let completed = data.reader().completed_of_each();
    let [taken, longest] = [
        steps.saturating_add(1),
        completed.into_iter().max().unwrap_or(0),
    ];
    (taken > longest).then_some([taken, longest])
}

/// Fails where no flow is as long as what is given and predicted at once.
fn check_length(data: &FlowData, settings: &TrainSettings) -> Result<(), Failure> {
    let Some([taken, longest]) = too_short(data, settings) else {
        return Ok(());
    };
    let (reader, model, stride) = (data.reader(), &settings.model, settings.data.stride);
    Err(Failure::new(format!(
        "model.output_frames: found {}, with model.input_frames = {} and data.stride = {stride} a stretch of {taken} snapshots, expected {longest} \
         at most, as many as the longest flow of {} has",
        model.output_frames,
        model.input_frames,
        reader.label()
    )))
}

/// Stretches of flows on the host.
struct Stretches {
    /// `[stretch, frame, x, y, component]`
    values: Vec<f32>,
    trajectories: Vec<usize>,
}

/// Flows to learn from and to judge by.
struct FlowTraining<'a> {
    data: &'a FlowData,
    learnt: Vec<Window>,
    validated: Vec<Window>,
    settings: &'a TrainSettings,
    /// Without gradients.
    device: Device,
}

impl FlowTraining<'_> {
    /// Stretches as they are in the file.
    fn read(&self, windows: &[Window]) -> Result<Stretches, Failure> {
        let (frames, stride) = (self.settings.frames(), self.settings.data.stride);
        Ok(Stretches {
            values: self.data.read(windows, frames, stride)?,
            trajectories: windows.iter().map(|window| window.trajectory).collect(),
        })
    }

    /// The stretches of a step, a pure function of the seed and the step.
    fn batch(&self, step: u64) -> Result<Stretches, Failure> {
        let training = &self.settings.training;
        let mut order = generator(training.seed, Purpose::Order, step);
        let windows: Vec<Window> = (0..training.batch_size)
            .map(|_| self.learnt[order.random_range(0..self.learnt.len())])
            .collect();
        let mut stretches = self.read(&windows)?;
        if training.symmetries {
            self.show_otherwise(&mut stretches.values, step);
        }
        Ok(stretches)
    }

    /// Shifts, turns and mirrors each stretch as a whole.
    fn show_otherwise(&self, values: &mut [f32], step: u64) {
        let mut random = generator(self.settings.training.seed, Purpose::Augmentation, step);
        let channels = &self.settings.model.channels;
        let component = |name: &str| {
            let of_network = channels.iter().position(|channel| channel == name)?;
            self.data.channels().iter().position(|c| *c == of_network)
        };
        let layout = Layout {
            points: self.settings.model.grid[0],
            components: self.data.channels().len(),
            velocity: component("u").zip(component("v")).map(|(u, v)| [u, v]),
        };
        let length = self.data.reader().shape().snapshot_len();
        let mut snapshot = vec![0.0; length];
        for stretch in values.chunks_mut(self.settings.frames() * length) {
            let symmetry = Symmetry::draw(layout.points, &mut random);
            for frame in stretch.chunks_mut(length) {
                symmetry.apply(frame, &layout, &mut snapshot);
                frame.copy_from_slice(&snapshot);
            }
        }
    }

    /// What the network makes of stretches, what it should, and what was given.
    fn answer(
        &self,
        model: &Fluids,
        stretches: &Stretches,
        device: &Device,
    ) -> Result<(Tensor<5>, Tensor<5>, Frames), Failure> {
        let config = &self.settings.model;
        let all = self
            .data
            .frames(&stretches.values, self.settings.frames(), config, device)?;
        let symbols = self.data.symbols(&stretches.trajectories, device)?;
        let given = all.part(0, config.input_frames);
        let expected = all.part(config.input_frames, config.output_frames).values;
        Ok((model.forward(&given, &symbols)?, expected, given))
    }
}

impl Training for FlowTraining<'_> {
    type Model = Fluids;
    type Batch = Stretches;
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
    ) -> impl Iterator<Item = Result<Stretches, Failure>> + Send {
        let steps = self.settings.training.steps_per_epoch;
        (first..steps).map(move |number| self.batch(epoch * steps + number))
    }

    fn loss(&self, model: &Fluids, batch: Stretches, _: u64) -> Result<StepLoss, Failure> {
        let device = self.device.clone().autodiff();
        let (found, expected, _) = self.answer(model, &batch, &device)?;
        Ok(StepLoss {
            total: relative_squared_error(found, expected),
            terms: Vec::new(),
        })
    }

    fn validate(&self, model: &Fluids, train_loss: f64) -> Result<Validation, Failure> {
        if self.validated.is_empty() {
            // Without flows to judge by the training loss decides.
            return Ok(Validation::none(Some(train_loss)));
        }
        let (mut error, mut persistence) = (0.0, 0.0);
        for windows in self.validated.chunks(self.settings.training.batch_size) {
            let stretches = self.read(windows)?;
            let (found, expected, given) = self.answer(model, &stretches, &self.device)?;
            let last = given.part(self.settings.model.input_frames - 1, 1).values;
            let sum = |fields: Tensor<5>| -> f64 {
                let each = relative_l2_per_sample(fields, expected.clone());
                each.into_data().iter::<f64>().sum()
            };
            persistence += sum(last.expand(expected.dims()));
            error += sum(found);
        }
        let count = self.validated.len() as f64;
        let (error, persistence) = (error / count, persistence / count);
        let metrics = [
            ("relative_l2", error),
            ("relative_l2_of_persistence", persistence),
        ];
        let summary = format!("relative L2 {error:.4} (persistence {persistence:.4})");
        Ok(Validation::new(error, metrics, summary))
    }

    fn save(&self, model: &Fluids, path: &Path, metadata: &[(&str, &str)]) -> Result<(), Failure> {
        Ok(model.save(path, metadata)?)
    }
}
