//! The whole operator: lifting, Fourier layers, projection.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Tensor, TensorData, assert_shape};
use rheome_layers::initialization::Initialization;
use rheome_layers::spectral::transform::TruncatedTransform;

use super::config::{FnoConfig, Layering};
use super::layer::FourierLayer;
use crate::{FlowError, Grid};

/// FNO or IFNO.
#[derive(Module, Debug)]
pub struct Fno {
    /// `[time_window * channels + axes, dim]`: the snapshots, oldest first, then the position.
    pub lifting: Linear,
    /// The Fourier layers: one in an IFNO.
    pub layers: Vec<FourierLayer>,
    /// From features to channels.
    pub projection: Projection,
    #[module(skip)]
    layering: Layering,
    #[module(skip)]
    config: FnoConfig,
}

/// What an FNO derives from a grid.
#[derive(Debug, Clone)]
pub struct FnoGrid {
    shape: [usize; 3],
    /// `[1, nx, ny, nz, axes]`, as fractions of the lengths.
    positions: Tensor<5>,
    /// Points of zeros along y.
    padding: usize,
    /// Of the padded grid.
    transform: TruncatedTransform,
}

impl Fno {
    /// Draws the weights from `seed`.
    ///
    /// # Errors
    /// [`FlowError::Config`] if the configuration cannot work.
    pub fn init(
        config: &FnoConfig,
        layering: Layering,
        start: &mut Initialization,
    ) -> Result<Self, FlowError> {
        config.validate()?;
        let inputs = config.time_window * config.channels + config.axes();
        let layers = match layering {
            Layering::Separate => config.layers,
            Layering::Shared => 1,
        };
        Ok(Self {
            lifting: start.linear(inputs, config.dim, true),
            layers: (0..layers)
                .map(|_| FourierLayer::init(config, start))
                .collect(),
            projection: Projection {
                hidden: start.linear(config.dim, config.projection, true),
                output: start.linear(config.projection, config.channels, true),
            },
            layering,
            config: config.clone(),
        })
    }

    /// Everything that depends on the grid alone; modes that it is too coarse for are left out there.
    pub fn prepare(&self, grid: &Grid) -> FnoGrid {
        let device = self.lifting.weight.val().device();
        let shape = grid.shape();
        let padding = self.config.padding_of(shape[1]);
        let padded = [shape[0], shape[1] + padding, shape[2]];
        FnoGrid {
            shape,
            positions: self.fractions(grid, &device),
            padding,
            transform: TruncatedTransform::new(padded, &self.config.modes, &device),
        }
    }

    fn fractions(&self, grid: &Grid, device: &Device) -> Tensor<5> {
        let [nx, ny, nz] = grid.shape();
        let axes = grid.positions();
        let mut numbers = Vec::with_capacity(nx * ny * nz * axes.len());
        for point in 0..nx * ny * nz {
            let index = [point / (ny * nz), point / nz % ny, point % nz];
            let at = axes.iter().zip(index).zip(&self.config.lengths);
            numbers.extend(at.map(|((axis, i), length)| axis[i] / *length as f32));
        }
        Tensor::from_data(
            TensorData::new(numbers, [1, nx, ny, nz, axes.len()]),
            device,
        )
    }

    /// Consecutive snapshots the operator sees.
    pub fn time_window(&self) -> usize {
        self.config.time_window
    }

    /// The next field.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny, nz, channels]`
    ///
    /// # Panics
    /// If the input does not have the shape of `grid` or the model's window and channels.
    pub fn forward(&self, input: Tensor<6>, grid: &FnoGrid) -> Tensor<5> {
        let lifted = self.lift(input, grid);
        let features = match self.layering {
            Layering::Separate => self.separate(lifted, &grid.transform),
            Layering::Shared => self.shared(lifted, &grid.transform),
        };
        self.projection.forward(grid.crop(features))
    }

    /// The features in front of the first layer.
    ///
    /// # Shapes
    /// - input: `[batch, time_window, nx, ny, nz, channels]`
    /// - output: `[batch, nx, ny + padding, nz, dim]`
    pub fn lift(&self, input: Tensor<6>, grid: &FnoGrid) -> Tensor<5> {
        let [batch, window, nx, ny, nz, channels] = input.dims();
        assert_shape!(grid.positions, [1, nx, ny, nz, ..]);
        let snapshots =
            input
                .permute([0, 2, 3, 4, 1, 5])
                .reshape([batch, nx, ny, nz, window * channels]);
        let positions = grid
            .positions
            .clone()
            .expand([batch as i64, -1, -1, -1, -1]);
        let inputs = Tensor::cat(vec![snapshots, positions], 4);
        grid.pad(self.lifting.forward(inputs))
    }

    fn separate(&self, mut u: Tensor<5>, transform: &TruncatedTransform) -> Tensor<5> {
        for (index, layer) in self.layers.iter().enumerate() {
            u = layer.forward(u, transform);
            if index + 1 < self.layers.len() {
                u = gelu(u);
            }
        }
        u
    }

    fn shared(&self, mut u: Tensor<5>, transform: &TruncatedTransform) -> Tensor<5> {
        let count = self.config.layers;
        for layer in &self.layers {
            for _ in 0..count {
                let change = gelu(layer.forward(u.clone(), transform));
                u = u + change.div_scalar(count as f32);
            }
        }
        u
    }
}

impl FnoGrid {
    /// Points per axis, without the padding: `[nx, ny, nz]`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The Fourier transform of the padded grid.
    pub fn transform(&self) -> &TruncatedTransform {
        &self.transform
    }

    /// Adds zeros behind the last point of y.
    fn pad(&self, u: Tensor<5>) -> Tensor<5> {
        if self.padding == 0 {
            return u;
        }
        let [batch, nx, _, nz, dim] = u.dims();
        let zeros = Tensor::zeros([batch, nx, self.padding, nz, dim], &u.device());
        Tensor::cat(vec![u, zeros], 2)
    }

    /// Takes away what [`Self::pad`] added.
    fn crop(&self, u: Tensor<5>) -> Tensor<5> {
        if self.padding == 0 {
            return u;
        }
        u.narrow(2, 0, self.shape[1])
    }
}

/// Maps the features of each point to channels: linear, GELU, linear.
#[derive(Module, Debug)]
pub struct Projection {
    /// `[dim, projection]`
    pub hidden: Linear,
    /// `[projection, channels]`
    pub output: Linear,
}

impl Projection {
    /// Maps features to a field.
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, dim]`
    /// - output: `[batch, nx, ny, nz, channels]`
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        self.output.forward(gelu(self.hidden.forward(input)))
    }
}
