//! What the tests that cross crates share: published numbers on disk, the devices to check, a report a person can
//! read, and hostile inputs.

pub mod devices;
pub mod golden;
pub mod hostile;
pub mod report;
pub mod training;
