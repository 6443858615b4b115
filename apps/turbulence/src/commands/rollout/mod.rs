//! `turbulence rollout`: an operator continues a flow, every prediction being the next input.

mod flow_of_input;
mod gathering;
mod sink;
mod start;

use gathering::Gathering;
use rheome_backend::device::DeviceChoice;
use rheome_cli::outputs::NewFile;
use rheome_cli::{Claim, Failure, Interruption, JsonLog, Meter, RunFiles};
use rheome_fields::{Appears, FieldHeader, FieldShape, WriteOptions};
use rheome_flow::{EnergyWarning, FlowError, Rollout};
use serde_json::json;
use sink::{Inlet, Sink};
use start::{Start, header};

use super::check_field_output;
use crate::arguments::RolloutArguments;
use crate::model_folder;
use crate::statistics_output;

/// Snapshots that one file may plan.
const MOST_SNAPSHOTS: u64 = 1 << 20;

/// Runs the command.
pub fn run(arguments: &RolloutArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let snapshots = check(arguments)?;
    let _claims = claim(arguments)?;
    let selected = arguments.compute.select(console)?;
    let mut loaded = model_folder::load(&arguments.source, &selected.device)?;
    let start = Start::read(arguments, &loaded, console)?;
    let features = loaded.in_precision(arguments.precision, selected.choice)?;

    let shape = FieldShape {
        has_trajectories: arguments.ensemble > 1,
        trajectories: arguments.ensemble as usize,
        snapshots,
        ..start.shape
    };
    let header = header(arguments, &loaded, &start);
    let options = WriteOptions {
        overwrite: arguments.overwrite,
        // A rollout whose first step fails is not to cost the result of before.
        appears: Appears::WithFirstSnapshot,
        ..Default::default()
    };
    let log = arguments.compute.log(false)?;
    let writer = rheome_fields::create(&arguments.output, &shape, &header, options)?;
    let gathering = arguments
        .stats
        .then(|| Gathering::new(arguments, &start, console))
        .transpose()?;
    let mut sink = Sink {
        writer,
        gathering,
        shape,
        every: arguments.every,
        start: &start,
    };
    let window = start.window(arguments, &selected.device);
    let mut meter = Meter::new(console, "rollout", "steps", arguments.steps, 0);
    let rollout = Rollout::new(&loaded.model, &features, &loaded.normalization, window);
    let outcome = match rollout {
        Ok(rollout) => advance(
            arguments,
            selected.choice,
            rollout,
            &mut sink,
            &mut meter,
            log,
        ),
        Err(error) => Err(error.into()),
    };
    meter.finish();
    conclude(arguments, sink, &header, &start, outcome)
}

/// Ends the files: whatever ended the rollout, what was predicted before is kept.
fn conclude(
    arguments: &RolloutArguments,
    sink: Sink<'_>,
    header: &FieldHeader,
    start: &Start,
    outcome: Result<(), Failure>,
) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let written = sink.written();
    if written == 0 && outcome.is_err() {
        // The output has not appeared: what was there before is.
        return outcome;
    }
    let end = || -> Result<(), Failure> {
        sink.writer.finish()?;
        if let Some(gathering) = &sink.gathering {
            let path = rheome_statistics_file::beside(&arguments.output);
            let set = gathering.finish(arguments, header, start);
            statistics_output::write(&path, &[set])?;
            console.note(format!("wrote {}", path.display()));
        }
        console.note(format!(
            "wrote {} ({written} snapshots)",
            arguments.output.display()
        ));
        Ok(())
    };
    let ended = end();
    // What ended the rollout is the reason of whatever could not be ended well.
    outcome.and(ended)
}

/// Checks what needs no model, and returns the number of snapshots to write.
fn check(arguments: &RolloutArguments) -> Result<usize, Failure> {
    check_field_output(&arguments.output)?;
    let RolloutArguments {
        steps,
        every,
        noise,
        ..
    } = arguments;
    if every > steps {
        return Err(Failure::new(format!(
            "--every {every}: is more than --steps {steps}: nothing would be written"
        )));
    }
    let snapshots = steps / every;
    if snapshots > MOST_SNAPSHOTS {
        return Err(Failure::new(format!(
            "--steps {steps}: found {snapshots} snapshots to write, expected at most {MOST_SNAPSHOTS}; write fewer with --every"
        )));
    }
    if !(noise.is_finite() && *noise >= 0.0) {
        return Err(Failure::new(format!(
            "--noise {noise}: expected a standard deviation, 0 or more"
        )));
    }
    Ok(snapshots as usize)
}

/// The outputs, each for this run alone, which cost nothing that is read or to be kept.
fn claim(arguments: &RolloutArguments) -> Result<Vec<Claim>, Failure> {
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: None,
    };
    let description = rheome_fields::description_of(output.path);
    let statistics = rheome_statistics_file::beside(&arguments.output);
    let mut files = RunFiles::default()
        .read("input", &arguments.input)
        .read_all("reference", &arguments.reference)
        .read_model(&arguments.source.model)
        .read_all("normalization", &arguments.source.normalization)
        .write(output.option, output.path)
        .write_all(output.option, &description)
        .log(&arguments.compute);
    if arguments.stats {
        files = files.write("--stats", &statistics);
    }
    files.check()?;
    let mut claims = vec![output.begin_with(description.as_slice())?];
    if arguments.stats {
        claims.push(statistics_output::begin(
            "--stats",
            &statistics,
            arguments.overwrite,
        )?);
    }
    Ok(claims)
}

/// Rolls out while what is predicted is written; whatever ends it, what was predicted before is kept.
fn advance(
    arguments: &RolloutArguments,
    device: DeviceChoice,
    rollout: Rollout<'_>,
    sink: &mut Sink<'_>,
    meter: &mut Meter,
    log: JsonLog,
) -> Result<(), Failure> {
    let interruption = Interruption::watch(arguments.compute.console())?;
    let time_window = rollout.window().dims()[1];
    // The CPU has nothing to wait for, and finds a diverging step at once.
    let on_gpu = device.is_gpu();
    let mut watch = Watch {
        arguments,
        patience: if on_gpu { PATIENCE } else { 1 },
        meter,
        log,
        warnings: 0,
        first_warning: None,
        seen: 0,
    };
    let steps = sink.beside(|inlet| steps(rollout, inlet, &interruption, &mut watch));
    let done = watch.seen;
    steps?;
    if done < arguments.steps {
        interruption.check(|| standing(arguments, sink, time_window, done))?;
    }
    Ok(())
}

/// Steps until all are done or an interruption is asked for.
fn steps(
    mut rollout: Rollout<'_>,
    inlet: &Inlet,
    interruption: &Interruption,
    watch: &mut Watch<'_>,
) -> Result<(), Failure> {
    let last = watch.arguments.steps;
    for step in 1..=last {
        if interruption.is_asked() {
            return watch.look(&mut rollout);
        }
        let field = rollout.advance();
        let wanted = inlet.wants(step);
        if wanted || step == last || step.is_multiple_of(watch.patience) {
            watch.look(&mut rollout)?;
        }
        if wanted && inlet.send(step, field).is_err() {
            return Ok(());
        }
    }
    watch.sum_up();
    Ok(())
}

/// Steps that a GPU may be ahead of what the host knows of it, where none of them is written.
const PATIENCE: u64 = 32;

/// Looks at the steps of a rollout.
struct Watch<'a> {
    arguments: &'a RolloutArguments,
    /// Steps between two looks.
    patience: u64,
    meter: &'a mut Meter,
    log: JsonLog,
    warnings: u64,
    /// The step of the first.
    first_warning: Option<u64>,
    /// Steps that were looked at.
    seen: u64,
}

impl Watch<'_> {
    fn look(&mut self, rollout: &mut Rollout<'_>) -> Result<(), Failure> {
        let checked = rollout.check();
        let good = match &checked {
            Err(FlowError::NonFinite { step, .. }) => step - 1,
            _ => rollout.steps(),
        };
        for step in self.seen + 1..=good {
            let of_step = rollout.warnings().iter().filter(|w| w.step == step);
            self.log
                .line(&json!({"step": step, "energy_warnings": of_step.count()}))?;
            self.meter.advance("");
        }
        self.seen = good;
        for warning in rollout.warnings() {
            self.warn(warning)?;
        }
        checked.map_err(|e| match e {
            FlowError::NonFinite { step, .. } => {
                Failure::new(format!("{e}; {}", self.standing_before(step)))
            }
            other => other.into(),
        })
    }

    /// What is in the output when `step` is no good: every step that is written was looked at before.
    fn standing_before(&self, step: u64) -> String {
        match (step - 1) / self.arguments.every {
            0 => "nothing was written".to_owned(),
            kept => format!("the {kept} snapshot(s) before it are kept"),
        }
    }

    /// Tells in one line how often the guard rail was touched.
    fn sum_up(&self) {
        if let Some(first) = self.first_warning {
            self.meter.note(format!(
                "note: the energy of u, v or w changed by more than ever in training {} time(s) in {} steps, first in step {first}. A few times \
                 say little; many say that the flow leaves what the operator has learnt: hold its statistics against those of the data \
                 (turbulence stats). -v tells each, --energy-limit sets how far is too far",
                self.warnings, self.seen
            ));
        }
    }

    fn warn(&mut self, warning: &EnergyWarning) -> Result<(), Failure> {
        self.warnings += 1;
        self.first_warning.get_or_insert(warning.step);
        if self.arguments.compute.verbose {
            self.meter.note(format!("warning: {warning}"));
        }
        let limit = self.arguments.energy_limit;
        if limit > 0.0 && excess(warning) > limit {
            return Err(Failure::new(format!(
                "{warning}, by more than --energy-limit {limit} times the range: the rollout diverges and is stopped; {}",
                self.standing_before(warning.step)
            )));
        }
        Ok(())
    }
}

/// What a rollout that stops after `steps` steps leaves, and how to go on.
fn standing(
    arguments: &RolloutArguments,
    sink: &Sink<'_>,
    time_window: usize,
    steps: u64,
) -> String {
    let output = arguments.output.display();
    let written = sink.written();
    let done = format!("{output}: {steps} of {} steps are done", arguments.steps);
    let Some(last) = written.checked_sub(1) else {
        return format!("{done}, none of which is written");
    };
    let kept = format!("{done}, {written} snapshots are kept");
    // A window of several snapshots has to be there, one step apart.
    if time_window > 1 && (arguments.every > 1 || written < time_window) {
        return kept;
    }
    let member = if arguments.ensemble > 1 {
        " --trajectory MEMBER"
    } else {
        ""
    };
    format!("{kept}; continue with --input {output}{member} --index {last} and another --output")
}

/// How far a change lies outside the range of the training, in units of the range's width.
fn excess(warning: &EnergyWarning) -> f64 {
    let width = (warning.max - warning.min).max(f64::MIN_POSITIVE);
    (warning.change - warning.max).max(warning.min - warning.change) / width
}
