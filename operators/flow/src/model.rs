//! Any of the operators behind one type: what it derives from a grid, a step forward, its weights under the authors' names.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rheome_backend::precision::Precision;
use rheome_backend::weights::{self, NameTable};
use rheome_layers::initialization::Initialization;

use crate::fno::config::Layering;
use crate::fno::model::{Fno, FnoGrid};
use crate::ifactformer::config::Composition;
use crate::ifactformer::model::{IFactFormer, IFactFormerGrid};
use crate::{FlowError, FlowModelConfig, Grid, fno, ifactformer};

/// An operator that advances a flow field, with its weights.
#[derive(Module, Debug)]
pub enum FlowModel {
    /// IFactFormer-m or -o.
    IFactFormer(IFactFormer),
    /// FNO or IFNO.
    Fno(Fno),
}

/// What a [`FlowModel`] derives from a grid; computed once per rollout or training run, since training changes none of
/// it.
#[derive(Debug, Clone)]
pub enum GridFeatures {
    /// Of an [`IFactFormer`].
    IFactFormer(IFactFormerGrid),
    /// Of an [`Fno`].
    Fno(Box<FnoGrid>),
}

impl FlowModel {
    /// A new operator, its weights drawn from `seed` (the same numbers on every device).
    ///
    /// # Errors
    /// [`FlowError::Config`] if the configuration cannot work.
    pub fn init(config: &FlowModelConfig, seed: u64, device: &Device) -> Result<Self, FlowError> {
        Self::build(config, &mut Initialization::new(seed, device))
    }

    /// The same without numbers, for [`FlowModel::load`] to fill: it takes no memory until then.
    ///
    /// # Errors
    /// [`FlowError::Config`] if the configuration cannot work.
    pub fn blank(config: &FlowModelConfig, device: &Device) -> Result<Self, FlowError> {
        Self::build(config, &mut Initialization::blank(device))
    }

    fn build(config: &FlowModelConfig, start: &mut Initialization) -> Result<Self, FlowError> {
        let ifactformer = |config, composition, start| {
            IFactFormer::init(config, composition, start).map(Self::IFactFormer)
        };
        let fno = |config, layering, start| Fno::init(config, layering, start).map(Self::Fno);
        match config {
            FlowModelConfig::IFactFormerM(config) => {
                ifactformer(config, Composition::Parallel, start)
            }
            FlowModelConfig::IFactFormerO(config) => {
                ifactformer(config, Composition::Chained, start)
            }
            FlowModelConfig::Fno(config) => fno(config, Layering::Separate, start),
            FlowModelConfig::Ifno(config) => fno(config, Layering::Shared, start),
        }
    }

    /// What the operator derives from `grid`, on the device and autodiff setting of its weights.
    pub fn prepare(&self, grid: &Grid) -> GridFeatures {
        match self {
            Self::IFactFormer(model) => GridFeatures::IFactFormer(model.prepare(grid)),
            Self::Fno(model) => GridFeatures::Fno(Box::new(model.prepare(grid))),
        }
    }

    /// Operator and grid in another precision. The fields stay what they are; an IFactFormer rounds only what lies between.
    ///
    /// # Errors
    /// [`FlowError::Config`] for an operator whose Fourier transforms would be rounded too.
    pub fn in_precision(
        self,
        grid: GridFeatures,
        precision: Precision,
    ) -> Result<(Self, GridFeatures), FlowError> {
        match (self, grid) {
            (model, grid) if precision == Precision::F32 => Ok((model, grid)),
            (Self::IFactFormer(model), GridFeatures::IFactFormer(grid)) => Ok((
                Self::IFactFormer(precision.cast(model)),
                GridFeatures::IFactFormer(grid.cast(precision.dtype())),
            )),
            _ => Err(FlowError::config(
                "kind",
                "an operator in Fourier space",
                format!("an IFactFormer, which alone computes in {precision}"),
            )),
        }
    }

    /// The next field, standardised like the input.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny, nz, channels]`
    ///
    /// # Panics
    /// If the input does not have the shape of `grid` or the model's window and channels, or if `grid` was prepared by
    /// another operator.
    pub fn forward(&self, input: Tensor<6>, grid: &GridFeatures) -> Tensor<5> {
        match (self, grid) {
            (Self::IFactFormer(model), GridFeatures::IFactFormer(grid)) => {
                model.forward(input, grid)
            }
            (Self::Fno(model), GridFeatures::Fno(grid)) => model.forward(input, grid),
            _ => panic!("the features of the grid are those of another operator"),
        }
    }

    /// Consecutive snapshots the operator sees.
    pub fn time_window(&self) -> usize {
        match self {
            Self::IFactFormer(model) => model.lift.time_window(),
            Self::Fno(model) => model.time_window(),
        }
    }

    /// Trainable numbers.
    pub fn num_params(&self) -> usize {
        match self {
            Self::IFactFormer(model) => model.num_trained(),
            Self::Fno(model) => model.num_params(),
        }
    }

    /// How the parameters are called in files: as in the authors' checkpoints, where there are some.
    pub fn names(&self) -> NameTable {
        match self {
            Self::IFactFormer(_) => ifactformer::names::names(),
            Self::Fno(_) => fno::names::names(),
        }
    }

    /// Takes the weights of a safetensors or PyTorch file with the names of [`Self::names`].
    ///
    /// # Errors
    /// [`FlowError::Weights`]; every missing, unexpected and misshapen name is listed.
    pub fn load(self, path: &Path) -> Result<Self, FlowError> {
        let names = self.names();
        Ok(weights::load(self, &names, path)?)
    }

    /// Writes the weights as safetensors with the names of [`Self::names`], for PyTorch users to read back.
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
            Self::Fno(grid) => grid.shape(),
        }
    }
}
