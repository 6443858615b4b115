//! What work costs: how long it takes, and how much memory the process took for it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Names the file that gathers the comparisons of all benches.
pub const TABLE: &str = "RHEOME_BENCH_TABLE";

/// Names the folder of the rivals' scripts, where a bench was carried away from its sources.
pub const SOURCES: &str = "RHEOME_BENCH_SOURCES";

/// The folder of the rivals' scripts: what [`SOURCES`] names, or `benches` in the crate's folder `manifest`.
pub fn rival_sources(manifest: &str) -> PathBuf {
    std::env::var_os(SOURCES).map_or_else(|| Path::new(manifest).join("benches"), PathBuf::from)
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Time.
    #[serde(rename = "s")]
    Seconds,
    /// Memory.
    #[serde(rename = "MiB")]
    Mebibytes,
}

impl Unit {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
        }
    }
}

/// What some work costs here and elsewhere, measured in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The work, in words.
    pub work: String,
    /// What did it here, e.g. a backend.
    pub ours: String,
    /// What it is compared with.
    pub rival: String,
    /// What is compared.
    pub unit: Unit,
    /// Ours.
    pub value: f64,
    /// The rival's.
    pub rival_value: f64,
    /// What ours should be at most, in the rival's.
    pub target: Option<f64>,
}

impl Comparison {
    /// Ours in the rival's: below 1 is faster or smaller.
    pub fn ratio(&self) -> f64 {
        self.value / self.rival_value
    }

    /// Adds a line of JSON to the file that [`TABLE`] names, if it does.
    ///
    /// # Errors
    /// The system's, if the file cannot be written.
    pub fn tell(&self) -> io::Result<()> {
        let Some(path) = std::env::var_os(TABLE).map(PathBuf::from) else {
            return Ok(());
        };
        let line = serde_json::to_string(self)?;
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "{line}")
    }
}

/// Seconds that each of `repeats` runs of `work` takes.
pub fn seconds(repeats: usize, mut work: impl FnMut()) -> Vec<f64> {
    let mut time = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..repeats).map(|_| time()).collect()
}

/// The middle of `values`: of an even number, the mean of the two in the middle. NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len() / 2, sorted.len() % 2) {
        (0, 0) => f64::NAN,
        (middle, 0) => 0.5 * (sorted[middle - 1] + sorted[middle]),
        (middle, _) => sorted[middle],
    }
}

/// The largest resident memory of this process so far, in MiB, where the system tells (Linux). It never shrinks: measure
/// one thing a process.
pub fn peak_memory() -> Option<f64> {
    peak_of_status(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The largest resident memory, in MiB, that `/proc/PID/status` tells.
pub fn peak_of_status(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The name of the processor, as far as the system tells.
pub fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn work_is_done_as_often_as_it_is_timed() {
        let mut runs = 0;
        assert_eq!(seconds(3, || runs += 1).len(), 3);
        assert_eq!(runs, 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_was_used_shows_in_the_peak() {
        let before = peak_memory().unwrap();
        let bytes = vec![1_u8; 64 << 20];
        std::hint::black_box(&bytes);
        drop(bytes);
        assert!(peak_memory().unwrap() >= before.max(64.0));
    }
}
