//! `prose fluids evaluate`: a model judged by flows whose continuation is known, beside what needs no learning.

mod contestants;
mod pictures;
mod scores;
mod tables;

use std::collections::BTreeSet;
use std::path::PathBuf;

use rheome_cli::outputs::NewFolder;
use rheome_cli::settings::at_fault;
use rheome_cli::training::evenly;
use rheome_cli::{Failure, Interruption, Meter, RunFiles, say};
use rheome_fields::{Window, Windows, all_windows};
use rheome_periodic::FlowAnalysis;

use super::data::FlowData;
use super::model::LoadedModel;
use super::train::{too_short, windows};
use crate::arguments::{FluidsEvaluateArguments, Judged};
use contestants::Forecasters;
use scores::Scores;

/// Flows that are continued side by side.
const AT_ONCE: usize = 8;

/// Runs the command.
pub fn run(arguments: &FluidsEvaluateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let output = NewFolder {
        option: "--output",
        path: &arguments.output,
        results: &Outputs::NAMES,
        overwrite: arguments.overwrite,
    };
    RunFiles::default()
        .read("data", &arguments.data)
        .read_model(&arguments.model)
        .write_folder(output.option, output.path, output.results)
        .log(&arguments.compute)
        .check()?;
    output.check()?;
    let device = arguments.compute.select(console)?.device;
    let model = LoadedModel::load(&arguments.model, &device)?;
    let data = FlowData::open(&arguments.data, &model.settings.model)?;
    let judged = judged(arguments, &model, &data)?;
    let forecasters = Forecasters::new(&model, &data, arguments.coarse)?;
    let mut analysis = FlowAnalysis::new(model.settings.model.grid[0], forecasters.length())?;
    let leads = model.settings.model.output_frames;
    let flows: BTreeSet<usize> = judged.iter().map(|window| window.trajectory).collect();
    let (names, step) = (forecasters.names(), forecasters.step());
    let mut scores = Scores::new(&names, leads, step, flows.len());
    let _claim = output.begin()?;
    let mut log = arguments.compute.log(false)?;
    let mut shown = None;
    let mut meter = Meter::new(console, "evaluate", "stretches", judged.len() as u64, 0);
    let interruption = Interruption::watch(console)?;
    for some in judged.chunks(AT_ONCE) {
        interruption.check(|| "nothing is written".to_owned())?;
        for flow in forecasters.run(some, &mut scores)? {
            scores.add(&flow, &mut analysis)?;
            shown.get_or_insert(flow);
            meter.advance("");
        }
    }
    meter.finish();
    log.line(&scores.summary())?;
    let outputs = Outputs {
        folder: arguments.output.clone(),
    };
    tables::write(&scores, &outputs)?;
    pictures::draw(&scores, shown.as_ref(), &mut analysis, &outputs)?;
    if !arguments.compute.quiet {
        scores.lines().into_iter().for_each(say);
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// The stretches that judge.
fn judged(
    arguments: &FluidsEvaluateArguments,
    model: &LoadedModel,
    data: &FlowData,
) -> Result<Vec<Window>, Failure> {
    let settings = &model.settings;
    if let Some([taken, longest]) = too_short(data, settings) {
        return Err(Failure::new(format!(
            "{}: the longest flow has {longest} snapshots, expected at least {taken}, which the model is given and predicts",
            data.reader().label()
        )));
    }
    let quiet = rheome_cli::Console {
        quiet: true,
        ..arguments.compute.console()
    };
    let of_split = |of: fn(Windows) -> Vec<Window>| {
        let windows = windows(data, settings, quiet);
        windows
            .map(of)
            .map_err(|failure| at_fault(&model.config, &[], failure))
    };
    let all = || all_windows(data.reader(), settings.frames() - 1, settings.data.stride);
    let found = match arguments.trajectories {
        Judged::All => all(),
        Judged::Validation => of_split(|windows| windows.validation)?,
        Judged::HeldOut => {
            let used = of_split(|windows| [windows.train, windows.validation].concat())?;
            let used: BTreeSet<usize> = used.iter().map(|window| window.trajectory).collect();
            let is_held_out = |window: &Window| !used.contains(&window.trajectory);
            all().into_iter().filter(is_held_out).collect()
        }
    };
    if found.is_empty() {
        return Err(Failure::new(format!(
            "--trajectories: no stretch of {} frames to judge by in {}; try validation, or all where no training has seen them",
            settings.frames(),
            data.reader().label()
        )));
    }
    Ok(evenly(&found, arguments.windows))
}

/// Files that are written.
pub struct Outputs {
    folder: PathBuf,
}

impl Outputs {
    const NAMES: [&'static str; 7] = [
        "errors.csv",
        "statistics.csv",
        "spectrum.csv",
        "vorticity.csv",
        "statistics.png",
        "turbulence.png",
        "vorticity.png",
    ];

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        debug_assert!(Self::NAMES.contains(&name));
        self.folder.join(name)
    }
}
