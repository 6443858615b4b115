//! Size of an IFactFormer.

use serde::{Deserialize, Serialize};

use crate::config::{MOST_FEATURES, MOST_LAYERS, OperatorConfig, check_counts, check_domain};
use crate::{FlowError, Grid};

/// How the axis kernels of a block are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composition {
    /// IFactFormer-m: all kernels act on the same values.
    Parallel,
    /// IFactFormer-o: each kernel acts on the result of the one before.
    Chained,
}

/// Size of an IFactFormer-m or -o. The defaults are the published model for turbulent channel flow at Re_tau = 180.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IFactFormerConfig {
    /// Grid points per axis: `[nx, ny, nz]`, or `[nx, ny]` for a two-dimensional flow. Published: `[32, 33, 16]`.
    /// Memory and time grow in proportion to their product.
    pub grid: Vec<usize>,
    /// Length of the domain per axis, in half-heights. Published: `[4 pi, 2, 4 pi / 3]`.
    pub lengths: Vec<f64>,
    /// Channels of a field: 3 velocity components.
    pub channels: usize,
    /// Consecutive snapshots the operator sees. 1 is the published choice; more helps where one snapshot does not
    /// determine the next, and costs little.
    #[serde(alias = "input_frames")]
    pub time_window: usize,
    /// Features per grid point, even, with `dim / 2` a multiple of `channels`. Good starting point: 96; time grows with
    /// its square.
    #[serde(alias = "width")]
    pub dim: usize,
    /// Attention heads. Good starting point: 5.
    pub heads: usize,
    /// Features of a head. Good starting point: as many as `dim`.
    pub dim_head: usize,
    /// Features of a query or key in units of `dim_head`; the product must be even. Good starting point: 3. Above 4
    /// the kernels are scaled by `1 / sqrt(dim_head * kernel_multiplier)`.
    pub kernel_multiplier: usize,
    /// Blocks with weights of their own. The implicit operator needs 1.
    pub depth: usize,
    /// Times a block acts, with the same weights. Good starting point: 10; time is proportional to it.
    pub iterations: usize,
}

impl Default for IFactFormerConfig {
    fn default() -> Self {
        use std::f64::consts::PI;
        Self {
            grid: vec![32, 33, 16],
            lengths: vec![4.0 * PI, 2.0, 4.0 * PI / 3.0],
            channels: 3,
            time_window: 1,
            dim: 96,
            heads: 5,
            dim_head: 96,
            kernel_multiplier: 3,
            depth: 1,
            iterations: 10,
        }
    }
}

impl IFactFormerConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`FlowError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), FlowError> {
        check_domain(&self.grid, &self.lengths)?;
        check_counts([
            ("channels", self.channels, 1024),
            ("time_window", self.time_window, 1024),
            ("dim", self.dim, MOST_FEATURES),
            ("heads", self.heads, MOST_FEATURES),
            ("dim_head", self.dim_head, MOST_FEATURES),
            ("kernel_multiplier", self.kernel_multiplier, 1024),
            ("depth", self.depth, MOST_LAYERS),
            ("iterations", self.iterations, MOST_LAYERS),
        ])?;
        if !self.dim.is_multiple_of(2 * self.channels) {
            let expected = format!("a multiple of {} (twice the channels)", 2 * self.channels);
            return Err(FlowError::config("dim", self.dim, expected));
        }
        if !self.kernel_dim().is_multiple_of(2) || self.kernel_dim() > MOST_FEATURES {
            let expected = format!("an even product with dim_head, at most {MOST_FEATURES}");
            return Err(FlowError::config(
                "kernel_multiplier",
                self.kernel_multiplier,
                expected,
            ));
        }
        Ok(())
    }

    /// Features of a query or key of one head.
    pub fn kernel_dim(&self) -> usize {
        self.dim_head * self.kernel_multiplier
    }

    /// Axes of the flow: 2 or 3.
    pub fn axes(&self) -> usize {
        self.grid.len()
    }

    /// The grid of the configuration.
    pub fn uniform_grid(&self) -> Grid {
        Grid::uniform(&self.grid, &self.lengths)
    }
}

impl OperatorConfig for IFactFormerConfig {
    fn validate(&self) -> Result<(), FlowError> {
        self.validate()
    }

    fn uniform_grid(&self) -> Grid {
        self.uniform_grid()
    }

    fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    fn time_window(&self) -> usize {
        self.time_window
    }

    fn channels(&self) -> usize {
        self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_size_is_valid() {
        IFactFormerConfig::default().validate().unwrap();
    }

    #[test]
    fn an_impossible_value_is_reported_with_its_key() {
        let default = IFactFormerConfig::default;
        let cases: [(&str, IFactFormerConfig); 8] = [
            (
                "grid",
                IFactFormerConfig {
                    grid: vec![4],
                    ..default()
                },
            ),
            (
                "lengths",
                IFactFormerConfig {
                    lengths: vec![1.0, -1.0, 1.0],
                    ..default()
                },
            ),
            (
                "lengths",
                IFactFormerConfig {
                    grid: vec![8, 8],
                    ..default()
                },
            ),
            (
                "heads",
                IFactFormerConfig {
                    heads: 0,
                    ..default()
                },
            ),
            (
                "dim",
                IFactFormerConfig {
                    dim: 32,
                    ..default()
                },
            ),
            (
                "kernel_multiplier",
                IFactFormerConfig {
                    dim_head: 5,
                    kernel_multiplier: 3,
                    ..default()
                },
            ),
            (
                "kernel_multiplier",
                IFactFormerConfig {
                    kernel_multiplier: 1000,
                    ..default()
                },
            ),
            (
                "depth",
                IFactFormerConfig {
                    depth: 1_000_000,
                    ..default()
                },
            ),
        ];
        for (key, config) in cases {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("model.{key}: ")), "{message}");
        }
    }
}
