//! `prose fluids predict`: the flows of a file, continued.

use burn::tensor::Tensor;
use rheome_cli::outputs::NewFile;
use rheome_cli::{Failure, Interruption, Meter, RunFiles};
use rheome_fields::{Appears, FieldHeader, FieldShape, FieldWriter, Window, WriteOptions};

use super::PROGRAM;
use super::data::FlowData;
use super::model::LoadedModel;
use crate::arguments::FluidsPredictArguments;
use crate::outputs::claim;

/// Flows that are continued side by side, where the output takes their frames as they come.
const AT_ONCE: usize = 8;

/// Runs the command.
pub fn run(arguments: &FluidsPredictArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: None,
    };
    let read = RunFiles::default()
        .read("input", &arguments.input)
        .read_model(&arguments.model);
    let description = rheome_fields::description_of(output.path);
    let beside = (output.option, description.as_slice());
    let _claim = claim(read, output, beside, &arguments.compute)?;
    let device = arguments.compute.select(console)?.device;
    let model = LoadedModel::load(&arguments.model, &device)?;
    let data = FlowData::open(&arguments.input, &model.settings.model)?;
    let prediction = Prediction::new(arguments, &model, &data)?;
    let options = WriteOptions {
        overwrite: arguments.overwrite,
        // A prediction whose first frames fail is not to cost the result of before.
        appears: Appears::WithFirstSnapshot,
        ..WriteOptions::default()
    };
    let header = header(&data);
    let shape = prediction.shape();
    let mut writer = rheome_fields::create(&arguments.output, &shape, &header, options)?;
    let total = shape.trajectories as u64;
    let mut meter = Meter::new(console, "predict", "flows", total, 0);
    let trajectories: Vec<usize> = (0..shape.trajectories).collect();
    let interruption = Interruption::watch(console)?;
    let at_once = if writer.takes_any_order() { AT_ONCE } else { 1 };
    for some in trajectories.chunks(at_once) {
        if interruption.is_asked() {
            return Err(stopped(arguments, writer, [some[0], trajectories.len()])?);
        }
        prediction.run(some, writer.as_mut())?;
        some.iter().for_each(|_| meter.advance(""));
    }
    meter.finish();
    writer.finish()?;
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// Keeps the flows that are done, whatever the format, and tells of them.
fn stopped(
    arguments: &FluidsPredictArguments,
    writer: Box<dyn FieldWriter>,
    [done, total]: [usize; 2],
) -> Result<Failure, Failure> {
    let output = arguments.output.display();
    if done == 0 {
        // The output has not appeared: what was there before is.
        return Ok(Failure::interrupted(format!(
            "{output}: nothing is written"
        )));
    }
    writer.finish()?;
    Ok(Failure::interrupted(format!(
        "{output}: {done} of {total} flows are continued; predict again with --overwrite to have all"
    )))
}

struct Prediction<'a> {
    model: &'a LoadedModel,
    data: &'a FlowData,
    /// First frame that is given.
    first: usize,
    /// Frames to predict.
    count: usize,
}

impl<'a> Prediction<'a> {
    fn new(
        arguments: &FluidsPredictArguments,
        model: &'a LoadedModel,
        data: &'a FlowData,
    ) -> Result<Self, Failure> {
        let count = arguments.frames.map(|count| count as usize);
        let this = Self {
            first: arguments.first,
            count: count.unwrap_or(model.settings.model.output_frames),
            model,
            data,
        };
        let (reader, needed) = (data.reader(), this.last().saturating_add(1));
        let lacking = (0..reader.shape().trajectories).find(|t| reader.completed(*t) < needed);
        match lacking {
            None => Ok(this),
            Some(trajectory) => Err(Failure::new(format!(
                "--first {}: found {} complete snapshots in trajectory {trajectory} of {}, expected {needed}: {} frames are given, {} snapshots apart",
                arguments.first,
                reader.completed(trajectory),
                reader.label(),
                model.settings.model.input_frames,
                model.settings.data.stride
            ))),
        }
    }

    /// The last snapshot that is given.
    fn last(&self) -> usize {
        let steps = (self.model.settings.model.input_frames - 1)
            .saturating_mul(self.model.settings.data.stride);
        self.first.saturating_add(steps)
    }

    fn shape(&self) -> FieldShape {
        FieldShape {
            snapshots: self.count,
            ..self.data.reader().shape()
        }
    }

    fn run(&self, trajectories: &[usize], writer: &mut dyn FieldWriter) -> Result<(), Failure> {
        let (config, stride) = (&self.model.settings.model, self.model.settings.data.stride);
        let windows: Vec<Window> = trajectories
            .iter()
            .map(|&trajectory| Window {
                trajectory,
                first: self.first,
            })
            .collect();
        let device = self.model.network.device();
        let values = self.data.read(&windows, config.input_frames, stride)?;
        let given = self
            .data
            .frames(&values, config.input_frames, config, &device)?;
        let symbols = self.data.symbols(trajectories, &device)?;
        self.model
            .continued(&given, &symbols, self.count, |before, found| {
                self.write(trajectories, before, found, writer)
            })
    }

    /// Writes frames `[trajectory, frame, x, y, channel]`, `before` of which are written already.
    fn write(
        &self,
        trajectories: &[usize],
        before: usize,
        found: Tensor<5>,
        writer: &mut dyn FieldWriter,
    ) -> Result<(), Failure> {
        let [_, frames, x, y, channels] = found.dims();
        let numbers: Vec<f32> = found.into_data().iter::<f32>().collect();
        for (index, snapshot) in numbers.chunks(x * y * channels).enumerate() {
            let (trajectory, frame) = (trajectories[index / frames], before + index % frames);
            let points = snapshot.chunks(channels);
            let fields: Vec<f32> = points
                .flat_map(|point| self.data.channels().iter().map(|at| point[*at]))
                .collect();
            if let Some(value) = fields.iter().find(|value| !value.is_finite()) {
                return Err(Failure::new(format!(
                    "trajectory {trajectory}: frame {frame} behind the given ones holds {value}; are the weights finite?"
                )));
            }
            writer.append(trajectory, self.time(frame), &fields)?;
        }
        Ok(())
    }

    /// Time of a predicted frame: that of the last given one and as many steps as it lies behind; counted from it where the file
    /// tells no times.
    fn time(&self, frame: usize) -> f64 {
        let times = self.data.reader().times().unwrap_or_default();
        let last = times.get(self.last()).copied().unwrap_or(0.0);
        let step = self.data.spacing().unwrap_or(1.0) * self.model.settings.data.stride as f64;
        last + (frame + 1) as f64 * step
    }
}

/// What the input tells, and what continued it.
fn header(data: &FlowData) -> FieldHeader {
    let mut header = data.reader().header().clone();
    let told = [
        ("title", "Flows continued by PROSE-FD".to_owned()),
        ("input", data.reader().label().to_owned()),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
    ];
    let told = told.map(|(key, value)| (key.to_owned(), value.into()));
    header.attributes.extend(told);
    header
}
