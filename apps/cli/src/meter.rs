//! Progress of long work: a bar on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::Console;

/// How long plain lines are apart where no terminal shows a bar.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);

/// Progress of long work: a bar with rate and remaining time on a terminal, a plain line now and then elsewhere.
#[derive(Debug)]
pub struct Meter {
    bar: ProgressBar,
    console: Console,
    what: String,
    unit: &'static str,
    begun: Instant,
    spoken: Instant,
    before: u64,
}

impl Meter {
    /// A meter for `total` units (`unit` in the plural) of `what`, of which `done` were done earlier.
    pub fn new(console: Console, what: &str, unit: &'static str, total: u64, done: u64) -> Self {
        let bar = if console.quiet || !console.terminal {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(total)
        };
        bar.set_length(total);
        let template =
            format!("{what} {{wide_bar}} {{pos}}/{{len}} {unit} {{msg}} {{per_sec}} ETA {{eta}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        let now = Instant::now();
        Self {
            bar,
            console,
            what: what.into(),
            unit,
            begun: now,
            spoken: now,
            before: done,
        }
    }

    /// One more unit is done; `message` tells its numbers.
    pub fn advance(&mut self, message: impl std::fmt::Display) {
        self.advance_to(self.bar.position() + 1, message);
    }

    /// So many units are done; `message` tells their numbers.
    pub fn advance_to(&mut self, done: u64, message: impl std::fmt::Display) {
        self.bar.set_position(done);
        if self.console.terminal {
            self.bar.set_message(message.to_string());
        } else if self.spoken.elapsed() >= QUIET_INTERVAL {
            self.spoken = Instant::now();
            self.speak(&message.to_string());
        }
    }

    fn speak(&self, message: &str) {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let rate = (done - self.before) as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
        let left = (total.saturating_sub(done)) as f64 / rate.max(1e-9);
        let (what, unit) = (&self.what, self.unit);
        self.console.note(format!(
            "{what}: {done}/{total} {unit}, {rate:.2}/s, {left:.0} s left {message}"
        ));
    }

    /// A line that stays while the bar goes on below it.
    pub fn note(&self, line: impl std::fmt::Display) {
        self.bar.suspend(|| self.console.note(line));
    }

    /// Clears the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
