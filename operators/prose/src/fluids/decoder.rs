//! The decoder of the frames: an operator that is asked for patches of later frames.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use rheome_layers::initialization::Initialization;

use super::config::FluidsConfig;
use super::patches::{PatchDecoder, embeddings, times_and_places};
use crate::model::data_decoder::{DataDecoderLayer, Features, answer};
use crate::model::layer::Norm;

/// Patches of later frames look at the fused features of the given ones; they do not look at one another, so that each is answered
/// whatever the others are.
#[derive(Module, Debug)]
pub struct FrameDecoder {
    /// Of the later frames: `[output frames, width]`.
    pub times: Param<Tensor<2>>,
    /// Of the places in a frame, those along y next to one another: `[patches, width]`.
    pub places: Param<Tensor<2>>,
    /// On the queries.
    pub norm: Norm,
    /// The layers.
    pub layers: Vec<DataDecoderLayer>,
    /// Behind the last layer.
    pub last_norm: Option<Norm>,
    /// From patches to fields.
    pub patches: PatchDecoder,
}

impl FrameDecoder {
    /// Draws the weights. `places` are those of the encoder, from which the decoder's start, and keys start as queries do: a patch
    /// looks at its own place before anything is learnt, without which training begins with a long plateau. Our own choice.
    pub fn init(
        config: &FluidsConfig,
        places: &Param<Tensor<2>>,
        start: &mut Initialization,
    ) -> Self {
        let layer = config.layer();
        Self {
            times: embeddings(config.output_frames, config.width, start),
            places: Param::from_data(places.val().into_data(), start.device()),
            norm: layer.norm(start),
            layers: (0..config.data_decoder)
                .map(|_| DataDecoderLayer::init(&layer, start).with_keys_as_queries())
                .collect(),
            last_norm: layer.last_norm(start),
            patches: PatchDecoder::init(config, start),
        }
    }

    /// The normalised fields of those `frames` (counted from 0, the first behind the given ones).
    ///
    /// # Shapes
    /// - data: `[batch, n, width]`
    /// - output: `[batch, frames, x, y, channel]`
    ///
    /// # Panics
    /// If there is no such frame.
    pub fn forward(&self, data: &Features, frames: &[usize]) -> Tensor<5> {
        let source = &data.values;
        let [batch, _, width] = source.dims();
        let numbers: Vec<i32> = frames.iter().map(|frame| *frame as i32).collect();
        let numbers = TensorData::new(numbers, [frames.len()]);
        let numbers = Tensor::<1, Int>::from_data(numbers, &source.device());
        let times = self.times.val().select(0, numbers);
        let queries = self
            .norm
            .forward(times_and_places(times, self.places.val()));
        let n = queries.dims()[1];
        let queries = queries.expand([batch, n, width]);
        let found = answer(&self.layers, queries, source, data.mask.as_ref());
        self.patches.forward(match &self.last_norm {
            None => found,
            Some(norm) => norm.forward(found),
        })
    }
}
