//! The whole operator: lift, iterated blocks, head.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{FloatDType, Tensor};
use rheome_layers::feed_forward::{Gelu, Map, feed_forward};
use rheome_layers::fourier::{GaussianFourierFeatures, GaussianFourierFeaturesConfig};
use rheome_layers::initialization::Initialization;
use rheome_layers::rotary::RotaryTable;

use super::block::FactorizedAttention;
use super::config::{Composition, IFactFormerConfig};
use crate::{FlowError, Grid};

/// IFactFormer-m or -o.
#[derive(Module, Debug)]
pub struct IFactFormer {
    /// From channels to features.
    pub lift: Lift,
    /// The blocks with their positional features.
    pub layers: Vec<Layer>,
    /// From features to channels.
    pub head: Head,
    iterations: usize,
}

/// A block and the positional features added in front of it.
#[derive(Module, Debug)]
pub struct Layer {
    /// Fixed features of the positions.
    pub fourier: GaussianFourierFeatures,
    /// `[dim, dim]` with bias, on the Fourier features.
    pub positional: Linear,
    /// The block that is iterated.
    pub block: FactorizedAttention,
}

/// What an IFactFormer derives from a grid: valid as long as the fixed matrices of the model are.
#[derive(Debug, Clone)]
pub struct IFactFormerGrid {
    shape: [usize; 3],
    layers: Vec<LayerGrid>,
}

#[derive(Debug, Clone)]
struct LayerGrid {
    /// `[points, dim]`
    fourier: Tensor<2>,
    /// One table per axis.
    tables: Vec<RotaryTable>,
}

impl IFactFormer {
    /// Draws the weights from `start`.
    ///
    /// # Errors
    /// [`FlowError::Config`] if the configuration cannot work.
    pub fn init(
        config: &IFactFormerConfig,
        composition: Composition,
        start: &mut Initialization,
    ) -> Result<Self, FlowError> {
        config.validate()?;
        Ok(Self {
            lift: Lift::init(config, start),
            layers: (0..config.depth)
                .map(|_| Layer::init(config, composition, start))
                .collect(),
            head: Head::init(config, start),
            iterations: config.iterations,
        })
    }

    /// Everything that depends on the grid alone.
    pub fn prepare(&self, grid: &Grid) -> IFactFormerGrid {
        let positions = grid.positions();
        let layers = self.layers.iter().map(|layer| LayerGrid {
            fourier: layer.fourier.features(&positions),
            tables: layer
                .block
                .axes
                .iter()
                .zip(&positions)
                .map(|(axis, x)| axis.rotary.table(x))
                .collect(),
        });
        IFactFormerGrid {
            shape: grid.shape(),
            layers: layers.collect(),
        }
    }

    /// Numbers that training changes: all but the fixed matrices of the positions.
    pub fn num_trained(&self) -> usize {
        let fixed = self.layers.iter().map(|layer| {
            let rotary = layer.block.axes.iter().map(|axis| axis.rotary.num_params());
            layer.fourier.num_params() + rotary.sum::<usize>()
        });
        self.num_params() - fixed.sum::<usize>()
    }

    /// The next field, in the precision of the input; in between it is that of the weights.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny, nz, channels]`
    pub fn forward(&self, input: Tensor<6>, grid: &IFactFormerGrid) -> Tensor<5> {
        let [outer, inner] = [input.dtype(), self.lift.weight.val().dtype()].map(FloatDType::from);
        let mut u = self.lift.forward(input.cast(inner));
        for (layer, grid) in self.layers.iter().zip(&grid.layers) {
            u = layer.add_positions(u, grid);
            for _ in 0..self.iterations {
                u = layer
                    .block
                    .advance(u, &grid.tables, 1.0 / self.iterations as f64);
            }
        }
        self.head.forward(u).cast(outer)
    }
}

impl IFactFormerGrid {
    /// The same in another precision: the positions' features were computed in the first one.
    #[must_use]
    pub fn cast(self, dtype: FloatDType) -> Self {
        let layers = self.layers.into_iter().map(|layer| LayerGrid {
            fourier: layer.fourier.cast(dtype),
            tables: layer
                .tables
                .into_iter()
                .map(|table| table.cast(dtype))
                .collect(),
        });
        Self {
            shape: self.shape,
            layers: layers.collect(),
        }
    }

    /// Points per axis: `[nx, ny, nz]`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The rotary tables of the axes of layer `layer`.
    pub fn tables(&self, layer: usize) -> &[RotaryTable] {
        &self.layers[layer].tables
    }
}

impl Layer {
    fn init(
        config: &IFactFormerConfig,
        composition: Composition,
        start: &mut Initialization,
    ) -> Self {
        Self {
            fourier: GaussianFourierFeaturesConfig::new(config.axes(), config.dim).init(start),
            positional: start.linear(config.dim, config.dim, true),
            block: FactorizedAttention::init(config, composition, start),
        }
    }

    fn add_positions(&self, u: Tensor<5>, grid: &LayerGrid) -> Tensor<5> {
        let [_, nx, ny, nz, dim] = u.dims();
        let features = self.positional.forward(grid.fourier.clone());
        u + features.reshape([1, nx, ny, nz, dim])
    }
}

/// Lifts each grid point: a grouped 1-wide convolution (each channel to its own features), GELU, and a map over
/// features and snapshots. The weights have the shapes of PyTorch's convolutions.
#[derive(Module, Debug)]
pub struct Lift {
    /// `[dim / 2, 1, 1, 1]`, grouped by channel.
    pub weight: Param<Tensor<4>>,
    /// `[dim / 2]`
    pub bias: Param<Tensor<1>>,
    /// `[dim, dim / 2, time_window, 1]`
    pub mix: Param<Tensor<4>>,
}

impl Lift {
    fn init(config: &IFactFormerConfig, start: &mut Initialization) -> Self {
        let half = config.dim / 2;
        // A group of the first convolution sees one number, so that PyTorch's bound 1 / sqrt(inputs) is 1.
        Self {
            weight: start.uniform([half, 1, 1, 1], 1.0),
            bias: start.uniform([half], 1.0),
            mix: start.uniform(
                [config.dim, half, config.time_window, 1],
                1.0 / ((half * config.time_window) as f64).sqrt(),
            ),
        }
    }

    /// Consecutive snapshots that are lifted together.
    pub fn time_window(&self) -> usize {
        self.mix.dims()[2]
    }

    /// Lifts a window of snapshots.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny, nz, dim]`
    pub fn forward(&self, input: Tensor<6>) -> Tensor<5> {
        let [batch, window, nx, ny, nz, channels] = input.dims();
        let mix = self.mix.val();
        let [dim, half, _, _] = mix.dims();
        let mix = mix.permute([2, 3, 1, 0]);
        let lifted = (0..window).map(|snapshot| {
            let points = input.clone().narrow(1, snapshot, 1);
            let contract = mix.clone().narrow(0, snapshot, 1).reshape([half, dim]);
            feed_forward(
                points.reshape([batch, nx, ny, nz, channels]),
                self.grouped(channels),
                Map {
                    weight: contract,
                    bias: None,
                },
                Gelu::Exact,
            )
        });
        lifted
            .reduce(Tensor::add)
            // A configuration has at least one snapshot.
            .unwrap_or_else(|| unreachable!("a lift without snapshots"))
    }

    /// The grouped convolution as a map `[channels, dim / 2]` that is zero where a feature belongs to another channel.
    fn grouped(&self, channels: usize) -> Map {
        let weight = self.weight.val();
        let half = weight.dims()[0];
        let own = Tensor::<2>::eye(channels, &weight.device())
            .cast(weight.dtype())
            .unsqueeze_dim::<3>(2);
        let weight = weight.reshape([1, channels, half / channels]) * own;
        Map {
            weight: weight.reshape([channels, half]),
            bias: Some(self.bias.val()),
        }
    }
}

/// Maps features back to channels. The weights have the shapes of PyTorch's 1-wide convolutions.
#[derive(Module, Debug)]
pub struct Head {
    /// `[dim / 2, dim, 1]`
    pub hidden: Param<Tensor<3>>,
    /// `[channels, dim / 2, 1]`
    pub weight: Param<Tensor<3>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
}

impl Head {
    fn init(config: &IFactFormerConfig, start: &mut Initialization) -> Self {
        let (dim, half) = (config.dim, config.dim / 2);
        let bound = |inputs: usize| 1.0 / (inputs as f64).sqrt();
        Self {
            hidden: start.uniform([half, dim, 1], bound(dim)),
            weight: start.uniform([config.channels, half, 1], bound(half)),
            bias: start.uniform([config.channels], bound(half)),
        }
    }

    /// Maps features to a field.
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, dim]`
    /// - output: `[batch, nx, ny, nz, channels]`
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        let map = |weight: &Param<Tensor<3>>, bias| Map {
            weight: weight.val().squeeze_dim::<2>(2).transpose(),
            bias,
        };
        feed_forward(
            input,
            map(&self.hidden, None),
            map(&self.weight, Some(self.bias.val())),
            Gelu::Exact,
        )
    }
}
