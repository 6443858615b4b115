//! `perturb predict`: cells of perturbations, measured or not, from control cells.

mod list;
mod output;
mod parts;
mod request;
mod summary;

use std::path::Path;

use burn::tensor::Tensor;
use rheome_backend::weights::split_set;
use rheome_cells::Condition;
use rheome_cli::outputs::NewFile;
use rheome_cli::{Checksum, Claim, DataFingerprint, Failure, Interruption, Meter, RunFiles, files};
use rheome_perturbation::{GeneQuery, SamplingRun};
use rheome_training::randomness::{Purpose, generator};

use super::PROGRAM;
use crate::arguments::{PartOfSplit, PredictArguments};
use crate::cells::{PreparedCells, with_replacement};
use crate::trained_model::TrainedModel;
use crate::trained_on::TrainedOn;
use output::PredictedCells;
use parts::{Expected, Part, Parts};
use request::Requested;
use summary::Summary;

/// Runs the command.
pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let files = arguments.source.files(&[PROGRAM.name])?;
    // First: what is checked of them below is to stay true.
    let _claims = claim(arguments)?;
    let cells = PreparedCells::read(&arguments.data)?;
    let request = Requested::of(arguments, &cells)?;
    let requested = &request.conditions;
    let place = arguments.output.as_ref().or(arguments.summary.as_ref());
    let place = place.ok_or_else(|| Failure::new("give --output or --summary"))?;
    let parts = Parts::beside(place);
    // What was begun and not ended may have an output already, if its end was all that was missing.
    let continued = arguments.resume && parts.are_left();
    refuse_what_would_be_lost(arguments, requested, &parts, continued)?;
    let device = arguments.compute.select(console)?.device;
    let trained = TrainedModel::load(&files, &arguments.overrides, &cells, &device)?;
    compare_data(arguments, &trained, &files.weights, &cells, requested)?;
    // Everything that was typed is checked before anything is computed.
    let perturbed = requested.iter().enumerate().map(|(number, condition)| {
        let found = trained.perturbed(condition);
        found.map_err(|failure| request.at_fault(number, &failure))
    });
    let perturbed = perturbed.collect::<Result<Vec<_>, _>>()?;
    let columns = match arguments.all_genes {
        true => (0..cells.genes.len()).collect(),
        false => cells.evaluated.clone(),
    };
    let names = columns.iter().map(|gene| cells.genes[*gene].as_str());
    let genes = trained.query(names)?;
    console.note(format!(
        "{} perturbation(s), {} cells each, {} genes",
        requested.len(),
        arguments.cells,
        columns.len()
    ));

    let prediction = Prediction {
        encoded: trained.model.gene_encoder.forward(&genes),
        control: cells.control(),
        seed: seed(arguments, &trained),
        arguments,
        cells: &cells,
        columns: &columns,
        trained: &trained,
    };
    let fingerprint = prediction.fingerprint(requested, &files.weights)?;
    match continued {
        true => parts.go_on(&fingerprint)?,
        false => parts.begin(&fingerprint)?,
    }
    let sinks = (
        PredictedCells::create(arguments, &cells, &columns, &trained)?,
        Summary::new(arguments, &cells, &columns)?,
    );
    prediction.run(requested, &perturbed, &parts, sinks)?;
    parts.remove();
    Ok(())
}

/// Holds the data against those that the model was trained on: conditions that test it are to be ones that it has not seen.
fn compare_data(
    arguments: &PredictArguments,
    trained: &TrainedModel,
    weights: &Path,
    cells: &PreparedCells,
    requested: &[Condition],
) -> Result<(), Failure> {
    let (console, trained_on) = (arguments.compute.console(), trained.trained_on.as_ref());
    if let Some(trained_on) = trained_on {
        trained_on.note_other_scale(cells, console);
    }
    if !matches!(arguments.request.split, Some(PartOfSplit::Test)) {
        return Ok(());
    }
    TrainedOn::note_unknown(trained_on, weights, console);
    match trained_on {
        Some(trained_on) => trained_on.refuse_seen(requested, &cells.path),
        None => Ok(()),
    }
}

fn seed(arguments: &PredictArguments, trained: &TrainedModel) -> u64 {
    let of_settings = trained.settings.training.seed;
    arguments.compute.seed.unwrap_or(of_settings)
}

/// What every perturbation is predicted with.
struct Prediction<'a> {
    arguments: &'a PredictArguments,
    cells: &'a PreparedCells,
    /// Genes that are predicted, by their places in the data.
    columns: &'a [usize],
    trained: &'a TrainedModel,
    /// These genes, encoded: `[genes, width]`.
    encoded: Tensor<2>,
    control: Vec<usize>,
    seed: u64,
}

impl Prediction<'_> {
    /// Predicts what is requested, but for the parts that are done, and writes all of it.
    fn run(
        &self,
        requested: &[Condition],
        perturbed: &[GeneQuery],
        parts: &Parts,
        (mut output, mut summary): (PredictedCells, Summary),
    ) -> Result<(), Failure> {
        let (console, cells) = (self.arguments.compute.console(), self.arguments.cells);
        let interruption = Interruption::watch(console)?;
        let total = (requested.len() * cells) as u64;
        let mut meter = Meter::new(console, "predict", "cells", total, 0);
        for (number, (condition, perturbed)) in requested.iter().zip(perturbed).enumerate() {
            interruption.check(|| {
                let (folder, all) = (parts.path().display(), requested.len());
                format!(
                    "{folder}: {number} of {all} perturbations are in it; continue with --resume"
                )
            })?;
            let expected = Expected {
                label: condition.to_string(),
                cells,
                genes: self.columns.len(),
                measured: self.cells.names.len(),
            };
            let part = match parts.load(number, &expected)? {
                Some(part) => part,
                None => {
                    let part = self.of(condition, perturbed)?;
                    parts.save(number, &part)?;
                    part
                }
            };
            output.append(&part.label, &part.sources, &part.values)?;
            summary.add(&part.values);
            summary.end_of(&part.label)?;
            meter.advance_to(((number + 1) * cells) as u64, format!("({})", part.label));
        }
        meter.finish();
        output.finish(console)?;
        summary.finish(console)
    }

    /// The cells of a condition: the same, whatever else is asked for.
    fn of(&self, condition: &Condition, perturbed: &GeneQuery) -> Result<Part, Failure> {
        let label = condition.to_string();
        let number = u64::from(crc32fast::hash(label.as_bytes()));
        let mut random = generator(self.seed, Purpose::Ensemble, number);
        let sources = with_replacement(&self.control, self.arguments.cells, &mut random);
        let trained = self.trained;
        let mut run = SamplingRun::from_encodings(
            &trained.model,
            self.encoded.clone(),
            trained.model.embed_perturbation(perturbed),
            &trained.settings.sampling,
            self.seed.wrapping_add(number),
        )?;
        let mut values = Vec::with_capacity(sources.len() * self.columns.len());
        for part in sources.chunks(trained.settings.sampling.cells_at_once) {
            let start = self.cells.tensor(part, self.columns, &trained.device);
            let predicted = run.predict(start);
            let predicted = predicted.map_err(|e| Failure::new(format!("{label}: {e}")))?;
            values.extend(predicted.into_data().iter::<f32>());
        }
        Ok(Part {
            label,
            sources,
            values,
        })
    }

    /// What the cells follow from.
    fn fingerprint(
        &self,
        requested: &[Condition],
        weights: &Path,
    ) -> Result<DataFingerprint, Failure> {
        let mut of_weights = Checksum::new();
        let (file, set) = split_set(weights);
        of_weights.add(&files::read(&file)?);
        of_weights.add(set.unwrap_or_default().as_bytes());
        let settings = serde_json::to_string(&self.trained.settings)?;
        Ok(self
            .cells
            .fingerprint()
            .with(
                "perturbations",
                Checksum::of_texts(requested.iter().map(Condition::to_string)),
            )
            .with("weights", of_weights)
            .with("settings", Checksum::of_texts([settings]))
            .with("--all-genes", self.arguments.all_genes)
            .with("--cells", self.arguments.cells)
            .with("--seed", self.seed))
    }
}

/// The outputs, each for this run alone.
fn claim(arguments: &PredictArguments) -> Result<Vec<Claim>, Failure> {
    let files = RunFiles::default()
        .read("data", &arguments.data)
        .read_all("list", &arguments.request.perturbations_file)
        .read_model(&arguments.source);
    let files = outputs(arguments).fold(files, |all, (option, path)| all.write(option, path));
    files.log(&arguments.compute).check()?;
    outputs(arguments)
        .map(|(option, path)| Claim::file(option, path))
        .collect()
}

/// The options that name outputs, and what they name.
fn outputs(arguments: &PredictArguments) -> impl Iterator<Item = (&'static str, &Path)> {
    let options = [
        ("--output", arguments.output.as_deref()),
        ("--summary", arguments.summary.as_deref()),
    ];
    options
        .into_iter()
        .filter_map(|(option, path)| Some((option, path?)))
}

/// Nothing that was written before is to be replaced unasked; measured and predicted control cells are not to be mixed.
fn refuse_what_would_be_lost(
    arguments: &PredictArguments,
    requested: &[Condition],
    parts: &Parts,
    continued: bool,
) -> Result<(), Failure> {
    for (option, path) in outputs(arguments) {
        let file = NewFile {
            option,
            path,
            overwrite: arguments.overwrite || continued,
            resume: None,
        };
        file.check()?;
    }
    if parts.are_left() && !(continued || arguments.overwrite) {
        return Err(Failure::new(format!(
            "{}: holds perturbations of a prediction that was stopped; continue it with --resume, or --overwrite to begin again",
            parts.path().display()
        )));
    }
    if arguments.with_control && requested.iter().any(Condition::is_control) {
        return Err(Failure::new(
            "--with-control: copies the measured control cells, and control is to be predicted too; leave out one of the two",
        ));
    }
    Ok(())
}

/// Prepared cells for the unit tests of what is asked for.
#[cfg(test)]
mod test_cells {
    use std::path::Path;

    use rheome_anndata::{
        AnnDataWriter, Column, ElementType, Frame, RowBlock, Storage, WriteOptions,
    };

    use crate::cells::PreparedCells;

    /// Cells of these genes, one a label.
    pub fn cells(folder: &Path, genes: &[&str], labels: &[&str]) -> PreparedCells {
        let path = folder.join("data.h5ad");
        let options = WriteOptions::default();
        let mut writer =
            AnnDataWriter::create(&path, &Frame::new(genes.to_vec()), options).unwrap();
        let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
        let numbers = vec![0.5f32; labels.len() * genes.len()];
        let rows = RowBlock::dense(labels.len(), genes.len(), numbers).unwrap();
        writer.append(x, &rows).unwrap();
        let names: Vec<String> = (0..labels.len()).map(|cell| format!("c{cell}")).collect();
        let mut obs = Frame::new(names);
        obs.set("perturbation", Column::from(labels.to_vec()))
            .unwrap();
        writer.finish(&obs).unwrap();
        PreparedCells::read(&path).unwrap()
    }
}
