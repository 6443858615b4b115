//! The Fourier layer.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use rheome_layers::initialization::Initialization;
use rheome_layers::spectral::transform::TruncatedTransform;
use rheome_layers::spectral::{SpectralConvolution, SpectralConvolutionConfig};

use super::config::FnoConfig;

/// `K u + W u + b`: a spectral convolution, and a linear map of each point's features for what its modes leave out.
#[derive(Module, Debug)]
pub struct FourierLayer {
    /// K, from `dim` to `dim` features.
    pub spectral: SpectralConvolution,
    /// W and b, `[dim, dim]`.
    pub pointwise: Linear,
}

impl FourierLayer {
    /// Draws the weights.
    pub fn init(config: &FnoConfig, start: &mut Initialization) -> Self {
        let spectral = SpectralConvolutionConfig::new(config.dim, config.dim, config.modes.clone());
        Self {
            spectral: spectral.init(start),
            pointwise: start.linear(config.dim, config.dim, true),
        }
    }

    /// Applies the layer, without the activation behind it.
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, dim]`, y with its padding
    /// - output: `[batch, nx, ny, nz, dim]`
    pub fn forward(&self, input: Tensor<5>, transform: &TruncatedTransform) -> Tensor<5> {
        self.spectral.forward(input.clone(), transform) + self.pointwise.forward(input)
    }
}
