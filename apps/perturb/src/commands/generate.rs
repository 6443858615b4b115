//! `perturb generate`: a simulated Perturb-seq screen whose truth is known.

use rheome_cells::CellsError;
use rheome_cells::simulate::{Simulated, SimulationSettings, simulate};
use rheome_cli::outputs::NewFile;
use rheome_cli::settings::check_seed;
use rheome_cli::{Failure, RunFiles, say, settings as settings_file};
use serde_json::{Value, json};

use super::{PROGRAM, cells_meter, failures};
use crate::arguments::GenerateArguments;

/// Runs the command.
pub fn run(arguments: &GenerateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: SimulationSettings =
        settings_file::load(&arguments.config, &arguments.overrides)?;
    settings.seed = arguments.compute.seed.unwrap_or(settings.seed);
    let of_settings = |failure: Failure| {
        settings_file::at_fault(&arguments.config, &arguments.overrides, failure)
    };
    check_seed("seed", settings.seed).map_err(of_settings)?;
    let at_fault = |error: CellsError| match &error {
        CellsError::Setting { .. } => of_settings(error.into()),
        CellsError::Stopped => failures::interrupted(),
        _ => error.into(),
    };
    settings.check().map_err(at_fault)?;
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.write.overwrite,
        resume: None,
    };
    let files = RunFiles::default().read("settings", &arguments.config);
    let files = files.write(output.option, output.path);
    files.log(&arguments.compute).check()?;
    // A signal takes the lock away too.
    let mut progress = cells_meter(console, "generate")?;
    let _claim = output.begin()?;
    arguments.compute.select_cpu(console, "generate")?;
    let mut log = arguments.compute.log(false)?;
    let provenance = [
        ("settings", toml::to_string(&settings)?.into()),
        ("program", PROGRAM.title().into()),
        ("command_line", PROGRAM.command_line().into()),
    ];
    let simulated = simulate(
        &settings,
        &arguments.output,
        &provenance,
        arguments.write.options(),
        &mut progress,
    )
    .map_err(at_fault)?;
    log.line(&facts(&simulated))?;
    if !arguments.compute.quiet {
        summary(&simulated).into_iter().for_each(say);
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// The median over pairs of how wrong the sum of both effects is; none without pairs.
fn additivity_error(simulated: &Simulated) -> Option<f64> {
    let errors = simulated.truth.additivity_error.iter();
    let mut errors: Vec<f64> = errors.copied().filter(|e| !e.is_nan()).collect();
    errors.sort_by(f64::total_cmp);
    errors.get(errors.len() / 2).copied()
}

fn summary(simulated: &Simulated) -> Vec<String> {
    let perturbations = simulated.screen.perturbations();
    let pairs = perturbations.iter().filter(|p| p.genes.len() == 2).count();
    let mut lines = vec![
        format!(
            "{} cells, {} genes, {} perturbations alone, {pairs} pairs",
            simulated.screen.of_cells().len(),
            simulated.genes,
            perturbations.len() - pairs - 1,
        ),
        format!(
            "{:.0} counts a cell, {:.1} % of the values are 0",
            simulated.mean_total,
            100.0 * simulated.zeros
        ),
    ];
    lines.extend(additivity_error(simulated).map(|error| {
        format!(
            "the sum of two effects differs from that of their pair by {:.0} % (median of the pairs)",
            100.0 * error
        )
    }));
    lines
}

fn facts(simulated: &Simulated) -> Value {
    json!({
        "event": "generated",
        "cells": simulated.screen.of_cells().len(),
        "genes": simulated.genes,
        "conditions": simulated.screen.perturbations().len(),
        "mean_total": simulated.mean_total,
        "zeros": simulated.zeros,
        "additivity_error": additivity_error(simulated),
    })
}
