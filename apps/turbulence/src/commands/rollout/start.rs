//! What a rollout starts from: the snapshots of the input, and what it and the model tell of their flow.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::StandardNormal;
use rheome_cli::{Console, Failure};
use rheome_fields::{FieldHeader, FieldReader, FieldShape, FirstComponents, expect_grid};
use rheome_statistics::FlowGrid;
use rheome_training::randomness::{Purpose, generator};

use super::super::PROGRAM;
use super::flow_of_input::FlowOfInput;
use crate::arguments::RolloutArguments;
use crate::model_folder::LoadedModel;
use crate::pace::{Pace, rounded_sum, window};
use crate::reference::{INPUT_TRAJECTORY, START_TIME};
use crate::trained_flow::FLOW_ATTRIBUTES;

/// What a rollout starts from.
pub(super) struct Start {
    /// The last `time_window` snapshots up to the index, a step apart: `[time_window, x, y, z, component]`.
    pub snapshots: Vec<f32>,
    pub time_window: usize,
    pub shape: FieldShape,
    pub header: FieldHeader,
    pub grid: FlowGrid,
    pub label: String,
    /// Number of the last of the snapshots.
    pub index: usize,
    /// How the model steps through the snapshots of the input.
    pub pace: Pace,
    pub time: f64,
}

impl Start {
    /// Reads the snapshots that the options name, and what is known of their flow.
    pub fn read(
        arguments: &RolloutArguments,
        loaded: &LoadedModel,
        console: Console,
    ) -> Result<Self, Failure> {
        let channels = loaded.config.channels();
        let reader = FirstComponents::new(rheome_fields::open(&arguments.input)?, channels)?;
        let reader: &dyn FieldReader = reader.as_ref();
        expect_grid(reader, loaded.config.grid().shape(), channels)?;
        let mut pace = Pace::of(reader, arguments.trajectory, loaded);
        let time_window = loaded.config.time_window();
        let stride = match pace.stride {
            Some(stride) => stride,
            None if time_window == 1 => 1,
            None => {
                return Err(Failure::new(format!(
                    "{}: found snapshots {} apart, expected that the model's step of {} is a whole number of them: it begins with {time_window}",
                    reader.label(),
                    pace.spacing,
                    pace.time_step
                )));
            }
        };
        let index = arguments.index.unwrap_or((time_window - 1) * stride);
        let place = (time_window, stride);
        let snapshots = window(reader, arguments.trajectory, index, place)?;
        let times = reader.times().filter(|_| pace.is_timed);
        let told = times.and_then(|times| times.get(index).copied());
        let told = told.filter(|time| time.is_finite());
        pace.is_timed = told.is_some();
        let flow = FlowOfInput::of(reader, loaded, pace)?;
        for doubt in &flow.doubts {
            console.note(format!("warning: {}: {doubt}", reader.label()));
        }
        let counted = rounded_sum(0.0, index as f64 * pace.spacing);
        Ok(Self {
            snapshots,
            time_window,
            shape: reader.shape(),
            grid: flow.grid,
            header: flow.header,
            label: reader.label().to_owned(),
            index,
            pace,
            time: told.unwrap_or(counted),
        })
    }

    /// Time after `step` steps.
    pub fn time_of(&self, step: u64) -> f64 {
        rounded_sum(self.time, step as f64 * self.pace.time_step)
    }

    /// The snapshot that the first prediction follows.
    pub fn last(&self) -> &[f32] {
        &self.snapshots[self.snapshots.len() - self.shape.snapshot_len()..]
    }

    /// The first window of every member of the ensemble; all but the first are disturbed.
    pub fn window(&self, arguments: &RolloutArguments, device: &Device) -> Tensor<6> {
        let seed = arguments.compute.seed.unwrap_or(1234);
        let mut numbers = Vec::with_capacity(self.snapshots.len() * arguments.ensemble as usize);
        for member in 0..arguments.ensemble {
            let mut random = generator(seed, Purpose::Ensemble, member);
            let noise = if member == 0 { 0.0 } else { arguments.noise };
            numbers.extend(
                self.snapshots
                    .iter()
                    .map(|v| v + noise * random.sample::<f32, _>(StandardNormal)),
            );
        }
        let [nx, ny, nz] = self.shape.grid;
        let shape = [
            arguments.ensemble as usize,
            self.time_window,
            nx,
            ny,
            nz,
            self.shape.components,
        ];
        Tensor::from_data(TensorData::new(numbers, shape), device)
    }
}

/// Coordinates and units are the input's; what the input says of its own making is not carried over.
pub(super) fn header(
    arguments: &RolloutArguments,
    loaded: &LoadedModel,
    start: &Start,
) -> FieldHeader {
    let mut header = start.header.clone();
    header
        .attributes
        .retain(|key, _| FLOW_ATTRIBUTES.contains(&key.as_str()));
    let texts = [
        ("model", loaded.config.kind().to_owned()),
        (
            "title",
            "Turbulent channel flow predicted by a neural operator".to_owned(),
        ),
        ("weights", loaded.weights.display().to_string()),
        (
            "input",
            format!(
                "{}, trajectory {}, time {}",
                start.label, arguments.trajectory, start.time
            ),
        ),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
    ];
    header
        .attributes
        .extend(texts.map(|(key, value)| (key.to_owned(), value.into())));
    let seed = arguments.compute.seed.unwrap_or(1234) as f64;
    let numbers = [
        ("seed", seed),
        (START_TIME, start.time),
        (INPUT_TRAJECTORY, arguments.trajectory as f64),
    ];
    header
        .attributes
        .extend(numbers.map(|(key, value)| (key.to_owned(), value.into())));
    header
}
