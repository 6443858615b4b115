//! How conditions are split: the methods of scDFM (arXiv 2602.07103) and lists of one's own.

use serde::{Deserialize, Serialize};

/// The seven conditions that scDFM (arXiv 2602.07103) holds out of ComboSciPlex.
pub const COMBOSCIPLEX_HELD_OUT: [&str; 7] = [
    "Panobinostat+Crizotinib",
    "Panobinostat+Curcumin",
    "Panobinostat+SRT1720",
    "Panobinostat+Sorafenib",
    "SRT2104+Alvespimycin",
    "control+Alvespimycin",
    "control+Dacinostat",
];

/// What is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitMethod {
    /// A share of the combinations; what each gene of them does alone is learnt.
    #[default]
    Additive,
    /// A share of the genes (or drugs): every condition that has one of them.
    Unseen,
    /// The first few of the combinations that [`SplitMethod::Additive`] holds out, and what their genes do alone.
    Combinations,
    /// The conditions of [`COMBOSCIPLEX_HELD_OUT`].
    #[serde(rename = "combosciplex")]
    ComboSciPlex,
    /// The conditions that are listed.
    Given,
}

impl SplitMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Additive,
        Self::Unseen,
        Self::Combinations,
        Self::ComboSciPlex,
        Self::Given,
    ];

    /// As it is written in settings and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::Unseen => "unseen",
            Self::Combinations => "combinations",
            Self::ComboSciPlex => "combosciplex",
            Self::Given => "given",
        }
    }
}

/// How conditions are split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitSettings {
    /// What is held out.
    pub method: SplitMethod,
    /// Which of the repetitions, counted from 0: each draws anew. Published: 5 of them.
    pub fold: u64,
    /// What is drawn is decided by `seed + fold` and the names of the conditions alone. Published: 42.
    pub seed: u64,
    /// Share of the combinations (or, for `unseen`, of the genes) that are held out. Published: 0.3.
    pub share: f64,
    /// Combinations that `combinations` holds out. Published: 15.
    pub combinations: usize,
    /// Conditions that `given` holds out, such as `KLF1` or `CEBPA+KLF1`, in any order.
    pub conditions: Vec<String>,
}

impl Default for SplitSettings {
    fn default() -> Self {
        Self {
            method: SplitMethod::Additive,
            fold: 0,
            seed: 42,
            share: 0.3,
            combinations: 15,
            conditions: Vec::new(),
        }
    }
}
