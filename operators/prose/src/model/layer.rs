//! What all layers of a network have in common: their sizes, and which normalisation stands where.

use burn::module::Module;
use burn::nn::{LayerNorm, RmsNorm, RmsNormConfig};
use burn::tensor::Tensor;
use rheome_layers::attention::MultiheadAttention;
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;

use super::{feed_forward, layer_norm, multihead_attention, normalized};

/// Epsilon of the root mean squares: far below those of features, and no mean of squares in single precision is lost in it.
pub const ROOT_MEAN_SQUARE_EPSILON: f64 = 1e-6;

/// How features are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// To mean 0 and variance 1, then scaled and shifted (Ba et al. 2016, arXiv 1607.06450).
    Layer,
    /// To root mean square 1, then scaled (Zhang & Sennrich 2019, arXiv 1910.07467).
    RootMeanSquare,
}

/// Where a layer normalises (Xiong et al. 2020, arXiv 2002.04745).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormPlace {
    /// Behind each sum with what went in: `norm(x + f(x))`.
    Behind,
    /// In front of each part: `x + f(norm(x))`; the last layer's sum is normalised once more.
    Before,
}

/// Sizes and normalisation of the layers of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerConfig {
    /// Features.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Features between the two maps of the feed-forward network.
    pub feed_forward: usize,
    /// How they normalise.
    pub norm: NormKind,
    /// Where they do.
    pub place: NormPlace,
}

/// A normalisation over the features.
#[derive(Module, Debug)]
pub enum Norm {
    /// See [`NormKind::Layer`].
    Layer(LayerNorm),
    /// See [`NormKind::RootMeanSquare`].
    RootMeanSquare(RmsNorm),
}

impl LayerConfig {
    /// A normalisation: scale 1, shift 0.
    pub fn norm(&self, start: &Initialization) -> Norm {
        match self.norm {
            NormKind::Layer => Norm::Layer(layer_norm(self.width, start)),
            NormKind::RootMeanSquare => Norm::RootMeanSquare(
                RmsNormConfig::new(self.width)
                    .with_epsilon(ROOT_MEAN_SQUARE_EPSILON)
                    .init(start.device()),
            ),
        }
    }

    /// The normalisation behind the last of some layers, where they have none of their own there.
    pub fn last_norm(&self, start: &Initialization) -> Option<Norm> {
        (self.place == NormPlace::Before).then(|| self.norm(start))
    }

    /// Draws the attention of a layer.
    pub fn attention(&self, start: &mut Initialization) -> MultiheadAttention {
        multihead_attention(self.width, self.heads, start)
    }

    /// Draws the feed-forward network of a layer.
    pub fn feed_forward(&self, start: &mut Initialization) -> FeedForward {
        feed_forward([self.width, self.feed_forward, self.width], start)
    }
}

impl Norm {
    /// # Shapes
    /// - input, output: `[batch, n, width]`
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Layer(norm) => normalized(norm, input),
            Self::RootMeanSquare(norm) => norm.forward(input),
        }
    }

    /// A part of a layer with its sum and this normalisation.
    ///
    /// # Shapes
    /// - input, output, those of `part`: `[batch, n, width]`
    pub fn around(
        &self,
        place: NormPlace,
        input: Tensor<3>,
        part: impl FnOnce(Tensor<3>) -> Tensor<3>,
    ) -> Tensor<3> {
        match place {
            NormPlace::Behind => self.forward(input.clone() + part(input)),
            NormPlace::Before => input.clone() + part(self.forward(input)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn norm(norm: NormKind) -> Norm {
        let config = LayerConfig {
            width: 2,
            heads: 1,
            feed_forward: 2,
            norm,
            place: NormPlace::Before,
        };
        config.norm(&Initialization::new(1, &Device::flex()))
    }

    fn numbers(tensor: Tensor<3>) -> Vec<f32> {
        tensor.try_into_vec_as().unwrap()
    }

    #[test]
    fn one_kind_takes_the_mean_away_and_the_other_does_not() {
        let input = Tensor::<3>::from_data([[[1.0, 7.0]]], &Device::flex());
        let layer = numbers(norm(NormKind::Layer).forward(input.clone()));
        // Mean 4, standard deviation 3.
        assert!((layer[0] + 1.0).abs() < 1e-5 && (layer[1] - 1.0).abs() < 1e-5);
        let root = numbers(norm(NormKind::RootMeanSquare).forward(input));
        // Mean square 25.
        assert!((root[0] - 0.2).abs() < 1e-5 && (root[1] - 1.4).abs() < 1e-5);
    }

    #[test]
    fn a_part_sees_what_is_normalised_before_it_or_its_sum_is_normalised() {
        let input = || Tensor::<3>::from_data([[[3.0, 4.0]]], &Device::flex());
        let norm = norm(NormKind::RootMeanSquare);
        let scale = (12.5_f32).sqrt();
        let before = numbers(norm.around(NormPlace::Before, input(), |x| x));
        assert!((before[0] - (3.0 + 3.0 / scale)).abs() < 1e-5);
        let behind = numbers(norm.around(NormPlace::Behind, input(), |x| x));
        assert!((behind[0] - 3.0 / scale).abs() < 1e-5);
    }
}
