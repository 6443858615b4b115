use serde::{Deserialize, Serialize};

use crate::conditions::LabelSettings;
use crate::error::CellsError;
use crate::protocol::Protocol;

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

    /// How often the matrix is read: for totals, for moments, to be written.
    pub(super) fn passes(self) -> u64 {
        match self {
            Self::Counts => 3,
            Self::Logarithms => 2,
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

impl PrepareSettings {
    /// Refuses numbers that cannot work.
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
