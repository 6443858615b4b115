//! Perturbed cells made ready for training, in bounded memory however many there are.
//!
//! [`Conditions`] unify how perturbations are written, [`Split`] holds some of them out, [`prepare`] normalises the counts of an
//! AnnData file, selects variable genes ([`seurat`], [`VarianceTrend`]) and writes the file that training reads; [`resplit`] gives such a
//! file another split. [`simulate`] makes screens whose truth is known.
#![warn(missing_docs)]

mod condition;
mod conditions;
mod error;
mod moments;
mod normalization;
mod prepare;
mod protocol;
mod read_ahead;
mod resplit;
pub mod simulate;
mod split;
mod variable_genes;

pub use condition::{CONTROL, Condition};
pub use conditions::{Conditions, LabelSettings};
pub use error::CellsError;
pub use moments::GeneMoments;
pub use normalization::{Normalization, median_total, totals};
pub use prepare::{
    EVALUATED, Input, PERTURBATION, PREPARE, PrepareSettings, Prepared, SPLIT, prepare,
    read_conditions,
};
pub use protocol::Protocol;
pub use resplit::{Resplit, resplit};
pub use split::{COMBOSCIPLEX_HELD_OUT, Part, Split, SplitMethod, SplitSettings};
pub use variable_genes::{Flavor, VariableGenes, VarianceTrend, seurat};
