//! A training step: what is minimised, and the published optimiser.
