//! The devices that a parity suite runs on.

use rheome_backend::device::{Selected, cpu_backends};

/// Names the devices of the suites, with commas (`cuda`, `flex,libtorch`), where every CPU backend is not what is wanted.
const DEVICES: &str = "RHEOME_DEVICES";

/// Every CPU backend that was built, or what the environment's `RHEOME_DEVICES` names.
///
/// # Panics
/// If a device that is named cannot be had: a suite that skips it must not pass.
pub fn devices() -> Vec<Selected> {
    let Ok(names) = std::env::var(DEVICES) else {
        return cpu_backends();
    };
    let device = |name: &str| {
        let choice = name.parse::<rheome_backend::device::DeviceChoice>();
        let selected = choice.and_then(|choice| choice.resolve());
        selected.unwrap_or_else(|error| panic!("{DEVICES}: {error}"))
    };
    names.split(',').map(device).collect()
}
