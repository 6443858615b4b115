//! Genes whose expression varies more than their mean explains.

mod seurat;
mod seurat_v3;

use serde::{Deserialize, Serialize};

pub use seurat::seurat;
pub use seurat_v3::VarianceTrend;

/// Whose way of finding variable genes, as scanpy's `highly_variable_genes` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavor {
    /// Dispersion of normalised values among genes of about the same mean (Satija et al., Nature Biotechnology 33, 495, 2015).
    #[default]
    Seurat,
    /// Variance of counts over what the trend of all genes expects (Stuart et al., Cell 177, 1888, 2019).
    SeuratV3,
}

impl Flavor {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Seurat, Self::SeuratV3];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seurat => "seurat",
            Self::SeuratV3 => "seurat_v3",
        }
    }
}

/// How variable genes are, and which of them are the most variable.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableGenes {
    /// What it was decided by, a value a gene, under scanpy's names for columns of `var`. The last is the one that genes are
    /// ordered by, the highest first.
    pub columns: Vec<(&'static str, Vec<f64>)>,
    /// Whether a gene is among the most variable.
    pub selected: Vec<bool>,
}
