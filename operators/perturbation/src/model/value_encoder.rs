//! The encoder of expression values: scalar, linear, ReLU, linear, LayerNorm, dropout.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::layer_norm;

use crate::config::PadTransformerConfig;

/// Values above this count as this.
pub const LARGEST_VALUE: f64 = 512.0;

/// Encodes the value of a gene in a cell, whichever gene it is.
#[derive(Module, Debug)]
pub struct ValueEncoder {
    /// `[1, width]`
    pub expand: Linear,
    /// `[width, width]`
    pub mix: Linear,
    /// Over the features.
    pub norm: LayerNorm,
    /// In training.
    pub dropout: Dropout,
}

impl ValueEncoder {
    /// Draws the weights.
    pub fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        Self {
            expand: super::linear(1, config.width, start),
            mix: super::linear(config.width, config.width, start),
            norm: start.layer_norm(config.width),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// Features of every value.
    ///
    /// # Shapes
    /// - values: `[batch, n]`
    /// - output: `[batch, n, width]`
    pub fn forward(&self, values: Tensor<2>) -> Tensor<3> {
        let values = values.clamp_max(LARGEST_VALUE).unsqueeze_dim::<3>(2);
        let features = self.mix.forward(relu(self.expand.forward(values)));
        self.dropout.forward(layer_norm(&self.norm, features))
    }
}
