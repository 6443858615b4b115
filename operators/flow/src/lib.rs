//! Neural operators that advance a flow field: IFactFormer-m and -o, and their rivals FNO and IFNO.
//!
//! - [`FlowModelConfig`] says which operator and how large; [`FlowModel`] is that operator with its weights;
//! - [`Grid`] holds the coordinates, [`GridFeatures`] what the operator derives from them once per rollout;
//! - [`Normalization`] standardises fields with the statistics of a training set;
//! - [`Rollout`] advances a field step after step in physical units.
//!
//! Fields are `[batch, time_window, nx, ny, nz, channels]`: x streamwise, y wall-normal, z spanwise; lengths are in
//! half-heights of the channel. A two-dimensional flow has `nz = 1`.
//!
//! # Example
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use rheome_flow::{FlowModel, FlowModelConfig};
//!
//! # fn main() -> Result<(), rheome_flow::FlowError> {
//! let config: FlowModelConfig = serde_json::from_str(
//!     r#"{"kind": "ifactformer-m", "grid": [8, 9, 4], "dim": 24, "heads": 2, "dim_head": 8, "iterations": 3}"#,
//! ).unwrap();
//! let device = Device::flex();
//! let model = FlowModel::init(&config, 1234, &device)?;
//! let features = model.prepare(&config.grid());
//! let field = Tensor::zeros([1, 1, 8, 9, 4, 3], &device);
//! assert_eq!(model.forward(field, &features).dims(), [1, 8, 9, 4, 3]);
//! # Ok(())
//! # }
//! ```

mod config;
mod error;
pub mod fno;
mod grid;
pub mod ifactformer;
mod model;
mod normalization;
mod rollout;

pub use config::FlowModelConfig;
pub use error::FlowError;
pub use grid::Grid;
pub use model::{FlowModel, GridFeatures};
pub use normalization::{EnergyChangeRange, Normalization};
pub use rollout::{EnergyWarning, Rollout};
