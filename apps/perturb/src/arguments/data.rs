//! Options of the commands that make and describe data.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use rheome_anndata::{Compression, WriteOptions};
use rheome_cells::{
    Flavor, Input, LabelSettings, PrepareSettings, Protocol, SplitMethod, SplitSettings,
};
use rheome_cli::outputs::file_parser;
use rheome_cli::{ComputeOptions, Failure};

/// What `--seed` is for where all that is random is a split.
const SEED_OF_SPLIT: &str = "Seed of the split. Default: 42";

/// Options of `prepare`.
#[derive(Debug, Args)]
#[command(mut_arg("seed", |seed| seed.help(SEED_OF_SPLIT)))]
pub struct PrepareArguments {
    /// AnnData file (.h5ad) with the counts.
    #[arg(value_name = "RAW.h5ad")]
    pub raw: PathBuf,
    /// Prepared file to write.
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: PathBuf,
    /// What the file calls its parts.
    #[command(flatten)]
    pub keys: KeyOptions,
    /// Layer that holds the values, where X does not.
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Take the values and genes of raw (adata.raw), where X holds selected genes or scaled values.
    #[arg(long = "raw", conflicts_with = "layer")]
    pub raw_values: bool,
    /// What the values are: counts, which are normalised, or logarithms, log(1 + x) of normalised counts, which are taken as
    /// they are.
    #[arg(long, value_name = "KIND", default_value = "counts", value_parser = input())]
    pub input: Input,
    /// What the counts of every cell are scaled to. Default: the median of the cells.
    #[arg(long, value_name = "N")]
    pub target_total: Option<f64>,
    /// How variable genes are found: seurat, by the dispersion of normalised values, or seurat_v3, by the variance of counts over
    /// the trend of all genes.
    #[arg(long, value_name = "NAME", default_value = "seurat", value_parser = flavor())]
    pub flavor: Flavor,
    /// Genes to keep for their variability; perturbed genes are kept besides.
    #[arg(long, value_name = "N", default_value_t = PrepareSettings::default().variable_genes)]
    pub genes: usize,
    /// Genes, of those kept, that predictions are judged by.
    #[arg(long, value_name = "N", default_value_t = PrepareSettings::default().evaluated_genes)]
    pub evaluated_genes: usize,
    /// Whose cells decide which genes are kept: strict, the cells of training alone; paper, all cells, as scDFM was published.
    #[arg(long, value_name = "NAME", default_value = "strict", value_parser = protocol())]
    pub protocol: Protocol,
    /// Leave cells without a label out, and those whose label says, alone or beside control, that it is missing (nan, None, NA, where
    /// no gene is called so).
    #[arg(long)]
    pub drop_unlabelled: bool,
    /// Leave cells out whose perturbation names a gene that was not measured: scDFM cannot learn it. Not for drugs.
    #[arg(long)]
    pub drop_unmeasured: bool,
    /// Also split the conditions, before genes are chosen; see `perturb split`.
    #[arg(long, value_name = "METHOD", value_parser = split_method())]
    pub split_method: Option<SplitMethod>,
    /// How to draw the split.
    #[command(flatten)]
    pub split: SplitOptions,
    /// How to write the file.
    #[command(flatten)]
    pub write: WriteArguments,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `split`.
#[derive(Debug, Args)]
#[command(mut_arg("seed", |seed| seed.help(SEED_OF_SPLIT)))]
pub struct SplitArguments {
    /// Prepared file (.h5ad).
    #[arg(value_name = "DATA.h5ad")]
    pub data: PathBuf,
    /// What to hold out: a share of the combinations (additive), of the genes (unseen), combinations and their genes alone
    /// (combinations), the seven conditions published for ComboSciPlex (combosciplex), or those of --conditions (given).
    #[arg(long, visible_alias = "method", value_name = "METHOD", default_value = "additive", value_parser = split_method())]
    pub split_method: SplitMethod,
    /// How to draw the split.
    #[command(flatten)]
    pub split: SplitOptions,
    /// File to write. Default, with --overwrite: DATA.h5ad itself, replaced as a whole when all is written.
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: Option<PathBuf>,
    /// How to write the file.
    #[command(flatten)]
    pub write: WriteArguments,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// Settings of the screen (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. `--set cells.control=5000`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// AnnData file to write (.h5ad).
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    pub output: PathBuf,
    /// How to write the file.
    #[command(flatten)]
    pub write: WriteArguments,
    /// Common options.
    #[command(flatten)]
    pub compute: ComputeOptions,
}

/// Options of `info`.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// AnnData file (.h5ad) or model folder.
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// Column of obs with the perturbations. Default: perturbation, or condition.
    #[arg(long, value_name = "COLUMN")]
    pub pert_col: Option<String>,
    /// Label of cells to which nothing was done, in upper or lower case; may be repeated. Default: ctrl and control.
    #[arg(long, value_name = "LABEL")]
    pub control: Vec<String>,
    /// Print one JSON object, for scripts.
    #[arg(long)]
    pub json: bool,
}

/// What a raw file calls its parts.
#[derive(Debug, Args)]
pub struct KeyOptions {
    /// Column of obs (or its index, by its name) that tells what was done to a cell.
    #[arg(long, value_name = "COLUMN", default_value = "condition")]
    pub pert_col: String,
    /// Column of var with the names of genes that perturbations use; a gene without one is called as its row. Default: the names of
    /// the rows of var.
    #[arg(long, value_name = "COLUMN")]
    pub gene_col: Option<String>,
    /// Where several genes have one name, number all but the first as adata.var_names_make_unique() does: DUP, DUP-1, DUP-2.
    #[arg(long)]
    pub make_unique: bool,
    /// Label of cells to which nothing was done, in upper or lower case; may be repeated. Default: ctrl and control.
    #[arg(long, value_name = "LABEL")]
    pub control: Vec<String>,
    /// What separates the genes of a label.
    #[arg(long, value_name = "TEXT", default_value = "+")]
    pub separator: String,
    /// What separates them where both sides are known names; empty for nothing. Default: _ (nothing with --separator _).
    #[arg(long, value_name = "TEXT")]
    pub weak_separator: Option<String>,
}

impl KeyOptions {
    /// How labels are understood.
    pub fn labels(&self) -> LabelSettings {
        let LabelSettings { weak_separator, .. } = LabelSettings::default();
        // What was not asked for gives way to what was.
        let weak_separator = match weak_separator == self.separator {
            true => String::new(),
            false => weak_separator,
        };
        LabelSettings {
            control: control_labels(&self.control),
            separator: self.separator.clone(),
            weak_separator: self.weak_separator.clone().unwrap_or(weak_separator),
        }
    }
}

/// The labels of control: those that were named, else the usual ones.
pub fn control_labels(named: &[String]) -> Vec<String> {
    match named {
        [] => LabelSettings::default().control,
        named => named.to_vec(),
    }
}

/// How a split is drawn.
#[derive(Debug, Args)]
pub struct SplitOptions {
    /// Which repetition, counted from 0; each draws anew. What is drawn depends on --seed plus this.
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub fold: u64,
    /// Share of the combinations, or of the genes, that is held out.
    #[arg(long, value_name = "SHARE", default_value_t = SplitSettings::default().share)]
    pub share: f64,
    /// Combinations that the method combinations holds out.
    #[arg(long, value_name = "N", default_value_t = SplitSettings::default().combinations)]
    pub combinations: usize,
    /// Conditions that the method given holds out, e.g. `--conditions KLF1,CEBPA+KLF1`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub conditions: Vec<String>,
}

impl SplitOptions {
    /// Refuses options that `method` (none: there is no split) takes no account of.
    ///
    /// # Errors
    /// [`Failure`] naming the first of them.
    pub fn refuse_unused(&self, method: Option<SplitMethod>) -> Result<(), Failure> {
        use SplitMethod::{Additive, Combinations, Given, Unseen};
        let default = SplitSettings::default();
        let drawn = [Additive, Unseen, Combinations].as_slice();
        let given = [
            ("--fold", self.fold != 0, drawn),
            ("--share", self.share != default.share, drawn),
            (
                "--combinations",
                self.combinations != default.combinations,
                &[Combinations],
            ),
            ("--conditions", !self.conditions.is_empty(), &[Given]),
        ];
        for (option, _, methods) in given.into_iter().filter(|(_, given, _)| *given) {
            let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            let names = names.join(" or ");
            return Err(Failure::new(match method {
                Some(method) if methods.contains(&method) => continue,
                Some(method) => format!(
                    "{option}: is not used by --split-method {}, expected --split-method {names}",
                    method.name()
                ),
                None => {
                    format!("{option}: found no split, expected --split-method {names} besides")
                }
            }));
        }
        Ok(())
    }

    /// The settings of a split.
    pub fn settings(&self, method: SplitMethod, seed: Option<u64>) -> SplitSettings {
        SplitSettings {
            method,
            fold: self.fold,
            seed: seed.unwrap_or(SplitSettings::default().seed),
            share: self.share,
            combinations: self.combinations,
            conditions: self.conditions.clone(),
        }
    }
}

/// How an AnnData file is written.
#[derive(Debug, Args)]
pub struct WriteArguments {
    /// Compression: gzip for small files that every tool reads, lzf for larger ones that are written faster (h5py reads them).
    #[arg(long, value_name = "KIND", value_enum, default_value_t = CompressionKind::None)]
    pub compress: CompressionKind,
    /// Replace the output if it exists.
    #[arg(long)]
    pub overwrite: bool,
}

impl WriteArguments {
    /// The options of the writer.
    pub fn options(&self) -> WriteOptions {
        WriteOptions {
            compression: match self.compress {
                CompressionKind::None => Compression::None,
                // The level that h5py takes.
                CompressionKind::Gzip => Compression::Gzip(4),
                CompressionKind::Lzf => Compression::Lzf,
            },
            overwrite: self.overwrite,
        }
    }
}

/// Compression of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionKind {
    /// None.
    None,
    /// Deflate.
    Gzip,
    /// LZF.
    Lzf,
}

fn split_method() -> impl TypedValueParser<Value = SplitMethod> {
    named(SplitMethod::ALL, SplitMethod::name)
}

fn protocol() -> impl TypedValueParser<Value = Protocol> {
    named(Protocol::ALL, Protocol::name)
}

fn flavor() -> impl TypedValueParser<Value = Flavor> {
    named(Flavor::ALL, Flavor::name)
}

fn input() -> impl TypedValueParser<Value = Input> {
    named(Input::ALL, Input::name)
}

/// Parses one of a few names.
fn named<T, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let of_name = move |text: String| {
        let found = all.into_iter().find(|one| name(*one) == text);
        found.ok_or_else(|| format!("unknown name {text}"))
    };
    PossibleValuesParser::new(all.map(name)).try_map(of_name)
}
