//! From counts as they were measured to the file that training reads.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rheome_anndata::{
    AnnData, AnnDataWriter, Array, Axis, ElementType, Frame, MatrixReader, Storage, Value, Values,
    WriteOptions,
};
use serde::{Deserialize, Serialize};

use crate::conditions::{Conditions, LabelSettings};
use crate::error::CellsError;
use crate::moments::GeneMoments;
use crate::normalization::{BLOCK, Normalization, median_total, totals};
use crate::protocol::Protocol;
use crate::split::{Part, Split, SplitSettings};
use crate::variable_genes::{VariableGenes, variable_genes};

/// The column of `obs` with the conditions, as this crate writes them.
pub const PERTURBATION: &str = "perturbation";
/// The column of `obs`, and the member of `uns`, with the split.
pub const SPLIT: &str = "split";

/// What the values of the matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// Counts: they are normalised.
    #[default]
    Counts,
    /// log(1 + x) of normalised counts: they are taken as they are.
    Logarithms,
}

/// How cells are prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareSettings {
    /// Column of `obs` that tells what was done to a cell.
    pub perturbation_key: String,
    /// Column of `var` with the names of genes that perturbations use; none where these are the names of the rows of `var`.
    pub gene_key: Option<String>,
    /// Layer that holds the values; none for `X`.
    pub layer: Option<String>,
    /// What the values are.
    pub input: Input,
    /// What every cell's counts are scaled to; none for the median of the cells. 10,000 is common.
    pub target_total: Option<f64>,
    /// Genes that are kept for their variability; perturbed genes are kept besides. Published: 5000.
    pub variable_genes: usize,
    /// Genes of those kept that predictions are judged by. Published: 1000.
    pub evaluated_genes: usize,
    /// Whose cells decide which genes these are.
    pub protocol: Protocol,
    /// How labels are understood.
    pub labels: LabelSettings,
}

impl Default for PrepareSettings {
    fn default() -> Self {
        Self {
            perturbation_key: "condition".into(),
            gene_key: None,
            layer: None,
            input: Input::Counts,
            target_total: None,
            variable_genes: 5000,
            evaluated_genes: 1000,
            protocol: Protocol::Strict,
            labels: LabelSettings::default(),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Cells.
    pub cells: usize,
    /// Genes kept.
    pub genes: usize,
    /// The conditions of the cells.
    pub conditions: Conditions,
    /// The split, if one was asked for.
    pub split: Option<Split>,
    /// What every cell's counts were scaled to; none if they were normalised already.
    pub target_total: Option<f64>,
    /// What perturbations name and the file did not measure: genes that are missing, or drugs.
    pub unmeasured: Vec<String>,
}

/// Normalises the cells of `source`, unifies their conditions, splits these, selects genes, and writes what training needs to
/// `output`: `X` (sparse, float32), `obs` with the columns [`PERTURBATION`] and [`SPLIT`], `var` with what the selection of
/// genes was based on (columns named as scanpy names them) and whether a gene is perturbed or evaluated, and the settings in
/// `uns`. Embeddings, graphs and other layers are not taken over.
///
/// Everything is checked before any work: the column, the layer, the labels. The matrix is read three times by blocks of rows;
/// memory is that of the tables and a few blocks.
///
/// # Errors
/// [`CellsError::AnnData`] for a missing column or layer (told in the user's words) or a file that cannot be read or written;
/// [`CellsError::Label`], [`CellsError::Value`], [`CellsError::Cells`] or [`CellsError::Setting`] for content that does not
/// work.
pub fn prepare(
    source: &AnnData,
    output: &Path,
    settings: &PrepareSettings,
    split: Option<&SplitSettings>,
    options: WriteOptions,
) -> Result<Prepared, CellsError> {
    let raw = RawCells::open(source, settings)?;
    let split = match split {
        Some(split) => Some(Split::new(
            raw.conditions.conditions(),
            split,
            settings.protocol,
        )?),
        None => None,
    };
    let masks = Masks::new(&raw.conditions, split.as_ref(), settings.protocol);
    let normalization = raw.normalization(settings, &masks.selecting)?;
    let selection = raw.select(settings, &masks, normalization.as_ref())?;

    let var = selection.frame(&raw, &source.frame(Axis::Var)?)?;
    let mut writer = AnnDataWriter::create(output, &var, options)?;
    let x = writer.add_x(Storage::Csr, ElementType::F32)?;
    let kept = raw.matrix.columns(&selection.genes)?;
    for block in kept.blocks::<f32>(BLOCK) {
        let (rows, mut block) = block?;
        if let Some((normalization, totals)) = &normalization {
            normalization.apply(&mut block, &totals[rows]);
        }
        writer.append(x, &block)?;
    }
    let target_total = normalization.map(|(n, _)| n.target);
    writer.write_uns(
        "prepare",
        &describe(settings, target_total, &selection.unmeasured),
    )?;
    // How scanpy recognises logarithms.
    writer.write_uns("log1p", &Value::Dict(Vec::new()))?;
    let mut obs = source.frame(Axis::Obs)?;
    obs.set(PERTURBATION, raw.conditions.to_column())?;
    if let Some(split) = &split {
        obs.set(SPLIT, split.to_column(&raw.conditions))?;
        writer.write_uns(SPLIT, &split.to_value())?;
    }
    writer.finish(&obs)?;
    Ok(Prepared {
        cells: obs.len(),
        genes: selection.genes.len(),
        conditions: raw.conditions,
        split,
        target_total,
        unmeasured: selection.unmeasured,
    })
}

/// The conditions of a file, whoever wrote it, from a column of `obs`.
///
/// # Errors
/// [`CellsError::AnnData`] if there is no such column, [`CellsError::Label`] for a label that cannot be understood.
pub fn read_conditions(
    cells: &AnnData,
    key: &str,
    labels: &LabelSettings,
) -> Result<Conditions, CellsError> {
    let column = cells.obs().column(key)?;
    let place = format!("{}: obs/{key}", cells.path().display());
    let genes = cells.var().names()?;
    Conditions::unify(&column, &genes, labels, &place, &cells.obs().names()?)
}

/// A file as it was measured, checked.
struct RawCells {
    matrix: MatrixReader,
    conditions: Conditions,
    cells: Vec<String>,
    genes: Vec<String>,
}

impl RawCells {
    fn open(source: &AnnData, settings: &PrepareSettings) -> Result<Self, CellsError> {
        let key = settings.perturbation_key.as_str();
        let gene_key: Vec<&str> = settings.gene_key.as_deref().into_iter().collect();
        let layer: Vec<&str> = settings.layer.as_deref().into_iter().collect();
        source.require(&[key], &gene_key, &layer)?;
        let matrix = match &settings.layer {
            Some(layer) => source.layer(layer)?,
            None => source.x()?,
        };
        let genes = match &settings.gene_key {
            None => source.var().names()?,
            Some(key) => {
                let column = source.var().column(key)?;
                (0..column.len())
                    .map(|row| column.text(row).unwrap_or_default())
                    .collect()
            }
        };
        let file = source.path().display();
        let mut seen = BTreeSet::new();
        if let Some(twice) = genes.iter().find(|gene| !seen.insert(gene.as_str())) {
            let reason = format!(
                "two genes are called {twice:?}, expected names of their own; in Python: adata.var_names_make_unique()"
            );
            return Err(CellsError::cells(format!("{file}: var"), reason));
        }
        let cells = source.obs().names()?;
        let place = format!("{file}: obs/{key}");
        let labels = source.obs().column(key)?;
        let conditions = Conditions::unify(&labels, &genes, &settings.labels, &place, &cells)?;
        if !conditions
            .conditions()
            .first()
            .is_some_and(|c| c.is_control())
        {
            let some: Vec<String> = conditions
                .conditions()
                .iter()
                .take(5)
                .map(ToString::to_string)
                .collect();
            let reason = format!(
                "no control cells: no label is {}; there are {}; name what stands for control with labels.control",
                settings.labels.control.join(" or "),
                some.join(", ")
            );
            return Err(CellsError::cells(place, reason));
        }
        Ok(Self {
            matrix,
            conditions,
            cells,
            genes,
        })
    }

    /// How counts are normalised, and every cell's total; none for logarithms.
    fn normalization(
        &self,
        settings: &PrepareSettings,
        selecting: &[bool],
    ) -> Result<Option<(Normalization, Vec<f64>)>, CellsError> {
        if settings.input == Input::Logarithms {
            return Ok(None);
        }
        if let Some(target) = settings.target_total
            && !(target > 0.0 && target.is_finite())
        {
            return Err(CellsError::setting(
                "target_total",
                target,
                "a number above 0",
            ));
        }
        let totals = totals(&self.matrix, &self.cells, &self.genes)?;
        let chosen = totals.iter().zip(selecting).filter(|(_, chosen)| **chosen);
        let target = match settings.target_total {
            Some(target) => target,
            None => median_total(&chosen.map(|(total, _)| *total).collect::<Vec<_>>()),
        };
        Ok(Some((Normalization { target }, totals)))
    }

    /// Selects the genes that are kept.
    fn select(
        &self,
        settings: &PrepareSettings,
        masks: &Masks,
        normalization: Option<&(Normalization, Vec<f64>)>,
    ) -> Result<GeneSelection, CellsError> {
        if settings.variable_genes == 0 {
            return Err(CellsError::setting("variable_genes", 0, "1 or more"));
        }
        let (selecting, evaluating) = self.moments(masks, normalization)?;
        let variable = variable_genes(&selecting, settings.variable_genes);
        let places: HashMap<&str, usize> = self
            .genes
            .iter()
            .enumerate()
            .map(|(i, gene)| (gene.as_str(), i))
            .collect();
        let targets = self.conditions.targets();
        let perturbed: BTreeSet<usize> = targets
            .iter()
            .filter_map(|target| places.get(target).copied())
            .collect();
        let unmeasured = targets.iter().filter(|t| !places.contains_key(*t));
        let unmeasured = unmeasured.map(|t| (*t).to_owned()).collect();
        let kept = |gene: &usize| variable.selected[*gene] || perturbed.contains(gene);
        let genes: Vec<usize> = (0..self.genes.len()).filter(kept).collect();
        let evaluated = variable_genes(&evaluating.at(&genes), settings.evaluated_genes).selected;
        Ok(GeneSelection {
            genes,
            variable,
            perturbed,
            evaluated,
            unmeasured,
        })
    }

    /// Moments of the normalised values of the cells that decide which genes are kept, and which are evaluated.
    fn moments(
        &self,
        masks: &Masks,
        normalization: Option<&(Normalization, Vec<f64>)>,
    ) -> Result<(GeneMoments, GeneMoments), CellsError> {
        let [mut selecting, mut evaluating] = [
            GeneMoments::new(self.genes.len()),
            GeneMoments::new(self.genes.len()),
        ];
        for block in self.matrix.blocks::<f64>(BLOCK) {
            let (rows, block) = block?;
            for (i, cell) in rows.enumerate() {
                let factor = normalization.map(|(n, totals)| n.factor(totals[cell]));
                let linear = |value: f64| match factor {
                    Some(factor) => value * factor,
                    None => value.exp_m1(),
                };
                if masks.selecting[cell] {
                    selecting.add(&block, i, linear);
                }
                if masks.evaluating[cell] {
                    evaluating.add(&block, i, linear);
                }
            }
        }
        if let Some(gene) = selecting.means().iter().position(|mean| !mean.is_finite()) {
            let reason = format!("the values of gene {:?} are not finite", self.genes[gene]);
            return Err(CellsError::cells(self.matrix.label(), reason));
        }
        Ok((selecting, evaluating))
    }
}

/// Whose cells decide.
struct Masks {
    /// Whether a cell has a say in which genes are kept.
    selecting: Vec<bool>,
    /// Whether a cell has a say in which genes are evaluated.
    evaluating: Vec<bool>,
}

impl Masks {
    fn new(conditions: &Conditions, split: Option<&Split>, protocol: Protocol) -> Self {
        let all = vec![true; conditions.n_cells()];
        let Some(split) = split else {
            return Self {
                selecting: all.clone(),
                evaluating: all,
            };
        };
        let parts: Vec<Part> = conditions
            .conditions()
            .iter()
            .map(|c| split.part(c))
            .collect();
        let cells = |part: Part| {
            let of = |condition: &u32| parts[*condition as usize] == part;
            conditions.of_cells().iter().map(of).collect()
        };
        match protocol {
            Protocol::Strict => Self {
                selecting: cells(Part::Train),
                evaluating: cells(Part::Train),
            },
            Protocol::Paper => Self {
                selecting: all,
                evaluating: cells(Part::Test),
            },
        }
    }
}

/// The genes that are kept.
struct GeneSelection {
    /// Their places in the raw file, ascending.
    genes: Vec<usize>,
    /// Of all genes of the raw file.
    variable: VariableGenes,
    perturbed: BTreeSet<usize>,
    /// Of those kept.
    evaluated: Vec<bool>,
    unmeasured: Vec<String>,
}

impl GeneSelection {
    /// The table of the genes kept: what the raw file told of them, and why they were kept.
    fn frame(&self, raw: &RawCells, source: &Frame) -> Result<Frame, CellsError> {
        let genes = &self.genes;
        let names: Vec<String> = genes.iter().map(|gene| raw.genes[*gene].clone()).collect();
        let told = source.at(genes);
        let mut frame = Frame::new(names);
        if told.names() != frame.names() {
            frame.set(told.index_name().unwrap_or("id"), told.index().clone())?;
        }
        for (name, column) in told.columns() {
            frame.set(name, column.clone())?;
        }
        let of_kept = |values: &[f64]| genes.iter().map(|gene| values[*gene]).collect::<Vec<f64>>();
        let variable: Vec<bool> = genes.iter().map(|g| self.variable.selected[*g]).collect();
        let perturbed: Vec<bool> = genes.iter().map(|g| self.perturbed.contains(g)).collect();
        frame.set("highly_variable", variable)?;
        frame.set("perturbed", perturbed)?;
        frame.set("evaluated", self.evaluated.clone())?;
        frame.set("means", of_kept(&self.variable.means))?;
        frame.set("dispersions", of_kept(&self.variable.dispersions))?;
        frame.set("dispersions_norm", of_kept(&self.variable.normalized))?;
        Ok(frame)
    }
}

/// The settings and what they led to, for `uns`.
fn describe(settings: &PrepareSettings, target: Option<f64>, unmeasured: &[String]) -> Value {
    let protocol = match settings.protocol {
        Protocol::Strict => "strict",
        Protocol::Paper => "paper",
    };
    let text = |value: &Option<String>| value.as_deref().map_or(Value::Null, Value::from);
    let unmeasured = Array {
        shape: vec![unmeasured.len()],
        values: Values::Text(unmeasured.to_vec()),
    };
    Value::Dict(vec![
        (
            "perturbation_key".into(),
            settings.perturbation_key.as_str().into(),
        ),
        ("gene_key".into(), text(&settings.gene_key)),
        ("layer".into(), text(&settings.layer)),
        (
            "target_total".into(),
            target.map_or(Value::Null, Value::from),
        ),
        (
            "variable_genes".into(),
            (settings.variable_genes as i64).into(),
        ),
        (
            "evaluated_genes".into(),
            (settings.evaluated_genes as i64).into(),
        ),
        ("protocol".into(), protocol.into()),
        ("unmeasured".into(), Value::Array(unmeasured)),
    ])
}
