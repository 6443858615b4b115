//! Which backend computes, decided when the program runs.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use thiserror::Error;

/// What the user asked for: `flex`, `libtorch`, `cuda`, `cuda:1`, ... or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The fastest that is compiled in and present: a GPU, then libtorch on the CPU, then flex.
    #[default]
    Auto,
    /// burn's own CPU backend; always there.
    Flex,
    /// libtorch on the CPU.
    LibTorch,
    /// A CUDA device through libtorch.
    Cuda(usize),
}

/// A device that cannot be had; one line that says why and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// Not a device name.
    #[error("device {found:?}: expected {}", DeviceChoice::names())]
    Unknown {
        /// What was given.
        found: String,
    },
    /// The program was built without libtorch.
    #[error(
        "device {choice}: this program was built without libtorch; rebuild it with `--features libtorch`, or use --device flex"
    )]
    NotBuilt {
        /// What was asked for.
        choice: DeviceChoice,
    },
    /// libtorch's CUDA part or the GPU itself is missing.
    #[error("device {choice}: {reason}")]
    Absent {
        /// What was asked for.
        choice: DeviceChoice,
        /// Why it is not there.
        reason: String,
    },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        let (kind, index) = match name.split_once(':') {
            Some((kind, index)) => (kind, Some(index)),
            None => (name, None),
        };
        let known = std::iter::once(Self::Auto).chain(Self::ALL);
        let found = known.into_iter().find(|choice| choice.kind() == kind);
        let found = match index {
            None => found,
            Some(index) => found
                .zip(index.parse().ok())
                .and_then(|(choice, index)| choice.numbered(index)),
        };
        found.ok_or_else(|| DeviceError::Unknown {
            found: name.to_owned(),
        })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Cuda(index) => write!(f, ":{index}"),
            Self::Auto | Self::Flex | Self::LibTorch => Ok(()),
        }
    }
}

/// A device that is there.
#[derive(Debug, Clone)]
pub struct Selected {
    /// Which one it is; never `Auto`.
    pub choice: DeviceChoice,
    /// The device for tensors.
    pub device: Device,
}

impl DeviceChoice {
    /// Every device, the slowest first, and of those that are numbered the first: the one list of them. `auto` tries them from its
    /// end.
    pub const ALL: [Self; 3] = [Self::Flex, Self::LibTorch, Self::Cuda(0)];

    /// Those of [`Self::ALL`] that are the processor itself.
    pub fn cpus() -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|choice| !choice.is_gpu()).collect()
    }

    /// What a person may type, in words.
    pub fn names() -> String {
        let mut names = Vec::new();
        for choice in Self::ALL {
            names.push(choice.kind().to_owned());
            if choice.numbered(0).is_some() {
                names.push(format!("{}:<number>", choice.kind()));
            }
        }
        format!("{} or {}", names.join(", "), Self::Auto)
    }

    /// The name without a number.
    fn kind(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Flex => "flex",
            Self::LibTorch => "libtorch",
            Self::Cuda(_) => "cuda",
        }
    }

    /// The device of this kind and number, if there can be several.
    fn numbered(self, index: usize) -> Option<Self> {
        match self {
            Self::Cuda(_) => Some(Self::Cuda(index)),
            Self::Auto | Self::Flex | Self::LibTorch => None,
        }
    }

    /// Whether it has a memory of its own, and computes while the processor goes on.
    pub fn is_gpu(self) -> bool {
        match self {
            Self::Cuda(_) => true,
            Self::Auto | Self::Flex | Self::LibTorch => false,
        }
    }

    /// Whether products of 16-bit numbers are faster on it than those of 32 bits: flex multiplies them without the processor's
    /// help.
    pub fn multiplies_16_bits(self) -> bool {
        match self {
            Self::LibTorch | Self::Cuda(_) => true,
            Self::Auto | Self::Flex => false,
        }
    }

    /// The device, if it can be had.
    ///
    /// # Errors
    /// [`DeviceError::NotBuilt`] and [`DeviceError::Absent`].
    pub fn resolve(self) -> Result<Selected, DeviceError> {
        let device = match self {
            Self::Auto => {
                let fastest_first = Self::ALL.into_iter().rev();
                let mut tried = fastest_first.map(Self::resolve);
                // Flex is always there; should that change, its reason is told.
                return tried
                    .find(Result::is_ok)
                    .unwrap_or_else(|| Self::Flex.resolve());
            }
            Self::Flex => Device::flex(),
            #[cfg(feature = "libtorch")]
            Self::LibTorch => crate::libtorch::cpu(),
            #[cfg(feature = "libtorch")]
            Self::Cuda(index) => {
                crate::libtorch::cuda(index).map_err(|reason| DeviceError::Absent {
                    choice: self,
                    reason,
                })?
            }
            #[cfg(not(feature = "libtorch"))]
            Self::LibTorch | Self::Cuda(_) => return Err(DeviceError::NotBuilt { choice: self }),
        };
        Ok(Selected {
            choice: self,
            device,
        })
    }
}

/// Every CPU backend of this build: what parity tests run on.
pub fn cpu_backends() -> Vec<Selected> {
    DeviceChoice::cpus()
        .into_iter()
        .filter_map(|choice| choice.resolve().ok())
        .collect()
}

/// Sets the number of threads of both CPU backends. Call it once, before any computation; later calls change libtorch only.
pub fn set_threads(threads: usize) {
    // A second call finds the pool built: then its size stays.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    #[cfg(feature = "libtorch")]
    crate::libtorch::set_threads(threads);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["auto", "flex", "libtorch", "cuda:0", "cuda:7"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        for name in [
            "", "gpu", "cuda:", "cuda:-1", "Flex", "flex:0", "auto:1", ":",
        ] {
            let error = name.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")), "{error}");
        }
    }

    #[test]
    fn every_device_is_named_where_one_is_not_known() {
        let error = "gpu".parse::<DeviceChoice>().unwrap_err().to_string();
        let expected = "expected flex, libtorch, cuda, cuda:<number> or auto";
        assert!(error.ends_with(expected), "{error}");
        let cpus = DeviceChoice::cpus();
        assert_eq!(cpus, [DeviceChoice::Flex, DeviceChoice::LibTorch]);
    }

    #[test]
    fn a_missing_gpu_is_an_error_and_auto_always_finds_something() {
        assert!(DeviceChoice::Auto.resolve().is_ok());
        assert!(DeviceChoice::Cuda(4096).resolve().is_err());
    }
}
