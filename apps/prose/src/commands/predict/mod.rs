//! `prose predict`: a series continued by the network, and by the equation that explains it best.
//!
//! The network is shown the series with a rough equation (or with those of every family that may be behind it), answers the
//! states at later times, and writes equations. Each of these is integrated and compared with the series, the constants of the
//! best are fitted, and the best of all continues the series too.

mod candidates;
mod input;
mod network;
mod output;
mod picture;
mod rough;
mod summary;

use std::path::Path;

use ndarray::Array2;
use rheome_cli::{Console, Failure, refuse_existing, refuse_same_file};

use crate::arguments::PredictArguments;
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
    /// The rough equation with which the network continues the series.
    rough: String,
    /// The network's states at these times, in the units of the series.
    network: Array2<f64>,
    /// Those of the best candidate, or why there are none.
    equation: Result<Array2<f64>, String>,
}

/// Runs the command.
pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let files = arguments.source.files()?;
    refuse_existing("--output", &arguments.output, arguments.overwrite)?;
    refuse_same_file(
        (Path::new(&arguments.series.input), "series"),
        "--output",
        &arguments.output,
    )?;
    let device = arguments.compute.select(console)?.device;
    let mut log = arguments.compute.log(false)?;
    let trained = TrainedModel::load(&files, &arguments.overrides, &device)?;
    let prediction = predict(arguments, &trained, console)?;
    output::write(&prediction)?;
    if arguments.plots {
        picture::draw(&prediction)?;
    }
    log.line(&summary::entry(&prediction))?;
    if !arguments.compute.quiet {
        summary::tell(&prediction);
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

fn predict<'a>(
    arguments: &'a PredictArguments,
    trained: &'a TrainedModel,
    console: Console,
) -> Result<Prediction<'a>, Failure> {
    let input = Input::read(&arguments.series, trained)?;
    let components = input.series.dimension();
    let rough = rough::equations(arguments.equation.as_deref(), components, &input.scaling)?;
    let times = times(arguments, &input)?;
    summary::note_input(&input, &rough, console);
    let seed = arguments
        .compute
        .seed
        .unwrap_or(trained.settings.training.seed);
    let asked = Asked::new(trained, &input.window, &rough)?;
    let mut candidates = decode(&asked, &rough, arguments, trained, seed)?;
    candidates::verify(&mut candidates, &input, arguments.refine);
    let best = candidates.first();
    let scaled: Vec<f64> = times
        .iter()
        .map(|time| input.scaling.of_time(*time))
        .collect();
    let equation = match best {
        Some(best) => best
            .continuation(&scaled, &input.scaled)
            .map_err(|e| e.to_string()),
        None => Err("the network writes none, and none with its numbers was given".to_owned()),
    };
    let (rough, states) = continued(asked, rough, best, &scaled, &input)?;
    Ok(Prediction {
        arguments,
        trained,
        seed,
        network: input.in_series_units(states),
        equation: equation.map(|states| input.in_series_units(states)),
        rough,
        input,
        candidates,
        times,
    })
}

/// The equations that the network writes, and the one that was given, if all its numbers were.
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
    let known = rough.iter().filter(|rough| rough.is_known());
    candidates.extend(known.map(|rough| Candidate::of_given(&rough.origin, &rough.system)));
    Ok(candidates::distinct(candidates))
}

/// The network's states at `times`, in its units, and the rough equation that it was told: the one that was given, or else that
/// of the best candidate, whose form is better than a guess.
fn continued(
    asked: Asked,
    rough: Vec<RoughEquation>,
    best: Option<&Candidate>,
    times: &[f64],
    input: &Input,
) -> Result<(String, Array2<f64>), Failure> {
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
    let told = found[0].system.skeleton().words().join(" ");
    Ok((told, asked.states(times)?))
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
        (None, None) => Err(Failure::new(
            "give --times T0:T1:N, the times to continue to (or hold points back with --points)",
        )),
    }
}
