//! What `turbulence bench` compares: operators, trained or not, and solvers.

use std::path::{Path, PathBuf};

use rheome_cli::model_folder::{TrainingTime, check_maker, config_of, training_time};
use rheome_cli::{Failure, settings as settings_file};

use super::super::PROGRAM;
use super::super::simulate::settings::SimulateSettings;
use crate::arguments::BenchArguments;
use crate::labelled::Labelled;
use crate::model_folder;

/// What a row of the table is about.
#[derive(Debug)]
pub struct Contestant {
    /// Its name in the table.
    pub name: String,
    /// Model folder or settings.
    pub path: PathBuf,
    /// Kind of the operator or of the simulation.
    pub kind: String,
    /// Whether it is a solver.
    pub is_simulation: bool,
    /// Time that a step of the operator advances, in h/u_tau, if its settings tell.
    pub time_step: Option<f64>,
    /// How long its training took, if that is known.
    pub training: Option<TrainingTime>,
}

/// All that the options name, checked: model folders, then settings of operators, then simulations.
pub fn all(arguments: &BenchArguments) -> Result<Vec<Contestant>, Failure> {
    let models = arguments.model.iter().map(|given| {
        let config = config_of(&given.path)?;
        check_maker(&given.path, &[PROGRAM.name])?;
        operator(given, &config, training_time(&given.path))
    });
    let configs = arguments
        .config
        .iter()
        .map(|given| operator(given, &given.path, None));
    let simulations = arguments.les.iter().map(simulation);
    let all: Vec<Contestant> = models
        .chain(configs)
        .chain(simulations)
        .collect::<Result<_, _>>()?;
    for (place, contestant) in all.iter().enumerate() {
        if all[..place]
            .iter()
            .any(|earlier| earlier.name == contestant.name)
        {
            return Err(Failure::new(format!(
                "two contestants are called {}; name them apart, e.g. --model NAME=DIR",
                contestant.name
            )));
        }
    }
    Ok(all)
}

fn operator(
    given: &Labelled,
    config: &Path,
    training: Option<TrainingTime>,
) -> Result<Contestant, Failure> {
    let (config, time_step) = model_folder::read_config(config)?;
    Ok(Contestant {
        name: given.name.clone(),
        path: given.path.clone(),
        kind: config.kind().to_owned(),
        is_simulation: false,
        time_step,
        training,
    })
}

fn simulation(given: &Labelled) -> Result<Contestant, Failure> {
    let settings: SimulateSettings = settings_file::load_valid(&given.path, &[])?;
    Ok(Contestant {
        name: given.name.clone(),
        path: given.path.clone(),
        kind: settings.channel.simulation_name().to_owned(),
        is_simulation: true,
        time_step: None,
        training: None,
    })
}
