//! Weights in and out: PyTorch's files and safetensors, under the names their authors gave the parameters.
//!
//! A model family states how its modules are named in PyTorch in one [`NameTable`]; with it any burn
//! [`Module`](burn::module::Module) can be
//!
//! - filled by [`load`] from `.safetensors`, or from `.pt`/`.pth` whether the file is a bare `state_dict` or a
//!   checkpoint that holds one somewhere inside (`model_state_dict`, `state_dict`, `model`, ...), beside an optimizer's state, with
//!   the `module.` of a wrapper in its names, or several, of which one is named (`checkpoint.pt:ema`);
//! - written by [`save`] as safetensors that PyTorch users read back with `load_state_dict`.
//!
//! Layout follows the module's type, not the caller: a [`Linear`](burn::nn::Linear) weight is `[in, out]` here and
//! `[out, in]` in the file; the `gamma` and `beta` of a norm are the file's `weight` and `bias`; everything else is
//! stored as it is.
//!
//! # Example
//!
//! ```
//! use burn::nn::{Linear, LinearConfig};
//! use burn::module::Module;
//! use burn::tensor::Device;
//! use rheome_backend::weights::{self, NameTable};
//!
//! #[derive(Module, Debug)]
//! struct Net {
//!     head: Linear,
//! }
//!
//! # fn main() -> Result<(), weights::WeightsError> {
//! # let folder = std::env::temp_dir().join(format!("rheome-weights-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("net.safetensors");
//! let device = Device::flex();
//! // The authors called it `decoder.0`; their checkpoints also hold a counter that means nothing here.
//! let names = NameTable::new(&[("head", "decoder.0")]).ignoring(&["steps"]);
//! let net = Net { head: LinearConfig::new(4, 2).init(&device) };
//! weights::save(&net, &names, &path, &[])?;
//! let read = weights::load(net, &names, &path)?;
//! # drop(read);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok(())
//! # }
//! ```

mod error;
mod listing;
mod names;
mod pytorch;
mod sets;
mod state_dict;
mod transfer;
mod traversal;

pub use error::WeightsError;
pub use listing::{Listing, Misfit};
pub use names::NameTable;
pub use state_dict::{StateDict, split_set};
pub use transfer::{export, import, load, save};
