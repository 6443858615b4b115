//! `perturb predict`: cells of perturbations, measured or not, from control cells.

mod output;
mod request;
mod summary;

use rheome_cells::Condition;
use rheome_cli::{Failure, Meter, refuse_same_file};
use rheome_perturbation::SamplingRun;
use rheome_training::randomness::{Purpose, generator};

use crate::arguments::PredictArguments;
use crate::cells::{PreparedCells, with_replacement};
use crate::trained_model::TrainedModel;
use output::PredictedCells;
use summary::Summary;

/// Runs the command.
pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let files = arguments.source.files()?;
    let cells = PreparedCells::read(&arguments.data)?;
    let requested = request::conditions(arguments, &cells)?;
    refuse_what_would_be_lost(arguments, &requested)?;
    let device = arguments.compute.select(console)?.device;
    let trained = TrainedModel::load(&files, &arguments.overrides, &cells, &device)?;
    // Everything that was typed is checked before anything is computed.
    let perturbed = requested
        .iter()
        .map(|condition| trained.perturbed(condition))
        .collect::<Result<Vec<_>, _>>()?;
    let columns = match arguments.all_genes {
        true => (0..cells.genes.len()).collect(),
        false => cells.evaluated.clone(),
    };
    let names = columns.iter().map(|gene| cells.genes[*gene].as_str());
    let genes = trained.query(names)?;
    let mut output = PredictedCells::create(arguments, &cells, &columns, &trained)?;
    let mut summary = Summary::create(arguments, &cells, &columns)?;
    console.note(format!(
        "{} perturbation(s), {} cells each, {} genes",
        requested.len(),
        arguments.cells,
        columns.len()
    ));

    let encoded = trained.model.gene_encoder.forward(&genes);
    let control = cells.control();
    let seed = arguments
        .compute
        .seed
        .unwrap_or(trained.settings.training.seed);
    let total = (requested.len() * arguments.cells) as u64;
    let mut meter = Meter::new(console, "predict", "cells", total, 0);
    let at_once = trained.settings.sampling.cells_at_once;
    for (condition, perturbed) in requested.iter().zip(&perturbed) {
        let label = condition.to_string();
        let number = u64::from(crc32fast::hash(label.as_bytes()));
        // The same for a perturbation whatever else is asked for.
        let mut random = generator(seed, Purpose::Ensemble, number);
        let sources = with_replacement(&control, arguments.cells, &mut random);
        let mut run = SamplingRun::from_encodings(
            &trained.model,
            encoded.clone(),
            trained.model.embed_perturbation(perturbed),
            &trained.settings.sampling,
            seed.wrapping_add(number),
        )?;
        for part in sources.chunks(at_once) {
            let predicted = run.predict(cells.tensor(part, &columns, &device))?;
            let values: Vec<f32> = predicted.into_data().iter::<f32>().collect();
            output.append(&label, part, &values)?;
            summary.add(&values);
            part.iter()
                .for_each(|_| meter.advance(format!("({label})")));
        }
        summary.end_of(&label)?;
    }
    meter.finish();
    output.finish(console)?;
    summary.finish(console)
}

/// Nothing that is read, or written beside it, is to be replaced; measured and predicted control cells are not to be mixed.
fn refuse_what_would_be_lost(
    arguments: &PredictArguments,
    requested: &[Condition],
) -> Result<(), Failure> {
    let outputs = [
        ("--output", &arguments.output),
        ("--summary", &arguments.summary),
    ];
    for (option, path) in outputs {
        if let Some(path) = path {
            refuse_same_file((&arguments.data, "data"), option, path)?;
        }
    }
    if arguments.output.is_some() && arguments.output == arguments.summary {
        return Err(Failure::new(
            "--summary: is --output itself; choose another name",
        ));
    }
    if arguments.with_control && requested.iter().any(Condition::is_control) {
        return Err(Failure::new(
            "--with-control: copies the measured control cells, and control is to be predicted too; leave out one of the two",
        ));
    }
    Ok(())
}

/// The conditions without those given before.
fn distinct(conditions: Vec<Condition>) -> Vec<Condition> {
    let mut seen = std::collections::HashSet::new();
    conditions
        .into_iter()
        .filter(|condition| seen.insert(condition.clone()))
        .collect()
}
