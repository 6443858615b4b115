//! What continues a flow: the truth, the network, persistence, and the equations solved on fewer points.

use std::time::Instant;

use rheome_cli::Failure;
use rheome_fields::{Attribute, Window};
use rheome_periodic::{FlowAnalysis, PeriodicConfig, PeriodicFlow, resample};

use super::scores::Scores;
use crate::commands::fluids::data::FlowData;
use crate::commands::fluids::model::LoadedModel;

/// Both components of a velocity, `[x, y]` each.
pub type Velocity = [Vec<f64>; 2];

/// The order of the contestants; the truth is the first.
const TRUTH: &str = "truth";
const NETWORK: &str = "PROSE-FD";
const PERSISTENCE: &str = "persistence";

/// One stretch of a flow as every contestant has it.
pub struct Flow {
    /// Frame by frame behind the given ones, by contestant.
    pub forecasts: Vec<Vec<Velocity>>,
    /// Time between two frames.
    pub step: f64,
}

/// Those who forecast.
pub struct Forecasters<'a> {
    model: &'a LoadedModel,
    data: &'a FlowData,
    /// Places of u and v among the components of the file.
    velocity: [usize; 2],
    length: f64,
    step: f64,
    coarse: usize,
    viscosities: Vec<f64>,
}

impl<'a> Forecasters<'a> {
    /// # Errors
    /// [`Failure`] where the file lacks what a solver needs: two velocities, a square box, times, viscosities.
    pub fn new(
        model: &'a LoadedModel,
        data: &'a FlowData,
        coarse: Option<usize>,
    ) -> Result<Self, Failure> {
        let (reader, config) = (data.reader(), &model.settings.model);
        let lacks = |what: &str| {
            let label = reader.label();
            Failure::new(format!("{label}: {what}, which the coarse solver needs"))
        };
        let names = reader.header().components.as_deref().unwrap_or_default();
        let place = |name: &str| names.iter().position(|component| component == name);
        let velocity = place("u").zip(place("v"));
        let (u, v) = velocity.ok_or_else(|| lacks("no components u and v"))?;
        let [x, y] = config.grid;
        if x != y {
            return Err(lacks("not as many points along x as along y"));
        }
        let header = reader.header();
        let number = |name: &str| match header.attributes.get(name) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        };
        let viscosities = header.per_trajectory.get("viscosity").cloned();
        let same = || Some(vec![number("viscosity")?; reader.shape().trajectories]);
        let spacing = data.spacing().ok_or_else(|| lacks("no times"))?;
        let this = Self {
            velocity: [u, v],
            length: number("length").ok_or_else(|| lacks("no attribute length"))?,
            step: spacing * model.settings.data.stride as f64,
            coarse: coarse.unwrap_or((x / 4 * 2).max(8)),
            viscosities: viscosities
                .or_else(same)
                .ok_or_else(|| lacks("no viscosity"))?,
            model,
            data,
        };
        let checked = this.coarse_config(0).validate();
        checked.map_err(|e| Failure::new(format!("--coarse {}: {e}", this.coarse)))?;
        Ok(this)
    }

    /// Names, the truth first.
    pub fn names(&self) -> Vec<String> {
        let solver = format!("solver, {0} x {0} points", self.coarse);
        let named = [TRUTH, NETWORK, PERSISTENCE].map(str::to_owned);
        named.into_iter().chain([solver]).collect()
    }

    /// Length of a side of the box.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// Time between two frames.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Lets all of them continue some stretches; `scores` learns how long they took.
    ///
    /// # Errors
    /// [`Failure`] if a stretch cannot be read, or a forecast is not finite.
    pub fn run(&self, windows: &[Window], scores: &mut Scores) -> Result<Vec<Flow>, Failure> {
        let config = &self.model.settings.model;
        let (inputs, leads) = (config.input_frames, config.output_frames);
        let frames = inputs + leads;
        let values = self
            .data
            .read(windows, frames, self.model.settings.data.stride)?;
        let begun = Instant::now();
        let network = self.network(windows, &values)?;
        scores.add_seconds(1, begun.elapsed().as_secs_f64());
        let length = self.data.reader().shape().snapshot_len();
        let stretches = windows.iter().zip(values.chunks(frames * length));
        stretches
            .zip(network)
            .map(|((window, values), network)| {
                let components = self.data.channels().len();
                let all: Vec<Velocity> = values
                    .chunks(length)
                    .map(|snapshot| velocity(snapshot, components, self.velocity))
                    .collect();
                let (given, truth) = all.split_at(inputs);
                let last = &given[inputs - 1];
                let begun = Instant::now();
                let solved = self.solve(window.trajectory, last)?;
                scores.add_seconds(3, begun.elapsed().as_secs_f64());
                Ok(Flow {
                    forecasts: vec![truth.to_vec(), network, vec![last.clone(); leads], solved],
                    step: self.step,
                })
            })
            .collect()
    }

    fn network(&self, windows: &[Window], values: &[f32]) -> Result<Vec<Vec<Velocity>>, Failure> {
        let (config, device) = (&self.model.settings.model, self.model.network.device());
        let frames = config.input_frames + config.output_frames;
        let all = self.data.frames(values, frames, config, &device)?;
        let trajectories: Vec<usize> = windows.iter().map(|window| window.trajectory).collect();
        let symbols = self.data.symbols(&trajectories, &device)?;
        let found = self
            .model
            .network
            .forward(&all.part(0, config.input_frames), &symbols)?;
        let numbers: Vec<f32> = found.into_data().iter::<f32>().collect();
        let channels = config.channels.len();
        let length = config.grid.iter().product::<usize>() * channels;
        let places = self
            .velocity
            .map(|component| self.data.channels()[component]);
        let of_flow = |flow: &[f32]| -> Vec<Velocity> {
            let snapshots = flow.chunks(length);
            snapshots.map(|s| velocity(s, channels, places)).collect()
        };
        Ok(numbers
            .chunks(config.output_frames * length)
            .map(of_flow)
            .collect())
    }

    /// The equations on fewer points, from the last given frame on.
    fn solve(&self, trajectory: usize, last: &Velocity) -> Result<Vec<Velocity>, Failure> {
        let points = self.model.settings.model.grid[0];
        let mut analysis = FlowAnalysis::new(points, self.length)?;
        let vorticity = analysis.of([&last[0], &last[1]])?.vorticity;
        let start = resample(&vorticity, points, self.coarse)?;
        let mut flow = PeriodicFlow::from_vorticity(&self.coarse_config(trajectory), &start)?;
        (0..self.model.settings.model.output_frames)
            .map(|_| {
                flow.advance(self.step)?;
                let [u, v] = flow.velocity();
                let fine = |field: &[f64]| resample(field, self.coarse, points);
                Ok([fine(&u)?, fine(&v)?])
            })
            .collect()
    }

    fn coarse_config(&self, trajectory: usize) -> PeriodicConfig {
        PeriodicConfig {
            points: self.coarse,
            length: self.length,
            viscosity: self.viscosities.get(trajectory).copied().unwrap_or(0.0),
            peak: 1.0,
            ..PeriodicConfig::default()
        }
    }
}

/// Two components of a snapshot `[x, y, component]`.
fn velocity(snapshot: &[f32], components: usize, places: [usize; 2]) -> Velocity {
    places.map(|place| {
        let values = snapshot.iter().skip(place).step_by(components);
        values.map(|value| f64::from(*value)).collect()
    })
}
