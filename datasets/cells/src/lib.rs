//! Perturbed cells made ready for training, in bounded memory however many there are.
//!
//! [`Conditions`] unify how perturbations are written, [`Split`] holds some of them out, [`prepare`] normalises the counts of an
//! AnnData file, selects variable genes ([`seurat`], [`VarianceTrend`]) and writes the file that training reads; [`resplit`] gives such a
//! file another split. [`simulate`] makes screens whose truth is known.
//!
//! # Example
//!
//! ```
//! use rheome_anndata::Column;
//! use rheome_cells::{Conditions, LabelSettings};
//!
//! # fn main() -> Result<(), rheome_cells::CellsError> {
//! let labels = Column::from(vec!["KLF1+ctrl", "CEBPA+KLF1", "KLF1+CEBPA", "ctrl", "KLF1"]);
//! let genes = ["CEBPA", "KLF1"].map(String::from);
//! let cells: Vec<String> = (0..5).map(|cell| format!("cell {cell}")).collect();
//! let settings = LabelSettings::default();
//! let conditions = Conditions::unify(&labels, &genes, &settings, "raw.h5ad: obs/condition", &cells)?;
//! // However they are written, these are three conditions.
//! let names: Vec<String> = conditions.conditions().iter().map(|c| c.to_string()).collect();
//! assert_eq!(names.len(), 3);
//! assert!(names.contains(&"CEBPA+KLF1".to_owned()));
//! assert_eq!(conditions.control_cells(), [3]);
//! # Ok(())
//! # }
//! ```
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
pub use normalization::{LogarithmCheck, Normalization, median_total, totals};
pub use prepare::{
    Dropped, EVALUATED, Input, PERTURBATION, PREPARE, PrepareSettings, Prepared, SPLIT,
    likely_controls, prepare, prepared_conditions, read_conditions, says_missing, told_controls,
};
pub use protocol::Protocol;
pub use resplit::{Resplit, resplit};
pub use split::{COMBOSCIPLEX_HELD_OUT, Part, Split, SplitMethod, SplitSettings};
pub use variable_genes::{Flavor, VariableGenes, VarianceTrend, seurat};
