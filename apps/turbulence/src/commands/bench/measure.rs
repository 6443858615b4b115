//! `turbulence measure`: one kind of work of one contestant, timed in a process that does nothing else.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::StandardNormal;
use rheome_backend::device::DeviceChoice;
use rheome_backend::measurement::{peak_memory, seconds};
use rheome_channel::Channel;
use rheome_cli::{Failure, say, settings as settings_file};
use rheome_flow::{FlowModel, GridFeatures, Normalization, Rollout};
use rheome_training::randomness::{Purpose, generator};
use rheome_training::{OptimizerSettings, Trainer};
use serde::{Deserialize, Serialize};

use super::super::train::batches::HostBatch;
use super::super::train::objective::{SnapshotShape, unrolled_loss};
use super::Work;
use crate::arguments::MeasureArguments;
use crate::commands::simulate::settings::SimulateSettings;
use crate::model_folder;

/// Seed of random weights and of the field they act on, unless another is asked for.
const SEED: u64 = 1234;

/// What a process measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Seconds of each step.
    pub seconds: Vec<f64>,
    /// Largest resident memory, in MiB, where it can be told: not that of a GPU.
    pub peak_mib: Option<f64>,
    /// Trainable numbers of an operator.
    pub parameters: Option<usize>,
    /// Mean length of a solver's steps, in h/u_tau.
    pub time_step: Option<f64>,
}

/// Runs the command: one line of JSON on standard output.
pub fn run(arguments: &MeasureArguments) -> Result<(), Failure> {
    let measurement = match arguments.work {
        Work::Rollout => rollout(arguments)?,
        Work::Training => training(arguments)?,
        Work::Simulation => simulation(arguments)?,
    };
    say(serde_json::to_string(&measurement)?);
    Ok(())
}

/// An operator, and random fields with the statistics that it is made for.
struct Operator {
    model: FlowModel,
    features: GridFeatures,
    normalization: Normalization,
    seed: u64,
    time_window: usize,
    shape: SnapshotShape,
}

impl Operator {
    /// The operator of a model folder, or one of random weights.
    fn load(arguments: &MeasureArguments, device: &Device) -> Result<Self, Failure> {
        let seed = arguments.compute.seed.unwrap_or(SEED);
        let subject = &arguments.subject;
        let (config, model, normalization) = if subject.is_dir() {
            let loaded = model_folder::load_folder(subject, device)?;
            (loaded.config, loaded.model, loaded.normalization)
        } else {
            let (config, _) = model_folder::read_config(subject)?;
            let model = FlowModel::init(&config, seed, device)?;
            let identity = Normalization::identity(config.channels());
            (config, model, identity)
        };
        let grid = config.grid();
        let [nx, ny, nz] = grid.shape();
        Ok(Self {
            features: model.prepare(&grid),
            model,
            normalization,
            seed,
            time_window: config.time_window(),
            shape: [nx, ny, nz, config.channels()],
        })
    }

    /// `count` random snapshots in physical units, the same ones every time.
    fn snapshots(&self, count: usize) -> Vec<f32> {
        let mut random = generator(self.seed, Purpose::Noise, 0);
        let [.., channels] = self.shape;
        let length = count * self.shape.iter().product::<usize>();
        let Normalization {
            input_mean,
            input_std,
            ..
        } = &self.normalization;
        (0..length)
            .map(|at| {
                let channel = at % channels;
                let noise = random.sample::<f64, _>(StandardNormal);
                (input_mean[channel] + input_std[channel] * noise) as f32
            })
            .collect()
    }
}

/// Steps of a rollout, each from the same window, so that how the flow goes on does not matter.
fn rollout(arguments: &MeasureArguments) -> Result<Measurement, Failure> {
    let console = arguments.compute.console();
    let selected = arguments.compute.select(console)?;
    let operator = Operator::load(arguments, &selected.device)?;
    let [nx, ny, nz, c] = operator.shape;
    let window = TensorData::new(
        operator.snapshots(operator.time_window),
        [1, operator.time_window, nx, ny, nz, c],
    );
    let window = Tensor::<6>::from_data(window, &selected.device);
    let seconds = timed(arguments.repeats, || {
        let Operator {
            model,
            features,
            normalization,
            ..
        } = &operator;
        // A step reads the energy of its result: it is done when it returns.
        Rollout::new(model, features, normalization, window.clone())?.step()?;
        Ok(())
    })?;
    Ok(Measurement {
        seconds,
        peak_mib: peak(selected.choice),
        parameters: Some(operator.model.num_params()),
        time_step: None,
    })
}

/// Training steps as `train` does them: copy of a batch, forward, backward, clipping, AdamW.
fn training(arguments: &MeasureArguments) -> Result<Measurement, Failure> {
    let console = arguments.compute.console();
    let selected = arguments.compute.select(console)?;
    let device = selected.device.autodiff();
    let operator = Operator::load(arguments, &device)?;
    let size = usize::from(arguments.batch_size);
    let (inputs, targets) = (
        operator.snapshots(size * operator.time_window),
        operator.snapshots(size),
    );
    let parameters = operator.model.num_params();
    let model = operator.model.clone();
    let mut trainer = Trainer::new(model, OptimizerSettings::default(), operator.seed)?;
    let seconds = timed(arguments.repeats, || {
        let batch = HostBatch {
            size,
            inputs: inputs.clone(),
            targets: targets.clone(),
        };
        let (features, normalization) = (&operator.features, &operator.normalization);
        let model = &trainer.model;
        let loss = unrolled_loss(
            model,
            features,
            normalization,
            batch,
            operator.shape,
            &device,
        );
        trainer.step(loss, 1, 1)?;
        // What is left of the step on a device that works ahead is part of it.
        device.sync()?;
        Ok(())
    })?;
    Ok(Measurement {
        seconds,
        peak_mib: peak(selected.choice),
        parameters: Some(parameters),
        time_step: None,
    })
}

/// Time steps of a solver, from its first flow on.
fn simulation(arguments: &MeasureArguments) -> Result<Measurement, Failure> {
    let console = arguments.compute.console();
    arguments.compute.select_cpu(console, "a simulation")?;
    let settings: SimulateSettings = settings_file::load_valid(&arguments.subject, &[])?;
    let seed = arguments.compute.seed.unwrap_or(settings.seed);
    let mut channel = Channel::new(&settings.channel, seed)?;
    channel.advance_to(arguments.settle)?;
    let mut lengths = Vec::new();
    let seconds = timed(arguments.repeats, || {
        channel.step()?;
        lengths.push(channel.dt());
        Ok(())
    })?;
    Ok(Measurement {
        seconds,
        peak_mib: peak_memory(),
        parameters: None,
        time_step: Some(lengths.iter().sum::<f64>() / lengths.len() as f64),
    })
}

/// Does `step` once more than `repeats` times and times all but the first.
fn timed(repeats: u16, mut step: impl FnMut() -> Result<(), Failure>) -> Result<Vec<f64>, Failure> {
    step()?;
    let mut outcome = Ok(());
    let seconds = seconds(repeats.into(), || {
        if outcome.is_ok() {
            outcome = step();
        }
    });
    outcome.map(|()| seconds)
}

fn peak(device: DeviceChoice) -> Option<f64> {
    // What the process takes on the host says nothing of a GPU's memory.
    match device.is_gpu() {
        true => None,
        false => peak_memory(),
    }
}
