//! Device choice at run time, the one module that knows libtorch, and weights in and out (safetensors, PyTorch).
//!
//! - [`device`]: `flex`, `libtorch`, `cuda[:i]` or `auto`, decided when the program runs;
//! - `libtorch`: everything that only libtorch needs (built with the feature of that name);
//! - [`attention`]: attention that keeps no map for its backward pass;
//! - [`fused`]: fused kernels of the CPU, what they share, and their switch;
//! - [`weights`]: parameters under the names that PyTorch users know;
//! - [`memory`]: the C allocator, set for tensors;
//! - [`precision`]: 32 or 16 bits;
//! - [`gelu`]: the approximate GELU in one operation;
//! - [`measurement`]: what work costs in time and memory;
//! - [`sealed`]: two parts in one file, under a checksum.
//!
//! # Example
//!
//! ```
//! use burn::tensor::Tensor;
//! use rheome_backend::device::DeviceChoice;
//!
//! # fn main() -> Result<(), rheome_backend::device::DeviceError> {
//! // What a person typed behind --device; flex is always there.
//! let choice: DeviceChoice = "flex".parse()?;
//! let selected = choice.resolve()?;
//! let ones = Tensor::<2>::ones([2, 3], &selected.device);
//! assert_eq!(ones.sum().into_scalar::<f32>(), 6.0);
//! # Ok(())
//! # }
//! ```

pub mod attention;
pub mod device;
pub mod fused;
pub mod gelu;
#[cfg(feature = "libtorch")]
pub mod libtorch;
pub mod measurement;
pub mod memory;
pub mod precision;
pub mod sealed;
pub mod weights;
