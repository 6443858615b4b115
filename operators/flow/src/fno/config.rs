//! Size of an FNO or IFNO.

use rheome_layers::spectral::transform::most_modes;
use serde::{Deserialize, Serialize};

use crate::config::{MOST_FEATURES, MOST_LAYERS, OperatorConfig, check_counts, check_domain};
use crate::{FlowError, Grid};

/// How the Fourier layers of an operator follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layering {
    /// FNO: each layer has weights of its own and replaces the features.
    Separate,
    /// IFNO: the same layer acts every time and adds to the features.
    Shared,
}

/// Size of an FNO or IFNO. The defaults are for turbulent channel flow at Re_tau = 180 on the grid of the IFactFormer
/// paper, with the width and number of layers that Li et al. use in three dimensions.
///
/// Nearly all parameters are spectral weights: `2 modes dim^2` per layer, `modes` being the product of the frequencies
/// kept, `m_x * 2 m_y * 2 m_z`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FnoConfig {
    /// Grid points per axis: `[nx, ny, nz]`, or `[nx, ny]` for a two-dimensional flow. Memory and time grow in proportion to
    /// their product; the parameters do not depend on it.
    pub grid: Vec<usize>,
    /// Length of the domain per axis, in half-heights. Positions are told to the operator as fractions of it.
    pub lengths: Vec<f64>,
    /// Channels of a field: 3 velocity components.
    pub channels: usize,
    /// Consecutive snapshots the operator sees. Good starting point: 1 for a flow whose next snapshot follows from the
    /// last; Li et al. use 10 for vorticity fields. Costs next to nothing.
    #[serde(alias = "input_frames")]
    pub time_window: usize,
    /// Features per grid point (the literature's width). Good starting point: 20 in three dimensions, 32 in two. Parameters
    /// grow with its square.
    #[serde(alias = "width")]
    pub dim: usize,
    /// Fourier modes kept per axis, one number per axis of `grid`: wavenumbers up to m - 1. At most half the points along an
    /// axis (half and one more along x; the padded points along y). Good starting point: a third of the points. Smaller
    /// scales pass through the layers' linear maps alone.
    pub modes: Vec<usize>,
    /// Fourier layers, one behind the other: of their own weights in an FNO, the same one in an IFNO. Good starting point: 4
    /// for an FNO, 10 for an IFNO. Time is proportional to it, and so are the parameters of an FNO.
    pub layers: usize,
    /// Features of the hidden layer of the map back to channels. Good starting point: 128. It is the widest field of all.
    pub projection: usize,
    /// Points of zeros beyond the upper wall, on this `grid`; on another one the margin keeps its length. Good starting
    /// point: a quarter of the points along y. 0 takes y for periodic.
    pub padding: usize,
}

impl Default for FnoConfig {
    fn default() -> Self {
        use std::f64::consts::PI;
        Self {
            grid: vec![32, 33, 16],
            lengths: vec![4.0 * PI, 2.0, 4.0 * PI / 3.0],
            channels: 3,
            time_window: 1,
            dim: 20,
            modes: vec![12, 12, 8],
            layers: 4,
            projection: 128,
            padding: 8,
        }
    }
}

impl FnoConfig {
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
            ("layers", self.layers, MOST_LAYERS),
            ("projection", self.projection, MOST_FEATURES),
        ])?;
        if self.padding > self.grid[1] {
            let expected = format!("at most {} (the points along y)", self.grid[1]);
            return Err(FlowError::config("padding", self.padding, expected));
        }
        let mut points = self.grid.clone();
        points[1] += self.padding;
        let most: Vec<usize> = points
            .iter()
            .enumerate()
            .map(|(axis, points)| most_modes(axis, *points))
            .collect();
        let fit = |(modes, most): (&usize, &usize)| (1..=*most).contains(modes);
        if self.modes.len() != most.len() || !self.modes.iter().zip(&most).all(fit) {
            let expected = format!("{} numbers from 1 to at most {most:?}", most.len());
            return Err(FlowError::config("modes", &self.modes, expected));
        }
        Ok(())
    }

    /// Axes of the flow: 2 or 3.
    pub fn axes(&self) -> usize {
        self.grid.len()
    }

    /// The grid of the configuration.
    pub fn uniform_grid(&self) -> Grid {
        Grid::uniform(&self.grid, &self.lengths)
    }

    /// Points of zeros beyond the upper wall on a grid of `ny` points: the period of the padded axis stays what it is on
    /// the grid of the configuration, so that a mode is the same function on both.
    pub fn padding_of(&self, ny: usize) -> usize {
        let configured = self.grid[1];
        if self.padding == 0 || ny == configured {
            return self.padding;
        }
        let intervals = |points: usize| points.saturating_sub(1).max(1) as f64;
        let period = (configured + self.padding) as f64 / intervals(configured);
        ((period * intervals(ny)).round() as usize).saturating_sub(ny)
    }
}

impl OperatorConfig for FnoConfig {
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
    fn the_default_is_valid() {
        FnoConfig::default().validate().unwrap();
    }

    #[test]
    fn an_impossible_value_is_reported_with_its_key() {
        let changed = |change: fn(&mut FnoConfig)| {
            let mut config = FnoConfig::default();
            change(&mut config);
            config
        };
        let cases = [
            ("grid", changed(|c| c.grid = vec![4])),
            ("lengths", changed(|c| c.lengths = vec![1.0, 0.0, 1.0])),
            ("lengths", changed(|c| c.grid = vec![32, 33])),
            ("layers", changed(|c| c.layers = 0)),
            ("layers", changed(|c| c.layers = 1_000_000)),
            ("grid", changed(|c| c.grid = vec![12, 33, 4_000_000_000])),
            ("grid", changed(|c| c.grid = vec![1 << 12; 3])),
            ("projection", changed(|c| c.projection = 0)),
            ("padding", changed(|c| c.padding = 34)),
            ("modes", changed(|c| c.modes = vec![12, 12])),
            ("modes", changed(|c| c.modes = vec![12, 12, 0])),
            // x keeps one more than half the points, z half of them, y half of 33 + 8.
            ("modes", changed(|c| c.modes = vec![18, 20, 8])),
            ("modes", changed(|c| c.modes = vec![17, 21, 8])),
            ("modes", changed(|c| c.modes = vec![17, 20, 9])),
        ];
        for (key, config) in cases {
            let message = config.validate().unwrap_err().to_string();
            let start = format!("model.{key}: ");
            assert!(message.starts_with(&start), "{message}");
        }
        changed(|c| c.modes = vec![17, 20, 8]).validate().unwrap();
    }

    #[test]
    fn the_margin_keeps_its_length_on_another_grid() {
        let config = FnoConfig::default();
        // A period of 41 intervals of 2/32 is one of 82 intervals of 2/64.
        assert_eq!([33, 65, 17].map(|ny| config.padding_of(ny)), [8, 17, 4]);
        let periodic = FnoConfig {
            padding: 0,
            ..config
        };
        assert_eq!(periodic.padding_of(65), 0);
    }
}
