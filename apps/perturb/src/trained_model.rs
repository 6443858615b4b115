//! scDFM with the genes and the gene graph that it knows.

use std::collections::HashSet;
use std::path::Path;

use burn::tensor::Device;
use rheome_cells::{CONTROL, Condition};
use rheome_cli::files::{read_json, write_json};
use rheome_cli::model_folder::{ModelFiles, VOCABULARY};
use rheome_cli::{Failure, did_you_mean, settings as settings_file};
use rheome_perturbation::graph::{Coexpression, GeneGraph, SelfEdges, VocabularyGraph};
use rheome_perturbation::{GeneQuery, PadTransformer, PerturbationKind, Vocabulary};
use serde::{Deserialize, Serialize};

use crate::cells::PreparedCells;
use crate::settings::TrainSettings;
use crate::trained_on::TrainedOn;

/// Name of the gene graph in a model folder.
pub const GRAPH: &str = "graph.json";
/// What files write between the names of genes, besides `+`.
const SEPARATORS: [char; 7] = ['_', '|', '&', '-', ';', ':', '/'];
/// Cells whose values are dense at a time while correlations are collected.
const CELLS_AT_ONCE: usize = 1024;

/// What a model knows about genes.
pub struct Genes {
    /// Names and ids of genes, and of drugs where those are given.
    pub vocabulary: Vocabulary,
    /// Which genes vary together.
    pub graph: NamedGraph,
}

/// A gene graph with the names of its genes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedGraph {
    /// Names of the genes.
    genes: Vec<String>,
    /// The neighbours of each, counted in this list.
    neighbours: GeneGraph,
}

impl Genes {
    /// The genes of prepared cells; their graph is that of the cells that may be learnt from.
    pub fn of(
        cells: &PreparedCells,
        settings: &TrainSettings,
        device: &Device,
    ) -> Result<Self, Failure> {
        let mut names: Vec<&str> = cells.genes.iter().map(String::as_str).collect();
        if settings.model.perturbation == PerturbationKind::Drug {
            let known: HashSet<&str> = names.iter().copied().collect();
            let drugs = cells.conditions.targets();
            names.extend(drugs.into_iter().filter(|drug| !known.contains(drug)));
        }
        let vocabulary = Vocabulary::new(names)
            .map_err(|e| Failure::new(format!("{}: var: {e}", cells.path.display())))?;
        let learnt: Vec<usize> = cells
            .by_condition
            .iter()
            .enumerate()
            .filter(|(place, _)| cells.is_learnt(cells.condition(*place)))
            .flat_map(|(_, members)| members.iter().copied())
            .collect();
        let mut found = Coexpression::new(cells.genes.len(), &settings.graph, device)?;
        let count = cells.genes.len();
        let mut row = vec![0.0; count];
        for part in learnt.chunks(CELLS_AT_ONCE) {
            let mut values: Vec<f32> = Vec::with_capacity(part.len() * count);
            for cell in part {
                cells.write_row(*cell, &mut row);
                values.extend_from_slice(&row);
            }
            found.add(&values)?;
        }
        Ok(Self {
            vocabulary,
            graph: NamedGraph {
                genes: cells.genes.clone(),
                neighbours: found.finish()?,
            },
        })
    }

    /// Reads them from a model folder.
    pub fn load(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            vocabulary: read_json(&folder.join(VOCABULARY))?,
            graph: read_json(&folder.join(GRAPH))?,
        })
    }

    /// Writes them into a model folder.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        write_json(&folder.join(VOCABULARY), &self.vocabulary)?;
        write_json(&folder.join(GRAPH), &self.graph)
    }

    /// The graph over the ids of the embeddings.
    pub fn over_ids(&self, self_edges: SelfEdges) -> Result<VocabularyGraph, Failure> {
        let NamedGraph { genes, neighbours } = &self.graph;
        Ok(VocabularyGraph::new(
            neighbours,
            genes,
            &self.vocabulary,
            self_edges,
        )?)
    }

    /// Ids of genes by their names.
    ///
    /// # Errors
    /// [`Failure`] with the nearest names, for the first that is not known.
    pub fn ids<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<usize>, Failure> {
        let id = |name: &str| {
            self.vocabulary.id(name).ok_or_else(|| {
                let known = self.vocabulary.genes().iter().map(String::as_str);
                let meant = match self.written_otherwise(name) {
                    Some(condition) => format!("; did you mean {condition}?"),
                    None => did_you_mean(name, known),
                };
                Failure::new(format!(
                    "the gene {name:?} is not among the {} that the model knows{meant}",
                    self.vocabulary.genes().len()
                ))
            })
        };
        names.into_iter().map(id).collect()
    }

    /// What is meant by names of genes, or control, with something else than `+` between them: `KLF1_CEBPA`, as raw files have it.
    fn written_otherwise(&self, name: &str) -> Option<Condition> {
        let is_gene = |part: &str| self.vocabulary.genes().iter().any(|gene| gene == part);
        let mut written = SEPARATORS.into_iter().filter(|other| name.contains(*other));
        written.find_map(|separator| {
            let condition = Condition::written(&name.replace(separator, "+"), is_gene);
            let is_known = !condition.is_control() && condition.targets().all(is_gene);
            is_known.then_some(condition)
        })
    }
}

/// A model ready for use.
pub struct TrainedModel {
    /// Its settings.
    pub settings: TrainSettings,
    /// The network.
    pub model: PadTransformer,
    /// What it knows about genes.
    pub genes: Genes,
    /// Their graph over the ids.
    pub graph: VocabularyGraph,
    /// What it has seen, if its folder (or that of its weights) tells.
    pub trained_on: Option<TrainedOn>,
    /// Where it computes.
    pub device: Device,
}

impl TrainedModel {
    /// Loads a model onto `device`. Without a model folder its genes are those of `cells`.
    ///
    /// # Errors
    /// [`Failure`] naming the file at fault.
    pub fn load(
        files: &ModelFiles,
        overrides: &[String],
        cells: &PreparedCells,
        device: &Device,
    ) -> Result<Self, Failure> {
        let settings: TrainSettings = settings_file::load_valid(&files.config, overrides)?;
        let (genes, trained_on) = match &files.folder {
            Some(folder) => (Genes::load(folder)?, TrainedOn::load(folder)?),
            None => (
                Genes::of(cells, &settings, device)?,
                TrainedOn::of_weights(&files.weights)?,
            ),
        };
        settings
            .check_vocabulary(genes.vocabulary.size())
            .map_err(|failure| settings_file::at_fault(&files.config, overrides, failure))?;
        let model = PadTransformer::blank(&settings.model, device)?.load(&files.weights)?;
        Ok(Self {
            graph: genes.over_ids(settings.data.self_edges)?,
            settings,
            model,
            genes,
            trained_on,
            device: device.clone(),
        })
    }

    /// A query for genes by their names.
    ///
    /// # Errors
    /// [`Failure`] for a gene that the model does not know.
    pub fn query<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<GeneQuery, Failure> {
        let ids = self.genes.ids(names)?;
        Ok(GeneQuery::new(&self.graph, &ids, &self.device)?)
    }

    /// A query for what was perturbed.
    ///
    /// # Errors
    /// [`Failure`] for a gene that the model does not know.
    pub fn perturbed(&self, condition: &Condition) -> Result<GeneQuery, Failure> {
        let ids = perturbed_ids(&self.genes, condition, &self.settings)?;
        Ok(GeneQuery::new(&self.graph, &ids, &self.device)?)
    }
}

/// The ids that stand for a condition: its genes, and for a single one (or none) the name control as well, if the settings
/// say so.
///
/// # Errors
/// [`Failure`] for a gene that the model does not know.
pub fn perturbed_ids(
    genes: &Genes,
    condition: &Condition,
    settings: &TrainSettings,
) -> Result<Vec<usize>, Failure> {
    let mut ids = genes.ids(condition.targets())?;
    if ids.is_empty() || (ids.len() == 1 && settings.data.singles_with_control) {
        ids.extend(genes.vocabulary.id(CONTROL));
    }
    Ok(ids)
}
