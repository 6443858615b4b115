//! Who takes part: operators, large-eddy simulations, and field files made elsewhere.

use burn::tensor::{Device, Tensor, TensorData};
use rheome_channel::{Channel, ChannelConfig, Filter, UniformGrid};
use rheome_cli::{Failure, settings as settings_file};
use rheome_fields::{FieldReader, FirstComponents};
use rheome_flow::{Grid, GridFeatures, Rollout};

use super::course::Course;
use super::judge::Judge;
use crate::arguments::CompareArguments;
use crate::commands::simulate::settings::SimulateSettings;
use crate::labelled::Labelled;
use crate::model_folder::{self, LoadedModel};
use crate::pace::{TOLERANCE, is_same};

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

    /// Steps of the reference that one of its own covers.
    fn stride(&self) -> usize {
        1
    }

    /// Makes the judge's number of steps, handing over every one of its own.
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
    let mut taken = vec![super::REFERENCE];
    for contestant in &all {
        let name = contestant.name();
        if !rheome_statistics_file::is_group_name(name) {
            return Err(Failure::new(format!(
                "contestant {name:?}: expected a name without /, and not a mere point; give one, e.g. --model NAME=DIR"
            )));
        }
        if taken.contains(&name) {
            return Err(Failure::new(format!(
                "two contestants are called {name} ({} is the reference); name them apart, e.g. --model NAME=DIR",
                super::REFERENCE
            )));
        }
        taken.push(name);
    }
    Ok(all)
}

/// A neural operator, rolled out.
struct Operator {
    name: String,
    loaded: LoadedModel,
    features: GridFeatures,
    device: Device,
    stride: usize,
    window: Vec<f32>,
}

impl Operator {
    fn load(given: &Labelled, course: &Course, device: &Device) -> Result<Self, Failure> {
        let folder = given.path.display();
        let loaded = model_folder::load_folder(&given.path, device)?;
        let [grid, found] = [loaded.config.grid().shape(), course.grid.points()];
        if grid != found || loaded.config.channels() != 3 {
            return Err(Failure::new(format!(
                "{folder}: is a model of {grid:?} points and {} channel(s), expected the reference's {found:?} and 3",
                loaded.config.channels()
            )));
        }
        check_positions(&folder.to_string(), &loaded.config.grid(), course)?;
        let stride = course.stride_of(&loaded).ok_or_else(|| {
            Failure::new(format!(
                "{folder}: steps {} in time, expected {} (the spacing of {}) or a whole multiple",
                loaded.time_step.unwrap_or(f64::NAN),
                course.time_step,
                course.label()
            ))
        })?;
        let features = loaded.model.prepare(&loaded.config.grid());
        Ok(Self {
            window: course.window(loaded.config.time_window(), stride)?,
            stride,
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

    fn stride(&self) -> usize {
        self.stride
    }

    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let [nx, ny, nz] = course.grid.points();
        let shape = [1, self.loaded.config.time_window(), nx, ny, nz, 3];
        let window = Tensor::from_data(TensorData::new(self.window.clone(), shape), &self.device);
        let (model, normalization) = (&self.loaded.model, &self.loaded.normalization);
        let mut rollout = Rollout::new(model, &self.features, normalization, window)?;
        for _ in 0..judge.steps / self.stride as u64 {
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
        let settings: SimulateSettings = settings_file::load_valid(&given.path, &[])?;
        let config = settings.channel;
        let grid = UniformGrid::new(course.grid.points(), config.lengths)?;
        check_box(&path.to_string(), &config, &grid, course)?;
        Ok(Self {
            grid,
            filter: settings.output.filter,
            start: course.window(1, 1)?,
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
        format!("{}, {nx} x {ny} x {nz}", self.config.simulation_name())
    }

    fn run(&self, course: &Course, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let points = course.grid.points();
        let mut channel = Channel::from_sample(&self.config, points, &self.start, course.time)?;
        for step in 1..=judge.steps {
            let time = course.time_of(step);
            let field = judge.measure(|| -> Result<Vec<f32>, Failure> {
                channel.advance_to(time)?;
                Ok(channel.sample(&self.grid, self.filter))
            })?;
            judge.take(&field)?;
        }
        Ok(())
    }
}

/// A field file made elsewhere.
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
        for step in 1..=judge.steps {
            let Some(index) = self.index_of(course, step)? else {
                return Err(Failure::new(format!(
                    "{}: ends before the time {}",
                    self.reader.label(),
                    course.time_of(step)
                )));
            };
            self.reader.read(0, index, &mut snapshot)?;
            judge.take(&snapshot)?;
        }
        Ok(())
    }
}

impl Recorded {
    /// The snapshot of a step: that of its time, or, in a file without times, counted from the first, which is step 1.
    fn index_of(&self, course: &Course, step: u64) -> Result<Option<usize>, Failure> {
        let count = self.reader.completed(0);
        let Some(times) = self.reader.times() else {
            return Ok(usize::try_from(step - 1)
                .ok()
                .filter(|index| *index < count));
        };
        let time = course.time_of(step);
        let near = |t: &f64| (t - time).abs() <= TOLERANCE * course.time_step;
        let found = times.iter().take(count).position(near);
        match found {
            None if times.iter().take(count).any(|t| *t > time) => Err(Failure::new(format!(
                "{}: has no snapshot of the time {time}, expected one every {} from {} on",
                self.reader.label(),
                course.time_step,
                course.time_of(1)
            ))),
            found => Ok(found),
        }
    }
}

/// Whether the points of a model are those of the reference, as far as that tells them.
fn check_positions(place: &str, grid: &Grid, course: &Course) -> Result<(), Failure> {
    let positions = grid.positions();
    let heights = course.grid.heights();
    let is_there = |(found, expected): (&f32, &f64)| {
        (f64::from(*found) - expected).abs() <= TOLERANCE * course.grid.half_height()
    };
    if !positions[1].iter().zip(heights).all(is_there) {
        return Err(Failure::new(format!(
            "{place}: is a model of equally spaced heights, expected those of {}",
            course.label()
        )));
    }
    let ends = [positions[0].last(), positions.get(2).and_then(|z| z.last())];
    if let Some(lengths) = course.grid.lengths()
        && let [Some(x), Some(z)] = ends.map(|end| end.map(|l| f64::from(*l)))
        && !(is_same(x, lengths[0]) && is_same(z, lengths[1]))
    {
        return Err(Failure::new(format!(
            "{place}: is a model of a box of {x} x {z}, expected {} x {} (that of {})",
            lengths[0],
            lengths[1],
            course.label()
        )));
    }
    Ok(())
}

/// Whether a simulation is of the reference's flow: box, heights, unit of velocity and Reynolds number.
fn check_box(
    place: &str,
    config: &ChannelConfig,
    grid: &UniformGrid,
    course: &Course,
) -> Result<(), Failure> {
    let fail = |reason: String| Err(Failure::new(format!("{place}: {reason}")));
    let label = course.label();
    let Some(lengths) = course.grid.lengths() else {
        return fail(format!(
            "cannot be started from {label}, which has no coordinates"
        ));
    };
    if !lengths
        .iter()
        .zip(config.lengths)
        .all(|(a, b)| is_same(*a, b))
    {
        return fail(format!(
            "channel.lengths: found {:?}, expected {lengths:?} (those of {label})",
            config.lengths
        ));
    }
    let is_there = |(found, expected): (&f64, &f64)| (found - expected).abs() <= TOLERANCE;
    if !course
        .grid
        .heights()
        .iter()
        .zip(&grid.coordinates[1])
        .all(is_there)
    {
        return fail(format!(
            "cannot be started from {label}, whose heights are not equally spaced from 0 to 2"
        ));
    }
    let Some(units) = course
        .wall_units
        .filter(|units| is_same(units.u_tau(), 1.0))
    else {
        return fail(format!(
            "cannot be started from {label}, whose velocities are not known to be in u_tau at a known Re_tau"
        ));
    };
    if !is_same(units.friction_reynolds(1.0), config.re_tau) {
        return fail(format!(
            "channel.re_tau: found {}, expected {} (that of {label})",
            config.re_tau,
            units.friction_reynolds(1.0)
        ));
    }
    Ok(())
}
