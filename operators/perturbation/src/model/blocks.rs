//! The three backbones: a block is one of these.
//!
//! All are modulated by the time of the flow (adaLN-Zero, Peebles & Xie 2022, arXiv 2212.09748): shift, scale and gate of
//! the attention and of the feed-forward network are linear in SiLU(time). What a block takes from the control cell does
//! not change during a sampling run and is prepared once ([`ControlPart`]).

mod differential;
mod perceiver;

pub use differential::{DifferentialBlock, DifferentialPerceiverBlock};
pub use perceiver::PerceiverBlock;

use std::ops::Range;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::silu;
use rheome_layers::attention::KeysValues;
use rheome_layers::initialization::Initialization;

use super::differential_attention::MapArguments;
use super::prepared::of_cells;
use crate::config::{Backbone, PadTransformerConfig};

/// A block of the trunk.
#[allow(
    clippy::large_enum_variant,
    reason = "a model has a handful of blocks, and each holds handles to tensors, not numbers"
)]
#[derive(Module, Debug)]
pub enum Block {
    /// See [`Backbone::DifferentialPerceiver`].
    DifferentialPerceiver(DifferentialPerceiverBlock),
    /// See [`Backbone::DifferentialTransformer`].
    DifferentialTransformer(DifferentialBlock),
    /// See [`Backbone::Perceiver`].
    Perceiver(PerceiverBlock),
}

/// What a block takes from the control cells.
#[derive(Debug, Clone)]
pub enum ControlPart {
    /// The second map of a differential block.
    SecondMap(MapArguments),
    /// Keys and values of a perceiver block.
    KeysValues(KeysValues),
}

impl ControlPart {
    /// The same for some of the cells.
    pub(super) fn of_cells(&self, cells: &Range<usize>) -> Self {
        match self {
            Self::SecondMap(map) => Self::SecondMap(MapArguments {
                queries: of_cells(&map.queries, cells),
                keys: of_cells(&map.keys, cells),
            }),
            Self::KeysValues(at) => Self::KeysValues(KeysValues {
                keys: of_cells(&at.keys, cells),
                values: of_cells(&at.values, cells),
            }),
        }
    }
}

impl Block {
    /// Draws the weights of block `index`, counted from 0.
    pub fn init(config: &PadTransformerConfig, index: usize, start: &mut Initialization) -> Self {
        match config.backbone {
            Backbone::DifferentialPerceiver => {
                Self::DifferentialPerceiver(DifferentialPerceiverBlock::init(config, index, start))
            }
            Backbone::DifferentialTransformer => {
                Self::DifferentialTransformer(DifferentialBlock::init(config, index, start))
            }
            Backbone::Perceiver => Self::Perceiver(PerceiverBlock::init(config, start)),
        }
    }

    /// What the block takes from the control cells.
    ///
    /// # Shapes
    /// - control: `[batch, n, width]`
    pub fn prepare(&self, control: Tensor<3>) -> ControlPart {
        match self {
            Self::DifferentialPerceiver(block) => {
                ControlPart::SecondMap(block.cross.prepare(control))
            }
            Self::DifferentialTransformer(block) => ControlPart::SecondMap(block.prepare(control)),
            Self::Perceiver(block) => ControlPart::KeysValues(block.prepare(control)),
        }
    }

    /// The state behind the block.
    ///
    /// # Shapes
    /// - state, output: `[batch, n, width]`
    /// - time: `[1 or batch, width]`
    ///
    /// # Panics
    /// If `control` was prepared by a block of another kind.
    pub fn forward(&self, state: Tensor<3>, time: &Tensor<2>, control: &ControlPart) -> Tensor<3> {
        match (self, control) {
            (Self::DifferentialPerceiver(block), ControlPart::SecondMap(map)) => {
                block.forward(state, time, map)
            }
            (Self::DifferentialTransformer(block), ControlPart::SecondMap(map)) => {
                block.cross(state, time, map)
            }
            (Self::Perceiver(block), ControlPart::KeysValues(at)) => block.forward(state, time, at),
            _ => panic!("the control cells were prepared by a block of another kind"),
        }
    }
}

/// Shift, scale and gate of one part of a block: `[1 or batch, width]` each.
struct Modulation {
    shift: Tensor<2>,
    scale: Tensor<2>,
    gate: Tensor<2>,
}

/// The modulations of attention and feed-forward network at a time.
fn modulations(map: &Linear, time: &Tensor<2>) -> [Modulation; 2] {
    let numbers = map.forward(silu(time.clone()));
    let width = time.dims()[1];
    [0, 3].map(|first| {
        let part = |i: usize| numbers.clone().narrow(1, (first + i) * width, width);
        Modulation {
            shift: part(0),
            scale: part(1).add_scalar(1.0),
            gate: part(2),
        }
    })
}

impl Modulation {
    /// `input * scale + shift`.
    fn apply(&self, input: Tensor<3>) -> Tensor<3> {
        input * self.scale.clone().unsqueeze_dim::<3>(1) + self.shift.clone().unsqueeze_dim::<3>(1)
    }

    /// `input + gate * change`.
    fn add_gated(&self, input: Tensor<3>, change: Tensor<3>) -> Tensor<3> {
        input + change * self.gate.clone().unsqueeze_dim::<3>(1)
    }
}
