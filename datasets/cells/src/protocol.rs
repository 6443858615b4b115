//! Whose cells a choice may look at: of the training alone, or of all as published.

use serde::{Deserialize, Serialize};

/// Whose cells a choice may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Training cells only: nothing that is chosen knows the cells that test it.
    #[default]
    Strict,
    /// As scDFM was published (arXiv 2602.07103): variable genes are chosen on all cells, the genes that are evaluated on the
    /// test cells, and pairs are held out whether their genes were perturbed alone or not.
    Paper,
}

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Paper];

    /// As it is written in settings and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Paper => "paper",
        }
    }
}
