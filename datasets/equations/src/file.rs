//! Data files: equations and their trajectories in HDF5. The layout is written down in `datasets/equations/FORMAT.md`.

mod read;
pub(crate) mod table;
mod write;

pub use read::{DataFile, EquationRecord, FamilyRecord, is_data_file};
pub use table::Table;
pub use write::{DataWriter, Written};

/// What the attribute `format` says.
const FORMAT: &str = "rheome-equations";
/// Version of the layout.
const VERSION: u32 = 1;

/// Names of datasets.
mod place {
    pub(super) const TIME: &str = "time";
    pub(super) const TRAJECTORY: &str = "trajectory";
    pub(super) const EQUATION_INDEX: &str = "equation_index";
    pub(super) const FAMILIES: &str = "families";
    pub(super) const EQUATIONS: &str = "equations";
    pub(super) const NAME: &str = "name";
    pub(super) const FORMULAS: &str = "formulas";
    pub(super) const PARAMETER_NAMES: &str = "parameter_names";
    pub(super) const PARAMETER_VALUES: &str = "parameter_values";
    pub(super) const INITIAL: &str = "initial";
    pub(super) const SOURCE: &str = "source";
    pub(super) const FAMILY: &str = "family";
    pub(super) const NUMBER: &str = "number";
    pub(super) const DIMENSION: &str = "dimension";
    pub(super) const WORDS: &str = "words";
    pub(super) const IDS: &str = "ids";
    pub(super) const SKELETON: &str = "skeleton";
    pub(super) const PARAMETERS: &str = "parameters";
    pub(super) const DROPPED: &str = "dropped";
}
