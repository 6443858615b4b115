//! Which operator, and its size: one variant a kind, and what the rest of the code asks of any of them.

use serde::{Deserialize, Serialize};

use crate::fno::config::FnoConfig;
use crate::ifactformer::config::IFactFormerConfig;
use crate::{FlowError, Grid};

/// Which operator advances the flow, and its size; the key `kind` chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum FlowModelConfig {
    /// `kind = "ifactformer-m"`: parallel kernels. The choice for long rollouts.
    #[serde(rename = "ifactformer-m")]
    IFactFormerM(IFactFormerConfig),
    /// `kind = "ifactformer-o"`: chained kernels, the original. A baseline: a little cheaper, less stable.
    #[serde(rename = "ifactformer-o")]
    IFactFormerO(IFactFormerConfig),
    /// `kind = "fno"`: Fourier layers with weights of their own. A baseline: cheap steps, many parameters.
    #[serde(rename = "fno")]
    Fno(FnoConfig),
    /// `kind = "ifno"`: one Fourier layer, iterated. A baseline: an FNO with the parameters of one layer.
    #[serde(rename = "ifno")]
    Ifno(FnoConfig),
}

/// What the configuration of any operator tells.
pub(crate) trait OperatorConfig {
    fn validate(&self) -> Result<(), FlowError>;
    fn uniform_grid(&self) -> Grid;
    fn lengths(&self) -> &[f64];
    fn time_window(&self) -> usize;
    fn channels(&self) -> usize;
}

impl FlowModelConfig {
    fn of_operator(&self) -> &dyn OperatorConfig {
        match self {
            Self::IFactFormerM(config) | Self::IFactFormerO(config) => config,
            Self::Fno(config) | Self::Ifno(config) => config,
        }
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`FlowError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), FlowError> {
        self.of_operator().validate()
    }

    /// The value of `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::IFactFormerM(_) => "ifactformer-m",
            Self::IFactFormerO(_) => "ifactformer-o",
            Self::Fno(_) => "fno",
            Self::Ifno(_) => "ifno",
        }
    }

    /// The grid of the configuration.
    pub fn grid(&self) -> Grid {
        self.of_operator().uniform_grid()
    }

    /// Lengths of the domain, one an axis of the grid. Along a periodic axis that is the period: the last of `n` points lies one `n`-th of it
    /// before the end, wherever [`Self::grid`] places it.
    pub fn lengths(&self) -> &[f64] {
        self.of_operator().lengths()
    }

    /// Consecutive snapshots the operator sees.
    pub fn time_window(&self) -> usize {
        self.of_operator().time_window()
    }

    /// Channels of a field.
    pub fn channels(&self) -> usize {
        self.of_operator().channels()
    }
}

/// Most points of a grid along an axis, and in all: the tables of an axis (of its waves, of its turns) stay below a gigabyte.
const MOST_POINTS: usize = 1 << 12;
const MOST_POINTS_IN_ALL: usize = 1 << 28;
/// Most features of a point, or of a part of an operator.
pub(crate) const MOST_FEATURES: usize = 1 << 14;
/// Most layers, and most times that a layer acts.
pub(crate) const MOST_LAYERS: usize = 1000;

/// Checks the keys `grid` and `lengths`.
pub(crate) fn check_domain(grid: &Vec<usize>, lengths: &Vec<f64>) -> Result<(), FlowError> {
    let usable = |points: &usize| (1..=MOST_POINTS).contains(points);
    let in_all = |grid: &[usize]| grid.iter().product::<usize>() <= MOST_POINTS_IN_ALL;
    if !((2..=3).contains(&grid.len()) && grid.iter().all(usable) && in_all(grid)) {
        let expected = format!(
            "two or three numbers of points from 1 to {MOST_POINTS}, {MOST_POINTS_IN_ALL} in all"
        );
        return Err(FlowError::config("grid", grid, expected));
    }
    let usable = |length: &f64| length.is_finite() && *length > 0.0;
    if lengths.len() != grid.len() || !lengths.iter().all(usable) {
        let expected = format!("{} positive lengths, one per axis of grid", grid.len());
        return Err(FlowError::config("lengths", lengths, expected));
    }
    Ok(())
}

/// Checks that the value of every key is from 1 to the most that is given with it.
pub(crate) fn check_counts<const N: usize>(
    keys: [(&'static str, usize, usize); N],
) -> Result<(), FlowError> {
    let wrong = |(_, value, most): &(&str, usize, usize)| !(1..=*most).contains(value);
    match keys.into_iter().find(wrong) {
        Some((key, value, most)) => Err(FlowError::config(key, value, format!("1 to {most}"))),
        None => Ok(()),
    }
}
