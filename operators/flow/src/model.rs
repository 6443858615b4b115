use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rheome_backend::weights::{self, NameTable};
use serde::{Deserialize, Serialize};

use crate::ifactformer::config::{Composition, IFactFormerConfig};
use crate::ifactformer::model::{IFactFormer, IFactFormerGrid};
use crate::ifactformer::names;
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
}

impl FlowModelConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`FlowError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), FlowError> {
        match self {
            Self::IFactFormerM(config) | Self::IFactFormerO(config) => config.validate(),
        }
    }

    /// The value of `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::IFactFormerM(_) => "ifactformer-m",
            Self::IFactFormerO(_) => "ifactformer-o",
        }
    }

    /// The grid of the configuration.
    pub fn grid(&self) -> Grid {
        match self {
            Self::IFactFormerM(config) | Self::IFactFormerO(config) => config.uniform_grid(),
        }
    }

    /// Consecutive snapshots the operator sees.
    pub fn time_window(&self) -> usize {
        match self {
            Self::IFactFormerM(config) | Self::IFactFormerO(config) => config.time_window,
        }
    }

    /// Channels of a field.
    pub fn channels(&self) -> usize {
        match self {
            Self::IFactFormerM(config) | Self::IFactFormerO(config) => config.channels,
        }
    }
}

/// An operator that advances a flow field, with its weights.
#[derive(Module, Debug)]
pub enum FlowModel {
    /// IFactFormer-m or -o.
    IFactFormer(IFactFormer),
}

/// What a [`FlowModel`] derives from a grid; computed once per rollout or training run, since training changes none of
/// it.
#[derive(Debug, Clone)]
pub enum GridFeatures {
    /// Of an [`IFactFormer`].
    IFactFormer(IFactFormerGrid),
}

impl FlowModel {
    /// A new operator, its weights drawn from `seed` (the same numbers on every device).
    ///
    /// # Errors
    /// [`FlowError::Config`] if the configuration cannot work.
    pub fn init(config: &FlowModelConfig, seed: u64, device: &Device) -> Result<Self, FlowError> {
        let (config, composition) = match config {
            FlowModelConfig::IFactFormerM(config) => (config, Composition::Parallel),
            FlowModelConfig::IFactFormerO(config) => (config, Composition::Chained),
        };
        IFactFormer::init(config, composition, seed, device).map(Self::IFactFormer)
    }

    /// What the operator derives from `grid`, on the device and autodiff setting of its weights.
    pub fn prepare(&self, grid: &Grid) -> GridFeatures {
        match self {
            Self::IFactFormer(model) => GridFeatures::IFactFormer(model.prepare(grid)),
        }
    }

    /// The next field, standardised like the input.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny, nz, channels]`
    ///
    /// # Panics
    /// If the input does not have the shape of `grid` or the model's window and channels.
    pub fn forward(&self, input: Tensor<6>, grid: &GridFeatures) -> Tensor<5> {
        match (self, grid) {
            (Self::IFactFormer(model), GridFeatures::IFactFormer(grid)) => {
                model.forward(input, grid)
            }
        }
    }

    /// Consecutive snapshots the operator sees.
    pub fn time_window(&self) -> usize {
        match self {
            Self::IFactFormer(model) => model.lift.time_window(),
        }
    }

    /// Trainable numbers.
    pub fn num_params(&self) -> usize {
        match self {
            Self::IFactFormer(model) => model.num_trained(),
        }
    }

    /// How the parameters are called in the authors' checkpoints.
    pub fn names(&self) -> NameTable {
        match self {
            Self::IFactFormer(_) => names::names(),
        }
    }

    /// Takes the weights of a safetensors or PyTorch file with the authors' names.
    ///
    /// # Errors
    /// [`FlowError::Weights`]; every missing, unexpected and misshapen name is listed.
    pub fn load(self, path: &Path) -> Result<Self, FlowError> {
        let names = self.names();
        Ok(weights::load(self, &names, path)?)
    }

    /// Writes the weights as safetensors with the authors' names, for PyTorch users to read back.
    ///
    /// # Errors
    /// [`FlowError::Weights`].
    pub fn save(&self, path: &Path, metadata: &[(&str, &str)]) -> Result<(), FlowError> {
        Ok(weights::save(self, &self.names(), path, metadata)?)
    }
}

impl GridFeatures {
    /// Points per axis: `[nx, ny, nz]`.
    pub fn shape(&self) -> [usize; 3] {
        match self {
            Self::IFactFormer(grid) => grid.shape(),
        }
    }
}
