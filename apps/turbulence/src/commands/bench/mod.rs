//! `turbulence bench`: what operators and solvers cost, side by side.
//!
//! Each is measured in processes of its own, one for each kind of work, so that none inherits another's threads, memory or
//! peak; one after the other, so that none disturbs another.

pub mod contestant;
pub mod measure;
mod table;

use std::ffi::OsString;
use std::process::{Command, Stdio};

use clap::ValueEnum;
use rheome_backend::device::DeviceChoice;
use rheome_backend::measurement::{Comparison, Unit, cpu_model};
use rheome_cli::outputs::NewFile;
use rheome_cli::{Console, Failure, RunFiles, say};

use crate::arguments::BenchArguments;
use contestant::Contestant;
use measure::Measurement;
use table::{Circumstances, Row, Table};

/// What one process measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Steps of a rollout.
    Rollout,
    /// Training steps: forward, backward, AdamW.
    Training,
    /// Time steps of a solver.
    Simulation,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Training => "training",
            Self::Simulation => "simulation",
        }
    }
}

/// Runs the command.
pub fn run(arguments: &BenchArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    if !(arguments.settle >= 0.0 && arguments.settle.is_finite()) {
        return Err(Failure::new(format!(
            "--settle {}: expected a time, 0 or more",
            arguments.settle
        )));
    }
    let output = arguments.output.as_ref().map(|path| NewFile {
        option: "--output",
        path,
        overwrite: arguments.overwrite,
        resume: None,
    });
    files(arguments).check()?;
    let _claim = output.map(|file| file.begin()).transpose()?;
    // Everything is read before anything is measured.
    let contestants = contestant::all(arguments)?;
    let device = arguments.compute.select(console)?.choice;
    let mut log = arguments.compute.log(false)?;
    let mut table = Table {
        circumstances: Circumstances {
            device: device.to_string(),
            cpu: cpu_model(),
            threads: arguments.compute.thread_count(),
            repeats: arguments.repeats,
            batch_size: arguments.batch_size,
        },
        rows: Vec::new(),
    };
    for contestant in contestants {
        let row = row(contestant, arguments, device, console)?;
        log.line(&serde_json::to_value(&row)?)?;
        table.rows.push(row);
        // Whatever happens to the next one, what was measured is kept.
        if let Some(path) = &arguments.output {
            table.write_csv(path)?;
        }
    }
    if let Some(path) = &arguments.output {
        console.note(format!("wrote {}", path.display()));
    }
    tell(&table)?;
    if arguments.json {
        say(serde_json::to_string(&table)?);
    } else {
        say(&table);
    }
    Ok(())
}

/// What is read and what is written.
fn files(arguments: &BenchArguments) -> RunFiles {
    let settings = arguments.config.iter().chain(&arguments.les);
    let files = RunFiles::default().read_all("settings", settings.map(|one| &one.path));
    let models = arguments.model.iter();
    let output = arguments.output.iter();
    let files = models.fold(files, |all, model| all.read_folder("model", &model.path));
    let files = output.fold(files, |all, path| all.write("--output", path));
    files.log(&arguments.compute)
}

/// What an IFactFormer-m should take at most of a simulation's time.
const TARGET: f64 = 0.1;

/// Adds every operator, beside every simulation, to the table of all benches, if one is gathered.
fn tell(table: &Table) -> Result<(), Failure> {
    let is_simulation = |row: &&Row| row.parameters.is_none();
    for operator in table.rows.iter().filter(|row| !is_simulation(row)) {
        for simulation in table.rows.iter().filter(is_simulation) {
            let (Some(value), Some(rival_value)) =
                (operator.seconds_per_time, simulation.seconds_per_time)
            else {
                continue;
            };
            let comparison = Comparison {
                work: format!("rollout of {} over 1 h/u_tau", operator.name),
                ours: table.circumstances.device.clone(),
                rival: simulation.name.clone(),
                unit: Unit::Seconds,
                value,
                rival_value,
                target: (operator.kind == "ifactformer-m").then_some(TARGET),
            };
            comparison.tell()?;
        }
    }
    Ok(())
}

fn row(
    contestant: Contestant,
    arguments: &BenchArguments,
    device: DeviceChoice,
    console: Console,
) -> Result<Row, Failure> {
    let measured = |work: Work| {
        console.note(format!("measuring {}: {}", contestant.name, work.name()));
        apart(&contestant, work, arguments, device)
    };
    if contestant.is_simulation {
        let steps = measured(Work::Simulation)?;
        return Ok(Row::of_simulation(contestant, &steps));
    }
    let (rollout, training) = (measured(Work::Rollout)?, measured(Work::Training)?);
    Ok(Row::of_operator(contestant, &rollout, &training))
}

/// Measures in a process of its own.
fn apart(
    contestant: &Contestant,
    work: Work,
    arguments: &BenchArguments,
    device: DeviceChoice,
) -> Result<Measurement, Failure> {
    let fail = |reason: String| Failure::new(format!("{}: {reason}", contestant.name));
    // The solvers know the CPU only.
    let device = match work {
        Work::Simulation => DeviceChoice::Flex,
        Work::Rollout | Work::Training => device,
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["measure", "-q", "--work", work.name()]);
    // With the sign, so that a path may begin with a dash.
    let mut subject = OsString::from("--subject=");
    subject.push(&contestant.path);
    command.arg(subject);
    let numbers = [
        ("--device", device.to_string()),
        ("--threads", arguments.compute.thread_count().to_string()),
        ("--repeats", arguments.repeats.to_string()),
        ("--batch-size", arguments.batch_size.to_string()),
        ("--settle", arguments.settle.to_string()),
    ];
    for (option, value) in numbers {
        command.args([option, &value]);
    }
    if let Some(seed) = arguments.compute.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    let ended = command.stdin(Stdio::null()).output()?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        let mut lines = said
            .lines()
            .filter_map(|line| line.strip_prefix("turbulence: "));
        let reason = lines
            .next()
            .unwrap_or_else(|| said.lines().next().unwrap_or_default());
        return Err(match reason {
            "" => fail(format!(
                "measuring the {} ended: {}",
                work.name(),
                ended.status
            )),
            reason => fail(reason.to_owned()),
        });
    }
    serde_json::from_slice(&ended.stdout).map_err(|e| fail(format!("not a measurement: {e}")))
}
