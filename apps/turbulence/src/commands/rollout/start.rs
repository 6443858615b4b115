//! What a rollout starts from: the snapshots of the input, and what it and the model tell of their flow.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::StandardNormal;
use rheome_cli::Failure;
use rheome_fields::{FieldHeader, FieldReader, FieldShape, FirstComponents, expect_grid};
use rheome_statistics::FlowGrid;
use rheome_training::randomness::{Purpose, generator};

use super::super::PROGRAM;
use crate::arguments::RolloutArguments;
use crate::model_folder::LoadedModel;
use crate::reference::{INPUT_TRAJECTORY, START_TIME};
use crate::trained_flow::FLOW_ATTRIBUTES;
use rheome_statistics_file::flow_grid;

/// What a rollout starts from.
pub(super) struct Start {
    /// The last `time_window` snapshots up to the index: `[time_window, x, y, z, component]`.
    pub snapshots: Vec<f32>,
    pub time_window: usize,
    pub shape: FieldShape,
    pub header: FieldHeader,
    pub grid: FlowGrid,
    pub label: String,
    /// Number of the last of the snapshots.
    pub index: usize,
    /// Whether the input tells its times, and whether anything tells the time between two steps.
    pub timed: bool,
    pub paced: bool,
    pub time: f64,
    pub time_step: f64,
}

impl Start {
    /// Reads the snapshots that the options name, and what is known of their flow.
    pub fn read(arguments: &RolloutArguments, loaded: &LoadedModel) -> Result<Self, Failure> {
        let channels = loaded.config.channels();
        let reader = FirstComponents::new(rheome_fields::open(&arguments.input)?, channels)?;
        let reader: &dyn FieldReader = reader.as_ref();
        expect_grid(reader, loaded.config.grid().shape(), channels)?;
        let time_window = loaded.config.time_window();
        let index = arguments.index.unwrap_or(time_window - 1);
        if index < time_window - 1 {
            return Err(Failure::new(format!(
                "--index {index}: the model needs {time_window} snapshots up to it, so it is at least {}",
                time_window - 1
            )));
        }
        let length = reader.shape().snapshot_len();
        let mut snapshots = vec![0.0; time_window * length];
        for (i, snapshot) in snapshots.chunks_mut(length).enumerate() {
            reader.read(arguments.trajectory, index + 1 - time_window + i, snapshot)?;
        }
        let times = reader.times();
        let spacing = times.and_then(|t| Some(t.get(1)? - t.first()?));
        // Neither known: count steps.
        let time_step = loaded.time_step.or(spacing).unwrap_or(1.0);
        let time = times.and_then(|t| t.get(index).copied());
        Ok(Self {
            snapshots,
            time_window,
            shape: reader.shape(),
            grid: points(reader, loaded)?,
            header: completed(reader.header(), loaded),
            label: reader.label().to_owned(),
            index,
            timed: time.is_some(),
            paced: loaded.time_step.or(spacing).is_some(),
            time: time.unwrap_or(index as f64 * time_step),
            time_step,
        })
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

/// The points of the flow: those of the input's coordinates, or of the model's where the input has none.
fn points(reader: &dyn FieldReader, loaded: &LoadedModel) -> Result<FlowGrid, Failure> {
    match (&reader.header().coordinates, &loaded.flow.coordinates) {
        (None, Some([x, y, z])) => {
            let grid = FlowGrid::of_coordinates([x, y, z].map(Vec::as_slice));
            grid.map_err(|e| Failure::new(format!("the model's coordinates: {e}")))
        }
        _ => Ok(flow_grid(reader)?),
    }
}

/// The header of the input with what it does not tell and the model does: coordinates; names of components; and, where the input tells
/// nothing of its flow, units and viscosity, which are those of the data that the model learnt from.
fn completed(input: &FieldHeader, loaded: &LoadedModel) -> FieldHeader {
    let mut header = input.clone();
    let FieldHeader {
        coordinates,
        components,
        attributes,
        ..
    } = loaded.flow.clone();
    let is_told = |key: &&str| input.attributes.contains_key(*key);
    if !FLOW_ATTRIBUTES.iter().any(is_told) {
        header.attributes.extend(attributes);
    }
    header.coordinates = header.coordinates.or(coordinates);
    header.components = header.components.or(components);
    header
}
