//! The devices that a parity suite runs on.

use rheome_backend::device::{DeviceChoice, Selected, cpu_backends};
use rheome_backend::fused::force_plain;

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
        let choice = name.parse::<DeviceChoice>();
        let selected = choice.and_then(|choice| choice.resolve());
        selected.unwrap_or_else(|error| panic!("{DEVICES}: {error}"))
    };
    names.split(',').map(device).collect()
}

/// Runs a suite on every device of [`devices`], on the CPU with fused kernels and without; it is told the device and both in words.
pub fn on_every_path(mut suite: impl FnMut(&Selected, String)) {
    for selected in devices() {
        if selected.choice.is_gpu() {
            suite(&selected, selected.choice.to_string());
            continue;
        }
        for (plain, path) in [(false, "fused kernels"), (true, "plain path")] {
            force_plain(plain);
            suite(&selected, format!("{}, {path}", selected.choice));
        }
        force_plain(false);
    }
}
