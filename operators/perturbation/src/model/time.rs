//! The time of the flow: sinusoids (Vaswani et al. 2017, arXiv 1706.03762, section 3.5), linear, SiLU, linear.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::silu;
use burn::tensor::{Int, Tensor};
use rheome_layers::initialization::Initialization;

/// Sinusoids: half of them cosines, half sines.
pub const SINUSOIDS: usize = 256;
/// Ratio of the fastest to the slowest angle.
const LARGEST_PERIOD: f64 = 10_000.0;

/// Embeds times.
#[derive(Module, Debug)]
pub struct TimeEmbedding {
    /// `[256, width]`
    pub expand: Linear,
    /// `[width, width]`
    pub mix: Linear,
}

impl TimeEmbedding {
    /// Draws the weights.
    pub fn init(width: usize, start: &mut Initialization) -> Self {
        Self {
            expand: super::linear(SINUSOIDS, width, start),
            mix: super::linear(width, width, start),
        }
    }

    /// Features of every time.
    ///
    /// # Shapes
    /// - times: `[batch]`
    /// - output: `[batch, width]`
    pub fn forward(&self, times: Tensor<1>) -> Tensor<2> {
        let half = SINUSOIDS / 2;
        let rate = -LARGEST_PERIOD.ln() / half as f64;
        let frequencies = Tensor::<1, Int>::arange(0..half as i64, &times.device())
            .float()
            .mul_scalar(rate)
            .exp();
        let angles = times.unsqueeze_dim::<2>(1) * frequencies.unsqueeze_dim::<2>(0);
        let sinusoids = Tensor::cat(vec![angles.clone().cos(), angles.sin()], 1);
        self.mix.forward(silu(self.expand.forward(sinusoids)))
    }
}
