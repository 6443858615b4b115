//! Layers and losses that several model families share.
