//! The precision of a network's numbers.

use std::fmt;
use std::str::FromStr;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{FloatDType, Tensor};

use crate::device::DeviceChoice;

/// The precision in which a network computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32 bits, 24 of them significant.
    #[default]
    F32,
    /// 16 bits, 8 of them significant (bfloat16): half the memory and, where the processor multiplies such numbers, several
    /// times the speed.
    Bf16,
}

impl Precision {
    /// The type of the numbers.
    pub fn dtype(self) -> FloatDType {
        match self {
            Self::F32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
        }
    }

    /// Whether a device computes in this precision, and not slower than in 32 bits.
    pub fn suits(self, device: DeviceChoice) -> bool {
        self == Self::F32 || device.multiplies_16_bits()
    }

    /// The network with its numbers rounded to this precision.
    pub fn cast<M: Module>(self, network: M) -> M {
        struct Rounding(FloatDType);
        impl ModuleMapper for Rounding {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|tensor| tensor.cast(self.0))
            }
        }
        network.map(&mut Rounding(self.dtype()))
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(format!("found {name:?}, expected f32 or bf16")),
        }
    }
}
