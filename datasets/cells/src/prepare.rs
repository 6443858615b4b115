//! From counts as they were measured to the file that training reads.

mod control_labels;
mod kept_cells;
mod progress;
mod raw_cells;
mod renamed;
mod selection;
mod settings;
mod stored_conditions;

use std::ops::ControlFlow;
use std::path::Path;

use rheome_anndata::{
    AnnData, AnnDataWriter, Array, Axis, ElementType, FrameReader, Storage, Value, Values,
    WriteOptions,
};

use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::normalization::Normalization;
use crate::read_ahead::each_block;
use crate::split::{Split, SplitSettings};

pub use control_labels::{likely_controls, told_controls};
pub use kept_cells::{Dropped, says_missing};
pub(crate) use progress::{Progress, go_on};
use raw_cells::RawCells;
pub(crate) use renamed::Renamed;
pub(crate) use selection::Masks;
pub use settings::{Input, PrepareSettings};
pub use stored_conditions::{prepared_conditions, read_conditions};

/// The column of `obs` with the conditions, as this crate writes them.
pub const PERTURBATION: &str = "perturbation";
/// The column of `obs`, and the member of `uns`, with the split.
pub const SPLIT: &str = "split";
/// The member of `uns` with the settings of [`prepare`].
pub const PREPARE: &str = "prepare";
/// The member of [`PREPARE`] with the genes that were perturbed and are called as control usually is.
const GENES_LIKE_CONTROL: &str = "genes_like_control";
/// The column of `var` that tells which genes predictions are judged by.
pub const EVALUATED: &str = "evaluated";

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Cells.
    pub cells: usize,
    /// Genes kept.
    pub genes: usize,
    /// Names of all genes that were measured.
    pub measured: Vec<String>,
    /// The conditions of the cells.
    pub conditions: Conditions,
    /// The split, if one was asked for.
    pub split: Option<Split>,
    /// What every cell's counts were scaled to; none if they were normalised already.
    pub target_total: Option<f64>,
    /// What perturbations name and the file did not measure: genes that are missing, or drugs.
    pub unmeasured: Vec<String>,
    /// Genes whose name another one had before them, as they are called now ([`PrepareSettings::make_unique`]).
    pub made_unique: Vec<String>,
    /// Columns of the source that are called like one of the output, or as HDF5 calls none, and what they are called there:
    /// `obs/perturbation`, `obs/source_perturbation`.
    pub renamed: Vec<(String, String)>,
    /// Elements of the source that are not in the output: `layers/spliced`, `obsm/X_pca`, `raw`, ....
    pub left_out: Vec<String>,
    /// Cells of the source that are not in the output.
    pub dropped: Dropped,
}

/// Normalises the cells of `source`, unifies their conditions, splits these, selects genes, and writes what training needs to
/// `output`: `X` (sparse, float32), `obs` with the columns [`PERTURBATION`] and [`SPLIT`], `var` with what the selection of
/// genes was based on (columns named as scanpy names them) and whether a gene is perturbed or [`EVALUATED`], and the settings
/// in `uns`. A column of the source that is called like one of these and reads otherwise is kept as `source_NAME`, and names that
/// cannot be stored are made so ([`Prepared::renamed`]). Embeddings, graphs, other layers, `raw` and the source's `uns` are not taken over: [`Prepared::left_out`] lists them.
///
/// Everything is checked before any work: the column, the layer, the labels. The matrix is read three times by blocks of rows
/// (twice, where it holds logarithms; once more for [`Flavor::SeuratV3`](crate::Flavor)); memory is that of the tables and a few blocks. `progress` is told the cells read and
/// how many there will be, and answers whether to go on.
///
/// # Errors
/// [`CellsError::AnnData`] for a missing column or layer (told in the user's words) or a file that cannot be read or written;
/// [`CellsError::Label`], [`CellsError::Value`], [`CellsError::Cells`] or [`CellsError::Setting`] for content that does not
/// work, among it cells that were prepared already; [`CellsError::Stopped`] if `progress` answers so. What was at `output` before
/// stays in every case.
pub fn prepare(
    source: &AnnData,
    output: &Path,
    settings: &PrepareSettings,
    split: Option<&SplitSettings>,
    options: WriteOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Prepared, CellsError> {
    settings.check()?;
    let raw = RawCells::open(source, settings)?;
    let split = split
        .map(|split| Split::new(raw.conditions.conditions(), split, settings.protocol))
        .transpose()?;
    let masks = Masks::new(&raw.conditions, split.as_ref(), settings.protocol);
    let mut progress = Progress::new(raw.kept.len(), settings.passes(), progress);
    let normalization = raw.normalization(settings, &masks.selecting, &mut progress)?;
    let selection = raw.select(settings, &masks, normalization.as_ref(), &mut progress)?;

    let mut renamed = Renamed::default();
    let var = selection.frame(&raw, &raw.var.read()?, &mut renamed)?;
    let mut writer = AnnDataWriter::create(output, &var, options)?;
    write_values(
        &mut writer,
        &raw,
        &selection.genes,
        normalization.as_ref(),
        &mut progress,
    )?;
    let target_total = normalization.map(|(n, _)| n.target);
    let described = describe(
        settings,
        target_total,
        split.as_ref(),
        &selection.unmeasured,
        &raw.genes_like_control(),
    );
    writer.write_uns(PREPARE, &described)?;
    // How scanpy recognises logarithms.
    writer.write_uns("log1p", &Value::Dict(Vec::new()))?;
    let mut obs = source.frame(Axis::Obs)?;
    if raw.kept.len() < obs.len() {
        obs = obs.at(&raw.kept);
    }
    renamed.note("obs", obs.make_storable());
    let condition = obs.set_beside(PERTURBATION, raw.conditions.to_column())?;
    renamed.note("obs", condition);
    let of_source = match &split {
        Some(split) => {
            writer.write_uns(SPLIT, &split.to_value())?;
            obs.set_beside(SPLIT, split.to_column(&raw.conditions))?
        }
        // It would be taken for the split of this file, and replaced by the next one.
        None => obs.set_aside(SPLIT),
    };
    renamed.note("obs", of_source);
    writer.finish(&obs)?;
    Ok(Prepared {
        cells: obs.len(),
        genes: selection.genes.len(),
        conditions: raw.conditions,
        split,
        target_total,
        unmeasured: selection.unmeasured,
        made_unique: raw.made_unique,
        renamed: renamed.into_pairs(),
        measured: raw.genes,
        left_out: left_out(source, &raw.var, settings)?,
        dropped: raw.dropped,
    })
}

/// What of the source is not taken over: all but the values that the settings name, `obs` and `var`, the table of their genes.
fn left_out(
    source: &AnnData,
    var: &FrameReader,
    settings: &PrepareSettings,
) -> Result<Vec<String>, CellsError> {
    let mut names = Vec::new();
    if source.has_x() && (settings.raw || settings.layer.is_some()) {
        names.push("X".to_owned());
    }
    if !settings.raw && source.has_raw() {
        names.push("raw".to_owned());
    }
    let mut layers = source.layers()?;
    layers.retain(|name| settings.layer.as_ref() != Some(name));
    let mut groups = vec![("layers", layers)];
    for (axis, annotations, pairwise) in [(Axis::Obs, "obsm", "obsp"), (Axis::Var, "varm", "varp")]
    {
        groups.push((annotations, source.annotations(axis)?));
        groups.push((pairwise, source.pairwise_keys(axis)?));
    }
    groups.push(("uns", source.uns_keys()?));
    if settings.raw {
        // The genes of X have a table of their own, of which raw may know less.
        let of_x = source.var().columns().iter();
        groups.push(("var", of_x.filter(|name| !var.has(name)).cloned().collect()));
        let of_raw = source.raw()?.map(|raw| raw.annotations);
        groups.push(("raw/varm", of_raw.unwrap_or_default()));
    }
    for (group, members) in groups {
        names.extend(members.iter().map(|name| format!("{group}/{name}")));
    }
    Ok(names)
}

/// Writes the values of some genes, normalised if they have to be.
fn write_values(
    writer: &mut AnnDataWriter,
    raw: &RawCells,
    genes: &[usize],
    normalization: Option<&(Normalization, Vec<f64>)>,
    progress: &mut Progress,
) -> Result<(), CellsError> {
    let x = writer.add_x(Storage::Csr, ElementType::F32)?;
    each_block::<f32>(
        &raw.matrix.columns(genes)?,
        &raw.kept,
        |cells, mut block| {
            progress.advance(cells.len())?;
            if let Some((normalization, totals)) = normalization {
                normalization.apply(&mut block, &totals[cells]);
            }
            Ok(writer.append(x, &block)?)
        },
    )
}

/// Text of `uns`.
pub(crate) fn texts(names: Vec<String>) -> Value {
    Value::Array(Array {
        shape: vec![names.len()],
        values: Values::Text(names),
    })
}

/// The settings and what they led to, for `uns`.
fn describe(
    settings: &PrepareSettings,
    target: Option<f64>,
    split: Option<&Split>,
    unmeasured: &[String],
    genes_like_control: &[String],
) -> Value {
    let text = |value: &Option<String>| value.as_deref().map_or(Value::Null, Value::from);
    let held_out = |split: &Split| texts(split.test().iter().map(ToString::to_string).collect());
    let members = [
        (
            "perturbation_key",
            settings.perturbation_key.as_str().into(),
        ),
        ("gene_key", text(&settings.gene_key)),
        ("make_unique", settings.make_unique.into()),
        ("layer", text(&settings.layer)),
        ("raw", settings.raw.into()),
        ("input", settings.input.name().into()),
        ("target_total", target.map_or(Value::Null, Value::from)),
        ("flavor", settings.flavor.name().into()),
        ("variable_genes", (settings.variable_genes as i64).into()),
        ("evaluated_genes", (settings.evaluated_genes as i64).into()),
        ("protocol", settings.protocol.name().into()),
        // What the genes that are kept may have been chosen without, whatever split the file is given later.
        ("test", split.map_or(Value::Null, held_out)),
        ("unmeasured", texts(unmeasured.to_vec())),
        (GENES_LIKE_CONTROL, texts(genes_like_control.to_vec())),
        ("drop_unlabelled", settings.drop_unlabelled.into()),
        ("drop_unmeasured", settings.drop_unmeasured.into()),
    ];
    Value::Dict(members.map(|(name, value)| (name.to_owned(), value)).into())
}
