//! `turbulence simulate`: direct or large-eddy simulation of a channel, filtered to the operator's grid.

mod checkpoints;
mod gathering;
pub mod settings;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use checkpoints::Checkpoints;
use gathering::Gathered;
use rheome_channel::{Channel, Diagnostics, UniformGrid};
use rheome_cli::outputs::NewFile;
use rheome_cli::{
    Claim, Failure, Interruption, JsonLog, Meter, RunFiles, lock, settings as settings_file,
};
use rheome_fields::{FieldHeader, FieldShape, FieldWriter, SETTINGS};
use rheome_statistics::FlowStatistics;
use serde_json::json;
use settings::SimulateSettings;

use super::{PROGRAM, check_field_output};
use crate::arguments::SimulateArguments;
use crate::statistics_output;

/// Runs the command.
pub fn run(arguments: &SimulateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: SimulateSettings =
        settings_file::load_valid(&arguments.config, &arguments.overrides)?;
    settings.seed = arguments.compute.seed.unwrap_or(settings.seed);
    let grid = settings.grid()?;
    check_field_output(&arguments.output)?;
    let _claims = claim(arguments)?;
    let threads = arguments.compute.select_cpu(console, "simulate")?;

    let shape = FieldShape {
        has_trajectories: settings.output.trajectories > 1,
        trajectories: settings.output.trajectories,
        snapshots: settings.output.snapshots,
        grid: grid.points,
        components: 3,
    };
    let header = header(&settings, &grid)?;
    let log = arguments.compute.log(arguments.resume)?;
    let writer = rheome_fields::begin_or_resume(
        &arguments.output,
        &shape,
        &header,
        arguments.resume,
        arguments.overwrite,
    )?;
    let done = writer.completed_in_all();
    let folder = Checkpoints::beside(&arguments.output, arguments.resume)?;
    let total = shape.trajectories * shape.snapshots;
    let simulation = Simulation {
        settings: &settings,
        grid: &grid,
        checkpoints: &folder,
        writer: Mutex::new(writer),
        meter: Mutex::new(Meter::new(
            console,
            "simulate",
            "snapshots",
            total as u64,
            done as u64,
        )),
        log: Mutex::new(log),
        interruption: Interruption::watch(console)?,
        gathered: arguments
            .stats
            .then(|| Gathered::new(settings.output.trajectories)),
    };
    if let Err(failure) = simulation.run_all(threads) {
        return Err(simulation.stopped(arguments, failure));
    }
    simulation.conclude(arguments, &header)?;
    folder.remove();
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// The outputs, each for this run alone, which cost nothing that is read or to be kept.
fn claim(arguments: &SimulateArguments) -> Result<Vec<Claim>, Failure> {
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: Some(arguments.resume),
    };
    let description = rheome_fields::description_of(output.path);
    let statistics = rheome_statistics_file::beside(&arguments.output);
    let mut files = RunFiles::default()
        .read("settings", &arguments.config)
        .write(output.option, output.path)
        .write_all(output.option, &description)
        .log(&arguments.compute);
    if arguments.stats {
        files = files.write("--stats", &statistics);
    }
    files.check()?;
    let mut claims = vec![output.begin_with(description.as_slice())?];
    if arguments.stats {
        let replaced = arguments.overwrite || arguments.resume;
        claims.push(statistics_output::begin("--stats", &statistics, replaced)?);
    }
    Ok(claims)
}

/// A simulation under way; trajectories run side by side.
struct Simulation<'a> {
    settings: &'a SimulateSettings,
    grid: &'a UniformGrid,
    checkpoints: &'a Checkpoints,
    writer: Mutex<Box<dyn FieldWriter>>,
    meter: Mutex<Meter>,
    log: Mutex<JsonLog>,
    interruption: Interruption,
    /// Statistics of the trajectories, if they are asked for.
    gathered: Option<Gathered>,
}

impl Simulation<'_> {
    /// Ends the output, and writes the statistics beside it.
    fn conclude(self, arguments: &SimulateArguments, header: &FieldHeader) -> Result<(), Failure> {
        let writer = self.writer.into_inner();
        writer.unwrap_or_else(|e| e.into_inner()).finish()?;
        let Some(gathered) = self.gathered else {
            return Ok(());
        };
        let path = rheome_statistics_file::beside(&arguments.output);
        let set = gathered.finish(&arguments.output, header)?;
        statistics_output::write(&path, &[set])?;
        let console = arguments.compute.console();
        console.note(format!("wrote {}", path.display()));
        Ok(())
    }

    /// Shares the trajectories among workers, and the threads among the workers: a trajectory of its own keeps a thread
    /// busier than a share of every step.
    fn run_all(&self, threads: usize) -> Result<(), Failure> {
        let trajectories = self.settings.output.trajectories;
        let workers = threads.min(trajectories);
        let next = AtomicUsize::new(0);
        let work = |own: usize| -> Result<(), Failure> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(own).build()?;
            loop {
                let trajectory = next.fetch_add(1, Ordering::Relaxed);
                if trajectory >= trajectories {
                    return Ok(());
                }
                if let Err(failure) = pool.install(|| self.run_one(trajectory)) {
                    // The other workers stop behind the trajectory they are at.
                    next.store(trajectories, Ordering::Relaxed);
                    return Err(failure);
                }
            }
        };
        std::thread::scope(|scope| {
            let share = |w: usize| threads / workers + usize::from(w < threads % workers);
            let handles: Vec<_> = (0..workers)
                .map(|w| scope.spawn(move || work(share(w))))
                .collect();
            let join = |handle: std::thread::ScopedJoinHandle<'_, Result<(), Failure>>| {
                handle
                    .join()
                    .unwrap_or_else(|_| Err(Failure::new("a worker thread failed")))
            };
            // All are joined before the first failure is told.
            let outcomes: Vec<_> = handles.into_iter().map(join).collect();
            outcomes.into_iter().collect()
        })
    }

    fn run_one(&self, trajectory: usize) -> Result<(), Failure> {
        let output = &self.settings.output;
        let written = lock(&self.writer).completed(trajectory);
        if written == output.snapshots && self.gathered.is_none() {
            return Ok(());
        }
        let (mut channel, mut statistics) = self.start(trajectory)?;
        let mut saved = channel.time();
        let mut target = 0.0;
        while target < output.warm_up {
            target = (target + output.checkpoint_interval).min(output.warm_up);
            // Not where a run before this one was there.
            if channel.time() < target {
                self.reach(target, trajectory, &mut channel, statistics.as_ref())?;
                saved = self.save(trajectory, &channel, statistics.as_ref())?;
            }
        }
        for snapshot in 0..output.snapshots {
            let time = self.settings.time(snapshot);
            if time < channel.time() {
                if snapshot >= written {
                    return Err(self.gap(trajectory, written, channel.time()));
                }
                continue;
            }
            self.reach(time, trajectory, &mut channel, statistics.as_ref())?;
            self.take(trajectory, snapshot, written, &mut channel, &mut statistics)?;
            // The end is a checkpoint too, as long as its statistics have not come into their file.
            let is_end = snapshot + 1 == output.snapshots && time > saved;
            if time - saved >= output.checkpoint_interval || (is_end && statistics.is_some()) {
                saved = self.save(trajectory, &channel, statistics.as_ref())?;
            }
        }
        if let (Some(gathered), Some(statistics)) = (&self.gathered, statistics) {
            gathered.put(trajectory, statistics);
        }
        Ok(())
    }

    /// Advances the flow to a time; if a signal asks to stop before, to the end of a step, which becomes a checkpoint.
    fn reach(
        &self,
        time: f64,
        trajectory: usize,
        channel: &mut Channel,
        statistics: Option<&FlowStatistics>,
    ) -> Result<(), Failure> {
        if channel.advance_while(time, || !self.interruption.is_asked())? {
            return Ok(());
        }
        let time = self.save(trajectory, channel, statistics)?;
        // All of them stop: what all of them left is told when they have.
        let reached = format!("trajectory {trajectory} is at time {time}");
        Err(Failure::interrupted(reached))
    }

    /// Saves the flow and its statistics, and returns its time.
    fn save(
        &self,
        trajectory: usize,
        channel: &Channel,
        statistics: Option<&FlowStatistics>,
    ) -> Result<f64, Failure> {
        // No checkpoint may outlive the snapshots before it.
        lock(&self.writer).sync()?;
        self.checkpoints.save(trajectory, channel, statistics)
    }

    /// The failure that ended the simulation, or what it left where a signal did.
    fn stopped(&self, arguments: &SimulateArguments, failure: Failure) -> Failure {
        if !failure.is_interruption() {
            return failure;
        }
        let (writer, output) = (lock(&self.writer), &self.settings.output);
        Failure::interrupted(format!(
            "{}: {} of {} snapshots are in it, and a checkpoint of each trajectory begun beside it; continue with --resume",
            arguments.output.display(),
            writer.completed_in_all(),
            output.trajectories * output.snapshots
        ))
    }

    /// The flow and its statistics as the last checkpoint has them, or at their beginning.
    fn start(&self, trajectory: usize) -> Result<(Channel, Option<FlowStatistics>), Failure> {
        let settings = self.settings;
        let Some(saved) = self.checkpoints.load(trajectory)? else {
            let seed = settings.seed.wrapping_add(trajectory as u64);
            let channel = Channel::new(&settings.channel, seed)?;
            let statistics = self.gathered.is_some().then(|| gathering::begin(&channel));
            return Ok((channel, statistics.transpose()?));
        };
        let fail = |reason: &dyn std::fmt::Display| {
            let path = self.checkpoints.path(trajectory);
            Failure::new(format!("{}: {reason}", path.display()))
        };
        let channel = Channel::restore(&saved.flow, &settings.channel).map_err(|e| fail(&e))?;
        match (&self.gathered, saved.statistics) {
            (None, None) => Ok((channel, None)),
            (None, Some(_)) => Err(fail(
                &"was made with --stats; resume with --stats to go on gathering",
            )),
            (Some(_), Some(statistics)) => {
                gathering::check(&statistics, &channel).map_err(|e| fail(&e.line()))?;
                Ok((channel, Some(statistics)))
            }
            // Nothing of it has been missed yet.
            (Some(_), None) if channel.time() <= settings.output.warm_up => {
                let statistics = gathering::begin(&channel)?;
                Ok((channel, Some(statistics)))
            }
            (Some(_), None) => Err(fail(
                &"was made without --stats, and snapshots before it are past; resume without --stats",
            )),
        }
    }

    /// Writes and gathers the snapshot that the flow is at, as far as this was not done before.
    fn take(
        &self,
        trajectory: usize,
        snapshot: usize,
        written: usize,
        channel: &mut Channel,
        statistics: &mut Option<FlowStatistics>,
    ) -> Result<(), Failure> {
        let is_new = |s: &&mut FlowStatistics| snapshot as u64 >= s.snapshots();
        let to_gather = statistics.as_mut().filter(is_new);
        if snapshot < written && to_gather.is_none() {
            return Ok(());
        }
        let diagnostics = channel.diagnostics();
        if let Some(statistics) = to_gather {
            gathering::add(statistics, trajectory, channel, &diagnostics)?;
        }
        if snapshot >= written {
            let velocity = channel.sample(self.grid, self.settings.output.filter);
            lock(&self.writer).append(trajectory, channel.time(), &velocity)?;
            self.report(trajectory, channel, &diagnostics)?;
        }
        Ok(())
    }

    /// The checkpoint lies behind snapshots that the file does not have.
    fn gap(&self, trajectory: usize, written: usize, time: f64) -> Failure {
        Failure::new(format!(
            "{}: was made at time {time} of a run that had more snapshots than the {written} of trajectory {trajectory} in the \
             output; resume with the file it belongs to, or remove it to simulate the trajectory again from its start",
            self.checkpoints.path(trajectory).display()
        ))
    }

    fn report(&self, trajectory: usize, channel: &Channel, d: &Diagnostics) -> Result<(), Failure> {
        lock(&self.log).line(&json!({
            "trajectory": trajectory, "time": d.time, "step": channel.steps(), "dt": channel.dt(),
            "bulk_velocity": d.bulk_velocity, "wall_shear": d.wall_shear, "energy": d.energy,
            "fluctuation_energy": d.fluctuation_energy, "divergence": d.divergence,
        }))?;
        lock(&self.meter).advance(format!(
            "(trajectory {trajectory}, t = {:.2}, U_b = {:.2})",
            d.time, d.bulk_velocity
        ));
        Ok(())
    }
}

fn header(settings: &SimulateSettings, grid: &UniformGrid) -> Result<FieldHeader, Failure> {
    let mut header = FieldHeader {
        coordinates: Some(grid.coordinates.clone()),
        components: Some(["u", "v", "w"].map(str::to_owned).to_vec()),
        ..Default::default()
    };
    let numbers = [
        ("Re_tau", settings.channel.re_tau),
        ("viscosity", settings.channel.viscosity()),
        ("half_height", 1.0),
        ("u_tau", 1.0),
        ("seed", settings.seed as f64),
    ];
    let model = settings.channel.simulation_name();
    let texts = [
        ("model", model.to_owned()),
        ("title", format!("Channel flow, {model}, filtered")),
        ("velocity_units", "u_tau".to_owned()),
        ("coordinate_units", "h".to_owned()),
        ("time_units", "h/u_tau".to_owned()),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
        (SETTINGS, serde_json::to_string(settings)?),
    ];
    let attributes = &mut header.attributes;
    attributes.extend(numbers.map(|(key, value)| (key.to_owned(), value.into())));
    attributes.extend(texts.map(|(key, value)| (key.to_owned(), value.into())));
    Ok(header)
}
