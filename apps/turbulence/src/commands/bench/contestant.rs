//! What `turbulence bench` compares: operators, trained or not, and solvers.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rheome_cli::{Failure, settings as settings_file};

use super::super::simulate::settings::SimulateSettings;
use crate::arguments::BenchArguments;
use crate::model_folder;

/// A path with a name for the table: `NAME=PATH`, or a path whose last part names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The name.
    pub name: String,
    /// The path.
    pub path: PathBuf,
}

impl FromStr for Labelled {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // A folder may have the sign in its name: what has a separator in front of it is a path.
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !name.contains('/') => {
                (Some(name.to_owned()), PathBuf::from(path))
            }
            _ => (None, PathBuf::from(text)),
        };
        let last_part = || {
            let resolved = path.canonicalize().unwrap_or_else(|_| path.clone());
            let part = if resolved.is_dir() {
                resolved.file_name()
            } else {
                resolved.file_stem()
            };
            part.map_or_else(|| text.to_owned(), |part| part.to_string_lossy().into())
        };
        Ok(Self {
            name: name.unwrap_or_else(last_part),
            path,
        })
    }
}

/// What a row of the table is about.
#[derive(Debug)]
pub struct Contestant {
    /// Its name in the table.
    pub name: String,
    /// Model folder or settings.
    pub path: PathBuf,
    /// Kind of the operator, or `simulation`.
    pub kind: String,
    /// Whether it is a solver.
    pub is_simulation: bool,
    /// Time that a step of the operator advances, in h/u_tau, if its settings tell.
    pub time_step: Option<f64>,
    /// Seconds that its training took, if that is known.
    pub training_seconds: Option<f64>,
}

/// All that the options name, checked: model folders, then settings of operators, then simulations.
pub fn all(arguments: &BenchArguments) -> Result<Vec<Contestant>, Failure> {
    let models = arguments.model.iter().map(|given| {
        let config = model_folder::config_of(&given.path)?;
        let seconds = model_folder::training_seconds(&given.path);
        operator(given, &config, seconds)
    });
    let configs = arguments
        .config
        .iter()
        .map(|given| operator(given, &given.path, None));
    let simulations = arguments.les.iter().map(simulation);
    models.chain(configs).chain(simulations).collect()
}

fn operator(
    given: &Labelled,
    config: &Path,
    training_seconds: Option<f64>,
) -> Result<Contestant, Failure> {
    let (config, time_step) = model_folder::read_config(config)?;
    Ok(Contestant {
        name: given.name.clone(),
        path: given.path.clone(),
        kind: config.kind().to_owned(),
        is_simulation: false,
        time_step,
        training_seconds,
    })
}

fn simulation(given: &Labelled) -> Result<Contestant, Failure> {
    simulate_settings(&given.path)?;
    Ok(Contestant {
        name: given.name.clone(),
        path: given.path.clone(),
        kind: "simulation".to_owned(),
        is_simulation: true,
        time_step: None,
        training_seconds: None,
    })
}

/// Settings of a simulation that can work.
pub fn simulate_settings(path: &Path) -> Result<SimulateSettings, Failure> {
    let settings: SimulateSettings = settings_file::load(path, &[])?;
    settings
        .validate()
        .map_err(|e| Failure::new(format!("{}: {}", path.display(), e.line())))?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_from_the_option_or_the_path() {
        let read = |text: &str| text.parse::<Labelled>().unwrap();
        let named = read("m=runs/a");
        assert_eq!(
            (named.name.as_str(), named.path.as_path()),
            ("m", Path::new("runs/a"))
        );
        assert_eq!(read("runs/paper-fno.toml").name, "paper-fno");
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("lr=0.1");
        std::fs::create_dir(&model).unwrap();
        let found = read(model.to_str().unwrap());
        assert_eq!((found.name.as_str(), found.path), ("lr=0.1", model));
    }
}
