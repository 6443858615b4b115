//! How cells are prepared: where labels, genes and counts are, and which genes are kept.

use serde::{Deserialize, Serialize};

use crate::conditions::LabelSettings;
use crate::error::CellsError;
use crate::protocol::Protocol;
use crate::variable_genes::Flavor;

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

impl Input {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Counts, Self::Logarithms];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Logarithms => "logarithms",
        }
    }
}

/// How cells are prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareSettings {
    /// Column of `obs` that tells what was done to a cell.
    pub perturbation_key: String,
    /// Column of `var` with the names of genes that perturbations use; none where these are the names of the rows of `var`.
    pub gene_key: Option<String>,
    /// Give a gene whose name another one has before it a number, `DUP-1`, as anndata's `var_names_make_unique` does, instead of
    /// refusing it. Perturbations called `DUP` are of the first.
    pub make_unique: bool,
    /// Layer that holds the values; none for `X`.
    pub layer: Option<String>,
    /// Take the values and genes of `raw`, what was measured before genes were selected, instead of those of `X`.
    pub raw: bool,
    /// What the values are.
    pub input: Input,
    /// What every cell's counts are scaled to; none for the median of the cells. 10,000 is common.
    pub target_total: Option<f64>,
    /// How variable genes are found. Those that predictions are judged by are always found by their dispersion.
    pub flavor: Flavor,
    /// Genes that are kept for their variability; perturbed genes are kept besides. Published: 5000.
    pub variable_genes: usize,
    /// Genes of those kept that predictions are judged by. Published: 1000.
    pub evaluated_genes: usize,
    /// Whose cells decide which genes these are.
    pub protocol: Protocol,
    /// How labels are understood.
    pub labels: LabelSettings,
    /// Leave cells without a label out, instead of refusing them, and those whose label says that it is missing
    /// ([`says_missing`](super::says_missing)).
    pub drop_unlabelled: bool,
    /// Leave cells out whose perturbation names something that was not measured: scDFM cannot learn from such genes.
    pub drop_unmeasured: bool,
}

impl Default for PrepareSettings {
    fn default() -> Self {
        Self {
            perturbation_key: "condition".into(),
            gene_key: None,
            make_unique: false,
            layer: None,
            raw: false,
            input: Input::Counts,
            target_total: None,
            flavor: Flavor::Seurat,
            variable_genes: 5000,
            evaluated_genes: 1000,
            protocol: Protocol::Strict,
            labels: LabelSettings::default(),
            drop_unlabelled: false,
            drop_unmeasured: false,
        }
    }
}

impl PrepareSettings {
    /// How often the matrix is read: for totals, for moments, for those of clipped counts, to be written.
    pub(super) fn passes(&self) -> u64 {
        let of_input = match self.input {
            Input::Counts => 3,
            Input::Logarithms => 2,
        };
        of_input + u64::from(self.flavor == Flavor::SeuratV3)
    }

    /// Refuses what cannot work.
    pub(super) fn check(&self) -> Result<(), CellsError> {
        if let Some(target) = self.target_total
            && !(target > 0.0 && target.is_finite())
        {
            return Err(CellsError::setting(
                "target_total",
                target,
                "a number above 0",
            ));
        }
        if self.raw && self.layer.is_some() {
            return Err(CellsError::setting(
                "raw",
                "a layer besides",
                "either of them",
            ));
        }
        if self.input == Input::Logarithms && self.flavor == Flavor::SeuratV3 {
            return Err(CellsError::setting(
                "flavor",
                self.flavor.name(),
                "seurat: seurat_v3 is of counts, not of logarithms",
            ));
        }
        for (key, count) in [
            ("variable_genes", self.variable_genes),
            ("evaluated_genes", self.evaluated_genes),
        ] {
            if count == 0 {
                return Err(CellsError::setting(key, count, "1 or more"));
            }
        }
        Ok(())
    }
}
