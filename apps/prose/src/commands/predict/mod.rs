//! `prose predict`: a series continued by the network, and by the equation that explains it best.
//!
//! The network is shown the series with a rough equation (or with those of every family that may be behind it), answers the
//! states at later times, and writes equations. Each of these is integrated and compared with the series, the constants of the
//! best are fitted, and the best of all continues the series too. A rough equation that was given is fitted itself, whether the
//! network knows its form or not, and even where the series has more components than the network takes.

mod axes;
mod candidates;
mod input;
mod network;
mod output;
mod picture;
mod rough;
mod summary;

use ndarray::Array2;
use rheome_cli::outputs::NewFile;
use rheome_cli::{Console, Failure, RunFiles, files};

use super::PROGRAM;
use crate::arguments::PredictArguments;
use crate::outputs::{check_hdf5, claim};
use crate::trained_model::TrainedModel;
use candidates::Candidate;
use input::Input;
use network::Asked;
pub use output::{FORMAT, INPUT};
use rough::RoughEquation;

/// What was found out about a series.
pub struct Prediction<'a> {
    arguments: &'a PredictArguments,
    trained: &'a TrainedModel,
    seed: u64,
    input: Input,
    /// What may explain the series, the best first.
    candidates: Vec<Candidate>,
    /// Times to continue to, in the units of the series.
    times: Vec<f64>,
    /// What the network makes of the series, if it takes so many components.
    network: Option<Continued>,
    /// States of the best candidate, or why there are none.
    equation: Result<Array2<f64>, String>,
}

impl Prediction<'_> {
    /// Fails where the form that was given explains nothing: whoever asked for its fit has none. What the network makes of the
    /// series is written nevertheless.
    fn in_vain(&self) -> Result<(), Failure> {
        match self.candidates.iter().find_map(Candidate::given_in_vain) {
            None => Ok(()),
            Some(problem) => Err(Failure::new(format!(
                "--equation: cannot be fitted to {}: {problem}; {} holds what else was found",
                self.arguments.series.input,
                self.arguments.output.display()
            ))),
        }
    }
}

/// A series continued by the network.
struct Continued {
    /// The rough equation that it was told, in words.
    rough: String,
    /// Its states at the times to continue to, in the units of the series.
    states: Array2<f64>,
}

/// Runs the command.
pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    check_hdf5(&arguments.output)?;
    let model = arguments.source.files(&[PROGRAM.name])?;
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: None,
    };
    let read = RunFiles::default()
        .read("series", &arguments.series.input)
        .read_model(&arguments.source);
    // Pictures of a prediction that is replaced are none of this one.
    let is_replaced = arguments.overwrite && arguments.output.exists();
    let (pictures, older) = match (arguments.plots, is_replaced) {
        (true, _) => (picture::files(arguments).to_vec(), Vec::new()),
        (false, true) => (Vec::new(), picture::files(arguments).to_vec()),
        (false, false) => (Vec::new(), Vec::new()),
    };
    let read = read.write_all("a picture that --overwrite removes", &older);
    let _claim = claim(read, output, ("--plots", &pictures), &arguments.compute)?;
    let device = arguments.compute.select(console)?.device;
    let mut log = arguments.compute.log(false)?;
    let trained = TrainedModel::load(&model, &arguments.overrides, &device)?;
    let prediction = predict(arguments, &trained, console)?;
    output::write(&prediction)?;
    picture::draw(&prediction, &pictures)?;
    files::remove_older(older)?;
    log.line(&summary::entry(&prediction))?;
    if !arguments.compute.quiet {
        summary::tell(&prediction);
    }
    for file in [&arguments.output].into_iter().chain(&pictures) {
        console.note(format!("wrote {}", file.display()));
    }
    prediction.in_vain()
}

/// A failure of an equation, with what may be its reason: components that are called as its words.
fn with_words(failure: Failure, arguments: &PredictArguments, input: &Input) -> Failure {
    let text = arguments.equation.as_deref().unwrap_or_default();
    let words = rough::words_for_names(text, input.series.names()).unwrap_or_default();
    match words.first() {
        Some(word) => Failure::new(format!("{}; {word}", failure.line())),
        None => failure,
    }
}

fn predict<'a>(
    arguments: &'a PredictArguments,
    trained: &'a TrainedModel,
    console: Console,
) -> Result<Prediction<'a>, Failure> {
    let mut input = Input::read(&arguments.series, trained, arguments.equation.is_some())?;
    let rough = rough::equations(
        arguments.equation.as_deref(),
        input.series.names(),
        &trained.families,
    )
    .map_err(|failure| with_words(failure, arguments, &input))?;
    if arguments.equation.is_some() && input.beyond_network.is_none() {
        input.beyond_network = rough::beyond_network(&rough, trained);
    }
    let notes = notes(arguments, &input)?;
    let times = times(arguments, &input)?;
    summary::note_input(&input, &rough, console);
    notes.into_iter().for_each(|note| console.note(note));
    let seed = arguments
        .compute
        .seed
        .unwrap_or(trained.settings.training.seed);
    let asked = match input.beyond_network {
        None => Some(Asked::new(trained, &input.window, &rough)?),
        Some(_) => None,
    };
    let mut candidates = match &asked {
        Some(asked) => decode(asked, &rough, arguments, trained, seed)?,
        None => Vec::new(),
    };
    if arguments.equation.is_some() {
        candidates.extend(rough.iter().map(Candidate::of_given));
    }
    candidates::verify(&mut candidates, &input, arguments.refine, seed, console);
    if let (Some(reason), Some(problem)) = (&input.beyond_network, unexplained(&candidates)) {
        return Err(Failure::new(format!(
            "{}: the network is not asked ({reason}), and --equation cannot be fitted: {problem}",
            arguments.series.input
        )));
    }
    let best = candidates.first();
    let equation = match best {
        Some(best) => best.continuation(&times, &input),
        None => Err("the network writes none, and none was given".to_owned()),
    };
    let network = asked.map(|asked| continued(asked, rough, best, &times, &input));
    Ok(Prediction {
        arguments,
        trained,
        seed,
        network: network.transpose()?,
        equation,
        input,
        candidates,
        times,
    })
}

/// What is to be known of the names in the equation, and of their order, where `--components` does not give it.
fn notes(arguments: &PredictArguments, input: &Input) -> Result<Vec<String>, Failure> {
    let Some(text) = &arguments.equation else {
        return Ok(Vec::new());
    };
    let names = input.series.names();
    let mut notes = rough::words_for_names(text, names)?;
    if arguments.series.components.is_none() {
        notes.extend(rough::check_order(text, names)?);
    }
    Ok(notes)
}

/// Why no candidate explains the series, where none does.
fn unexplained(candidates: &[Candidate]) -> Option<&str> {
    let first = candidates.first()?;
    first.best_system().map_or(first.problem(), |_| None)
}

/// The equations that the network writes.
fn decode(
    asked: &Asked,
    rough: &[RoughEquation],
    arguments: &PredictArguments,
    trained: &TrainedModel,
    seed: u64,
) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::new();
    let found = asked.equations(&arguments.decoding, seed)?;
    for (equations, rough) in found.into_iter().zip(rough) {
        let components = rough.system.dimension();
        for decoded in equations {
            candidates.push(Candidate::of_decoded(
                &rough.origin,
                decoded,
                trained,
                components,
            )?);
        }
    }
    Ok(candidates::distinct(candidates))
}

/// The network's states, with the rough equation that was given, or else that of the best candidate, whose form is better than a
/// guess.
fn continued(
    asked: Asked,
    rough: Vec<RoughEquation>,
    best: Option<&Candidate>,
    times: &[f64],
    input: &Input,
) -> Result<Continued, Failure> {
    let best = best.and_then(|best| best.system.as_ref().ok());
    let (asked, found) = match best.filter(|_| rough.len() > 1) {
        Some(system) => {
            let found = vec![RoughEquation {
                origin: "found".to_owned(),
                system: system.clone(),
            }];
            (asked.again(&input.window, &found)?, found)
        }
        None => (asked, rough),
    };
    let scaled: Vec<f64> = times.iter().map(|t| input.scaling.of_time(*t)).collect();
    Ok(Continued {
        rough: found[0].system.skeleton().words().join(" "),
        states: input.in_series_units(asked.states(&scaled)?),
    })
}

/// The times to continue to: those of the option, or of the points that are held back.
fn times(arguments: &PredictArguments, input: &Input) -> Result<Vec<f64>, Failure> {
    let first = input.series.times()[0];
    match (&arguments.times, &input.held_back) {
        (Some(times), _) if times.all()[0] < first => Err(Failure::new(format!(
            "--times: found {}, before the series, which begins at {first}",
            times.all()[0]
        ))),
        (Some(times), _) => Ok(times.all()),
        (None, Some(held_back)) => Ok(held_back.times().to_vec()),
        (None, None) => {
            let held_back = match input.left_out {
                1 => ": 1 is held back, and 2 are needed",
                _ => "",
            };
            Err(Failure::new(format!(
                "give --times T0:T1:N, the times to continue to (or hold points back with --points{held_back})",
            )))
        }
    }
}
