//! `prose fluids generate`: decaying turbulence of many viscosities, frame by frame.

use std::path::Path;
use std::sync::Mutex;

use rand::RngExt;
use rayon::prelude::*;
use rheome_cli::outputs::NewFile;
use rheome_cli::{
    Claim, Failure, Interruption, JsonLog, Meter, RunFiles, lock, say, settings as settings_file,
};
use rheome_equations::round_to_words;
use rheome_fields::{FieldFormat, FieldHeader, FieldShape, FieldWriter, SETTINGS};
use rheome_periodic::{EQUATIONS, PeriodicFlow};
use rheome_training::randomness::{Purpose, generator};
use serde_json::json;

use super::PROGRAM;
use super::data::EQUATIONS_ATTRIBUTE;
use super::settings::GenerateSettings;
use crate::arguments::FluidsGenerateArguments;
use crate::outputs;

/// Name of the viscosity in the equations and in the file.
const VISCOSITY: &str = "viscosity";

/// Runs the command.
pub fn run(arguments: &FluidsGenerateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: GenerateSettings =
        settings_file::load_valid(&arguments.config, &arguments.overrides)?;
    settings.seed = arguments.compute.seed.unwrap_or(settings.seed);
    refuse_arrays(&arguments.output)?;
    let _claim = claim(arguments)?;
    let threads = arguments.compute.select_cpu(console, "fluids generate")?;
    let shape = shape(&settings);
    let starts: Vec<Start> = (0..shape.trajectories)
        .map(|trajectory| Start::draw(&settings, trajectory as u64))
        .collect();
    let log = arguments.compute.log(arguments.resume)?;
    let writer = rheome_fields::begin_or_resume(
        &arguments.output,
        &shape,
        &header(&settings, &starts)?,
        arguments.resume,
        arguments.overwrite,
    )?;
    let total = shape.trajectories * shape.snapshots;
    let done = writer.completed_in_all();
    let generation = Generation {
        settings: &settings,
        writer: Mutex::new(writer),
        meter: Mutex::new(Meter::new(
            console,
            "generate",
            "frames",
            total as u64,
            done as u64,
        )),
        log: Mutex::new(log),
        interruption: Interruption::watch(console)?,
    };
    let outcome = generation.simulate_all(&starts, threads);
    let writer = generation.writer.into_inner();
    let mut writer = writer.unwrap_or_else(|e| e.into_inner());
    if let Err(failure) = outcome {
        writer.sync()?;
        if !failure.is_interruption() {
            return Err(failure);
        }
        // Not ended: that would cut all flows to the shortest.
        return Err(Failure::interrupted(format!(
            "{}: {} of {total} frames are in it; continue with --resume",
            arguments.output.display(),
            writer.completed_in_all()
        )));
    }
    writer.finish()?;
    if !arguments.compute.quiet {
        say(summary(&settings));
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// The output for this run alone, which costs nothing that is read or to be kept.
fn claim(arguments: &FluidsGenerateArguments) -> Result<Claim, Failure> {
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: Some(arguments.resume),
    };
    let description = rheome_fields::description_of(output.path);
    let read = RunFiles::default().read("settings", &arguments.config);
    let beside = (output.option, description.as_slice());
    outputs::claim(read, output, beside, &arguments.compute)
}

/// Fails for a name of the format that holds nothing but numbers.
fn refuse_arrays(output: &Path) -> Result<(), Failure> {
    match FieldFormat::of(output) {
        Ok(format) if format.has_header() => Ok(()),
        _ => Err(Failure::new(format!(
            "--output {}: expected a name that ends in {}: an array alone tells no equations",
            output.display(),
            FieldFormat::endings_of(FieldFormat::has_header)
        ))),
    }
}

fn shape(settings: &GenerateSettings) -> FieldShape {
    let points = settings.flow.points;
    FieldShape {
        has_trajectories: true,
        trajectories: settings.data.trajectories,
        snapshots: settings.data.frames,
        grid: [points, points, 1],
        components: 2,
    }
}

fn summary(settings: &GenerateSettings) -> String {
    let (flow, data) = (&settings.flow, &settings.data);
    let ([low, high], points) = (flow.viscosity, flow.points);
    format!(
        "{} flows of {} frames, {points} x {points} points, viscosity {low:e} to {high:e}",
        data.trajectories, data.frames
    )
}

/// Where a flow begins.
struct Start {
    /// With as many digits as its words have, so that these are exact.
    viscosity: f64,
    seed: u64,
}

impl Start {
    fn draw(settings: &GenerateSettings, trajectory: u64) -> Self {
        let mut random = generator(settings.seed, Purpose::Flow, trajectory);
        let [low, high] = settings.flow.viscosity.map(f64::ln);
        let drawn = low + (high - low) * random.random::<f64>();
        Self {
            viscosity: round_to_words(drawn.exp()),
            seed: random.random(),
        }
    }
}

struct Generation<'a> {
    settings: &'a GenerateSettings,
    writer: Mutex<Box<dyn FieldWriter>>,
    meter: Mutex<Meter>,
    log: Mutex<JsonLog>,
    interruption: Interruption,
}

impl Generation<'_> {
    /// Simulates the flows that begin so, side by side.
    fn simulate_all(&self, starts: &[Start], threads: usize) -> Result<(), Failure> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        pool.install(|| {
            let flows = starts.par_iter().enumerate();
            flows.try_for_each(|(trajectory, start)| self.simulate(trajectory, start))
        })
    }

    fn simulate(&self, trajectory: usize, start: &Start) -> Result<(), Failure> {
        let data = &self.settings.data;
        let written = lock(&self.writer).completed(trajectory);
        if written == data.frames {
            return Ok(());
        }
        let config = self.settings.flow.config(start.viscosity);
        let mut flow = PeriodicFlow::decaying(&config, start.seed)?;
        for frame in 0..data.frames {
            let time = data.start + frame as f64 * data.spacing;
            self.interruption.check(String::new)?;
            flow.advance(time - flow.time())?;
            if frame < written {
                continue;
            }
            let [u, v] = flow.velocity();
            let pairs = u.iter().zip(&v);
            let snapshot: Vec<f32> = pairs.flat_map(|(u, v)| [*u as f32, *v as f32]).collect();
            lock(&self.writer).append(trajectory, time, &snapshot)?;
            lock(&self.meter).advance("");
        }
        let end = flow.diagnostics();
        lock(&self.log).line(&json!({
            "event": "trajectory", "trajectory": trajectory, "viscosity": start.viscosity, "time": flow.time(),
            "energy": end.energy, "enstrophy": end.enstrophy,
        }))
    }
}

fn header(settings: &GenerateSettings, starts: &[Start]) -> Result<FieldHeader, Failure> {
    let points = settings.flow.points;
    let spacing = settings.flow.length / points as f64;
    let axis: Vec<f64> = (0..points).map(|i| i as f64 * spacing).collect();
    let texts = [
        ("title", "Decaying turbulence in a periodic box".to_owned()),
        (EQUATIONS_ATTRIBUTE, EQUATIONS.to_owned()),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
        (SETTINGS, serde_json::to_string(settings)?),
    ];
    let numbers = [
        ("seed", settings.seed as f64),
        ("length", settings.flow.length),
    ];
    let mut header = FieldHeader {
        coordinates: Some([axis.clone(), axis, vec![0.0]]),
        components: Some(["u", "v"].map(str::to_owned).to_vec()),
        ..FieldHeader::default()
    };
    let viscosities = starts.iter().map(|start| start.viscosity).collect();
    header
        .per_trajectory
        .insert(VISCOSITY.to_owned(), viscosities);
    let attributes = &mut header.attributes;
    attributes.extend(texts.map(|(key, value)| (key.to_owned(), value.into())));
    attributes.extend(numbers.map(|(key, value)| (key.to_owned(), value.into())));
    Ok(header)
}
