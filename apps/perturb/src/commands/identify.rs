//! `perturb identify`: which perturbation, or pair of them, explains cells that were observed.

use rheome_cli::{Failure, say};
use rheome_perturbation::GeneQuery;
use rheome_perturbation::identification::{rank_pairs, rank_singles, read_embedding};
use rheome_training::randomness::{Purpose, generator};
use serde_json::{Value, json};

use super::PROGRAM;
use crate::arguments::IdentifyArguments;
use crate::cells::{PreparedCells, with_replacement};
use crate::trained_model::TrainedModel;

/// Runs the command.
pub fn run(arguments: &IdentifyArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let files = arguments.source.files(&[PROGRAM.name])?;
    let cells = PreparedCells::read(&arguments.data)?;
    let device = arguments.compute.select(console)?.device;
    let trained = TrainedModel::load(&files, &[], &cells, &device)?;
    if let Some(trained_on) = &trained.trained_on {
        trained_on.note_other_scale(&cells, console);
    }
    if files.folder.is_some() && trained.settings.training.identification == 0.0 {
        return Err(Failure::new(format!(
            "{}: training.identification: found 0, expected a model that was trained to name perturbations; train it with --set training.identification=1",
            files.config.display()
        )));
    }
    let identifier = Identifier::new(arguments, &cells, &trained)?;
    for place in 0..cells.by_condition.len() {
        let condition = cells.condition(place);
        if condition.is_control() || cells.by_condition[place].is_empty() {
            continue;
        }
        let found = identifier.explain(place)?;
        match arguments.json {
            true => say(found),
            false => tell(&found),
        }
    }
    Ok(())
}

struct Identifier<'a> {
    arguments: &'a IdentifyArguments,
    cells: &'a PreparedCells,
    trained: &'a TrainedModel,
    candidates: Vec<String>,
    /// The embedding of each candidate.
    embeddings: Vec<Vec<f32>>,
    /// The genes that cells are judged by.
    genes: GeneQuery,
    control: Vec<usize>,
}

impl<'a> Identifier<'a> {
    fn new(
        arguments: &'a IdentifyArguments,
        cells: &'a PreparedCells,
        trained: &'a TrainedModel,
    ) -> Result<Self, Failure> {
        let candidates: Vec<String> = match &arguments.candidates {
            Some(list) => list.split(',').map(|name| name.trim().to_owned()).collect(),
            None => trained.genes.vocabulary.genes().to_vec(),
        };
        let query = trained.query(candidates.iter().map(String::as_str))?;
        let embeddings = trained.model.single_perturbations(&query);
        let width = embeddings.dims()[1];
        let values: Vec<f32> = embeddings.into_data().iter::<f32>().collect();
        let judged = cells
            .evaluated
            .iter()
            .map(|gene| cells.genes[*gene].as_str());
        Ok(Self {
            genes: trained.query(judged)?,
            control: cells.control(),
            arguments,
            cells,
            trained,
            candidates,
            embeddings: values.chunks_exact(width).map(<[f32]>::to_vec).collect(),
        })
    }

    /// What explains the cells of the condition at a place.
    fn explain(&self, place: usize) -> Result<Value, Failure> {
        let (cells, trained) = (self.cells, self.trained);
        let columns = &cells.evaluated;
        let members = &cells.by_condition[place];
        let seed = self
            .arguments
            .compute
            .seed
            .unwrap_or(trained.settings.training.seed);
        let mut random = generator(seed, Purpose::Ensemble, place as u64);
        let count = self.arguments.cells.min(members.len());
        let mut draw = |from: &[usize]| with_replacement(from, count, &mut random);
        let observed = cells.tensor(&draw(members), columns, &trained.device);
        let control = cells.tensor(&draw(&self.control), columns, &trained.device);
        let embedding = read_embedding(&trained.model, &self.genes, control, observed)?;
        let top = self.arguments.top;
        let name = |candidate: usize| self.candidates[candidate].as_str();
        let singles = rank_singles(&embedding, &self.embeddings, top).into_iter();
        let pairs = rank_pairs(&embedding, &self.embeddings, top).into_iter();
        Ok(json!({
            "observed": cells.condition(place).to_string(),
            "singles": singles.map(|s| json!({"perturbation": name(s.candidate), "cosine": s.cosine})).collect::<Vec<_>>(),
            "pairs": pairs.map(|p| json!({
                "perturbation": format!("{}+{}", name(p.candidates[0]), name(p.candidates[1])),
                "coefficients": p.coefficients, "residual": p.residual,
            })).collect::<Vec<_>>(),
        }))
    }
}

/// The findings in plain lines.
fn tell(found: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |key: &str, number: &str| {
        let items = found[key].as_array().into_iter().flatten();
        let named = items.map(|item| {
            let score = item[number].as_f64().unwrap_or_default();
            format!("{} ({score:.3})", text(&item["perturbation"]))
        });
        named.collect::<Vec<_>>().join(", ")
    };
    say(format!("{}:", text(&found["observed"])));
    say(format!(
        "  single, by cosine: {}",
        list("singles", "cosine")
    ));
    say(format!(
        "  pair, by residual: {}",
        list("pairs", "residual")
    ));
}
