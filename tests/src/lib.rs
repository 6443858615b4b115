//! What the tests that cross crates share: published numbers on disk, the devices to check, a report a person can
//! read, hostile inputs, the applications, and the repository's own files.

pub mod applications;
pub mod devices;
pub mod golden;
pub mod hostile;
pub mod report;
pub mod repository;
pub mod training;
