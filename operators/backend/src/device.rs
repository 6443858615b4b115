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
    #[error("device {found:?}: expected flex, libtorch, cuda, cuda:<number> or auto")]
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
        let unknown = || DeviceError::Unknown {
            found: name.to_owned(),
        };
        match name {
            "auto" => Ok(Self::Auto),
            "flex" => Ok(Self::Flex),
            "libtorch" => Ok(Self::LibTorch),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = name.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Flex => f.write_str("flex"),
            Self::LibTorch => f.write_str("libtorch"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
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
    /// The device, if it can be had.
    ///
    /// # Errors
    /// [`DeviceError::NotBuilt`] and [`DeviceError::Absent`].
    pub fn resolve(self) -> Result<Selected, DeviceError> {
        let device = match self {
            Self::Auto => {
                return Self::Cuda(0)
                    .resolve()
                    .or_else(|_| Self::LibTorch.resolve())
                    .or_else(|_| Self::Flex.resolve());
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
    [DeviceChoice::Flex, DeviceChoice::LibTorch]
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
        for name in ["", "gpu", "cuda:", "cuda:-1", "Flex"] {
            let error = name.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")), "{error}");
        }
    }

    #[test]
    fn a_missing_gpu_is_an_error_and_auto_always_finds_something() {
        assert!(DeviceChoice::Auto.resolve().is_ok());
        assert!(DeviceChoice::Cuda(4096).resolve().is_err());
    }
}
