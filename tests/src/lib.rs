//! What the tests that cross crates share: published numbers on disk, the devices to check, and a report a person can
//! read.

pub mod devices;
pub mod golden;
pub mod report;
pub mod training;
