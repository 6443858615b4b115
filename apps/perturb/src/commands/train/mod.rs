//! `perturb train`: scDFM learns how perturbations move cells.

mod step;
mod validation;

use std::path::Path;

use burn::tensor::Device;
use rheome_cells::{Condition, PERTURBATION};
use rheome_cli::model_folder::VOCABULARY;
use rheome_cli::training::{Plan, StepLoss, TrainOptions, Training, Validation, train};
use rheome_cli::{Failure, RunFolder};
use rheome_perturbation::PadTransformer;
use rheome_perturbation::graph::VocabularyGraph;
use rheome_perturbation::training::StepDraw;
use rheome_training::Trainer;

use super::PROGRAM;
use crate::arguments::TrainArguments;
use crate::cells::PreparedCells;
use crate::settings::TrainSettings;
use crate::trained_model::{GRAPH, Genes, perturbed_ids};
use crate::trained_on::TrainedOn;
use step::Lessons;
use validation::Questions;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let options = &arguments.run;
    let console = options.compute.console();
    let mut settings: TrainSettings = options.settings()?;
    settings.training.seed = options.compute.seed.unwrap_or(settings.training.seed);
    options.files().read("data", &arguments.data).check()?;
    let cells = PreparedCells::read(&arguments.data)?;
    let (learnt, validated) = divide(&cells, &settings)?;
    console.note(format!(
        "data: {} cells of {} genes; {} perturbations to learn, {} to validate, {} held out",
        cells.names.len(),
        cells.genes.len(),
        learnt.len(),
        validated.len(),
        cells.held_out.as_ref().map_or(0, |test| test.len())
    ));
    let device = options.compute.select(console)?.device;
    let genes = genes(options, &cells, &settings, &device)?;
    settings
        .check_vocabulary(genes.vocabulary.size())
        .map_err(|failure| options.at_fault(failure))?;
    let graph = genes.over_ids(settings.data.self_edges)?;
    refuse_unknown(&cells, &genes, &settings, learnt.iter().chain(&validated))?;
    let training = CellTraining {
        lessons: Lessons::new(&cells, &genes, learnt, &settings)?,
        questions: Questions::new(&cells, &genes, &graph, validated, &settings, &device)?,
        graph: &graph,
        settings: &settings,
        device: device.autodiff(),
    };
    let seed = settings.training.seed;
    let model = PadTransformer::init(&settings.model, seed, &training.device)?;
    let model = options.first_weights("scDFM", model, PadTransformer::load)?;
    let trained_on = trained_on(options, &cells)?;
    // Everything that the user can have got wrong is known by now: a folder is only made for a run that begins.
    let folder = RunFolder::open(options, &settings, &cells.fingerprint(), PROGRAM)?;
    genes.save(folder.path())?;
    trained_on.save(folder.path())?;
    let trainer = Trainer::new(model, settings.training.optimizer, settings.training.seed)?;
    train(&training, trainer, &folder, options)
}

/// What the model will have seen: the data, whatever its first weights saw, and of a run that goes on what it began with.
fn trained_on(options: &TrainOptions, cells: &PreparedCells) -> Result<TrainedOn, Failure> {
    let mut seen = TrainedOn::of(cells);
    if let Some(weights) = &options.weights {
        let console = options.compute.console();
        let before = TrainedOn::of_weights(weights)?;
        TrainedOn::note_unknown(before.as_ref(), weights, console);
        seen = seen.after(before);
        seen.note_held_out(cells, console);
    }
    let of_folder = match options.resume {
        true => TrainedOn::load(&options.output)?,
        false => None,
    };
    Ok(match of_folder {
        Some(begun) => seen.after(Some(begun)),
        None => seen,
    })
}

/// The genes of a run: those of its folder, if it is continued, else those of the data.
fn genes(
    options: &TrainOptions,
    cells: &PreparedCells,
    settings: &TrainSettings,
    device: &Device,
) -> Result<Genes, Failure> {
    let folder = &options.output;
    let has_both = || {
        [VOCABULARY, GRAPH]
            .iter()
            .all(|name| folder.join(name).exists())
    };
    match options.resume && has_both() {
        true => Genes::load(folder),
        false => Genes::of(cells, settings, device),
    }
}

/// Refuses conditions that name genes which the model does not know: they were not measured.
fn refuse_unknown<'a>(
    cells: &PreparedCells,
    genes: &Genes,
    settings: &TrainSettings,
    places: impl Iterator<Item = &'a usize>,
) -> Result<(), Failure> {
    let mut unknown = Vec::new();
    for place in places {
        if let Err(failure) = perturbed_ids(genes, cells.condition(*place), settings) {
            unknown.push((*place, failure));
        }
    }
    let Some((first, failure)) = unknown.first() else {
        return Ok(());
    };
    let count = |place: &usize| cells.by_condition[*place].len();
    let all: usize = unknown.iter().map(|(place, _)| count(place)).sum();
    Err(Failure::new(format!(
        "{}: obs/{PERTURBATION}: {all} cells of {} condition(s) cannot be learnt, the first is {} ({} cells): {}; `perturb prepare \
         --drop-unmeasured` leaves such cells out",
        cells.path.display(),
        unknown.len(),
        cells.condition(*first),
        count(first),
        failure.line()
    )))
}

/// The conditions to learn from and those to validate with, by their places in the file.
fn divide(
    cells: &PreparedCells,
    settings: &TrainSettings,
) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let usable = |place: &usize| {
        let condition: &Condition = cells.condition(*place);
        !condition.is_control()
            && cells.is_learnt(condition)
            && !cells.by_condition[*place].is_empty()
    };
    let all: Vec<usize> = (0..cells.by_condition.len()).filter(usable).collect();
    let wanted = settings.training.validation_perturbations;
    if all.len() <= wanted {
        return Err(Failure::new(format!(
            "{}: found {} perturbation(s) to learn, expected more than the {wanted} of training.validation_perturbations",
            cells.path.display(),
            all.len()
        )));
    }
    // What is to be predicted are mostly combinations, so they judge before single perturbations do; which of them, the
    // seed decides.
    let mut order = all.clone();
    step::shuffle(&mut order, settings.training.seed);
    order.sort_by_key(|place| !cells.condition(*place).is_combination());
    let mut validated = order[..wanted].to_vec();
    validated.sort_unstable();
    let learnt = all.into_iter().filter(|place| !validated.contains(place));
    Ok((learnt.collect(), validated))
}

/// Cells to learn from and to judge by. An epoch is what lies between two validations.
struct CellTraining<'a> {
    lessons: Lessons<'a>,
    questions: Questions<'a>,
    graph: &'a VocabularyGraph,
    settings: &'a TrainSettings,
    /// With gradients.
    device: Device,
}

impl Training for CellTraining<'_> {
    type Model = PadTransformer;
    type Batch = StepDraw;
    const COUNTS_EPOCHS: bool = false;

    fn plan(&self) -> Plan {
        let training = &self.settings.training;
        Plan {
            epochs: training.steps / training.validate_every,
            batches: training.validate_every,
            log_every: training.log_every,
            checkpoint_every: training.checkpoint_every,
        }
    }

    fn batches(
        &self,
        epoch: u64,
        first: u64,
    ) -> impl Iterator<Item = Result<StepDraw, Failure>> + Send {
        let (lessons, batches) = (&self.lessons, self.settings.training.validate_every);
        (first..batches).map(move |number| lessons.draw(epoch * batches + number))
    }

    fn loss(&self, model: &PadTransformer, draw: StepDraw, step: u64) -> Result<StepLoss, Failure> {
        self.lessons
            .loss(model, self.graph, &draw, step, &self.device)
    }

    fn validate(&self, model: &PadTransformer, _: f64) -> Result<Validation, Failure> {
        let Some(found) = self.questions.score(model)? else {
            return Ok(Validation::none(None));
        };
        let metrics = [
            ("mse_delta", found.mse_delta),
            ("mse_delta_of_control", found.mse_delta_of_control),
            ("pearson_delta", found.pearson_delta),
        ];
        let summary = format!(
            "validation: mse_delta {:.5} (control's {:.5}), pearson_delta {:.3}",
            found.mse_delta, found.mse_delta_of_control, found.pearson_delta
        );
        Ok(Validation::new(found.mse_delta, metrics, summary))
    }

    fn save(
        &self,
        model: &PadTransformer,
        path: &Path,
        metadata: &[(&str, &str)],
    ) -> Result<(), Failure> {
        Ok(model.save(path, metadata)?)
    }
}
