//! A report of measured differences: one line a check, and an exit status.

use std::process::ExitCode;

/// Collects checks, printing each as it is made.
#[derive(Default)]
pub struct Report {
    checks: usize,
    failures: Vec<String>,
}

impl Report {
    /// Records the check `what` of `place`: `difference` must not exceed `tolerance`.
    pub fn check(&mut self, place: &str, what: &str, difference: f64, tolerance: f64) {
        self.checks += 1;
        let fine = difference <= tolerance;
        let verdict = if fine { "ok" } else { "FAILED" };
        let line =
            format!("{place:<44} {what:<34} {difference:9.2e} <= {tolerance:7.1e} {verdict}");
        println!("{line}");
        if !fine {
            self.failures.push(line);
        }
    }

    /// Says that a check could not be made, and why.
    pub fn skip(&self, place: &str, what: &str, reason: &str) {
        println!("{place:<44} {what:<34} skipped: {reason}");
    }

    /// Prints the verdict; success if there were checks and none failed.
    pub fn finish(self, name: &str) -> ExitCode {
        println!(
            "{name}: {} checks, {} failed",
            self.checks,
            self.failures.len()
        );
        for line in &self.failures {
            eprintln!("{line}");
        }
        if self.checks > 0 && self.failures.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
