//! Optimiser steps, schedules, checkpoints and metrics, whatever the model family.
//!
//! A model family brings a burn [`Module`](burn::module::Module) and a loss; this crate turns them into a run that can
//! be killed at any moment and continued with the same losses:
//!
//! - [`Trainer`]: one optimiser step (Adam, global gradient clipping, a learning-rate [`Schedule`]), refusing a
//!   non-finite loss before it reaches the weights;
//! - [`checkpoint`]: weights, optimiser state and [`Progress`] in one folder, published by a rename;
//! - [`metrics`]: `metrics.jsonl`, one JSON object a line, cut back to the checkpoint when a run is continued;
//! - [`randomness`]: random numbers as a pure function of (seed, purpose, step), so that no generator state has to be
//!   stored and a continued run draws what the uninterrupted one would have drawn.
//!
//! # Example
//!
//! ```
//! use rheome_training::{OptimizerSettings, Schedule};
//!
//! let settings = OptimizerSettings { learning_rate: 5e-4, ..OptimizerSettings::default() };
//! let schedule = Schedule::Step { every: 5, gamma: 0.7 };
//! // The paper's StepLR: 5e-4 for five epochs, then 0.7 of it.
//! assert_eq!(schedule.factor(4.0, 30.0), 1.0);
//! assert!((settings.learning_rate * schedule.factor(5.0, 30.0) - 3.5e-4).abs() < 1e-12);
//! ```

pub mod checkpoint;
mod clipping;
mod error;
pub mod metrics;
mod non_finite;
pub mod randomness;
mod schedule;
mod size;
mod trainer;

pub use clipping::clip_global_norm;
pub use error::TrainingError;
pub use schedule::Schedule;
pub use size::num_trained;
pub use trainer::{Decay, OptimizerSettings, Progress, StepReport, Trainer};
