//! Who takes part: operators, large-eddy simulations, and field files made elsewhere.

use burn::tensor::{Device, Tensor, TensorData};
use rheome_channel::{Channel, ChannelConfig, Filter, SubgridModel, UniformGrid};
use rheome_cli::Failure;
use rheome_fields::{FieldReader, FirstComponents};
use rheome_flow::{GridFeatures, Rollout};

use super::course::Course;
use super::judge::Judge;
use crate::arguments::{CompareArguments, ModelSource};
use crate::commands::bench::contestant::simulate_settings;
use crate::labelled::Labelled;
use crate::model_folder::{self, LoadedModel};

/// Somebody who continues the flow from the start of the course.
pub trait Contestant {
    /// Name in tables and legends.
    fn name(&self) -> &str;

    /// What it is, in a few words.
    fn description(&self) -> String;

    /// Trained numbers.
    fn parameters(&self) -> Option<usize> {
        None
    }

    /// Makes the judge's number of steps, handing over every one.
    ///
    /// # Errors
    /// [`Failure`] with the reason for ending early.
    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure>;
}

/// All who were named, ready to start: what cannot run is refused before the first one does.
pub fn contestants(
    arguments: &CompareArguments,
    course: &Course,
    device: &Device,
) -> Result<Vec<Box<dyn Contestant>>, Failure> {
    let mut all: Vec<Box<dyn Contestant>> = Vec::new();
    for spec in &arguments.models {
        all.push(Box::new(Operator::load(spec, course, device)?));
    }
    for spec in &arguments.les {
        all.push(Box::new(LargeEddy::load(spec, course)?));
    }
    for spec in &arguments.runs {
        all.push(Box::new(Recorded::open(spec, course)?));
    }
    if all.is_empty() {
        return Err(Failure::new(
            "nobody to compare with the reference: give --model DIR, --les FILE or --run FILE",
        ));
    }
    let mut names: Vec<&str> = all.iter().map(|c| c.name()).collect();
    names.sort_unstable();
    match names
        .windows(2)
        .find(|pair| pair[0] == pair[1] || pair[1] == "DNS")
    {
        Some(pair) => Err(Failure::new(format!(
            "two contestants are called {}; name them apart, e.g. --model NAME=DIR",
            pair[1]
        ))),
        None => Ok(all),
    }
}

/// How far a time step may be from the reference's.
const SAME_STEP: f64 = 1e-3;

/// A neural operator, rolled out.
struct Operator {
    name: String,
    loaded: LoadedModel,
    features: GridFeatures,
    device: Device,
    window: Vec<f32>,
}

impl Operator {
    fn load(given: &Labelled, course: &Course, device: &Device) -> Result<Self, Failure> {
        let folder = given.path.display();
        let source = ModelSource {
            model: Some(given.path.clone()),
            config: None,
            weights: None,
            normalization: None,
        };
        let loaded = model_folder::load(&source, device)?;
        let [grid, found] = [loaded.config.grid().shape(), course.grid.points()];
        if grid != found || loaded.config.channels() != 3 {
            return Err(Failure::new(format!(
                "{folder}: is a model of {grid:?} points and {} channel(s), expected the reference's {found:?} and 3",
                loaded.config.channels()
            )));
        }
        if let Some(step) = loaded.time_step
            && (step / course.time_step - 1.0).abs() > SAME_STEP
        {
            return Err(Failure::new(format!(
                "{folder}: steps {step} in time, expected {} (the spacing of {})",
                course.time_step,
                course.label()
            )));
        }
        let features = loaded.model.prepare(&loaded.config.grid());
        Ok(Self {
            window: course.window(loaded.config.time_window())?,
            name: given.name.clone(),
            loaded,
            features,
            device: device.clone(),
        })
    }
}

impl Contestant for Operator {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> String {
        self.loaded.config.kind().to_owned()
    }

    fn parameters(&self) -> Option<usize> {
        Some(self.loaded.model.num_params())
    }

    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let [nx, ny, nz] = course.grid.points();
        let shape = [1, self.loaded.config.time_window(), nx, ny, nz, 3];
        let window = Tensor::from_data(TensorData::new(self.window.clone(), shape), &self.device);
        let (model, normalization) = (&self.loaded.model, &self.loaded.normalization);
        let mut rollout = Rollout::new(model, &self.features, normalization, window)?;
        for _ in 0..judge.steps {
            let field = judge.measure(|| -> Result<Vec<f32>, Failure> {
                Ok(rollout.step()?.into_data().iter::<f32>().collect())
            })?;
            judge.take(&field)?;
        }
        Ok(())
    }
}

/// A large-eddy simulation (or a coarse one without a model).
struct LargeEddy {
    name: String,
    config: ChannelConfig,
    grid: UniformGrid,
    filter: Filter,
    start: Vec<f32>,
}

impl LargeEddy {
    fn load(given: &Labelled, course: &Course) -> Result<Self, Failure> {
        let path = given.path.display();
        let settings = simulate_settings(&given.path)?;
        let config = settings.channel;
        if let Some(lengths) = course.grid.lengths()
            && lengths
                .iter()
                .zip(config.lengths)
                .any(|(a, b)| (a / b - 1.0).abs() > SAME_STEP)
        {
            return Err(Failure::new(format!(
                "{path}: channel.lengths: found {:?}, expected {lengths:?} (those of {})",
                config.lengths,
                course.label()
            )));
        }
        if let Some(re_tau) = course.number("Re_tau")
            && (re_tau / config.re_tau - 1.0).abs() > SAME_STEP
        {
            return Err(Failure::new(format!(
                "{path}: channel.re_tau: found {}, expected {re_tau} (that of {})",
                config.re_tau,
                course.label()
            )));
        }
        Ok(Self {
            grid: UniformGrid::new(course.grid.points(), config.lengths)?,
            filter: settings.output.filter,
            start: course.window(1)?,
            name: given.name.clone(),
            config,
        })
    }
}

impl Contestant for LargeEddy {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> String {
        let [nx, ny, nz] = self.config.points;
        match self.config.subgrid {
            SubgridModel::None => format!("no subgrid model, {nx} x {ny} x {nz}"),
            subgrid => format!("{}, {nx} x {ny} x {nz}", subgrid.simulation()),
        }
    }

    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let points = course.grid.points();
        let mut channel = Channel::from_sample(&self.config, points, &self.start, course.time)?;
        for step in 1..=judge.steps {
            let time = course.time + step as f64 * course.time_step;
            let field = judge.measure(|| -> Result<Vec<f32>, Failure> {
                channel.advance_to(time)?;
                Ok(channel.sample(&self.grid, self.filter))
            })?;
            judge.take(&field)?;
        }
        Ok(())
    }
}

/// A field file made elsewhere, whose first snapshot is the first step.
struct Recorded {
    name: String,
    reader: Box<dyn FieldReader>,
}

impl Recorded {
    fn open(given: &Labelled, course: &Course) -> Result<Self, Failure> {
        let reader = rheome_fields::open(&given.path.to_string_lossy())?;
        let reader = FirstComponents::new(reader, 3)?;
        let [grid, expected] = [reader.shape().grid, course.grid.points()];
        if grid != expected {
            return Err(Failure::new(format!(
                "{}: found {grid:?} points, expected the reference's {expected:?}",
                reader.label()
            )));
        }
        Ok(Self {
            name: given.name.clone(),
            reader,
        })
    }
}

impl Contestant for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> String {
        self.reader.label().to_owned()
    }

    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let mut snapshot = vec![0.0; self.reader.shape().snapshot_len()];
        for index in 0..self.reader.completed(0) {
            let time = self.reader.times().map(|times| times[index]);
            // What lies before the start was not predicted; a file without times begins with the first step.
            if time.is_some_and(|t| t < course.time + 0.5 * course.time_step) {
                continue;
            }
            self.reader.read(0, index, &mut snapshot)?;
            judge.take(&snapshot)?;
            if judge.is_done() {
                break;
            }
        }
        Ok(())
    }
}
