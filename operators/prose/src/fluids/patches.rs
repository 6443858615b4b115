//! From fields to the features of patches and back.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;
use rheome_layers::initialization::Initialization;

use super::config::FluidsConfig;

/// Features of every patch of every frame: a convolution as wide as its stride, GELU, a map of each patch, then what is learnt of
/// the patch's place and its frame's number.
#[derive(Module, Debug)]
pub struct PatchEncoder {
    /// From the points of a patch: `[width, channels, patch, patch]`.
    pub gather: Conv2d,
    /// Of each patch: `[width, width, 1, 1]`.
    pub mix: Conv2d,
    /// Of the places in a frame, those along y next to one another: `[patches, width]`.
    pub places: Param<Tensor<2>>,
    /// Of the frames in time: `[frames, width]`.
    pub times: Param<Tensor<2>>,
}

/// Fields from the features of patches: a transposed convolution as wide as its stride, then two maps of each point, GELU between.
#[derive(Module, Debug)]
pub struct PatchDecoder {
    /// To the points of a patch: `[width, point features, patch, patch]`.
    pub spread: ConvTranspose2d,
    /// Of each point: `[point features, point features, 1, 1]`.
    pub mix: Conv2d,
    /// To the channels: `[channels, point features, 1, 1]`.
    pub head: Conv2d,
    #[module(skip)]
    patch_grid: [usize; 2],
}

/// Spread of learnt embeddings at the start: about that of the features they are added to.
const EMBEDDING_SPREAD: f64 = 0.3;

/// Learnt embeddings of `count` places or times, drawn normal.
pub(super) fn embeddings(
    count: usize,
    width: usize,
    start: &mut Initialization,
) -> Param<Tensor<2>> {
    start.normal([count, width], EMBEDDING_SPREAD)
}

/// The sum of every time and every place, time by time: `[1, times * places, width]`.
pub(super) fn times_and_places(times: Tensor<2>, places: Tensor<2>) -> Tensor<3> {
    let ([frames, width], [patches, _]) = (times.dims(), places.dims());
    let sum = times.unsqueeze_dim::<3>(1) + places.unsqueeze_dim::<3>(0);
    sum.reshape([1, frames * patches, width])
}

impl PatchEncoder {
    /// Draws the weights.
    pub fn init(config: &FluidsConfig, start: &mut Initialization) -> Self {
        let (channels, width) = (config.channels.len(), config.width);
        Self {
            gather: start.patch_convolution([channels, width], config.patch),
            mix: start.patch_convolution([width, width], 1),
            places: embeddings(config.patches(), width, start),
            times: embeddings(config.input_frames, width, start),
        }
    }

    /// # Shapes
    /// - fields: `[batch, frames, x, y, channel]`
    /// - output: `[batch, frames * patches, width]`
    pub fn forward(&self, fields: Tensor<5>) -> Tensor<3> {
        let [batch, frames, nx, ny, channels] = fields.dims();
        let images = fields
            .reshape([batch * frames, nx, ny, channels])
            .permute([0, 3, 1, 2]);
        let features = self.mix.forward(gelu(self.gather.forward(images)));
        let [_, width, px, py] = features.dims();
        let features = features
            .reshape([batch * frames, width, px * py])
            .swap_dims(1, 2)
            .reshape([batch, frames * px * py, width]);
        features + times_and_places(self.times.val(), self.places.val())
    }
}

impl PatchDecoder {
    /// Draws the weights.
    pub fn init(config: &FluidsConfig, start: &mut Initialization) -> Self {
        let points = config.point_features;
        Self {
            spread: start.transposed_patch_convolution([config.width, points], config.patch),
            mix: start.patch_convolution([points, points], 1),
            head: start.patch_convolution([points, config.channels.len()], 1),
            patch_grid: config.patch_grid(),
        }
    }

    /// # Shapes
    /// - features: `[batch, frames * patches, width]`
    /// - output: `[batch, frames, x, y, channel]`
    pub fn forward(&self, features: Tensor<3>) -> Tensor<5> {
        let ([batch, patches, width], [px, py]) = (features.dims(), self.patch_grid);
        let frames = patches / (px * py);
        let images = features
            .reshape([batch * frames, px * py, width])
            .swap_dims(1, 2)
            .reshape([batch * frames, width, px, py]);
        let points = gelu(self.spread.forward(images));
        let fields = self.head.forward(gelu(self.mix.forward(points)));
        let [_, channels, nx, ny] = fields.dims();
        fields
            .permute([0, 2, 3, 1])
            .reshape([batch, frames, nx, ny, channels])
    }
}
